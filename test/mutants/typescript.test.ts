// A sample of Stryker's mutants of the library, each noticed by a test. All of them: node test/mutants/typescript.mjs
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..', '..');
/** How many; IAP_MUTANTS and IAP_SEED choose others. */
const SAMPLE = process.env.IAP_MUTANTS ?? '60';
const SEED = process.env.IAP_SEED ?? '1';
const LONGEST_MS = 600_000;

it(
  `a sample of ${SAMPLE} mutants of the library, seed ${SEED}, is noticed by its tests`,
  async () => {
    const args = ['--settled', '--sample', SAMPLE, '--seed', SEED];
    const script = join(root, 'test', 'mutants', 'typescript.mjs');
    const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (bytes: Buffer) => {
        text += bytes.toString();
      });
    }
    const [code] = (await once(child, 'close')) as [number | null];
    expect({ code, text }).toMatchObject({ code: 0 });
    expect(text).toMatch(/^(\d+) of \1 mutants noticed/m);
  },
  LONGEST_MS,
);
