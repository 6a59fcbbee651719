// A sample of Stryker's mutants of the library, each noticed by a test. All of them: node test/mutants/typescript.mjs
import { expect, it } from 'vitest';
import { LONGEST_MS, SEED, said } from './spawned.js';

/** How many; IAP_MUTANTS chooses others. */
const SAMPLE = process.env.IAP_MUTANTS ?? '60';

it(
  `a sample of ${SAMPLE} mutants of the library, seed ${SEED}, is noticed by its tests`,
  async () => {
    const text = await said('typescript.mjs', ['--settled', '--sample', SAMPLE]);
    expect(text).toMatch(/^(\d+) of \1 mutants noticed/m);
  },
  LONGEST_MS,
);
