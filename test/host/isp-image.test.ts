// An image as a ROM bootloader can write it: which memory takes what, which pages it is in, and in which blocks it goes.
import { describe, expect, test } from 'vitest';
import { type Chip, chipOf, isFamily, partNamesOf } from '../../host/isp/chips.js';
import {
  blocksOf,
  checkFlash,
  cut,
  pagesOfSegments,
  pagesOfSpans,
  sortByMemory,
} from '../../host/isp/image.js';
import { rangesOf, sectorsOf, trimmed } from '../../host/isp/index.js';
import { decodeOptionBytes } from '../../host/isp/option-bytes.js';
import { refusal } from '../support/refusal.js';

const FLASH = 0x0800_0000;
const RAM = 0x2000_0000;
const OPTIONS = 0x1fff_f800;

const chip = chipOf(0x410) as Chip;
const target = { chip, flashSize: 64 * 1024 };

const at = (address: number, length: number) => ({ address, bytes: new Uint8Array(length) });
const spansOf = (parts: readonly { address: number; bytes: Uint8Array }[]) =>
  parts.map(({ address, bytes }) => [address, bytes.length]);

describe('which memory takes it', () => {
  test.each([
    ['flash', FLASH, 8, 'flash'],
    ['flash, to its end', FLASH + 0xfff8, 8, 'flash'],
    ['RAM, from where the ROM bootloader needs none of it', RAM + 0x200, 8, 'ram'],
    ['RAM, up to the most that any part has', RAM + 0x1_fff8, 8, 'ram'],
    ['all option bytes', OPTIONS, 16, 'options'],
    ['some option bytes', OPTIONS, 4, 'options'],
  ] as const)('%s', (_name, address, length, memory) => {
    const segment = at(address, length);
    const sorted = sortByMemory([segment], target);
    expect(sorted).toEqual({
      flash: memory === 'flash' ? [segment] : [],
      ram: memory === 'ram' ? [segment] : [],
      options: memory === 'options' ? segment : undefined,
    });
  });

  test('a flash of unknown size takes what the largest has', () => {
    const last = at(FLASH + 0x003f_fff8, 8);
    expect(sortByMemory([last], { chip, flashSize: undefined }).flash).toEqual([last]);
  });

  test.each([
    ['in front of flash', FLASH - 8, 8, 'no memory'],
    ['behind the largest flash', FLASH + 0x0040_0000, 8, 'no memory'],
    ['system memory', 0x1fff_f000, 8, 'the system memory'],
    ['more than there are option bytes', OPTIONS, 17, 'the option bytes'],
    ['option bytes without the first', OPTIONS + 2, 2, 'the option bytes'],
    ['the first RAM', RAM, 8, 'RAM that the ROM bootloader itself uses, up to 0x200001FF'],
    [
      'the last RAM of the ROM',
      RAM + 0x1fc,
      8,
      'RAM that the ROM bootloader itself uses, up to 0x200001FF',
    ],
    ['more RAM than any part has', RAM + 0x200, 0x2_0000, 'RAM'],
    ['RAM beyond the most that any part has', RAM + 0x1_fffc, 8, 'RAM'],
    ['a RAM that is not at the usual place', 0x1000_0000, 8, 'core-coupled RAM'],
  ])('%s: refused, with its name', (_name, address, length, memory) => {
    const error = refusal(() => sortByMemory([at(FLASH, 8), at(address, length)], target));
    expect(error).toMatchObject({
      code: 'IMAGE_WRONG_ADDRESS',
      details: { address: `0x${address.toString(16).toUpperCase().padStart(8, '0')}` },
      hint: expect.stringContaining('RAM above its own'),
    });
    expect(error.message.split(': ')[1]).toBe(memory);
  });

  test('what flash has no room for: by how much, and where it ends', () => {
    expect(refusal(() => sortByMemory([at(FLASH + 0xfff8, 12)], target))).toMatchObject({
      code: 'IMAGE_TOO_LARGE',
      message: 'the image reaches up to 0x08010003; the flash of this part ends at 0x0800FFFF',
      hint: expect.stringContaining('for this part'),
      details: { flashSize: 0x1_0000, over: 4 },
    });
    const all = { address: FLASH, length: 0x1_0000 };
    expect(() => checkFlash(all, target)).not.toThrow();
    expect(() => checkFlash({ ...all, length: 2 ** 24 }, { flashSize: undefined })).not.toThrow();
  });
});

describe('pages', () => {
  test('in order, each once', () => {
    expect(
      pagesOfSegments([at(FLASH + 0x4400, 1), at(FLASH + 0x3ff, 2), at(FLASH, 0x400)], 1024),
    ).toEqual([0, 1, 17]);
    // As numbers, not as text
    expect(pagesOfSegments([at(FLASH + 0x2800, 0x400), at(FLASH + 0x800, 1)], 1024)).toEqual([
      2, 10,
    ]);
  });

  test('of spans', () => {
    expect(pagesOfSpans([{ address: FLASH + 0x7ff, length: 0x802 }], 2048)).toEqual([0, 1, 2]);
    expect(pagesOfSpans([], 2048)).toEqual([]);
  });
});

