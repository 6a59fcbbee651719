// How much evidence decides where an image is linked, and how much is chance. Images that compilers make: linked.test.ts.
import { describe, expect, test } from 'vitest';
import { evidenceOf } from '../../host/check/evidence.js';
import { type Constants, type Linked, whereLinked } from '../../host/check/linked.js';
import { appImage, settingVtor } from '../support/images.js';

const START = 0x0800_0000;
// Near each other, so that small images have them all
const BASE = 0x0800_1000;
const THIRD = 0x0800_0800;
const FOURTH = 0x0800_0400;
const SIZE = 0x2000;
const PUSH_LR = 0xb500;
const STACK = 0x2000_1000;

/** Of functions, in an image at START, BASE or between; such that no two bases have several of them in common */
const address = (i: number): number => BASE + 0x201 + 0x22 * i;
const addresses = (count: number): number[] => Array.from({ length: count }, (_, i) => address(i));

interface Contents {
  readonly size?: number;
  /** From the stack pointer on; the second is the reset vector */
  readonly vectors: readonly number[];
  /** Words elsewhere in the image */
  readonly words?: readonly number[];
  /** So many of the words begin a function if it is linked there. */
  readonly begin?: Readonly<Record<number, number>>;
}

function imageOf({ size = SIZE, vectors, words = [], begin = {} }: Contents): Uint8Array {
  const bytes = new Uint8Array(size).fill(0xb0);
  const view = new DataView(bytes.buffer);
  bytes.fill(0, 0, 64);
  vectors.forEach((word, i) => void view.setUint32(4 * i, word, true));
  words.forEach((word, i) => void view.setUint32(64 + 4 * i, word, true));
  for (const [base, count] of Object.entries(begin)) {
    for (const word of words.slice(0, count)) {
      view.setUint16(word - 1 - Number(base), PUSH_LR, true);
    }
  }
  return bytes;
}

/** What is told of a base: beginnings, addresses outside, and VTOR if code sets it */
const told = (place: Linked['here'] | undefined, base?: number): unknown =>
  place &&
  [place.base, place.begins, place.outside, ...(place.vtor ? ['VTOR'] : [])].slice(base ? 1 : 0);

const NONE: Constants = { made: [], vtor: [] };

describe('of 100 addresses', () => {
  const place = (begin: Contents['begin'], vtor: Constants['vtor'] = []): unknown => {
    const image = imageOf({
      vectors: [STACK, address(0)],
      words: addresses(100),
      ...(begin && { begin }),
    });
    const {
      verdict,
      addresses: count,
      here,
      other,
      certain,
    } = whereLinked(image, BASE, { made: [], vtor });
    expect([here.base, count]).toEqual([BASE, 100]);
    return [
      verdict,
      here.begins,
      ...(other ? [other.base, other.begins] : []),
      ...(certain ? ['certain'] : []),
    ];
  };

  // Chance is 9 of 100, three standard deviations more, and a bit for the number of bases that are tried.
  // biome-ignore format: a table is read by its rows
  test.each<[string, Contents['begin'], number[], unknown[]]>([
    ['no other base has any', { [BASE]: 100 }, [], ['here', 100]],
    ['no base has any', {}, [], ['here', 0]],
    ['as many as chance may have', { [BASE]: 100, [THIRD]: 19 }, [], ['here', 100]],
    ['one more', { [BASE]: 100, [THIRD]: 20 }, [], ['here', 100, THIRD, 20]],
    ['VTOR counts as two', { [BASE]: 100, [THIRD]: 18 }, [THIRD], ['here', 100, THIRD, 18]],
    ['VTOR counts as two, no more', { [BASE]: 100, [THIRD]: 17 }, [THIRD], ['here', 100]],
    ['VTOR elsewhere is nothing', { [BASE]: 100, [THIRD]: 18 }, [FOURTH], ['here', 100]],
    ['here has more than noise', { [BASE]: 50, [THIRD]: 47 }, [], ['here', 50, THIRD, 47]],
    ['here has no more than noise', { [BASE]: 50, [THIRD]: 48 }, [], ['open', 50, THIRD, 48]],
    ['here with VTOR', { [BASE]: 48, [THIRD]: 47 }, [BASE], ['here', 48, THIRD, 47]],
    ['here without', { [BASE]: 48, [THIRD]: 47 }, [], ['open', 48, THIRD, 47]],
    ['the other has two and noise', { [BASE]: 50, [THIRD]: 54 }, [], ['open', 50, THIRD, 54]],
    ['the other has more', { [BASE]: 50, [THIRD]: 55 }, [], ['elsewhere', 50, THIRD, 55, 'certain']],
    ['the other with VTOR', { [BASE]: 50, [THIRD]: 53 }, [THIRD], ['elsewhere', 50, THIRD, 53, 'certain']],
    ['a fourth base is far behind', { [FOURTH]: 63, [THIRD]: 70 }, [], ['elsewhere', 0, THIRD, 70, 'certain']],
    ['a fourth base fits nearly as well', { [FOURTH]: 64, [THIRD]: 70 }, [], ['elsewhere', 0, THIRD, 70]],
    ['the best comes first', { [FOURTH]: 70, [THIRD]: 64 }, [], ['elsewhere', 0, FOURTH, 70]],
    ['the start of flash by its addresses alone', { [START]: 90 }, [], ['elsewhere', 0, START, 90, 'certain']],
  ])('%s', (_, begin, vtor, expected) => {
    expect(place(begin, vtor)).toEqual(expected);
  });

  test('those outside of the image count against a base', () => {
    // Behind an image at THIRD, in one at BASE; and before both
    const outside = Array.from({ length: 5 }, (_, i) => THIRD + SIZE + 1 + 0x22 * i);
    const below = [START + 0x11, START + 0x33];
    const words = [...addresses(95), ...outside, ...below];
    const image = imageOf({
      vectors: [STACK, address(0)],
      words,
      begin: { [BASE]: 50, [THIRD]: 52 },
    });
    const { verdict, here, other } = whereLinked(image, BASE, NONE);
    expect([verdict, told(here), told(other)]).toEqual(['here', [BASE, 50, 2], [THIRD, 52, 7]]);
  });

  test('even ones are no functions', () => {
    const words = addresses(100).map((word) => word - 1);
    const image = imageOf({ vectors: [STACK, address(0)], words });
    for (let i = 0; i < 100; i++) {
      image[address(i) - BASE] = 0xb5;
      image[address(i) - BASE - 1] = 0;
    }
    expect(told(whereLinked(image, BASE, NONE).here)).toEqual([BASE, 1, 0]);
  });

  test('texts are told by even addresses as well', () => {
    const image = imageOf({ vectors: [STACK, address(0)], words: [THIRD + 0x610, THIRD + 0x621] });
    for (const at of [0x610, 0x621]) image.set([0, 0x61, 0x62, 0], at - 1);
    const { addresses: count, here } = whereLinked(image, THIRD, NONE);
    expect([count, told(here)]).toEqual([3, [THIRD, 2, 0]]);
  });
});

