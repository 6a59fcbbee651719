// Runs of bytes.
import { expect, test } from 'vitest';
import { concat, isZero, sameBytes, sizeOf } from '../../host/base/bytes.js';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

test('put together, in order', () => {
  expect(concat([bytes(1), bytes(), bytes(2, 3)])).toEqual(bytes(1, 2, 3));
  expect(concat([])).toEqual(bytes());
  expect(sizeOf([{ bytes: bytes(1) }, { bytes: bytes(2, 3) }])).toBe(3);
});

test.each([
  [bytes(1, 2), bytes(1, 2), true],
  [bytes(1, 2), bytes(1, 3), false],
  [bytes(1, 2), bytes(1), false],
  [bytes(1), bytes(1, 2), false],
  [bytes(), bytes(), true],
])('%o and %o', (a, b, same) => expect(sameBytes(a, b)).toBe(same));

test('are zero only if all are', () => {
  expect(isZero(bytes(0, 0))).toBe(true);
  expect(isZero(bytes(0, 1))).toBe(false);
});
