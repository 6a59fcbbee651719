// iap board: the virtual board, a program of its own.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { IapError } from '../../errors.js';
import { packageRoot } from '../package-root.js';

const BINARY = join('build', 'board', 'iap-board');
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

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
