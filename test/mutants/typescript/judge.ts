// Runs each test once as it is, to see which mutants it reaches, and then with each of them that nobody noticed yet: in one process,
// so that a mutant costs no more than the test itself.
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { inject, type RunnerTestCase, type RunnerTestSuite, TestRunner } from 'vitest';
import { parseLog } from './log.js';

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
/** A test that computes nothing for so long waits for ever: time is virtual. */
const TICK_MS = 100;
const IDLE = { ticks: 5, cpuMs: 2 };
const ROUNDS_TO_END = 20;

const { setInterval, clearInterval, setImmediate, performance } = globalThis;

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

// The first counterexample is enough.
fc.configureGlobal({ endOnFailure: true });

let rejected: (() => void) | undefined;
process.on('unhandledRejection', () => rejected?.());

/** How a run of `test` ends; undefined: well */
async function failure(test: () => Promise<void>, usualMs: number): Promise<string | undefined> {
  const began = { cpu: cpuMs(), at: performance.now() };
  let ticker: ReturnType<typeof setInterval> | undefined;
  try {
    return await Promise.race([
      test().then(
        () => new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined))),
      ),
      new Promise<string>((resolve) => {
        rejected = () => resolve('a rejection that nobody handles');
        let idle = 0;
        let before = began.cpu;
        ticker = setInterval(() => {
          const now = cpuMs();
          idle = now - before < IDLE.cpuMs ? idle + 1 : 0;
          before = now;
          if (idle >= IDLE.ticks) resolve('waits for ever');
          const ms = performance.now() - began.at;
          const computed = now - began.cpu > usualMs * LONGER.times + LONGER.cpuMs;
          if (computed || ms > usualMs * LONGER.times + LONGER.ms) resolve('does not end');
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

/** The test, and what its file checks after each. */
function withChecks(test: RunnerTestCase): () => Promise<void> {
  const run = TestRunner.getTestFn(test);
  const suites: RunnerTestSuite[] = [test.file];
  for (let { suite } = test; suite; suite = suite.suite) suites.unshift(suite);
  return async () => {
    await run();
    for (const suite of suites) {
      for (const check of TestRunner.getSuiteHooks(suite).afterEach)
        await check(test.context, suite);
    }
  };
}

export class Judge extends TestRunner {
  readonly #folder = inject('mutants');
  readonly #chosen = new Set(readFileSync(join(this.#folder, 'chosen'), 'utf8').split('\n'));

  readonly #longestMs = Number(process.env.IAP_MUTANTS_LONGEST_MS ?? 'Infinity');

  async runTask(test: RunnerTestCase): Promise<void> {
    const run = withChecks(test);
    switches.currentTestId = test.id;
    const startedAt = cpuMs();
    await run();
    const usualMs = cpuMs() - startedAt;
    switches.currentTestId = undefined;
    if (usualMs > this.#longestMs) return;
    this.#append('loaded', Object.keys(switches.mutantCoverage?.static ?? {}).join(','));
    const reached = switches.mutantCoverage?.perTest[test.id] ?? {};
    const known = parseLog(readFileSync(this.#log, 'utf8'));
    const name = `${test.file.name} > ${test.name}`.replaceAll('\n', ' ');
    const open = Object.entries(reached).filter(
      ([id]) => this.#chosen.has(id) && !known.killed.has(id) && !known.judged.has(`${id} ${name}`),
    );
    if (open.length === 0) return;
    await run(); // a test that can not be repeated can not judge
    for (const [id, hits] of open) {
      this.#append('start', id, name);
      switches.hitCount = 0;
      switches.hitLimit = hits * OFTENER.times + OFTENER.hits;
      switches.activeMutant = id;
      const why = await failure(run, usualMs);
      switches.hitCount = undefined;
      if (why === undefined) switches.activeMutant = undefined;
      else await endAll();
      this.#append(why === undefined ? 'passed' : 'killed', id, name);
    }
    // What a mutant left behind may fail tests that have nothing against it.
    if ((await failure(run, usualMs)) !== undefined) this.#append('spoiled', '-', name);
  }

  get #log(): string {
    return join(this.#folder, 'log');
  }

  #append(...words: readonly string[]): void {
    appendFileSync(this.#log, `${words.join(' ')}\n`);
  }
}

// vitest wants it so.
export { Judge as default };
