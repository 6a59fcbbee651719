// Without a plan: runs each test as it is, to see which mutants it reaches and what it takes. With one: runs each test with the
// mutants it is to judge that nobody noticed yet, in one process, so that a mutant costs no more than the test itself.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { inject, type RunnerTestCase, type RunnerTestSuite, TestRunner } from 'vitest';
import { parseLog } from './log.js';
import type { Plan, Reach } from './plan.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of the instrumented sources, the numbers of the mutants to judge, and the log */
    mutants: string;
  }
}

/** What Stryker's instrumented sources look at */
interface Switches {
  activeMutant?: string | undefined;
  hitCount?: number | undefined;
  hitLimit?: number | undefined;
  currentTestId?: string | undefined;
  mutantCoverage?: {
    /** Reached while modules are loaded */
    readonly static: Record<string, number>;
    readonly perTest: Record<string, Record<string, number>>;
  };
}

const switches: Switches = {};
Object.assign(globalThis, { __stryker__: switches });

/** A test that computes or lasts so much longer does not end; or one that reaches a mutant so much more often. */
const LONGER = { times: 10, cpuMs: 1000, ms: 30_000 };
const OFTENER = { times: 100, hits: 1000 };
/** A test that computes nothing for so long waits for ever, where time is virtual: where it does not wait otherwise. */
const TICK_MS = 100;
const IDLE = { ticks: 5, cpuMs: 2, usualMs: 100 };
const ROUNDS_TO_END = 20;
/** So many mutants that are noticed, until it is made sure that the test still passes without one. */
const BETWEEN_CHECKS = 10;
/** A test that lasts so long is not run again to learn how long it lasts when all is loaded. */
const LONG_MS = 200;

const { setInterval, clearInterval, setImmediate, performance } = globalThis;

interface Cost {
  readonly cpuMs: number;
  readonly ms: number;
}

function now(): Cost {
  const { user, system } = process.cpuUsage();
  return { cpuMs: (user + system) / 1000, ms: performance.now() };
}

function since(began: Cost): Cost {
  const { cpuMs, ms } = now();
  return { cpuMs: cpuMs - began.cpuMs, ms: ms - began.ms };
}

async function costOf(test: () => Promise<void>): Promise<Cost> {
  const began = now();
  await test();
  return since(began);
}

/** What `run` reaches is counted under this name. */
async function countedAs<T>(name: string, run: () => Promise<T>): Promise<T> {
  switches.currentTestId = name;
  try {
    return await run();
  } finally {
    switches.currentTestId = undefined;
  }
}

// The first counterexample is enough.
fc.configureGlobal({ endOnFailure: true });

let rejected: (() => void) | undefined;
process.on('unhandledRejection', () => rejected?.());

/** How a run of `test` ends; undefined: well */
async function failure(test: () => Promise<void>, usual: Cost): Promise<string | undefined> {
  const began = now();
  let ticker: ReturnType<typeof setInterval> | undefined;
  try {
    return await Promise.race([
      test().then(
        () => new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined))),
      ),
      new Promise<string>((resolve) => {
        rejected = () => resolve('a rejection that nobody handles');
        const waits = usual.ms - usual.cpuMs > IDLE.usualMs;
        let idle = 0;
        let before = 0;
        ticker = setInterval(() => {
          const { cpuMs, ms } = since(began);
          idle = cpuMs - before < IDLE.cpuMs ? idle + 1 : 0;
          before = cpuMs;
          if (idle >= IDLE.ticks && !waits) resolve('waits for ever');
          const computed = cpuMs > usual.cpuMs * LONGER.times + LONGER.cpuMs;
          if (computed || ms > usual.ms * LONGER.times + LONGER.ms) resolve('does not end');
        }, TICK_MS);
      }),
    ]);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    clearInterval(ticker);
    rejected = undefined;
  }
}

/** What a test that was given up still does ends: every look at a switch throws. */
async function endAll(): Promise<void> {
  Object.defineProperty(switches, 'activeMutant', {
    configurable: true,
    get: () => {
      throw new Error('this test is over');
    },
  });
  for (let i = 0; i < ROUNDS_TO_END; i++) await new Promise((resolve) => setImmediate(resolve));
  Object.defineProperty(switches, 'activeMutant', { value: undefined, writable: true });
}

type Check = ReturnType<typeof TestRunner.getSuiteHooks>['afterEach'][number];

const checks = new Map<RunnerTestSuite, readonly Check[]>();

/** What is checked after each test; taken from vitest, which would check after one that was not run as well. */
function checksOf(suite: RunnerTestSuite): readonly Check[] {
  const taken = checks.get(suite) ?? TestRunner.getSuiteHooks(suite).afterEach.splice(0);
  checks.set(suite, taken);
  return taken;
}

/** vitest's types do not tell what onTestFinished has collected. */
type Finishing = RunnerTestCase & { readonly onFinished?: ((context: object) => unknown)[] };

