// One case, measured: the whole command as a user types it, on a board in real time, and then a look whether the board has what
// it was to have.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  Board,
  bootloaderFile,
  differingPages,
  hostOptions,
  mistakes,
  PARTS,
  plainCommand,
  SteppedBoard,
  TempDir,
} from '../support/board.js';
import { type Bound, boundOfFactory, boundOfUpdate } from './bound.js';
import {
  type Case,
  type FactoryCase,
  PART,
  PROGRAMS,
  type Program,
  type ProgramName,
  type StartCase,
  type UpdateCase,
} from './cases.js';
import type { Run } from './report.js';

/** For one command; ends what hangs */
const LONGEST_MS = 500_000;
/** Later than so the board was not in real time, and a figure says nothing about the software. */
const MOST_LAG_MS = 50;
/** The adapter of all cases that do not name another [ms] */
const LATENCY_MS = 1;
const START_US = 5_000_000;

const realTime = (latencyMs = LATENCY_MS): string[] => [
  '--realtime',
  '--flash-typical',
  '--latency',
  `${latencyMs}`,
];

/** A board that has been updated once, and the folder in which the command keeps what it knows of it */
interface Installed {
  readonly flash: Uint8Array;
  readonly cache: string;
}

export class Bench {
  readonly #dir = new TempDir();
  readonly #programs = new Map<ProgramName, Program>();
  readonly #installed = new Map<ProgramName, Promise<Installed>>();
  #names = 0;

