// What people are told of bytes that are for RAM, by the sections that they are of.
import { expect, test } from 'vitest';
import { ramHint } from '../../host/image/ram-pieces.js';

const [ZEROS, VALUES] = [new Uint8Array(4), Uint8Array.of(0, 0, 1, 0)];
const NOLOAD = '(NOLOAD)';
const COPY = 'a load address in flash';

test.each<[string, readonly string[] | undefined, Uint8Array, RegExp]>([
  [
    'sections without values',
    ['.noinit', '.bss'],
    VALUES,
    /^nothing needs values in \.noinit, \.bss: mark \.noinit, \.bss \(NOLOAD\) .*initialize"\)$/,
  ],
  [
    'one of two',
    ['.data', '.stack'],
    VALUES,
    /^nothing needs values in \.stack: mark \.stack .*; give \.data a load/,
  ],
  [
    'values',
    ['.data', '', '.fast'],
    VALUES,
    /^\.data, \.fast has initial values: give \.data, \.fast a load/,
  ],
  ['values of no section', undefined, VALUES, /^it has initial values: give the section a load/],
  [
    'zeros',
    ['.data'],
    ZEROS,
    /^it has only zeros: mark \.data \(NOLOAD\).* if nothing needs them, otherwise give \.data a load/,
  ],
  [
    'zeros of no section',
    [''],
    ZEROS,
    /^it has only zeros: mark the section \(NOLOAD\).*otherwise give the section a load/,
  ],
])('%s', (_, sections, bytes, hint) => {
  const said = ramHint({ address: 0, bytes, ...(sections ? { sections } : {}) });
  expect(said).toMatch(hint);
  // Nothing is said to be left out and loaded at the same time, but where nobody knows.
  expect(said.includes(NOLOAD) && said.includes(COPY)).toBe(/otherwise|; give/.test(said));
});
