// The virtual board, a program of its own: what it is told, and its run.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BOOTLOADER_BASE } from '../../protocol/index.js';
import { IapError } from '../base/errors.js';
import { hex32 } from '../base/text.js';
import { packageRoot } from '../node/package-root.js';

const BINARY = join('build', 'board', 'iap-board');
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface FlashChoice {
  readonly part: string;
  readonly flash?: string | undefined;
  readonly load?: readonly string[] | undefined;
  readonly boot0?: boolean | undefined;
}

/** What the board program is told of a name: it knows parts only, and a board of bootloader-c/boards is a part with an APP_BASE. */
export function silicon(
  given: readonly string[],
  name: string,
  root: string = packageRoot(),
): string[] {
  const file = join(root, 'bootloader-c', 'boards', `${name}.json`);
  if (!existsSync(file)) return [...given];
  const { part, appBase, usart, rs485, clock } = JSON.parse(
    readFileSync(file, 'utf8'),
  ) as BoardFile;
  const named = given.map((word, i) => {
    if (given[i - 1] === '--part') return part;
    return word.startsWith('--part=') ? `--part=${part}` : word;
  });
  const wiring = [
    ...(usart.instance === 1 ? [] : ['--uart', `${usart.instance}`]),
    ...(clock.hse ? ['--hse', `${clock.hse.hz}`] : []),
    ...(rs485 ? ['--de', `${rs485.de}:${rs485.activeHigh ? 'high' : 'low'}`] : []),
  ];
  return ['--app-base', appBase, ...wiring, ...named]; // first, so that the user's own wins
}

interface BoardFile {
  readonly part: string;
  readonly appBase: string;
  readonly usart: { readonly instance: number };
  readonly rs485?: { readonly de: string; readonly activeHigh: boolean };
  readonly clock: { readonly hse?: { readonly hz: number } };
}

/**
 * A board that was given nothing to run comes from the factory with the bootloader that was built for its part; with BOOT0 high
 * it comes blank, as from the maker of the part.
 */
export function factoryFlash(
  { part, flash, load, boot0 }: FlashChoice,
  root: string = packageRoot(),
): string[] {
  const bootloader = join(root, 'build', part, 'bootloader.bin');
  const hasContents =
    boot0 === true || load !== undefined || (flash !== undefined && existsSync(flash));
  if (hasContents || !existsSync(bootloader)) return [];
  return ['--load', `${bootloader}@${hex32(BOOTLOADER_BASE)}`];
}

/** Runs the board with these options until it ends; returns its exit code. */
export async function runBoard(
  options: readonly string[],
  binary: string = join(packageRoot(), BINARY),
): Promise<number> {
  if (!existsSync(binary)) {
    throw new IapError('BOARD_MISSING', `the virtual board is not built: there is no ${binary}`, {
      hint: 'run "npm run build" in a checkout of this package first',
    });
  }
  const child = spawn(binary, options, { stdio: 'inherit' });
  const forward = (signal: NodeJS.Signals): void => {
    child.kill(signal);
  };
  for (const signal of FORWARDED) process.on(signal, forward);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 143)));
    });
  } finally {
    for (const signal of FORWARDED) process.off(signal, forward);
  }
}
