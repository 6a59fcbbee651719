// Files by what is in them and how they are named: what each is taken for, and what programs learn of those that are refused.
import { describe, expect, test } from 'vitest';
import { plainHeader } from '../../host/image/image.js';
import {
  checkRaw,
  imageOf,
  loadFile,
  loadImage,
  loadSegments,
  recognise,
} from '../../host/image/load.js';
import { elfOf } from '../support/elf.js';
import { appImage } from '../support/images.js';
import { ihex, srecord } from '../support/records.js';
import { refusal } from '../support/refusal.js';
import { utf8 } from '../support/text-bytes.js';

const BASE = 0x0800_8000;
const HEX = utf8(
  [ihex('020000040800'), ihex('028000000102'), ihex('018006000A'), ':00000001FF'].join('\n'),
);
const SREC = utf8([srecord('S3', '07080080000102'), srecord('S7', '0500000000')].join('\n'));
const ELF = elfOf([{ address: BASE, bytes: Uint8Array.of(1, 2), section: '.text' }]);
const RAW = appImage(64);

test('nothing, and a file without bytes of an image', () => {
  const details = { problem: 'empty' };
  for (const file of [new Uint8Array(), utf8(':00000001FF')]) {
    const error = refusal(() => loadFile(file));
    expect(error).toMatchObject({ code: 'IMAGE_EMPTY', details });
    expect(error.hint).toContain('check that the build went through');
    expect(error.message).toContain(
      file.length === 0 ? 'the file is empty' : 'no bytes in the image',
    );
  }
  expect(refusal(() => loadSegments(new Uint8Array(), {}))).toMatchObject({ details });
});

test.each([
  ['a.hex', HEX, 'intel-hex'],
  ['a.ihex', HEX, 'intel-hex'],
  ['a.txt', HEX, 'intel-hex'],
  ['a.s19', HEX, 'intel-hex'],
  ['a.srec', SREC, 's-record'],
  ['a.hex', SREC, 's-record'],
  ['a', ELF, 'elf'],
  ['a.bin', ELF, 'elf'],
  ['a.bin', RAW, 'binary'],
  ['a.hex/b', RAW, 'binary'],
  ['c:\\a.hex\\b', RAW, 'binary'],
  ['a.hex.bak', RAW, 'binary'],
  ['a.img', Uint8Array.of(0x53, ...RAW), 'binary'],
  ['a.img', Uint8Array.of(0x3a, ...RAW), 'binary'],
])('%s is taken for what is in it (%#)', (name, file, format) => {
  expect(recognise(file, name).format).toBe(format);
});

test.each<[string, Uint8Array, string, string]>([
  ['a.hex', RAW, 'misnamed', 'rename it to .bin'],
  ['a.HEX', RAW, 'misnamed', 'rename it to .bin'],
  ['a.elf', RAW, 'misnamed', 'rename it to .bin'],
  ['a.axf', RAW, 'misnamed', 'rename it to .bin'],
  ['a.iap', RAW, 'misnamed', 'rename it to .bin'],
  ['a.iap', utf8('PK\x03\x04'), 'misnamed', 'unpack'],
  ['a.bin', HEX, 'misnamed', 'rename it to .hex'],
  ['a.bin', SREC, 'misnamed', 'rename it to .srec'],
  ['a.hex', utf8(':what'), 'not-a-record', 'build or download'],
  ['a.srec', utf8('Some text'), 'not-a-record', 'build or download'],
])('%s that is none is told as that (%#)', (name, file, problem, hint) => {
  const error = refusal(() => recognise(file, name));
  expect(error).toMatchObject({ code: 'IMAGE_FORMAT', details: { problem } });
  expect(error.hint).toContain(hint);
});

