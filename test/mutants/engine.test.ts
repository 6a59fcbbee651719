// Mutants by the engine: a sample of those of the core, each noticed by a C test; and what it makes of a small source.
import { expect, it, onTestFinished } from 'vitest';
import { TempDir } from '../support/board.js';
import { changesOf } from './engine/operators.js';
import { schemata } from './engine/schemata.js';
import { parse } from './engine/source.js';
import { LONGEST_MS, SEED, said } from './spawned.js';

/** How many; IAP_MUTANTS chooses others. All: node test/mutants/engine.mjs */
const SAMPLE = process.env.IAP_MUTANTS ?? '120';

it(
  `a sample of ${SAMPLE} mutants of the core, seed ${SEED}, is noticed by its tests`,
  async () => {
    const text = await said('engine.mjs', ['--sample', SAMPLE]);
    // Of the sample some are argued to be equivalent.
    const [, noticed = ''] = /^(\d+) of \1 mutants noticed/m.exec(text) ?? [];
    expect(Number(noticed)).toBeGreaterThan(0.8 * Number(SAMPLE));
  },
  LONGEST_MS,
);

const SOURCE = `// A character of more than one byte: →
#define LIMIT 3u
enum { RED, GREEN };
static const unsigned table[1] = {7};
int color(unsigned a, int b) {
    while (a < LIMIT && !b) {
        a++;
    }
    a |= table[0] >> 1;
    return a == 0 ? RED : b;
}
`;

it('a source has these mutants, each in its place', () => {
  const dir = new TempDir();
  onTestFinished(() => dir.remove());
  const source = parse(dir.write('small.c', SOURCE), []);
  const { text, mutants } = schemata('small.c', source, 10);
  expect(mutants.map(({ line, from, to }) => `${line}: ${from} → ${to}`)).toEqual([
    '6: a < LIMIT && !b → !(a < LIMIT && !b)',
    '6: a < LIMIT && !b → false',
    '6: a < LIMIT && !b → (a < LIMIT) || (!b)',
    '6: a < LIMIT && !b → a < LIMIT',
    '6: a < LIMIT && !b → !b',
    '6: a < LIMIT && !b → (a) <= (LIMIT) && !b',
    '6: a < LIMIT && !b → (a) >= (LIMIT) && !b',
    '6: a < LIMIT && !b → a < (LIMIT + 1) && !b',
    '6: a < LIMIT && !b → a < (LIMIT - 1) && !b',
    '6: a < LIMIT && !b → a < LIMIT && b',
    '7: a++; → ',
    '7: a++ → a--',
    '9: a |= table[0] >> 1; → ',
    '9: a |= table[0] >> 1 → a &= (table[0] >> 1)',
    '9: a |= table[0] >> 1 → a |= (table[0]) << (1)',
    '9: a |= table[0] >> 1 → a |= table[(0 + 1)] >> 1',
    '9: a |= table[0] >> 1 → a |= table[0] >> (1 + 1)',
    '9: a |= table[0] >> 1 → a |= table[0] >> (1 - 1)',
    '10: a == 0 ? RED : b → 0',
    '10: a == 0 ? RED : b → (a == 0 ? RED : b) + 1',
    '10: a == 0 ? RED : b → (a) != (0) ? RED : b',
    '10: a == 0 ? RED : b → a == (0 + 1) ? RED : b',
    '10: a == 0 ? RED : b → a == 0 ? (RED + 1) : b',
  ]);
  expect(mutants.map(({ number }) => number)).toEqual(mutants.map((_, i) => i + 10));
  expect(mutants.every(({ number }) => text.includes(`MUTANT(${number})`))).toBe(true);
  expect(text).toContain('static const unsigned table[1] = {7};');
  expect(source.functions.flatMap((one) => changesOf(source.text, one))).toHaveLength(
    mutants.length,
  );
});
