// Which stretch of flash a page is compressed with: around the page, or where most of it is; of all of them the shortest result.
import { describe, expect, test } from 'vitest';
import { KnownFlash } from '../../host/compress/known-flash.js';
import { type EncodedPage, PageEncoder } from '../../host/compress/page-encoder.js';
import { DeflateHead, decode, Encoding, MAX_DICTIONARY } from '../../protocol/index.js';

/** So large that a dictionary has four pages */
const SIZE = MAX_DICTIONARY / 4;

interface Setting {
  /** Numbers of pages that are known */
  readonly known?: readonly number[];
  readonly votes?: readonly (readonly [number, number])[];
  /** Length of the stream against these dictionaries, by where they end [bytes] */
  readonly lengths?: Readonly<Record<number, number>>;
  readonly number?: number;
}

function encoded({ known = [], votes = [], lengths = {}, number = 10 }: Setting): {
  readonly best: EncodedPage;
  readonly tried: number[];
  readonly flash: KnownFlash;
} {
  const flash = new KnownFlash(SIZE);
  for (const each of known) flash.set(each, new Uint8Array(SIZE).fill(each));
  const tried: number[] = [];
  const encoder = new PageEncoder({
    known: flash,
    dictionaries: true,
    worth: 0.5,
    deflate: (_, dictionary) => {
      const end = dictionary.length > 0 ? (dictionary.at(-1) ?? 0) + 1 : 0;
      tried.push(end);
      return new Uint8Array(lengths[end] ?? 100);
    },
  });
  const page = { number, bytes: new Uint8Array(SIZE).fill(99), crc32: 0 };
  return { best: encoder.encode(page, new Map(votes)), tried, flash };
}

const headOf = ({ bytes }: EncodedPage): { end: number; pages: number } => {
  const { dictionaryEnd, dictionaryPages } = decode(DeflateHead, bytes);
  return { end: dictionaryEnd, pages: dictionaryPages };
};

describe('dictionaries that are tried', () => {
  const all = Array.from({ length: 30 }, (_, i) => i);
  test.each<[string, Setting, number[]]>([
    ['none is known', {}, [0]],
    ['the page itself at the end, and two behind it', { known: all }, [11, 12]],
    ['the page before, where the page is not known', { known: [8, 9] }, [10]],
    ['one behind it, where the second is not known', { known: [9, 10, 11] }, [11, 12]],
    ['nothing that begins farther behind', { known: [14, 15] }, [0]],
    ['where its bytes are', { known: all, votes: [[25, 3]] }, [11, 12, 26]],
    [
      'four pages that have most of them',
      {
        known: all,
        votes: [
          [20, 2],
          [21, 2],
          [24, 3],
          [28, 4],
        ],
      },
      // 21 to 24 have 5, 20 to 23 and 25 to 28 have 4.
      [11, 12, 25],
    ],
    [
      'of as many the first that were found',
      {
        known: all,
        votes: [
          [20, 2],
          [25, 2],
        ],
      },
      [11, 12, 21],
    ],
    ['each only once', { known: all, votes: [[11, 9]] }, [11, 12]],
    ['where its bytes are not known any more', { known: [9], votes: [[25, 3]] }, [10]],
  ])('%s', (_, setting, ends) => {
    expect(encoded(setting).tried).toEqual(ends);
  });

  test('the window is four pages wide, to the page', () => {
    const votes: [number, number][] = [
      [20, 5],
      [23, 5],
      [24, 5],
    ];
    // 20 to 23 and 21 to 24 have as many: the first.
    expect(encoded({ known: all, votes }).tried).toEqual([11, 12, 24]);
  });
});

describe('of all of them', () => {
  const known = [9, 10, 11];
  test.each<[string, Record<number, number>, number]>([
    ['the shortest', { 11: 90, 12: 80 }, 12],
    ['the shortest, in any order', { 11: 80, 12: 90 }, 11],
    ['of as short ones the nearest', { 11: 80, 12: 80 }, 11],
  ])('%s', (_, lengths, end) => {
    const { best } = encoded({ known, lengths });
    expect(best.encoding).toBe(Encoding.DEFLATE);
    expect(headOf(best)).toEqual({ end, pages: end - 9 });
  });

  test('none that is not worth it', () => {
    const most = SIZE / 2 - DeflateHead.size;
    expect(encoded({ known, lengths: { 11: most + 1, 12: most } }).best.bytes.length).toBe(
      SIZE / 2,
    );
    const { best } = encoded({ known, lengths: { 11: most + 1, 12: most + 1 } });
    expect(best).toEqual({ encoding: Encoding.RAW, bytes: new Uint8Array(SIZE).fill(99) });
  });
});

test('what was sent is known from then on', () => {
  const { flash } = encoded({ known: [9] });
  expect(flash.endingAt(11).bytes.subarray(SIZE)).toEqual(new Uint8Array(SIZE).fill(99));
});