describe('an image', () => {
  const { image, gaps, entry } = loadFile(HEX, { name: 'a.hex' });

  test('has its gaps, and its ELF file', () => {
    expect(image).toEqual({ base: BASE, bytes: Uint8Array.of(1, 2, 255, 255, 255, 255, 10) });
    expect(gaps).toMatchObject([{ address: BASE + 2, length: 4 }]);
    expect(entry).toBeUndefined();
    expect(loadFile(HEX)).not.toHaveProperty('entry');
    expect(loadFile(Uint8Array.of(...plainHeader(RAW, BASE), ...RAW)).gaps).toEqual([]);
    expect(imageOf(loadFile(HEX))).toEqual({ ...image, file: { gaps } });
    expect(loadImage(ELF).file?.elf?.entry).toBe(BASE);
    expect(loadFile(ELF)).toMatchObject({ entry: BASE, gaps: [] });
    expect(loadFile(RAW, { base: 8 })).toEqual({
      format: 'binary',
      image: { base: 8, bytes: RAW },
      gaps: [],
    });
  });

  test('for a programmer keeps them', () => {
    expect(loadSegments(HEX, { name: 'a.hex' })).toEqual([
      { address: BASE, bytes: Uint8Array.of(1, 2) },
      { address: BASE + 6, bytes: Uint8Array.of(10) },
    ]);
    expect(loadSegments(RAW, { base: 0 })).toEqual([{ address: 0, bytes: RAW }]);
    const error = refusal(() => loadSegments(RAW, { name: 'a\n.img' }));
    expect(error).toMatchObject({ code: 'USAGE', hint: expect.stringContaining('add --base') });
    expect(error.message).toMatch(/^a\?\.img is a raw binary/);
  });

  const line = (address: string): Uint8Array =>
    utf8(
      [
        ihex('020000040800'),
        ihex('028000000102'),
        ihex(`02000004${address}`),
        ihex('0200000001FF'),
        ':00000001FF',
      ].join('\n'),
    );

  test.each([
    ['2000', /RAM, are outside/, /initial values/, true],
    ['1FFE', /no memory, are outside/, /give the application alone/, false],
  ])('with bytes at 0x%s0000 besides is refused', (address, message, hint, forAll) => {
    const error = refusal(() => loadFile(line(address), { name: 'a.hex' }));
    expect(error.details).toEqual({
      problem: 'outside-flash',
      line: 4,
      address: `0x${address}0000`,
    });
    expect(error.message).toMatch(message);
    expect(error.message).toContain('0x08000000 to 0x083FFFFF');
    expect(error.hint).toMatch(hint);
    if (forAll)
      expect(refusal(() => loadSegments(line(address), {})).details).toEqual(error.details);
    else expect(loadSegments(line(address), {})).toHaveLength(2);
  });

  test('that is elsewhere as a whole is read: its address is the mistake', () => {
    const text = [ihex('020000042000'), ihex('020000000102'), ':00000001FF'].join('\n');
    expect(loadImage(utf8(text)).base).toBe(0x2000_0000);
    expect(loadSegments(utf8(text), {})).toHaveLength(1);
  });
});

test('an ELF file is told as one, and a section without a name is not named', () => {
  const bytes = Uint8Array.of(1, 2);
  const unnamed = elfOf([
    { address: BASE, bytes, section: '.text' },
    { address: 0x2000_0000, bytes, section: '' },
  ]);
  const { message, hint } = refusal(() => loadFile(unnamed, { name: 'a.elf' }));
  expect(message).toContain('a.elf (ELF file) can not be used: its 2 bytes for 0x20000000');
  expect(hint).toMatch(/^it has initial values/);
});

test.each([
  [{ name: 'a\n' }, 'a?'],
  [{}, 'the file'],
])('what is neither is told by the name %o', (options, name) => {
  const { message } = refusal(() => loadFile(utf8('PK\x03\x04'), options));
  expect(message).toBe(`${name} can not be used: it is a ZIP archive`);
});

test('raw bytes are no file that says where it belongs', () => {
  expect(() => checkRaw(RAW, 'a')).not.toThrow();
  for (const [file, what] of [
    [ELF, 'an ELF file'],
    [HEX, 'an Intel HEX file'],
    [SREC, 'an S-record file'],
  ] as const) {
    const error = refusal(() => checkRaw(file, 'a\n'));
    expect(error).toMatchObject({ code: 'IMAGE_FORMAT', details: { problem: 'misnamed' } });
    expect(error.message).toBe(`a? is ${what}; raw bytes are expected`);
    expect(error.hint).toContain('objcopy -O binary');
  }
});
