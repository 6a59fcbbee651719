// A program of this folder, run by a test on a sample of mutants.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect } from 'vitest';

/** Which; IAP_SEED chooses others. */
export const SEED = process.env.IAP_SEED ?? '1';
export const LONGEST_MS = 600_000;

/** What it says; it must end well. */
export async function said(program: string, args: readonly string[]): Promise<string> {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, program), ...args, '--seed', SEED],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => {
      text += bytes.toString();
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  expect(code, text).toBe(0);
  return text;
}