describe('the start of flash, by its handlers', () => {
  // Each handler begins a function in an image at each of these places.
  const handlers = (vectors: readonly number[], places: readonly number[][]): Uint8Array => {
    const image = imageOf({ vectors: [STACK, ...vectors] });
    const view = new DataView(image.buffer);
    places.forEach((bases, i) => {
      for (const base of bases) view.setUint16(((vectors[i] ?? 0) & ~1) - base, PUSH_LR, true);
    });
    return image;
  };
  const [first, second] = [address(0), address(1)];
  const BOTH = [START, BASE];

  // biome-ignore format: a table is read by its rows
  test.each<[string, number[], number[][], number[], Linked['verdict'], unknown]>([
    ['as many as here', [first, second], [BOTH, BOTH], [], 'open', [START, 2, 0]],
    ['fewer than here', [first, second], [BOTH, [BASE]], [], 'here', undefined],
    ['more than here', [first, second], [BOTH, [START]], [], 'open', [START, 2, 0]],
    ['one alone', [first], [BOTH], [], 'here', undefined],
    ['one, twice in the table', [first, first], [BOTH, BOTH], [], 'here', undefined],
    ['one, and an even one', [first, second - 1], [BOTH, BOTH], [], 'here', undefined],
    ['one, and VTOR', [first], [BOTH], [START], 'open', [START, 1, 0, 'VTOR']],
    ['one, and another VTOR', [first], [BOTH], [BASE], 'here', undefined],
    ['none, and VTOR', [first], [[]], [START], 'here', undefined],
  ])('%s', (_, vectors, places, vtor, verdict, other) => {
    const linked = whereLinked(handlers(vectors, places), BASE, { made: [], vtor });
    expect([linked.verdict, told(linked.other)]).toEqual([verdict, other]);
  });

  test('the stack pointer is none, whatever it is', () => {
    const image = handlers([first], [BOTH]);
    new DataView(image.buffer).setUint32(0, second, true);
    for (const base of BOTH) new DataView(image.buffer).setUint16(second - 1 - base, PUSH_LR, true);
    expect(whereLinked(image, BASE, NONE).other).toBeUndefined();
  });

  test('at another place two handlers are chance', () => {
    const image = handlers([first, second], [[THIRD], [THIRD]]);
    expect(whereLinked(image, BASE, NONE).other).toBeUndefined();
  });

  test('behind those of the system there are none', () => {
    const image = handlers([first], [BOTH]);
    const view = new DataView(image.buffer);
    view.setUint32(4 * 16, second, true);
    for (const base of BOTH) view.setUint16(second - 1 - base, PUSH_LR, true);
    expect(whereLinked(image, BASE, NONE).other).toBeUndefined();
    view.setUint32(4 * 15, second, true);
    expect(whereLinked(image, BASE, NONE).other?.base).toBe(START);
  });
});

