// A blank board in its ROM bootloader, and the two clients that talk to it: ours, and one that we did not write.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Board, Part } from '../support/board.js';
import type { Iap, IapEvent, Outcome } from '../support/iap.js';
import { type BenchOptions, powerUp, start, tempDir, untilCounters, untilState } from './bench.js';

/** As from the maker of the part: nothing in flash, BOOT0 high */
export function blankPart(part: Part, options: BenchOptions = {}): Promise<Board> {
  const flash = join(tempDir().path, 'flash.bin');
  return powerUp(part, { ...options, flash, args: ['--boot0', ...(options.args ?? [])] });
}

export async function boot0(board: Board, level: 'high' | 'low'): Promise<void> {
  await board.command(`boot0 ${level}`);
  await board.command('reset');
}

export function isp(board: Board, command: string, ...args: string[]): Promise<Outcome> {
  return start('isp', command, '--port', board.port, '--json', ...args).done;
}

export function startSecuring(board: Board, unit: string, ...args: string[]): Iap {
  const secure = ['--port', board.port, '--secure', '--yes', '--json'];
  return start('isp', 'factory', unit, ...secure, ...args);
}

/** Makes a secure unit, with somebody at BOOT0 and the reset button who does what is asked for, each time. */
export async function secured(board: Board, unit: string, ...args: string[]): Promise<Outcome> {
  const run = startSecuring(board, unit, ...args);
  const follow = async (event: string, level: 'high' | 'low'): Promise<void> => {
    const seen = new Set<IapEvent>();
    for (;;) {
      // Throws once the command has ended.
      seen.add(await run.until(event, (asked) => !seen.has(asked)));
      await boot0(board, level);
    }
  };
  await Promise.allSettled([follow('waiting', 'high'), follow('reset-by-hand', 'low')]);
  return run.done;
}

/** How the supply goes while a unit is made */
export interface Cut {
  readonly name: string;
  /** Until the supply is gone */
  cut(board: Board, making: Iap): Promise<unknown>;
  /** Before the command runs */
  arm?(board: Board): Promise<unknown>;
}

const off = (board: Board): Promise<unknown> => untilState(board, 'off');

/** While the ROM bootloader does what only that can do, and starts the unit's own */
export const ROM_CUTS: readonly Cut[] = [
  { name: 'erasing', arm: (board) => board.command('cut 1'), cut: off },
  { name: 'writing', arm: (board) => board.command('cut 3000'), cut: off },
  {
    name: 'reading back',
    cut: async (board, making) => {
      await making.until('verifying');
      await board.command('power off');
    },
  },
  {
    name: 'the start',
    cut: async (board) => {
      await untilCounters(board, ({ rom }) => !rom);
      await board.command('power off');
    },
  },
];

export interface Told {
  readonly code: number | null;
  readonly text: string;
}

const ATTEMPTS = 10;

/** Its time-outs are wall time: if it gave up on a board that got nothing of the computer meanwhile, it runs again. */
export async function stm32flash(board: Board, ...args: string[]): Promise<Told> {
  for (let attempt = 1; ; attempt++) {
    const { lostMs } = await board.counters();
    const told = await stm32flashOnce(board, ...args);
    const lost = (await board.counters()).lostMs - lostMs;
    if (told.code === 0 || lost === 0 || attempt === ATTEMPTS) return told;
    await board.command('reset');
  }
}

/** Debian's stm32flash. A pty drops the parity bit, so it is told to do without; the board adds it on the wire. */
export function stm32flashOnce(board: Board, ...args: string[]): Promise<Told> {
  const child = spawn('stm32flash', ['-m', '8n1', '-b', '115200', ...args, board.port], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 500_000,
    killSignal: 'SIGKILL',
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => {
      text += bytes.toString();
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', (error) =>
      reject(new Error(`stm32flash (scripts/setup installs it): ${error.message}`)),
    );
    child.once('close', (code) => resolve({ code, text }));
  });
}

export function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}
