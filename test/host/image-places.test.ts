// Addresses as image files have them: what is there, up to the last byte, and which words make a vector table.
import { describe, expect, test } from 'vitest';
import { areaName, inFlash, inRam, isBlank } from '../../host/image/areas.js';
import { pagesOf } from '../../host/image/pages.js';
import {
  ANY_RAM,
  isAlias,
  isStack,
  looksLikeVectors,
  wordAt,
} from '../../host/image/vector-table.js';
import { crc32 } from '../../protocol/index.js';

test.each<[number, string]>([
  [0, 'no memory'],
  [0x07ff_ffff, 'no memory'],
  [0x0800_0000, 'flash'],
  [0x083f_ffff, 'flash'],
  [0x0840_0000, 'no memory'],
  [0x0fff_ffff, 'no memory'],
  [0x1000_0000, 'core-coupled RAM'],
  [0x100f_ffff, 'core-coupled RAM'],
  [0x1010_0000, 'no memory'],
  [0x1fff_0000, 'the system memory'],
  [0x1fff_f7ff, 'the system memory'],
  [0x1fff_f800, 'the option bytes'],
  [0x1fff_f80f, 'the option bytes'],
  [0x1fff_f810, 'the system memory'],
  [0x2000_0000, 'RAM'],
  [0x3fff_ffff, 'RAM'],
  [0x4000_0000, 'the peripherals'],
  [0x5fff_ffff, 'the peripherals'],
  [0x6000_0000, 'no memory'],
  [0xffff_ffff, 'no memory'],
])('what is at %i: %s', (address, name) => {
  expect(areaName(address)).toBe(name);
  expect(inFlash(address)).toBe(name === 'flash');
  expect(inRam(address)).toBe(name.endsWith('RAM'));
});

test('erased flash is all ones', () => {
  expect(isBlank(Uint8Array.of(0xff, 0xff))).toBe(true);
  expect(isBlank(Uint8Array.of(0xff, 0xfe))).toBe(false);
});

test('pages: the last one is padded as erased', () => {
  const bytes = Uint8Array.from({ length: 10 }, (_, i) => i);
  expect(pagesOf(bytes, 4)).toEqual([
    { number: 0, bytes: bytes.subarray(0, 4), crc32: crc32(bytes.subarray(0, 4)) },
    { number: 1, bytes: bytes.subarray(4, 8), crc32: crc32(bytes.subarray(4, 8)) },
    { number: 2, bytes: bytes.subarray(8), crc32: crc32(Uint8Array.of(8, 9, 0xff, 0xff)) },
  ]);
  expect(pagesOf(bytes.subarray(0, 8), 4)).toHaveLength(2);
  expect(pagesOf(new Uint8Array(), 4)).toEqual([]);
});

describe('the vector table', () => {
  test('words are little-endian, unsigned, and zero behind the end', () => {
    const bytes = Uint8Array.of(0x11, 0x22, 0x33, 0x44, 0xf5, 0xe6, 0xd7, 0xc8);
    expect([0, 1, 4, 5, 8].map((offset) => wordAt(bytes, offset))).toEqual([
      0x4433_2211, 0xf544_3322, 0xc8d7_e6f5, 0, 0,
    ]);
  });

  test.each<[number, boolean]>([
    [0x1000_0000, false],
    [0x1000_0001, true],
    [0x1002_0000, true],
    [0x1002_0001, false],
    [0x2000_0000, false],
    [0x2000_0004, true],
    [0x2010_0000, true],
    [0x2010_0004, false],
  ])('a stack that begins at %i is in some RAM: %j', (value, is) => {
    expect(isStack(value, ANY_RAM)).toBe(is);
  });

  const BASE = 0x0800_8000;
  test.each<[string, number, number, boolean]>([
    ['as usual', 0x2000_5000, BASE + 9, true],
    ['that starts at its first byte', 0x2000_5000, BASE + 1, true],
    ['that starts at its last', 0x2000_5000, BASE + 15, true],
    ['that starts behind it', 0x2000_5000, BASE + 17, false],
    ['that starts below it', 0x2000_5000, BASE - 1, false],
    ['with an even start', 0x2000_5000, BASE + 8, false],
    ['with its stack in flash', BASE, BASE + 9, false],
  ])('bytes %s', (_what, stack, reset, are) => {
    const bytes = new Uint8Array(16);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, stack, true);
    view.setUint32(4, reset, true);
    expect(looksLikeVectors(bytes, BASE)).toBe(are);
    expect(looksLikeVectors(bytes, BASE + 1)).toBe(are && reset > BASE);
  });

  test('bytes that begin at an odd address may start there', () => {
    const bytes = Uint8Array.of(0, 0x50, 0, 0x20, 1, 0x80, 0, 8);
    expect(looksLikeVectors(bytes, BASE + 1)).toBe(true);
    expect(looksLikeVectors(bytes, BASE + 2)).toBe(false);
    expect(looksLikeVectors(bytes, BASE - 7)).toBe(false);
  });

  test.each<[number, boolean]>([
    [7, false],
    [8, false],
    [9, true],
    [10, false],
    [99, true],
    [101, false],
  ])('a reset vector of %i is into 100 bytes at address 0: %j', (reset, is) => {
    expect(isAlias(reset, 100)).toBe(is);
    if (reset === 99) expect(isAlias(reset, 99)).toBe(false);
  });
});
