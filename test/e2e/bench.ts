// A board for one test: checked and stopped at the test's end, whatever happens in between.
import { expect, onTestFinished } from 'vitest';
import {
  type AppOutput,
  Board,
  type BoardOptions,
  type Counters,
  type DemoLine,
  hostOptions,
  type Mistake,
  mistakes,
  PARTS,
  type Part,
  SteppedBoard,
  TempDir,
} from '../support/board.js';
import { Iap, type Outcome } from '../support/iap.js';

/** Application ticks between two lines of the demo [ms] */
const PRINT_TICKS = 500;

export interface BenchOptions extends BoardOptions {
  /** What this test provokes on purpose */
  readonly allowed?: readonly Mistake[];
}

/** A board on a pty that must not find fault with its firmware until the test ends. */
export async function powerUp(part: Part, options: BenchOptions = {}): Promise<Board> {
  const board = await Board.start(part, options);
  onTestFinished(() => quit(board, options.allowed));
  return board;
}

/** Ends the board, after a last look at its counters. Does nothing the second time. */
export async function quit(board: Board, allowed?: readonly Mistake[]): Promise<void> {
  if (board.stopped) return;
  try {
    expect(mistakes(await board.counters(), allowed)).toEqual([]);
  } finally {
    await board.stop();
  }
}

export function powerUpStepped(part: Part, options: BenchOptions = {}): SteppedBoard {
  const board = new SteppedBoard(part, options);
  onTestFinished(async () => {
    try {
      expect(mistakes(await board.counters(), options.allowed)).toEqual([]);
    } finally {
      await board.stop();
    }
  });
  return board;
}

export function tempDir(): TempDir {
  const dir = new TempDir();
  onTestFinished(() => dir.remove());
  return dir;
}

/** A command that must not outlive the test. */
export function start(...args: string[]): Iap {
  const run = new Iap(args);
  onTestFinished(async () => {
    await run.signal('SIGKILL');
  });
  return run;
}

/** iap with this board's port and --json. */
export function on(board: Board, command: string, ...args: string[]): Promise<Outcome> {
  return start(command, '--port', board.port, ...hostOptions(board.part), '--json', ...args).done;
}

export function flash(
  board: Board,
  image: Uint8Array | string,
  ...args: string[]
): Promise<Outcome> {
  return on(board, 'flash', imageFile(board, image), ...args);
}

export function startFlash(board: Board, image: Uint8Array | string, ...args: string[]): Iap {
  return start(
    'flash',
    imageFile(board, image),
    '--port',
    board.port,
    ...hostOptions(board.part),
    '--json',
    ...args,
  );
}

/** A flash command that waits for the device, and is calling already. Its trace is on standard error. */
export async function calling(board: Board, image: Uint8Array | string): Promise<Iap> {
  const run = startFlash(board, image, '--wait', '--verbose');
  await run.untilError('-> @0 type 01');
  return run;
}

export async function expectStarted(run: Iap): Promise<void> {
  expect(await run.done).toMatchObject({ code: 0, result: { ok: true, boot: 'started' } });
}

const installed = new Map<string, Promise<Uint8Array>>();

/** The whole flash of a board that was updated to this image once and has run it; made once for a test file. */
export function installedFlash(part: Part, name: string, image: Uint8Array): Promise<Uint8Array> {
  const key = `${part} ${name}`;
  const known = installed.get(key);
  if (known) return known;
  const making = (async () => {
    const board = await Board.start(part);
    try {
      expectDone(await flash(board, image, '--baud', '921600'));
      // After its second line the application has confirmed itself, the only half-word it ever writes.
      await withOutput(board, (output) => output.lines(2));
      return await board.flash();
    } finally {
      // The application answers from its reception interrupt, and may miss what an impatient host says meanwhile.
      await quit(board, ['overruns']);
    }
  })();
  installed.set(key, making);
  return making;
}

/** A board that comes up with such a flash. */
export async function powerUpInstalled(
  part: Part,
  name: string,
  image: Uint8Array,
  options: BenchOptions = {},
): Promise<Board> {
  const file = tempDir().write('flash.bin', await installedFlash(part, name, image));
  return powerUp(part, { ...options, flash: file });
}

let files = 0;

function imageFile(board: Board, image: Uint8Array | string): string {
  if (typeof image === 'string') return image;
  files += 1;
  return board.dir.write(`image-${files}.bin`, image);
}

/** The whole story in a message if the command did not succeed */
export function expectDone(outcome: Outcome): void {
  const { code, result, stderr } = outcome;
  expect({ code, stderr, message: result?.message }).toEqual({
    code: 0,
    stderr: '',
    message: undefined,
  });
  expect(result?.ok).toBe(true);
}

/** The demo application runs from its own vector table, and its tick interrupt goes on. On a pair, where it prints nothing, it answers. */
export async function expectDemo(board: Board, version: number, count = 2): Promise<DemoLine[]> {
  if (PARTS[board.part].pair) {
    const { result } = await on(board, 'info');
    expect(result?.device).toMatchObject({ mode: 'APP' });
    return [];
  }
  return withOutput(board, async (output) => {
    const lines = await output.lines(count);
    expectLines(lines, version, PARTS[board.part]);
    return lines;
  });
}

export function expectLines(
  lines: readonly DemoLine[],
  version: number,
  { vectors } = PARTS.stm32f103xb,
): void {
  for (const line of lines) expect(line).toMatchObject({ version, vectors });
  lines.slice(1).forEach((line, i) => {
    const ticks = line.tick - (lines[i]?.tick ?? 0);
    expect(ticks).toBeGreaterThan(0);
    // A busy computer may hold up what prints; a lost line would be twice as much.
    expect(ticks).toBeLessThan(1.5 * PRINT_TICKS);
  });
}

export async function withOutput<T>(
  board: Board,
  use: (output: AppOutput) => Promise<T>,
): Promise<T> {
  const output = await board.listen();
  try {
    return await use(output);
  } finally {
    await output.close();
  }
}

/** Of the board's time [us] */
const QUIET_US = 100_000;

/** Until nothing comes in any more and the flash rests: what a killed host left in the queue is worked off. */
export async function untilQuiet(board: Board): Promise<void> {
  let last = await board.counters();
  for (;;) {
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
    const now = await board.counters();
    if (now.uartRx !== last.uartRx || now.flashOps !== last.flashOps) last = now;
    else if (now.virtualTimeUs - last.virtualTimeUs >= QUIET_US) return;
  }
}

/** A busy computer only needs longer. */
const REACHED_MS = 500_000;

/** Until the board is in that state, asked again every few milliseconds. */
export async function untilState(
  board: Board,
  state: Counters['state'],
  timeoutMs = REACHED_MS,
): Promise<Counters> {
  return untilCounters(board, (counters) => counters.state === state, timeoutMs);
}

export async function untilCounters(
  board: Board,
  reached: (counters: Counters) => boolean,
  timeoutMs = REACHED_MS,
): Promise<Counters> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const counters = await board.counters();
    if (reached(counters)) return counters;
    if (Date.now() > end) throw new Error(`not reached: ${JSON.stringify(counters)}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}
