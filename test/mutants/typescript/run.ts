// The command line: chooses mutants of the library, has its tests judge them, reports those that nobody noticed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { sampled } from '../sample.js';
import { EQUIVALENTS } from './equivalents.js';
import { instrument, type Mutant } from './instrument.js';
import { parseLog } from './log.js';
import { orderOf, type Reach, roundOf } from './plan.js';
import {
  argumentFor,
  changeOf,
  type Judged,
  LOADED,
  noticedBefore,
  report,
  type Verdict,
} from './report.js';

const USAGE = `test/mutants/typescript.mjs [--file PREFIX,...] [--settled] [--sample N --seed S] [--noticed PATH,...] [--tests GLOB,...] [--list]
  --file PREFIX  mutants of files whose path begins so: host/update, protocol/frame.ts
  --settled      mutants of the files in which every mutant is noticed, or argued to be equivalent
  --sample N     so many of those that are not argued to be equivalent, chosen by --seed S (1)
  --noticed PATH,...  reports of earlier runs: what was noticed then counts, and is not judged again
  --tests GLOB   only these tests judge
  --seconds N    so long for the tests of a mutant that most likely notice it; what they leave counts as not noticed. Without: all tests that reach it
  --folder PATH  where to work (build/mutants/typescript)
  --go-on        goes on where a run with the same options was interrupted, if no source or test has changed
  --list         only list them
Writes report.json in its folder.`;

/** The judge writes a line for every test that it looks at and for every run, which it ends itself unless it hangs in a loop [ms]. */
const LONGEST_SILENCE_MS = 60_000;

/** In these files every mutant is noticed or argued, and stays so; by these tests, which are fast. */
const SETTLED = {
  files: 'protocol/,host/update/compare.ts',
  tests: 'test/protocol/*.test.ts,test/host/session.test.ts,test/host/compare.test.ts',
};

function describe(mutant: Mutant): string {
  return `${mutant.file}:${mutant.line}: ${changeOf(mutant)}`;
}

/** What the tests of a mutant may take in the first rounds [s]: most are noticed there. */
const ROUNDS_S = [0.1, 0.3, 1, 3];

interface Judgement {
  /** Numbers of the mutants */
  readonly chosen: readonly string[];
  /** Patterns of the tests that judge them; undefined: all */
  readonly tests: string | undefined;
  /** For the tests of a mutant [s] */
  readonly longestS: number;
}

/** Returns the mutants that tests reach. */
async function judge(
  root: string,
  folder: string,
  { chosen, tests, longestS }: Judgement,
): Promise<ReadonlySet<string>> {
  if (readFileSync(join(folder, 'reached'), 'utf8') === '') await pass(root, folder, tests);
  const lines = readFileSync(join(folder, 'reached'), 'utf8').split('\n').filter(Boolean);
  const looked = lines.map((line) => JSON.parse(line) as Reach);
  for (const seconds of [...ROUNDS_S.filter((one) => one < longestS), longestS]) {
    const { killed, judged, tried } = parseLog(readFileSync(join(folder, 'log'), 'utf8'));
    const order = orderOf(looked, tried);
    const open = chosen.filter((id) => order.has(id) && !killed.has(id));
    const { plan, paths } = roundOf(order, open, judged, seconds * 1000);
    writeFileSync(join(folder, 'plan.json'), JSON.stringify(plan));
    if (paths.length > 0) await pass(root, folder, paths.join(','));
  }
  return new Set(looked.flatMap(({ ids }) => ids));
}

/** Runs vitest until it has ended by itself: a mutant that hangs it is noticed, and left out the next time. */
async function pass(root: string, folder: string, tests: string | undefined): Promise<void> {
  const log = join(folder, 'log');
  for (;;) {
    const config = join('test', 'mutants', 'typescript', 'vitest.config.ts');
    const child = spawn(
      process.execPath,
      [join('node_modules', 'vitest', 'vitest.mjs'), 'run', '--config', config],
      {
        cwd: root,
        env: {
          ...process.env,
          IAP_MUTANTS_FOLDER: folder,
          ...(tests === undefined ? {} : { IAP_MUTANTS_TESTS: tests }),
        },
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      },
    );
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (bytes: Buffer) => {
        text += bytes.toString();
      });
    }
    const ended = once(child, 'close') as Promise<[number | null]>;
    let code: number | null | undefined;
    void ended.then(([value]) => {
      code = value;
    });
    const since = Date.now();
    while (code === undefined) {
      await Promise.race([ended, sleep(1000)]);
      const silence = Date.now() - Math.max(since, statSync(log).mtimeMs);
      if (code !== undefined || silence < LONGEST_SILENCE_MS) continue;
      appendFileSync(log, 'stopped\n');
      process.kill(-(child.pid ?? 0), 'SIGKILL');
      await ended;
      code = null;
    }
    if (code === 0) return;
    if (code !== null) throw new Error(`the tests do not pass without a mutant:\n${text}`);
  }
}

