// iap board: the virtual board, a program of its own.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BOOTLOADER_BASE } from '../../../protocol/index.js';
import { IapError } from '../../errors.js';
import { hex32 } from '../../text.js';
import { packageRoot } from '../package-root.js';

const BINARY = join('build', 'board', 'iap-board');
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface FlashChoice {
  readonly part: string;
  readonly flash?: string | undefined;
  readonly load?: unknown;
}

/** A board that was given nothing to run comes from the factory with the bootloader that was built for its part. */
export function factoryFlash(
  { part, flash, load }: FlashChoice,
  root: string = packageRoot(),
): string[] {
  const bootloader = join(root, 'build', part, 'bootloader.bin');
  const hasContents = load !== undefined || (flash !== undefined && existsSync(flash));
  if (hasContents || !existsSync(bootloader)) return [];
  return ['--load', `${bootloader}@${hex32(BOOTLOADER_BASE)}`];
}

/** Runs the board with these options until it ends; returns its exit code. */
export async function board(
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
