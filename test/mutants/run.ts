// Shows that every mutant is caught: breaks a copy of the bootloader, builds what its catcher needs, runs the catcher.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { Deviation } from '../../host/conformance/check.js';
import { conform } from '../../host/conformance/run.js';
import { Lockstep } from '../conformance/lockstep.js';
import { DEFECTS, MUTANTS, type Mutant } from './mutants.js';
import { PART, Tree } from './tree.js';

const run = promisify(execFile);
/** The exploration looks at a part of all cuts for so long [s]. */
const EXPLORE_S = 20;
/** A mutant that hangs its test is caught as well [ms]. */
const TEST_MS = 60_000;
/** The longest check, in the virtual board's time, with what it takes to find that nobody answers [ms] */
const CHECK_MS = 120_000;

const USAGE = `test/mutants/run.mjs [--sample N --seed S] [--only ID] [--catcher PREFIX] [--list]
  --sample N     so many mutants, chosen by --seed S (1)
  --only ID      one mutant, by its id
  --catcher P    those whose catcher begins so, for example conformance:
  --list         only list them`;

type Catcher = Pick<Mutant, 'caughtBy' | 'explore'>;

interface Outcome {
  readonly caught: boolean;
  readonly how: string;
}

async function coreTest(program: string, test: string): Promise<Outcome> {
  try {
    await run(program, [], {
      env: { ...process.env, CHECK_ONLY: test },
      timeout: TEST_MS,
    });
    return { caught: false, how: 'passed' };
  } catch (error) {
    const { stderr = '', killed } = error as { stderr?: string; killed?: boolean };
    const line = stderr
      .split('\n')
      .find((text) => /not true|expected|ERROR|runtime error/.test(text));
    return { caught: true, how: killed ? 'hung' : (line ?? 'failed').replace(/^.*\//, '').trim() };
  }
}

async function conformance(root: string, bootloader: string, check: string): Promise<Outcome> {
  const board = join(root, 'build', 'board', 'iap-board');
  const step = new Lockstep({ board, part: PART, bootloader });
  const { transport, clock, power } = step;
  const stop = new AbortController();
  clock.after(CHECK_MS, () => stop.abort());
  try {
    const { results } = await step.during(
      conform(transport, {
        ...{ clock, power, address: 0, permanent: true, only: [check] },
        signal: stop.signal,
      }),
    );
    const { state, errorText } = await step.counters();
    if (state === 'error') return { caught: true, how: errorText ?? 'the board found a mistake' };
    const [result] = results;
    if (result?.verdict !== 'fail') return { caught: false, how: result?.verdict ?? 'not run' };
    return { caught: true, how: `expected ${result.expected}; found ${result.found}` };
  } catch (error) {
    if (error instanceof Deviation) return { caught: true, how: error.message };
    if (stop.signal.aborted) return { caught: true, how: 'did not end' };
    throw error;
  } finally {
    await step.stop();
  }
}

/** By a case of resets, by the cuts that the mutant names, or by a sample of all. */
async function explore(
  root: string,
  tree: Tree,
  name: string,
  cuts: readonly string[] | undefined,
): Promise<Outcome> {
  const program = await tree.explore();
  const resets = readFileSync(join(root, 'test', 'explore', 'resets.c'), 'utf8');
  const reset = resets.includes(`{"${name}", `);
  const what = reset ? ['--reset', name] : (cuts ?? ['--sample', String(EXPLORE_S)]);
  const args = ['--part', PART, '--bootloader', await tree.bootloader(), ...what];
  try {
    await run(program, args, { maxBuffer: 1 << 26 });
    return { caught: false, how: 'passed' };
  } catch (error) {
    const { stdout = '' } = error as { stdout?: string };
    const label = reset ? '' : name.toUpperCase().replaceAll('-', ' ');
    const line = stdout.split('\n').find((text) => text.startsWith(label));
    if (line === undefined) return { caught: false, how: `found only: ${stdout.split('\n')[0]}` };
    return { caught: true, how: line.trim() };
  }
}

async function judge(
  root: string,
  tree: Tree,
  { caughtBy, explore: cuts }: Catcher,
): Promise<Outcome> {
  const [kind, name = ''] = caughtBy.split(':');
  switch (kind) {
    case 'core':
      return coreTest(await tree.coreProgram(name), name);
    case 'conformance':
      return conformance(root, await tree.bootloader(), name);
    case 'explore':
      return explore(root, tree, name, cuts);
    case 'defect': {
      const passes = DEFECTS.find(({ id }) => id === name)?.passes;
      if (passes === undefined) throw new Error(`there is no defect ${name}`);
      return conformance(root, await tree.bootloader(), passes);
    }
    default:
      throw new Error(`nobody knows how to run ${caughtBy}`);
  }
}

/** Hardware that fails must not be noticed. */
async function defects(root: string, tree: Tree): Promise<string[]> {
  const wrong: string[] = [];
  for (const { id, edit, passes } of DEFECTS) {
    const mend = tree.apply([edit]);
    const { caught, how } = await conformance(root, await tree.bootloader(), passes);
    mend();
    console.log(`${caught ? 'FAILED ' : 'passed '} defect:${id}: ${how}`);
    if (caught) wrong.push(`defect:${id} fails conformance:${passes}: ${how}`);
  }
  return wrong;
}

/** Without a change every catcher must be content, or catching means nothing. */
async function unbroken(root: string, tree: Tree, catchers: readonly Catcher[]): Promise<string[]> {
  const wrong: string[] = [];
  // The exploration's own run shows that it finds nothing in the unbroken one; that takes minutes.
  for (const catcher of catchers.filter(({ explore: cuts }) => cuts === undefined)) {
    const { caught, how } = await judge(root, tree, catcher);
    if (caught) wrong.push(`${catcher.caughtBy} fails without a mutant: ${how}`);
  }
  return wrong;
}

function catchers(mutants: readonly Mutant[]): Catcher[] {
  const name = ({ caughtBy, explore: cuts = [] }: Catcher): string => [caughtBy, ...cuts].join(' ');
  return [...new Map(mutants.map((mutant) => [name(mutant), mutant])).values()];
}

function sampled(mutants: readonly Mutant[], count: number, seed: number): Mutant[] {
  const rest = [...mutants];
  let state = seed >>> 0 || 1;
  return Array.from({ length: Math.min(count, rest.length) }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state = (state ^ (state << 5)) >>> 0;
    return rest.splice(state % rest.length, 1)[0] as Mutant;
  });
}

/** Runs the command line; returns the exit code. */
export async function main(args: string[], root: string): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      sample: { type: 'string' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string' },
      catcher: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  let chosen = MUTANTS.filter(
    ({ id, caughtBy }) =>
      (values.only === undefined || id === values.only) &&
      caughtBy.startsWith(values.catcher ?? ''),
  );
  if (values.sample !== undefined)
    chosen = sampled(chosen, Number(values.sample), Number(values.seed));
  if (values.list) {
    for (const { id, requirements, caughtBy } of chosen) {
      console.log(`${requirements.join(' ').padEnd(10)} ${caughtBy.padEnd(52)} ${id}`);
    }
    return 0;
  }
  if (chosen.length === 0) {
    console.error(USAGE);
    return 2;
  }
  if (!existsSync(join(root, 'build', 'board', 'iap-board'))) {
    console.error('build first: scripts/build');
    return 2;
  }
  return report(root, chosen);
}

async function report(root: string, chosen: readonly Mutant[]): Promise<number> {
  const startedAt = Date.now();
  const tree = new Tree(root);
  const problems = await unbroken(root, tree, catchers(chosen));
  problems.push(...(await defects(root, tree)));
  let caughtCount = 0;
  for (const mutant of chosen) {
    const since = Date.now();
    let mend = (): void => {};
    try {
      mend = tree.apply([mutant, ...(mutant.also ? [mutant.also] : [])]);
      const { caught, how } = await judge(root, tree, mutant);
      caughtCount += caught ? 1 : 0;
      const verdict = caught ? 'caught ' : 'MISSED ';
      const seconds = ((Date.now() - since) / 1000).toFixed(1).padStart(5);
      console.log(
        `${verdict} ${seconds} s  ${mutant.requirements.join(' ').padEnd(9)} ${mutant.caughtBy.padEnd(50)} ${mutant.id}\n${' '.repeat(18)}${how}`,
      );
      if (!caught) problems.push(`${mutant.caughtBy} does not notice: ${mutant.id}`);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      problems.push(`${mutant.id}: ${text.slice(0, 2000)}`);
      console.log(`BROKEN           ${mutant.id}`);
    } finally {
      mend();
    }
  }
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(0);
  console.log(`${caughtCount} of ${chosen.length} mutants caught in ${seconds} s`);
  for (const problem of problems) console.error(problem);
  return problems.length === 0 ? 0 : 1;
}