/** The test, what its file checks after each, and what the test itself wants done when it has ended. */
function withChecks(test: Finishing): () => Promise<void> {
  const run = TestRunner.getTestFn(test);
  const suites: RunnerTestSuite[] = [test.file];
  for (let { suite } = test; suite; suite = suite.suite) suites.unshift(suite);
  const each = suites.flatMap((suite) => checksOf(suite).map((check) => ({ suite, check })));
  return async () => {
    // Expectations of a run that was given up, for which vitest waits at the end of the next
    delete test.promises;
    try {
      await run();
      for (const { suite, check } of each) await check(test.context, suite);
    } finally {
      for (const finish of test.onFinished?.splice(0).reverse() ?? []) await finish(test.context);
    }
  };
}

export class Judge extends TestRunner {
  readonly #folder = inject('mutants');
  readonly #plan = this.#readPlan();
  readonly #loaded = new Set<string>();

  async runTask(test: RunnerTestCase): Promise<void> {
    const name = `${test.file.name} > ${test.fullTestName}`.replaceAll('\n', ' ');
    const run = withChecks(test);
    if (this.#plan) await this.#judge(name, run, this.#plan[name] ?? []);
    else await this.#look(name, test, run);
  }

  async #look(name: string, test: RunnerTestCase, run: () => Promise<void>): Promise<void> {
    this.#append('look', '-', name);
    const first = await countedAs(test.id, () => costOf(run));
    const chosen = new Set(readFileSync(join(this.#folder, 'chosen'), 'utf8').split('\n'));
    const { static: loaded = {}, perTest = {} } = switches.mutantCoverage ?? {};
    const fresh = Object.keys(loaded).filter((id) => !this.#loaded.has(id));
    for (const id of fresh) this.#loaded.add(id);
    if (fresh.length > 0) this.#append('loaded', fresh.join(','));
    const ids = Object.keys(perTest[test.id] ?? {}).filter((id) => chosen.has(id));
    if (ids.length === 0) return;
    const again = await this.#again(run, first);
    if (again === undefined) {
      this.#append('once', '-', name); // what can not be repeated can not judge
      return;
    }
    const reach: Reach = { path: test.file.filepath, name, ms: Math.round(again), ids };
    appendFileSync(join(this.#folder, 'reached'), `${JSON.stringify(reach)}\n`);
  }

  /** Time of another run, now that all is loaded [ms]; undefined: it fails then */
  async #again(run: () => Promise<void>, first: Cost): Promise<number | undefined> {
    if (first.ms > LONG_MS) return first.ms;
    const began = now();
    const why = await countedAs('again', () => failure(run, first));
    return why === undefined ? since(began).ms : undefined;
  }

  async #judge(name: string, run: () => Promise<void>, ids: readonly string[]): Promise<void> {
    const { killed, judged } = parseLog(readFileSync(this.#log, 'utf8'));
    const open = ids.filter((id) => !killed.has(id) && !judged.has(`${id} ${name}`));
    if (open.length === 0) return;
    let hits: Record<string, number>;
    let usual: Cost;
    try {
      hits = await this.#hits(run);
      usual = await costOf(run);
    } catch {
      this.#append('once', '-', name); // of its file, one before has left something behind
      return;
    }
    let noticed = 0;
    for (const id of open) {
      this.#append('start', id, name);
      switches.hitCount = 0;
      switches.hitLimit = (hits[id] ?? 0) * OFTENER.times + OFTENER.hits;
      switches.activeMutant = id;
      const why = await failure(run, usual);
      switches.hitCount = undefined;
      if (why === undefined) switches.activeMutant = undefined;
      else await endAll();
      this.#append(why === undefined ? 'passed' : 'killed', id, name);
      if (why === undefined || ++noticed % BETWEEN_CHECKS !== 0) continue;
      if (!(await this.#isSound(name, run, usual))) return;
    }
    await this.#isSound(name, run, usual);
  }

  /** What a mutant left behind may fail a test that has nothing against it. */
  async #isSound(name: string, run: () => Promise<void>, usual: Cost): Promise<boolean> {
    const sound = (await failure(run, usual)) === undefined;
    this.#append(sound ? 'sound' : 'spoiled', '-', name);
    return sound;
  }

  /** How often each mutant is reached */
  async #hits(run: () => Promise<void>): Promise<Record<string, number>> {
    await countedAs('hits', run);
    return switches.mutantCoverage?.perTest.hits ?? {};
  }

  get #log(): string {
    return join(this.#folder, 'log');
  }

  #readPlan(): Plan | undefined {
    const path = join(this.#folder, 'plan.json');
    return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Plan) : undefined;
  }

  #append(...words: readonly string[]): void {
    appendFileSync(this.#log, `${words.join(' ')}\n`);
  }
}

// vitest wants it so.
export { Judge as default };
