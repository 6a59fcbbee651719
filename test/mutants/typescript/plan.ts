// Which tests judge which mutants, and in which order: a mutant is mostly noticed by a fast test that reaches little else.

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

/** What a test may cost to find one mutant [ms], more or less */
function price({ ms, ids }: Reach): number {
  return (ms + 1) * ids.length;
}

/** Mutant to the tests that reach it, the most promising first */
export function orderOf(reached: readonly Reach[]): ReadonlyMap<string, readonly Reach[]> {
  const order = new Map<string, Reach[]>();
  for (const test of reached.toSorted((a, b) => price(a) - price(b))) {
    for (const id of test.ids) add(order, id, test);
  }
  return order;
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

/** The tests of each mutant of `open` that take up to `budgetMs` together, or the first one. */
export function roundOf(
  order: ReadonlyMap<string, readonly Reach[]>,
  open: Iterable<string>,
  budgetMs: number,
): Round {
  const plan = new Map<string, string[]>();
  const prices = new Map<string, number>();
  for (const id of open) {
    let spentMs = 0;
    for (const test of order.get(id) ?? []) {
      if (spentMs > 0 && spentMs + test.ms > budgetMs) break;
      spentMs += test.ms;
      add(plan, test.name, id);
      prices.set(test.path, Math.min(prices.get(test.path) ?? Infinity, price(test)));
    }
  }
  const paths = [...prices].sort(([, a], [, b]) => a - b).map(([path]) => path);
  return { plan: Object.fromEntries(plan), paths };
}
