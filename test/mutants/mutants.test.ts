// A few broken bootloaders and hosts, each caught by what must notice. All of them: node test/mutants/run.mjs [--host]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..', '..');
/** How many; IAP_MUTANTS and IAP_SEED choose others. */
const SAMPLE = process.env.IAP_MUTANTS ?? '4';
const SEED = process.env.IAP_SEED ?? '1';
const LONGEST_MS = 600_000;

it.each([
  ['bootloaders', []],
  ['hosts', ['--host']],
])(
  `a sample of ${SAMPLE} broken %s, seed ${SEED}, is caught`,
  async (_, which) => {
    const args = ['--sample', SAMPLE, '--seed', SEED, ...which];
    const child = spawn(process.execPath, [join(root, 'test', 'mutants', 'run.mjs'), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (bytes: Buffer) => {
        text += bytes.toString();
      });
    }
    const [code] = (await once(child, 'close')) as [number | null];
    expect({ code, text }).toMatchObject({ code: 0 });
    expect(text).toContain(`${SAMPLE} of ${SAMPLE} mutants caught`);
  },
  LONGEST_MS,
);
