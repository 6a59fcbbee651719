// Where in flash the bytes of a new page are: each run of 8 that both have votes for its page.
import { expect, test } from 'vitest';
import { KnownFlash } from '../../host/compress/known-flash.js';
import { Sources } from '../../host/compress/sources.js';
import { randomFrom } from '../support/random.js';

const SIZE = 64;
const random = randomFrom(7);
const bytes = (length: number): Uint8Array =>
  Uint8Array.from({ length }, () => Math.floor(random() * 256));
const PAGES = new Map([0, 1, 3].map((number) => [number, bytes(SIZE)]));
const page = (number: number): Uint8Array => PAGES.get(number) ?? new Uint8Array();

function sources(pages: ReadonlyMap<number, Uint8Array> = PAGES, size = SIZE): Sources {
  const known = new KnownFlash(size);
  for (const [number, content] of pages) known.set(number, content);
  return new Sources(known);
}

/** Runs that begin at these, one after the other */
const runs = (words: readonly (readonly [number, number])[]): Uint8Array => {
  const view = new DataView(new ArrayBuffer(8 * words.length));
  for (const [i, [low, high]] of words.entries()) {
    view.setUint32(8 * i, low, true);
    view.setUint32(8 * i + 4, high, true);
  }
  return new Uint8Array(view.buffer);
};

test.each<[string, Uint8Array, [number, number][]]>([
  ['as it is', page(1), [[1, 8]]],
  ['the very first one', page(0), [[0, 8]]],
  ['behind a gap', page(3), [[3, 8]]],
  ['moved by a half-word', Uint8Array.of(1, 2, ...page(1)).subarray(0, SIZE), [[1, 7]]],
  ['moved by an odd number of bytes', Uint8Array.of(1, ...page(1)).subarray(0, SIZE), []],
  ['its last run alone', page(3).subarray(SIZE - 8), [[3, 1]]],
  ['less than a run', page(3).subarray(0, 7), []],
  [
    'halves of two',
    Uint8Array.of(...page(3).subarray(32), ...page(0).subarray(0, 24)),
    [
      [0, 3],
      [3, 4],
    ],
  ],
  ['nothing', new Uint8Array(), []],
])('%s', (_, content, votes) => {
  expect([...sources().votes(content)].sort(([a], [b]) => a - b)).toEqual(votes);
});

test.each([0xff, 0])('blank and empty flash (%i) is everywhere, and says nothing', (byte) => {
  const blank = new Uint8Array(SIZE).fill(byte);
  expect(sources(new Map([[0, blank]])).votes(blank)).toEqual(new Map());
});

/** Many of them, so that hashes of different runs meet */
const words = (count: number): number[] =>
  Array.from({ length: count }, () => 1 + Math.floor(random() * 2 ** 31));

test.each<[string, (word: number) => readonly [number, number]]>([
  ['first', (word) => [word, 0x0102_0304]],
  ['second', (word) => [0x0102_0304, word]],
])('runs that differ in their %s word only are others, whatever their hash', (_, run) => {
  const size = 65_536;
  const old = runs(words(size / 8).map(run));
  // Between two of them a third run begins, of halves of both: that one is in none either.
  const found = sources(new Map([[0, old]]), size).votes(runs(words(4000).map(run)));
  expect(found).toEqual(new Map());
});