describe('which bases are tried: where the reset vector is in the image', () => {
  const other = (base: number, reset: number, size = SIZE): number | undefined => {
    const words = addresses(40);
    const image = imageOf({ size, vectors: [STACK, reset], words, begin: { [base]: 40 } });
    return whereLinked(image, 0x0801_0000, NONE).other?.base;
  };

  test.each([
    ['right behind the first two vectors', 8, THIRD],
    ['within the first two vectors', 6, undefined],
    ['at the end of the image', SIZE - 2, THIRD],
    ['behind the image', SIZE + 2, undefined],
  ])('the reset handler %s', (_, at, expected) => {
    expect(other(THIRD, THIRD + at + 1)).toBe(expected);
  });

  test('none between the smallest steps of a table of vectors', () => {
    expect(other(THIRD + 0x100, address(0))).toBe(THIRD + 0x100);
    expect(other(THIRD + 0x80, address(0))).toBeUndefined();
  });

  test.each([
    ['in RAM', STACK, STACK + 0x101, undefined],
    ['behind the largest flash', 0x0810_0000, 0x0810_0001, undefined],
    ['at its end', 0x080f_ff00, 0x080f_ffff, 0x080f_ff00],
    ['before flash', START - 0x100, START - 0xef, undefined],
    ['at the start of flash', START, START + 0x11, START],
  ])('a reset handler %s', (_, base, reset, expected) => {
    const image = imageOf({ size: 0x100, vectors: [STACK, reset] });
    const { other: found } = whereLinked(image, BASE, { made: [], vtor: [base] });
    expect(found?.base).toBe(expected);
  });
});

test('of many addresses a thousand are judged, from all over the image', () => {
  const words = Array.from({ length: 2500 }, (_, i) => BASE + 0x2801 + 2 * i);
  const vectors = [STACK, words[0] ?? 0];
  const image = imageOf({ size: 0x3c00, vectors, words, begin: { [BASE]: 1250 } });
  const { addresses: count, here } = whereLinked(image, BASE, NONE);
  expect([count, told(here)]).toEqual([1000, [BASE, 500, 0]]);
});

test('what code makes without a literal counts as well', () => {
  const image = imageOf({ vectors: [STACK, address(0)] });
  const made = addresses(100);
  for (const word of made) new DataView(image.buffer).setUint16(word - 1 - BASE, PUSH_LR, true);
  const { addresses: count, here } = whereLinked(image, BASE, { made, vtor: [] });
  expect([count, told(here)]).toEqual([100, [BASE, 100, 0]]);
});

describe('evidence is found once', () => {
  test('for the same bytes at the same place', () => {
    const image = settingVtor(THIRD);
    const found = evidenceOf(image, BASE, 'cortex-m3');
    expect(found.vtor).toEqual([{ at: BASE + 0x210, address: 0xe000_ed08, value: THIRD }]);
    expect(found.linked.here).toMatchObject({ base: BASE, vtor: false });
    expect(evidenceOf(image, BASE, 'cortex-m4')).toBe(found);
    expect(evidenceOf(image, BASE, undefined)).toBe(found);
  });

  test('and anew for others', () => {
    const image = settingVtor(THIRD);
    const found = evidenceOf(image, BASE, 'cortex-m3');
    const elsewhere = evidenceOf(image, THIRD, 'cortex-m3');
    expect(elsewhere.linked.here.base).toBe(THIRD);
    expect(evidenceOf(image, BASE, 'cortex-m3')).not.toBe(found);
    // A Cortex-M0 has no such register.
    expect(evidenceOf(image, BASE, 'cortex-m0').vtor).toEqual([]);
    expect(evidenceOf(image, BASE, 'cortex-m3').vtor).toHaveLength(1);
    expect(evidenceOf(appImage(1000), BASE, 'cortex-m3').vtor).toEqual([]);
    image.fill(0xff, 0x200, 0x212);
    expect(evidenceOf(image, BASE, 'cortex-m3').vtor).toEqual([]);
  });

  test('where code sets VTOR counts for that place, and for none on a Cortex-M0', () => {
    const own = settingVtor(BASE);
    expect(evidenceOf(own, BASE, 'cortex-m3').linked.here.vtor).toBe(true);
    expect(evidenceOf(own, BASE, 'cortex-m0').linked.here.vtor).toBe(false);
  });
});
