// What a compressed page may copy from: whole pages of flash that are known, without a gap.
import { describe, expect, test } from 'vitest';
import { type Dictionary, KnownFlash, NO_DICTIONARY } from '../../host/compress/known-flash.js';
import { MAX_DICTIONARY } from '../../protocol/index.js';

const SIZE = 1024;
const page = (number: number, size = SIZE): Uint8Array => new Uint8Array(size).fill(number + 1);

function known(numbers: readonly number[], size = SIZE): KnownFlash {
  const flash = new KnownFlash(size);
  for (const number of numbers) flash.set(number, page(number, size));
  return flash;
}

/** Numbers of its pages, by what is in them */
const within = ({ bytes }: Dictionary, size = SIZE): number[] =>
  Array.from({ length: bytes.length / size }, (_, i) => (bytes[i * size] ?? 0) - 1);

test('none', () => {
  expect(NO_DICTIONARY).toEqual({ end: 0, pages: 0, bytes: new Uint8Array() });
});

test.each([
  [[], 0],
  [[0], 1],
  [[5, 2], 6],
])('with pages %j flash is known up to %i', (numbers, end) => {
  expect(known(numbers).end).toBe(end);
});

describe('of pages 2, 3, 4, 6', () => {
  test.each([
    [5, 0, 5, [2, 3, 4]],
    [4, 0, 4, [2, 3]],
    [7, 0, 7, [6]],
    [6, 0, 6, []],
    [2, 0, 2, []],
    // At most so many pages before
    [6, 1, 5, [2, 3, 4]],
    [9, 2, 7, [6]],
    [9, 1, 8, []],
    [5, 3, 5, [2, 3, 4]],
    [2, 1, 1, []],
  ])('ending at %i, or %i before: up to %i', (end, slack, found, numbers) => {
    const dictionary = known([2, 3, 4, 6]).endingAt(end, slack);
    expect(dictionary).toMatchObject({ end: found, pages: numbers.length });
    expect(within(dictionary)).toEqual(numbers);
  });
});

test('the newest of a page counts', () => {
  const flash = known([0]);
  flash.set(0, page(9));
  expect(within(flash.endingAt(1))).toEqual([9]);
  expect([...flash.entries()]).toEqual([[0, page(9)]]);
});

test('no longer than DEFLATE reaches back', () => {
  const most = MAX_DICTIONARY / SIZE;
  const flash = known(Array.from({ length: most + 3 }, (_, i) => i));
  const { pages, bytes } = flash.endingAt(most + 2);
  expect([pages, bytes.length]).toEqual([most, MAX_DICTIONARY]);
  expect(bytes[0]).toBe(3);
});