function stale(mutants: readonly Mutant[], prefixes: readonly string[]): string[] {
  const known = new Set(mutants.map((mutant) => `${mutant.file}: ${changeOf(mutant)}`));
  return EQUIVALENTS.filter(({ file }) => prefixes.some((prefix) => file.startsWith(prefix)))
    .flatMap(({ file, changes }) => changes.map((change) => `${file}: ${change}`))
    .filter((text) => !known.has(text))
    .map((text) => `argued, but there is no such mutant: ${text}`);
}

function table(judged: readonly Judged[]): string {
  const folders = [...new Set(judged.map(({ file }) => file.split('/').slice(0, -1).join('/')))];
  return folders
    .map((folder) => {
      const mine = judged.filter(({ file }) => file.startsWith(`${folder}/`));
      const count = (verdict: Verdict): number =>
        mine.filter((one) => one.verdict === verdict && one.why === undefined).length;
      const argued = mine.filter(({ verdict, why }) => verdict !== 'killed' && why).length;
      const killed = mine.filter(({ verdict }) => verdict === 'killed').length;
      const share = ((100 * killed) / (mine.length - argued)).toFixed(1);
      return `| ${folder} | ${mine.length} | ${killed} | ${argued} | ${count('survived')} | ${count('unreached')} | ${share} % |`;
    })
    .join('\n');
}

/** Runs the command line; returns the exit code. */
export async function main(args: string[], root: string): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      file: { type: 'string' },
      settled: { type: 'boolean', default: false },
      sample: { type: 'string' },
      seed: { type: 'string', default: '1' },
      noticed: { type: 'string', default: '' },
      tests: { type: 'string' },
      seconds: { type: 'string', default: 'Infinity' },
      folder: { type: 'string', default: join(root, 'build', 'mutants', 'typescript') },
      'go-on': { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const startedAt = Date.now();
  const { folder } = values;
  if (!values['go-on']) rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const prefixes = (values.settled ? SETTLED.files : (values.file ?? '')).split(',');
  const mutants = await instrument(root, join(folder, 'sources'), prefixes);
  let chosen: readonly Mutant[] = mutants;
  if (values.sample !== undefined) {
    const open = chosen.filter((mutant) => argumentFor(mutant) === undefined);
    chosen = sampled(open, Number(values.sample), Number(values.seed));
  }
  if (values.list) {
    for (const mutant of chosen) console.log(describe(mutant));
    return 0;
  }
  const before = noticedBefore(mutants, values.noticed.split(',').filter(Boolean));
  const open = chosen.map(({ id }) => id).filter((id) => !before.has(id));
  writeFileSync(join(folder, 'chosen'), open.join('\n'));
  for (const name of ['log', 'reached']) appendFileSync(join(folder, name), '');
  const tests = values.settled ? SETTLED.tests : values.tests;
  const longestS = Number(values.seconds);
  const reached = await judge(root, folder, { chosen: open, tests, longestS });
  const log = parseLog(readFileSync(join(folder, 'log'), 'utf8'));
  const killed = new Map([...before, ...log.killed]);
  const all = report(chosen, reached, { ...log, killed });
  const judged = all.filter(({ verdict }) => verdict !== LOADED);
  for (const test of log.once)
    console.error(`fails when it is repeated, so it judges nothing: ${test}`);
  writeFileSync(join(folder, 'report.json'), `${JSON.stringify(all, null, 1)}\n`);
  const problems = [
    ...judged
      .filter(({ verdict, why }) => verdict !== 'killed' && why === undefined)
      .map((mutant) => `${mutant.verdict}: ${describe(mutant)}`),
    ...judged
      .filter(({ verdict, why }) => verdict === 'killed' && why !== undefined)
      .map((mutant) => `argued, but ${mutant.by} notices: ${describe(mutant)}`),
    ...stale(mutants, prefixes),
  ];
  for (const problem of problems) console.error(problem);
  const argued = judged.filter(({ verdict, why }) => verdict !== 'killed' && why).length;
  const count = judged.filter(({ verdict }) => verdict === 'killed').length;
  console.log(
    '| folder | mutants | noticed | argued | survived | not reached | noticed of the rest |',
  );
  console.log(table(judged));
  console.log(
    `${count} of ${judged.length - argued} mutants noticed; ${argued} more are argued to be equivalent; ${((Date.now() - startedAt) / 1000).toFixed(0)} s`,
  );
  return problems.length === 0 ? 0 : 1;
}
