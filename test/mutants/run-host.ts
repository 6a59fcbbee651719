// Shows that every host mutant is caught: runs the test named for it, by vitest, with the sources broken while they are loaded.
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { HOST_MUTANTS } from './host/index.js';
import type { Mutant } from './mutant.js';
import type { Outcome, Suite } from './suite.js';

const run = promisify(execFile);
/** A mutant that hangs its test is caught as well [ms]. */
const TEST_MS = 120_000;
/** Such a failure says that the mutant is no program, not that a test looks at what it does. */
const NO_PROGRAM = /ReferenceError|SyntaxError|is not a function|is not a constructor/;

/** What vitest's reporter "json" writes, as far as it is needed */
interface Report {
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly Test[];
  }[];
}

interface Test {
  readonly title: string;
  readonly status: string;
  readonly failureMessages: readonly string[];
}

/** A regular expression for a title as a report has it: vitest fills in %i and %s of test.each. */
function pattern(title: string): string {
  return title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/%[is]/g, '.+');
}

function isTitled({ title }: Test, wanted: string): boolean {
  return new RegExp(`^${pattern(wanted)}$`).test(title);
}

function titleOf({ caughtBy }: Pick<Mutant, 'caughtBy'>): string {
  return caughtBy.slice('host:'.length);
}

export class HostSuite implements Suite {
  readonly mutants = HOST_MUTANTS;
  readonly #root: string;
  readonly #report: string;

  constructor(root: string) {
    this.#root = root;
    mkdirSync(join(root, 'build', 'mutants'), { recursive: true });
    this.#report = join(root, 'build', 'mutants', `host-${process.pid}.json`);
  }

  async unbroken(mutants: readonly Mutant[]): Promise<string[]> {
    const titles = [...new Set(mutants.map(titleOf))];
    const tests = await this.#run(titles, undefined);
    return titles.flatMap((title) => {
      const found = tests.filter((test) => isTitled(test, title));
      const bad = found.filter(({ status }) => status !== 'passed');
      if (found.length > 0 && bad.length === 0) return [];
      return [
        `"${title}" does not pass without a mutant: ${bad[0]?.failureMessages[0] ?? 'not found'}`,
      ];
    });
  }

  async judge(mutant: Mutant): Promise<Outcome> {
    let tests: readonly Test[];
    try {
      tests = await this.#run([titleOf(mutant)], mutant);
    } catch (error) {
      if ((error as { killed?: boolean }).killed) return { caught: true, how: 'hung' };
      throw error;
    }
    const failed = tests.find(({ status }) => status === 'failed');
    if (!failed) return { caught: false, how: 'passed' };
    const how = failed.failureMessages[0] ?? '';
    if (NO_PROGRAM.test(how)) throw new Error(`it is no program: ${how}`);
    // vitest gives a test that takes too long no other message.
    if (how.includes('STACK_TRACE_ERROR')) return { caught: true, how: 'did not end' };
    return { caught: true, how: how.split('\n')[0] ?? '' };
  }

  /** Runs the tests of these titles; throws if there is none, or if they can not be loaded. */
  async #run(titles: readonly string[], mutant: Mutant | undefined): Promise<readonly Test[]> {
    // It is matched against the names of the groups around a test as well.
    const names = titles.map((title) => `(?:^| )${pattern(title)}$`).join('|');
    const args = [
      ...[join('node_modules', 'vitest', 'vitest.mjs'), 'run', ...this.#files(titles)],
      ...['--config', join('test', 'mutants', 'vitest.config.ts'), '--testNamePattern', names],
      ...['--reporter', 'json', '--outputFile', this.#report],
    ];
    const env = { ...process.env, IAP_MUTANT: mutant?.id ?? '' };
    const limit = mutant ? { timeout: TEST_MS, killSignal: 'SIGKILL' as const } : {};
    await run(process.execPath, args, { cwd: this.#root, env, ...limit }).catch(
      (error: unknown) => {
        // Exit code 1 is a test that failed; the report says which.
        if ((error as { code?: unknown }).code !== 1) throw error;
      },
    );
    const { testResults } = JSON.parse(readFileSync(this.#report, 'utf8')) as Report;
    rmSync(this.#report);
    const ran = testResults
      .flatMap(({ assertionResults }) => assertionResults)
      .filter(({ status }) => status === 'passed' || status === 'failed')
      .filter((test) => titles.some((title) => isTitled(test, title)));
    const message = testResults.map((file) => file.message).join('\n');
    if (ran.length === 0) throw new Error(`no test was run: ${message}`);
    return ran;
  }

  /** Test files that have one of these titles */
  #files(titles: readonly string[]): string[] {
    return readdirSync(join(this.#root, 'test', 'host'))
      .map((name) => join('test', 'host', name))
      .filter((file) => {
        const text = readFileSync(join(this.#root, file), 'utf8');
        return titles.some((title) => text.includes(`'${title}'`));
      });
  }
}
