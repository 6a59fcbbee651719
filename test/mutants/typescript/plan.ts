// Which tests judge which mutants, and in which order: a mutant is mostly noticed by a fast test that reaches little else, or has
// noticed others.
import type { Log, Tried } from './log.js';

/** A test as it is without a mutant */
export interface Reach {
  /** Path of its file */
  readonly path: string;
  readonly name: string;
  /** One run [ms] */
  readonly ms: number;
  /** The mutants it reaches, of those that are to be judged */
  readonly ids: readonly string[];
}

/** Test to the mutants it judges */
export type Plan = Readonly<Record<string, readonly string[]>>;

/** What a run costs besides the test itself [ms] */
const RUN_MS = 20;

/** A test that reaches so many mutants notices each second of them, until it has shown how many it does. */
const REACHED = 50;

/** What a test may cost to find one mutant [ms], more or less */
function price({ ms, ids }: Reach, { runs, noticed }: Tried): number {
  return ((ms + RUN_MS) * (runs + 1 + ids.length / REACHED)) / (noticed + 1);
}

/** Mutant to the tests that reach it, the most promising first */
export function orderOf(
  reached: readonly Reach[],
  tried: Log['tried'],
): ReadonlyMap<string, readonly Priced[]> {
  const order = new Map<string, Priced[]>();
  const priced = reached.map((test) => ({
    ...test,
    price: price(test, tried.get(test.name) ?? { runs: 0, noticed: 0 }),
  }));
  for (const test of priced.sort((one, other) => one.price - other.price)) {
    for (const id of test.ids) add(order, id, test);
  }
  return order;
}

interface Priced extends Reach {
  readonly price: number;
}

function add<T>(map: Map<string, T[]>, key: string, value: T): void {
  const values = map.get(key);
  if (values) values.push(value);
  else map.set(key, [value]);
}

export interface Round {
  readonly plan: Plan;
  /** Paths of the tests' files, the most promising first */
  readonly paths: readonly string[];
}

/** The tests of each mutant of `open` that take up to `budgetMs` together with those that have judged it, or the first one. */
export function roundOf(
  order: ReadonlyMap<string, readonly Priced[]>,
  open: Iterable<string>,
  judged: Log['judged'],
  budgetMs: number,
): Round {
  const plan = new Map<string, string[]>();
  const prices = new Map<string, number>();
  for (const id of open) {
    const tests = order.get(id) ?? [];
    const left = tests.filter(({ name }) => !judged.has(`${id} ${name}`));
    let spentMs = costOf(tests) - costOf(left);
    for (const test of left) {
      if (spentMs > 0 && spentMs + costOf([test]) > budgetMs) break;
      spentMs += costOf([test]);
      add(plan, test.name, id);
      prices.set(test.path, Math.min(prices.get(test.path) ?? Infinity, test.price));
    }
  }
  const paths = [...prices].sort(([, a], [, b]) => a - b).map(([path]) => path);
  return { plan: Object.fromEntries(plan), paths };
}

/** [ms] */
function costOf(tests: readonly Reach[]): number {
  return tests.reduce((sum, { ms }) => sum + ms + RUN_MS, 0);
}