  bound(one: Case): Bound {
    switch (one.kind) {
      case 'update': {
        const from = one.from && this.#program(one.from).bytes;
        return boundOfUpdate({ from, to: this.#program(one.to).bytes, baud: one.baud });
      }
      case 'start': // It listens so long, whoever calls.
        return { line: 0, flash: 0, total: PARTS[PART].listenMs / 1000 };
      case 'factory': {
        const bootloader = new Uint8Array(readFileSync(bootloaderFile(PART)));
        return boundOfFactory(bootloader, this.#program(one.to).bytes, PARTS[PART].maxRate);
      }
    }
  }

  async run(one: Case): Promise<Run> {
    try {
      switch (one.kind) {
        case 'update':
          return await this.#update(one);
        case 'start':
          return await this.#start(one);
        case 'factory':
          return await this.#factory(one);
      }
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      return { seconds: Number.NaN, failure, late: false };
    }
  }

  /** stm32flash, writing and verifying that application; undefined if it is not installed */
  async stm32flash({ to, latencyMs }: FactoryCase): Promise<number | undefined> {
    const file = this.#file(this.#program(to).bytes);
    const board = await this.#blank(latencyMs);
    // A pty drops the parity bit, so it is told to do without; the board adds it on the wire.
    const args = ['-m', '8n1', '-b', '115200', '-w', file, '-v', board.port];
    try {
      return await timed('stm32flash', args);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    } finally {
      await board.stop();
    }
  }

  remove(): void {
    this.#dir.remove();
  }

  async #update({ from, to, baud }: UpdateCase): Promise<Run> {
    const cache = this.#folder();
    const before = from === undefined ? undefined : await this.#install(from);
    if (before) cpSync(before.cache, cache, { recursive: true });
    const flash = before && { flash: this.#file(before.flash) };
    const board = await Board.start(PART, { ...flash, args: realTime() });
    try {
      if (from !== undefined) await running(board, this.#program(from));
      const file = this.#file(this.#program(to).bytes);
      const measured = await onTime(board, () => flashCommand(board, file, baud, cache));
      return await this.#judged(board, to, measured);
    } finally {
      await board.stop();
    }
  }

  async #factory({ to, latencyMs }: FactoryCase): Promise<Run> {
    const unit = join(this.#folder(), 'unit.hex');
    const file = this.#file(this.#program(to).bytes);
    await iap(['factory', file, '-o', unit, '--board', PART], this.#folder());
    const board = await this.#blank(latencyMs);
    try {
      const args = ['isp', 'factory', unit, '--port', board.port];
      const measured = await onTime(board, () => iap(args, this.#folder()));
      await board.command('boot0 low');
      await board.command('reset');
      return await this.#judged(board, to, measured);
    } finally {
      await board.stop();
    }
  }

  /** In the board's own time, the same however busy the computer is */
  async #start({ of }: StartCase): Promise<Run> {
    const { flash } = await this.#install(of);
    const board = new SteppedBoard(PART, { flash: this.#file(flash) });
    try {
      const { timeUs, bytes } = await board.runUntilByte(START_US);
      const failure = bytes.length > 0 ? {} : { failure: 'not one byte' };
      return { seconds: timeUs / 1e6, late: false, ...failure };
    } finally {
      await board.stop();
    }
  }

  /** As from the maker of the part, in its ROM bootloader */
  #blank(latencyMs: number): Promise<Board> {
    const args = ['--boot0', ...realTime(latencyMs)];
    return Board.start(PART, { flash: join(this.#folder(), 'blank.bin'), args });
  }

  /** With what keeps the board from being what it was to be */
  async #judged(board: Board, name: ProgramName, run: Run): Promise<Run> {
    const program = this.#program(name);
    await running(board, program);
    const pages = differingPages(PART, await board.flash(), program.bytes);
    // An application without interrupts may miss what an impatient host says.
    const faults = mistakes(await board.counters(), ['overruns']);
    const found = pages.length > 0 ? [`${pages.length} pages are not as in the image`] : faults;
    return found.length > 0 ? { ...run, failure: found.join(', ') } : run;
  }

  #program(name: ProgramName): Program {
    const program = this.#programs.get(name) ?? PROGRAMS[name]();
    this.#programs.set(name, program);
    return program;
  }

  #install(name: ProgramName): Promise<Installed> {
    const known = this.#installed.get(name);
    if (known) return known;
    const making = (async () => {
      const cache = this.#folder();
      const board = await Board.start(PART);
      try {
        await flashCommand(board, this.#file(this.#program(name).bytes), 921_600, cache);
        await running(board, this.#program(name));
        return { flash: await board.flash(), cache };
      } finally {
        await board.stop();
      }
    })();
    this.#installed.set(name, making);
    return making;
  }

  #folder(): string {
    this.#names += 1;
    const folder = join(this.#dir.path, `${this.#names}`);
    mkdirSync(folder);
    return folder;
  }

  #file(bytes: Uint8Array): string {
    this.#names += 1;
    return this.#dir.write(`${this.#names}.bin`, bytes);
  }
}

/** Whether the board kept real time meanwhile, too */
async function onTime(board: Board, command: () => Promise<number>): Promise<Run> {
  const { lostMs } = await board.counters();
  const seconds = await command();
  const after = await board.counters();
  return { seconds, late: after.maxLagMs >= MOST_LAG_MS || after.lostMs > lostMs };
}

/** Until the application has printed a line, and the port is free again */
async function running(board: Board, { prints }: Program): Promise<void> {
  const output = await board.listen();
  try {
    await output.printed(prints, LONGEST_MS);
  } finally {
    await output.close();
  }
}

function flashCommand(board: Board, file: string, baud: number, cache: string): Promise<number> {
  const rate = baud === PARTS[PART].rate ? [] : ['--baud', `${baud}`];
  return iap(['flash', file, '--port', board.port, ...hostOptions(PART), ...rate], cache);
}

/**
 * @param cache where it keeps what it knows of other runs
 * @returns seconds from the start of the process to its end
 */
function iap(args: readonly string[], cache: string): Promise<number> {
  return timed(process.execPath, plainCommand(args).argv, { IAP_CACHE_DIR: cache });
}

async function timed(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(program, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LONGEST_MS,
    killSignal: 'SIGKILL',
  });
  const orphaned = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', orphaned);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => {
      said += bytes.toString();
    });
  }
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    const seconds = (performance.now() - startedAt) / 1000;
    if (code !== 0) throw new Error(`${args[0]} ended with ${code}: ${said.trim()}`);
    return seconds;
  } finally {
    process.off('exit', orphaned);
  }
}
