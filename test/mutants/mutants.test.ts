// A few broken bootloaders and hosts, each caught by what must notice. All of them: node test/mutants/run.mjs [--host]
import { expect, it } from 'vitest';
import { LONGEST_MS, SEED, said } from './spawned.js';

/** How many; IAP_MUTANTS chooses others. */
const SAMPLE = process.env.IAP_MUTANTS ?? '4';

it.each([
  ['bootloaders', []],
  ['hosts', ['--host']],
])(
  `a sample of ${SAMPLE} broken %s, seed ${SEED}, is caught`,
  async (_, which) => {
    const text = await said('run.mjs', ['--sample', SAMPLE, ...which]);
    expect(text).toContain(`${SAMPLE} of ${SAMPLE} mutants caught`);
  },
  LONGEST_MS,
);
