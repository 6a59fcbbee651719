// Pages cut into the DATA frames of a group, and what a number means to all of them.
import { describe, expect, test } from 'vitest';
import type { Packer } from '../../host/compress/packer.js';
import { AS_THEY_ARE } from '../../host/compress/packer.js';
import { pagesOf } from '../../host/image/pages.js';
import { Pieces, type PiecesOptions } from '../../host/update/group-pieces.js';
import {
  DataFlag,
  DataRequest,
  decode,
  Encoding,
  PageFlag,
  PageHead,
} from '../../protocol/index.js';
import { appImage } from '../support/images.js';

const PAGE = 256;
const IMAGE = appImage(2 * PAGE + 100);
const PAGES = pagesOf(IMAGE, PAGE);

function pieces(options: Partial<PiecesOptions> = {}): Pieces {
  return new Pieces({
    start: 0,
    pages: PAGES,
    packer: AS_THEY_ARE,
    force: () => false,
    ...options,
  });
}

/** A page travels as its number, three times. */
const PACKED: Packer = {
  ...AS_THEY_ARE,
  encode: ({ number }) => ({
    encoding: Encoding.DEFLATE,
    bytes: Uint8Array.of(number, number, number),
  }),
};

/** The frames so far: number, H with the head of a page, bytes of it, . where it is complete */
function shown(cut: Pieces): string[] {
  return Array.from({ length: cut.count }, (_, i) => {
    const piece = cut.at(i);
    if (!piece) throw new RangeError(`piece ${i}`);
    const { number, flags, body } = decode(DataRequest, piece.payload);
    const head = flags === DataFlag.HEAD ? 'H' : flags === 0 ? '' : '?';
    return `${piece.page}: ${number}${head}:${body.length}${piece.completes ? '.' : ''}`;
  });
}

describe('a page is cut', () => {
  test('into pieces of about the same length, the head before the first', () => {
    const cut = pieces();
    cut.cut(103);
    // 12 bytes of head and 256 of the page, up to 100 in a frame
    expect(shown(cut)).toEqual(['0: 0H:90', '0: 1:90', '0: 2:88.']);
    cut.cut(271);
    cut.cut(1000);
    expect(shown(cut).slice(3)).toEqual(['1: 3H:268.', '2: 4H:112.']);
    expect(cut.pages).toBe(3);
    cut.cut(1000);
    expect(cut.count).toBe(5);
  });

  test('so that together they are the page, with what its head says', () => {
    const cut = pieces({ force: ({ number }) => number === 1 });
    for (const length of [103, 60, 40]) cut.cut(length);
    for (const page of PAGES) {
      const some = Array.from({ length: cut.count }, (_, i) => i).filter(
        (i) => cut.pageOf(i) === page,
      );
      const bytes = some.flatMap((i) => [
        ...decode(DataRequest, cut.at(i)?.payload ?? new Uint8Array()).body,
      ]);
      expect(decode(PageHead, Uint8Array.from(bytes.slice(0, PageHead.size)))).toEqual({
        page: page.number,
        encoding: Encoding.RAW,
        flags: page.number === 1 ? PageFlag.FORCE : 0,
        decodedLength: page.bytes.length,
        encodedLength: page.bytes.length,
        crc32: page.crc32,
      });
      expect(bytes.slice(PageHead.size)).toEqual([...page.bytes]);
    }
    expect(cut.pageOf(cut.count)).toBeUndefined();
  });

  test('and numbered on from the first one, modulo 65536', () => {
    const cut = pieces({ start: 0xfffe });
    cut.cut(103);
    expect(shown(cut)).toEqual(['0: 65534H:90', '0: 65535:90', '0: 0:88.']);
    expect(cut.number(2)).toBe(0);
    expect([0xfffe, 0xffff, 0, 1, 0xfffd].map((number) => cut.pieceOf(number))).toEqual([
      0, 1, 2, 3, 0xffff,
    ]);
  });
});

describe('what was sent', () => {
  test('payload of some frames', () => {
    const cut = pieces();
    cut.cut(103);
    cut.cut(271);
    expect(cut.size(0, 4)).toBe(93 + 93 + 91 + 271);
    expect(cut.size(1, 3)).toBe(93 + 91);
    expect(cut.size(2, 2)).toBe(0);
  });

  test('pages that are whole, and what they travelled as', () => {
    const cut = pieces({ packer: PACKED });
    for (const length of [12, 1000, 12]) cut.cut(length);
    expect(shown(cut)).toEqual(['0: 0H:8', '0: 1:7.', '1: 2H:15.', '2: 3H:8', '2: 4:7.']);
    expect([0, 1, 2, 3, 4, 5].map((count) => cut.pagesIn(count))).toEqual([
      { pages: 0, encoded: 0 },
      { pages: 0, encoded: 0 },
      { pages: 1, encoded: 3 },
      { pages: 2, encoded: 6 },
      { pages: 2, encoded: 6 },
      { pages: 3, encoded: 9 },
    ]);
  });
});

test('a page that is rejected, and all behind it, are cut anew, this page as it is', () => {
  const cut = pieces({ packer: PACKED });
  for (let i = 0; i < 3; i++) cut.cut(1000);
  expect([0, 1, 2].map((i) => cut.at(i)?.encoding)).toEqual(Array(3).fill(Encoding.DEFLATE));
  cut.cutRaw(1);
  expect(shown(cut)).toEqual(['0: 0H:15.']);
  expect(cut.pages).toBe(1);
  for (let i = 0; i < 2; i++) cut.cut(200);
  expect(shown(cut)).toEqual(['0: 0H:15.', '1: 1H:134', '1: 2:134.', '2: 3H:15.']);
  expect([1, 2, 3].map((i) => cut.at(i)?.encoding)).toEqual([
    Encoding.RAW,
    Encoding.RAW,
    Encoding.DEFLATE,
  ]);
  expect(cut.pagesIn(4)).toEqual({ pages: 3, encoded: 3 + PAGE + 3 });
});