describe('blocks', () => {
  const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

  test('by address, whatever the order of the image is', () => {
    const blocks = blocksOf([at(FLASH + 0x400, 4), at(FLASH + 0x100, 4), at(FLASH, 4)], 256);
    expect(spansOf(blocks)).toEqual([
      [FLASH, 4],
      [FLASH + 0x100, 4],
      [FLASH + 0x400, 4],
    ]);
  });

  test('parts that meet are one block, and what is not of the image is blank and not counted', () => {
    const parts = [
      { address: FLASH + 1, bytes: bytes(1, 2) },
      { address: FLASH + 4, bytes: bytes(3) },
      { address: FLASH + 12, bytes: bytes(4, 5, 6, 7) },
    ];
    expect(blocksOf(parts, 256)).toEqual([
      { address: FLASH, bytes: bytes(0xff, 1, 2, 0xff, 3, 0xff, 0xff, 0xff), given: 3 },
      { address: FLASH + 12, bytes: bytes(4, 5, 6, 7), given: 4 },
    ]);
  });

  test('of the size asked for; each knows how much of the image it has', () => {
    const blocks = blocksOf([at(FLASH + 2, 9)], 4);
    expect(blocks.map(({ address, given }) => [address - FLASH, given])).toEqual([
      [0, 2],
      [4, 4],
      [8, 3],
    ]);
    expect(spansOf(cut(at(RAM, 600), 256))).toEqual([
      [RAM, 256],
      [RAM + 256, 256],
      [RAM + 512, 88],
    ]);
  });
});

test.each([
  ['erased at its end', [1, 0xff, 2, 0xff, 0xff], [1, 0xff, 2]],
  ['not erased', [1, 2], [1, 2]],
  ['all erased', [0xff, 0xff], []],
  ['nothing', [], []],
])('what erased flash has at the end is left away: %s', (_name, all, kept) => {
  expect(trimmed({ address: FLASH + 8, bytes: Uint8Array.from(all) })).toEqual({
    address: FLASH + 8,
    bytes: Uint8Array.from(kept),
  });
});

describe('option bytes', () => {
  const raw = (...values: number[]): Uint8Array =>
    Uint8Array.from(values.flatMap((value) => [value, ~value & 0xff]));
  const blank = Uint8Array.of(0xff, 0xff);
  const plain = [0xa5, 0xfe, 1, 2, 0xff, 0xff, 0xff, 0xff];

  test('values in order; whole', () => {
    expect(decodeOptionBytes(raw(...plain), 'stm32f1')).toEqual({
      values: Uint8Array.from(plain),
      whole: true,
      readProtected: false,
      protectedSectors: [],
    });
  });

  test.each([
    ['WRP0 of a small part: nothing in the place of the others', 10, blank, true],
    ['nothing in the place of WRP0', 8, blank, true],
    ['nothing in the place of Data1', 6, blank, false],
    ['WRP0 with a wrong complement', 8, Uint8Array.of(0xff, 0x01), false],
    ['WRP0 without a value', 8, Uint8Array.of(0x0f, 0xff), false],
  ])('%s', (_name, place, bytes, whole) => {
    const options = raw(...plain);
    options.set(bytes, place);
    const decoded = decodeOptionBytes(options, 'stm32f1');
    expect(decoded).toMatchObject({ whole, protectedSectors: [] });
    expect(decoded.values[place / 2]).toBe(0xff);
  });

  test('a bit of each WRP byte is a sector', () => {
    const options = raw(0xaa, 0xff, 0xff, 0xff, 0xfe, 0x7f, 0xff, 0x3f);
    expect(decodeOptionBytes(options, 'stm32f0')).toMatchObject({
      readProtected: false,
      protectedSectors: [0, 15, 30, 31],
    });
    // What opens an F1 does not open an F0.
    expect(decodeOptionBytes(raw(...plain), 'stm32f0').readProtected).toBe(true);
  });
});

describe('sectors', () => {
  test.each([
    [0, 1, [0]],
    [4095, 2, [0, 1]],
    [4096, 4096, [1]],
    [8192, 8193, [2, 3, 4]],
    [30 * 4096, 400 * 1024, [30, 31]],
    [500 * 1024, 1024, [31]],
  ])('%i and %i bytes from there on', (offset, size, sectors) => {
    expect(sectorsOf(offset, size)).toEqual(sectors);
  });

  test.each<[string, readonly number[], number, readonly (readonly [number, number])[]]>([
    ['in a row', [1, 2], 64, [[4096, 8192]]],
    [
      'apart',
      [1, 3],
      64,
      [
        [4096, 4096],
        [12_288, 4096],
      ],
    ],
    ['the last, to the end of flash', [31], 512, [[31 * 4096, (512 - 124) * 1024]]],
    ['up to the end of a small flash', [3, 4], 18, [[12_288, 6144]]],
    ['beyond a small flash', [4], 16, []],
    ['the last of a small flash', [31], 64, []],
    ['none', [], 64, []],
  ])('as ranges: %s', (_name, sectors, flashKb, ranges) => {
    expect(rangesOf(sectors, flashKb * 1024)).toEqual(
      ranges.map(([offset, length]) => ({ address: FLASH + offset, length })),
    );
  });
});

test('parts by product id', () => {
  expect(partNamesOf(0x414)).toEqual(['stm32f103xe']);
  expect(partNamesOf(0x410).length).toBeGreaterThan(1);
  expect(partNamesOf(0x999)).toEqual([]);
  expect(chipOf(0x999)).toBeUndefined();
  expect(['stm32f0', 'stm32f1', 'stm32f3', 'stm32f4', 'toString'].map(isFamily)).toEqual([
    true,
    true,
    true,
    false,
    false,
  ]);
});
