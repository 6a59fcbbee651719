// Shows that every bootloader mutant is caught: breaks a copy of the bootloader, builds what its catcher needs, runs the catcher.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Deviation } from '../../host/conformance/deviation.js';
import { conform } from '../../host/conformance/run.js';
import { Lockstep } from '../conformance/lockstep.js';
import { boardOptions, PARTS, type Part } from '../support/boards.js';
import { SignedUnit } from '../support/signed-unit.js';
import { DEFECTS } from './bootloader/defects.js';
import { BOOTLOADER_MUTANTS } from './bootloader/index.js';
import { editsOf, type Mutant } from './mutant.js';
import type { Outcome, Suite } from './suite.js';
import { PART, Tree } from './tree.js';

const run = promisify(execFile);
/** The exploration looks at a part of all cuts for so long [s]. */
const EXPLORE_S = 20;
/** A mutant that hangs its test is caught as well [ms]. */
const TEST_MS = 300_000;
/** The longest check, in the virtual board's time, with what it takes to find that nobody answers [ms] */
const CHECK_MS = 120_000;

/** On a half-duplex pair the host's adapter drives on for so long: less than the board's turn-round time. */
const ADAPTER_HOLDS_MS = 5;

type Catcher = Pick<Mutant, 'caughtBy' | 'explore' | 'signed' | 'board'>;

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

/** @param unit what is in flash besides the bootloader, and signs; where signed images alone are taken */
async function conformance(
  root: string,
  bootloader: string,
  check: string,
  name: Part,
  unit?: SignedUnit,
): Promise<Outcome> {
  const board = join(root, 'build', 'board', 'iap-board');
  const { part, pair } = PARTS[name];
  const args = [
    ...boardOptions(name),
    ...(pair ? ['--hold', String(1000 * ADAPTER_HOLDS_MS)] : []),
    ...(unit?.loadArgs(join(root, 'build', 'mutants')) ?? []),
  ];
  const step = new Lockstep({ board, part, bootloader, args });
  const { transport, clock, power } = step;
  const stop = new AbortController();
  clock.after(CHECK_MS, () => stop.abort());
  try {
    const { results } = await step.during(
      conform(transport, {
        ...{ clock, power, address: 0, permanent: true, only: [check], halfDuplex: pair },
        ...(unit ? { sign: (header) => unit.sign(header) } : {}),
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
  const bootloader = await tree.bootloader(
    what.includes('--signed') ? 'bootloader-signed' : 'bootloader',
  );
  const args = ['--part', PART, '--bootloader', bootloader, ...what];
  try {
    await run(program, args, { maxBuffer: 1 << 26 });
    return { caught: false, how: 'passed' };
  } catch (error) {
    const { stdout = '' } = error as { stdout?: string };
    const label = reset ? '' : name.toUpperCase().replaceAll('-', ' ');
    const line = stdout.split('\n').find((text) => text.startsWith(label));
    const others = stdout.split('\n').filter((text) => /^[A-Z ]+:/.test(text));
    if (line === undefined) return { caught: false, how: `found only: ${others.join('; ')}` };
    return { caught: true, how: line.trim() };
  }
}

/** The check on the bootloader for unsigned images, or on the one that takes signed images alone */
async function checked(
  root: string,
  tree: Tree,
  check: string,
  { signed, board = PART }: Pick<Catcher, 'signed' | 'board'> = {},
): Promise<Outcome> {
  const unit = signed ? new SignedUnit(board) : undefined;
  const bootloader = await tree.bootloader(signed ? 'bootloader-signed' : 'bootloader', board);
  return conformance(root, bootloader, check, board, unit);
}

async function judge(root: string, tree: Tree, catcher: Catcher): Promise<Outcome> {
  const { caughtBy, explore: cuts } = catcher;
  const [kind, name = ''] = caughtBy.split(':');
  switch (kind) {
    case 'core':
      return coreTest(await tree.coreProgram(name), name);
    case 'conformance':
      return checked(root, tree, name, catcher);
    case 'explore':
      return explore(root, tree, name, cuts);
    case 'defect': {
      const defect = DEFECTS.find(({ id }) => id === name);
      if (defect === undefined) throw new Error(`there is no defect ${name}`);
      return checked(root, tree, defect.passes, defect);
    }
    default:
      throw new Error(`nobody knows how to run ${caughtBy}`);
  }
}

/** Hardware that fails must not be noticed. */
async function defects(root: string, tree: Tree): Promise<string[]> {
  const wrong: string[] = [];
  for (const { id, edit, passes, signed } of DEFECTS) {
    const mend = tree.apply([edit]);
    const { caught, how } = await checked(root, tree, passes, signed ? { signed } : {});
    mend();
    console.log(`${caught ? 'FAILED ' : 'passed '} defect:${id}: ${how}`);
    if (caught) wrong.push(`defect:${id} fails conformance:${passes}: ${how}`);
  }
  return wrong;
}

function catchers(mutants: readonly Mutant[]): Catcher[] {
  const name = ({ caughtBy, board = PART, explore: cuts = [] }: Catcher): string =>
    [caughtBy, board, ...cuts].join(' ');
  return [...new Map(mutants.map((mutant) => [name(mutant), mutant])).values()];
}

export class BootloaderSuite implements Suite {
  readonly mutants = BOOTLOADER_MUTANTS;
  readonly #root: string;
  readonly #tree: Tree;

  /** @throws Error if the project is not built */
  constructor(root: string) {
    if (!existsSync(join(root, 'build', 'board', 'iap-board')))
      throw new Error('build first: scripts/build');
    this.#root = root;
    this.#tree = new Tree(root);
  }

  async unbroken(mutants: readonly Mutant[]): Promise<string[]> {
    const wrong: string[] = [];
    // The exploration's own run shows that it finds nothing in the unbroken one; that takes minutes.
    for (const catcher of catchers(mutants).filter(({ explore: cuts }) => cuts === undefined)) {
      const { caught, how } = await judge(this.#root, this.#tree, catcher);
      if (caught) wrong.push(`${catcher.caughtBy} fails without a mutant: ${how}`);
    }
    return [...wrong, ...(await defects(this.#root, this.#tree))];
  }

  async judge(mutant: Mutant): Promise<Outcome> {
    const mend = this.#tree.apply(editsOf(mutant));
    try {
      return await judge(this.#root, this.#tree, mutant);
    } finally {
      mend();
    }
  }
}
