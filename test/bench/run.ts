// One case, measured: the whole command as a user types it, on a board in real time, and then a look whether the board has what
// it was to have.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  Board,
  differingPages,
  hostOptions,
  mistakes,
  plainCommand,
  TempDir,
} from '../support/board.js';
import {
  type Case,
  PART,
  PROGRAMS,
  type Program,
  type ProgramName,
  type UpdateCase,
} from './cases.js';

/** For one command; ends what hangs */
const LONGEST_MS = 500_000;
/** Later than so the board was not in real time, and a figure says nothing about the software. */
const MOST_LAG_MS = 50;
const REAL_TIME = ['--realtime', '--flash-typical', '--latency', '1'];

/** One run */
export interface Run {
  readonly seconds: number;
  /** Undefined if all is as it should be */
  readonly failure?: string;
  /** The computer was too busy for the board to keep real time. */
  readonly late: boolean;
}

/** A board that has been updated once, and the folder that the command remembers it in */
interface Installed {
  readonly flash: Uint8Array;
  readonly cache: string;
}

export class Bench {
  readonly #dir = new TempDir();
  readonly #programs = new Map<ProgramName, Program>();
  readonly #installed = new Map<ProgramName, Promise<Installed>>();
  #runs = 0;

  program(name: ProgramName): Program {
    const program = this.#programs.get(name) ?? PROGRAMS[name]();
    this.#programs.set(name, program);
    return program;
  }

  async run(one: Case): Promise<Run> {
    try {
      return await this.#update(one);
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      return { seconds: Number.NaN, failure, late: false };
    }
  }

  remove(): void {
    this.#dir.remove();
  }

  async #update({ from, to, baud }: UpdateCase): Promise<Run> {
    const cache = this.#folder('cache');
    const before = from === undefined ? undefined : await this.#install(from);
    if (before) cpSync(before.cache, cache, { recursive: true });
    const flash = before && { flash: this.#dir.write('flash.bin', before.flash) };
    const board = await Board.start(PART, { ...flash, args: REAL_TIME });
    try {
      if (from !== undefined) await running(board, this.program(from));
      const file = this.#dir.write('new.bin', this.program(to).bytes);
      const { lostMs } = await board.counters();
      const seconds = await flashCommand(board, file, baud, cache);
      const counters = await board.counters();
      const late = counters.maxLagMs >= MOST_LAG_MS || counters.lostMs > lostMs;
      const failure = await this.#wrong(board, this.program(to));
      return { seconds, late, ...(failure === undefined ? {} : { failure }) };
    } finally {
      await board.stop();
    }
  }

  /** What keeps the board from being what it was to be */
  async #wrong(board: Board, { bytes, prints }: Program): Promise<string | undefined> {
    await running(board, { prints });
    const pages = differingPages(PART, await board.flash(), bytes);
    if (pages.length > 0) return `${pages.length} pages are not as in the image`;
    const faults = mistakes(await board.counters(), ['overruns']);
    return faults.length > 0 ? faults.join(', ') : undefined;
  }

  #install(name: ProgramName): Promise<Installed> {
    const known = this.#installed.get(name);
    if (known) return known;
    const making = (async () => {
      const cache = this.#folder('cache');
      const board = await Board.start(PART);
      try {
        const file = this.#dir.write('old.bin', this.program(name).bytes);
        await flashCommand(board, file, 921_600, cache);
        await running(board, this.program(name));
        return { flash: await board.flash(), cache };
      } finally {
        await board.stop();
      }
    })();
    this.#installed.set(name, making);
    return making;
  }

  #folder(name: string): string {
    this.#runs += 1;
    const folder = join(this.#dir.path, `${name}-${this.#runs}`);
    mkdirSync(folder);
    return folder;
  }
}

/** Until the application has printed a line, and the port is free again */
async function running(board: Board, { prints }: Pick<Program, 'prints'>): Promise<void> {
  const output = await board.listen();
  try {
    await output.printed(prints, LONGEST_MS);
  } finally {
    await output.close();
  }
}

/** @returns seconds from the start of the process to its end */
async function flashCommand(
  board: Board,
  file: string,
  baud: number,
  cache: string,
): Promise<number> {
  const rate = baud === 115_200 ? [] : ['--baud', `${baud}`];
  const args = ['flash', file, '--port', board.port, ...hostOptions(PART), ...rate];
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
  const [code] = (await once(child, 'close')) as [number | null];
  process.off('exit', orphaned);
  const seconds = (performance.now() - startedAt) / 1000;
  if (code !== 0) throw new Error(`exit code ${code}: ${said.trim().split('\n').at(-1)}`);
  return seconds;
}
