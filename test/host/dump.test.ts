// A copy of flash: which of its bytes are there to be read, and what a file must not be.
import { describe, expect, test } from 'vitest';
import { writeIntelHex } from '../../host/image/intel-hex.js';
import { writeSRecord } from '../../host/image/s-record.js';
import { makePackage } from '../../host/pack/pack.js';
import { FlashDump, loadDump } from '../../host/record/dump.js';
import { BOOTLOADER_BASE } from '../../protocol/index.js';
import { appImage } from '../support/images.js';

const hex = (segments: Parameters<typeof writeIntelHex>[0]): Uint8Array =>
  new TextEncoder().encode(writeIntelHex(segments));

const BYTES = Uint8Array.from({ length: 32 }, (_, i) => i + 1);

describe('what is in a dump', () => {
  const dump = new FlashDump(0x0800_1000, BYTES);

  test.each([
    ['all of it', 0x0800_1000, 32, true],
    ['its first byte', 0x0800_1000, 1, true],
    ['its last byte', 0x0800_101f, 1, true],
    ['a byte before', 0x0800_0fff, 2, false],
    ['a byte behind', 0x0800_101f, 2, false],
    ['what begins behind it', 0x0800_1021, 1, false],
    ['more than it has', 0x0800_1000, 33, false],
  ])('%s', (_, address, size, there) => {
    const at = address - 0x0800_1000;
    expect(dump.read(address, size)).toEqual(there ? BYTES.slice(at, at + size) : undefined);
  });

  test('it ends behind its last byte', () => expect(dump.end).toBe(0x0800_1020));
});

test('a raw dump begins where flash does, unless its base says otherwise', () => {
  expect(loadDump(BYTES)).toMatchObject({ address: BOOTLOADER_BASE, end: BOOTLOADER_BASE + 32 });
  expect(loadDump(BYTES, { base: 0x0800_7000 })).toMatchObject({ address: 0x0800_7000 });
});

describe('a file with addresses', () => {
  test('is read from its first byte of flash to its last, gaps as erased', () => {
    const dump = loadDump(
      hex([
        { address: 0x0800_0010, bytes: Uint8Array.of(1, 2) },
        { address: 0x0800_0014, bytes: Uint8Array.of(3) },
        { address: 0x1fff_f800, bytes: Uint8Array.of(9) },
      ]),
    );
    expect(dump).toMatchObject({ address: 0x0800_0010, end: 0x0800_0015 });
    expect(dump.read(0x0800_0010, 5)).toEqual(Uint8Array.of(1, 2, 0xff, 0xff, 3));
  });

  test('is cut where it reaches over flash', () => {
    const below = loadDump(hex([{ address: 0x07ff_fffe, bytes: BYTES }]));
    expect(below).toMatchObject({ address: 0x0800_0000, end: 0x0800_001e });
    expect(below.read(0x0800_0000, 2)).toEqual(Uint8Array.of(3, 4));
    const above = loadDump(
      new TextEncoder().encode(writeSRecord([{ address: 0x0840_0000 - 2, bytes: BYTES }])),
    );
    expect(above).toMatchObject({ address: 0x083f_fffe, end: 0x0840_0000 });
    expect(above.read(0x083f_fffe, 2)).toEqual(Uint8Array.of(1, 2));
  });
});

describe('no dump', () => {
  const outside = [0x07ff_ffe0, 0x0840_0000].map((address) => ({ address, bytes: BYTES }));
  const version = { major: 1, minor: 0, patch: 0, build: 0 };
  const image = { base: undefined, bytes: appImage(500) };

  test.each([
    ['what ends where flash begins', hex(outside.slice(0, 1)), undefined, 'IMAGE_EMPTY', /--base/],
    ['what begins where flash ends', hex(outside.slice(1)), undefined, 'IMAGE_EMPTY', /--base/],
    ['a package', makePackage(image, { version }), undefined, 'IMAGE_FORMAT', /from 0x08000000/],
    [
      'a base for a file that has addresses',
      hex([{ address: 0x0800_0000, bytes: BYTES }]),
      0x0800_0000,
      'USAGE',
      /leave --base away/,
    ],
  ])('%s', (_, file, base, code, hint) => {
    const load = (): unknown => loadDump(file, base === undefined ? {} : { base });
    expect(load).toThrow(expect.objectContaining({ code, hint: expect.stringMatching(hint) }));
  });
});

test('a file that contradicts itself is named, with the line and the address', () => {
  const twice = [BYTES, BYTES.with(3, 0)].map((bytes) => hex([{ address: 0x0800_0010, bytes }]));
  const end = new TextDecoder().decode(twice[0]).lastIndexOf(':');
  const file = Uint8Array.from([...(twice[0]?.subarray(0, end) ?? []), ...(twice[1] ?? [])]);
  expect(() => loadDump(file, { name: 'unit.hex' })).toThrow(
    expect.objectContaining({
      code: 'IMAGE_FORMAT',
      message: expect.stringMatching(/unit\.hex.*Intel HEX/),
      details: { problem: 'overlap', address: '0x08000013', line: 5 },
    }),
  );
});
