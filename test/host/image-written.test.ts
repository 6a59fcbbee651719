// Intel HEX and S-record files, character by character as they are written, and what of them is read at the edges.
import { describe, expect, test } from 'vitest';
import { writeBinary } from '../../host/image/binary.js';
import { isIntelHex, readIntelHex, writeIntelHex } from '../../host/image/intel-hex.js';
import { LARGEST_TEXT } from '../../host/image/limits.js';
import { isSRecord, readSRecord, writeSRecord } from '../../host/image/s-record.js';
import { digitsOf, hexByte, startOf, sumOf, textRecords } from '../../host/image/text-records.js';
import { ihex, srecord } from '../support/records.js';
import { refusal } from '../support/refusal.js';
import { latin1 } from '../support/text-bytes.js';

const at = (address: number, ...bytes: number[]) => ({ address, bytes: Uint8Array.from(bytes) });
const END = ':00000001FF';

describe('Intel HEX', () => {
  const lines = (...all: string[]): string => [...all, END, ''].join('\n');

  test('nothing', () => {
    expect(writeIntelHex([])).toBe(`${END}\n`);
    expect(readIntelHex(latin1(END))).toStrictEqual({ segments: [] });
  });

  test('16 bytes a record, and none over the end of a block', () => {
    const bytes = Array.from({ length: 17 }, (_, i) => i);
    expect(writeIntelHex([at(0x0801_fff8, ...bytes)])).toBe(
      lines(
        ihex('020000040801'),
        ihex('08FFF8000001020304050607'),
        ihex('020000040802'),
        ihex('0900000008090A0B0C0D0E0F10'),
      ),
    );
    expect(writeIntelHex([at(0x1000, ...bytes)])).toBe(
      lines(ihex('10100000000102030405060708090A0B0C0D0E0F'), ihex('0110100010')),
    );
  });

  test.each([
    [0, '0400000500000000'],
    [0x0800_8001, '0400000508008001'],
    [0xffff_ffff, '04000005FFFFFFFF'],
  ])('a start address of %i', (entry, digits) => {
    expect(writeIntelHex([], entry)).toBe(lines(ihex(digits)));
    expect(readIntelHex(latin1(lines(ihex(digits)))).entry).toBe(entry);
  });

  test('blocks, by segment and by linear address, hold for what follows', () => {
    const text = lines(
      ihex('0100000001'),
      ihex('020000021234'),
      ihex('0100100002'),
      ihex('02000004FFFF'),
      ihex('02FFFE000304'),
      ihex('0400000312345678'),
    );
    expect(readIntelHex(latin1(text))).toEqual({
      segments: [
        { ...at(0, 1), line: 1 },
        { ...at(0x1_2350, 2), line: 3 },
        { ...at(0xffff_fffe, 3, 4), line: 5 },
      ],
    });
  });

  // biome-ignore format: a table is read by its rows
  test.each<[string, string, object]>([
    ['four bytes are no record', ':00000001', { problem: 'cut-off', line: 1 }],
    ['a record with a byte less than it says', ':0100000000', { problem: 'cut-off', line: 1 }],
    ['a byte more', ':000000000000', { problem: 'record-length', line: 1 }],
    ['a block address of one byte', ihex('0100000412'), { problem: 'record-length', line: 1 }],
    ['a block address of three', ihex('03000004123456'), { problem: 'record-length', line: 1 }],
    ['a segment of one byte', ihex('0100000212'), { problem: 'record-length', line: 1 }],
    ['a start of two bytes', ihex('020000051234'), { problem: 'record-length', line: 1 }],
    ['an old start of two bytes', ihex('020000031234'), { problem: 'record-length', line: 1 }],
    ['an end with data', ihex('0100000100'), { problem: 'record-length', line: 1 }],
    ['type 06', ihex('00000006'), { problem: 'record-type', line: 1 }],
    ['a byte over the end of its block', ihex('02FFFF000102'), { problem: 'record-address', line: 1 }],
    ['half a byte', ':0000000', { problem: 'cut-off', line: 1 }],
    ['a wrong sum', ':0000000001', { problem: 'checksum', line: 1 }],
    ['no digits', ':', { problem: 'not-a-record', line: 1 }],
    ['another letter', ':0000000G', { problem: 'not-a-record', line: 1 }],
    ['something before it', `x${END}`, { problem: 'not-a-record', line: 1 }],
    ['no end', ihex('0100000001'), { problem: 'no-end' }],
    ['more behind the end', `${END}\n${END}`, { problem: 'after-end', line: 2 }],
  ])('%s', (_what, text, details) => {
    const error = refusal(() => readIntelHex(latin1(text), 'a.hex'));
    expect(error.details).toEqual(details);
    expect(error.message).toMatch(/^a\.hex \(Intel HEX file\) can not be used: /);
    expect(refusal(() => readIntelHex(latin1(text))).message).toMatch(/^the Intel HEX file can /);
  });

  test.each<[string, boolean]>([
    [':00000001FF', true],
    ['\n :0000000a', true],
    [':0000000', false],
    [':0000000G', false],
    ['x:00000001FF', false],
  ])('%j is one: %j', (text, is) => {
    expect(isIntelHex(latin1(text))).toBe(is);
  });
});

describe('S-record', () => {
  const lines = (...all: string[]): string => [...all, ''].join('\n');
  const HEAD = srecord('S0', '030000');

  test('nothing', () => {
    expect(writeSRecord([])).toBe(lines(HEAD, srecord('S5', '030000'), srecord('S9', '030000')));
    expect(readSRecord(latin1(srecord('S9', '030000')))).toStrictEqual({ segments: [] });
    expect(refusal(() => readSRecord(new Uint8Array())).details).toEqual({ problem: 'no-end' });
  });

  test('16 bytes are one record', () => {
    const bytes = Array.from({ length: 16 }, (_, i) => i);
    const data = srecord('S1', '131000000102030405060708090A0B0C0D0E0F');
    const ends = [srecord('S5', '030001'), srecord('S9', '030000')];
    expect(writeSRecord([at(0x1000, ...bytes)])).toBe(lines(HEAD, data, ...ends));
  });

  test.each([
    [0xffff, 'S503FFFFFE'],
    [0x1_0000, 'S60401'],
  ])('the count of %i records', (records, count) => {
    const text = writeSRecord([{ address: 0, bytes: new Uint8Array(records * 16) }]);
    expect(text.split('\n').at(-3)).toMatch(new RegExp(`^${count}`));
    expect(readSRecord(latin1(text)).segments).toHaveLength(records);
  });

  test('a count that does not fit its field is cut to it', () => {
    const one = srecord('S1', '04000007');
    const text = [...Array<string>(0x1_0001).fill(one), srecord('S5', '030001')].join('\n');
    expect(readSRecord(latin1(text)).segments).toHaveLength(0x1_0001);
  });

  // biome-ignore format: a table is read by its rows
  test.each<[number, number | undefined, string[]]>([
    [0xffff, undefined, [srecord('S1', '04FFFF07'), srecord('S5', '030001'), srecord('S9', '030000')]],
    [0x1_0000, undefined, [srecord('S2', '0501000007'), srecord('S5', '030001'), srecord('S8', '04000000')]],
    [0xff_ffff, undefined, [srecord('S2', '05FFFFFF07'), srecord('S5', '030001'), srecord('S8', '04000000')]],
    [0x100_0000, undefined, [srecord('S3', '060100000007'), srecord('S5', '030001'), srecord('S7', '0500000000')]],
    [0xffff, 0x1_0000, [srecord('S2', '0500FFFF07'), srecord('S5', '030001'), srecord('S8', '04010000')]],
    [0xffff_ffff, 1, [srecord('S3', '06FFFFFFFF07'), srecord('S5', '030001'), srecord('S7', '0500000001')]],
  ])('a byte at %i, started at %s: as wide as its addresses', (address, entry, expected) => {
    const options = entry === undefined ? {} : { entry };
    expect(writeSRecord([at(address, 7)], options)).toBe(lines(HEAD, ...expected));
  });

  test('16 bytes a record, a header of up to 64', () => {
    const bytes = Array.from({ length: 17 }, (_, i) => i);
    expect(writeSRecord([at(0xfffe, ...bytes.slice(0, 3))])).toContain(
      `\n${srecord('S2', '0700FFFE000102')}\n`,
    );
    const [head, first, second] = writeSRecord([at(0x1000, ...bytes)], {
      header: 'A'.repeat(65),
    }).split('\n');
    expect(head).toBe(srecord('S0', `430000${'41'.repeat(64)}`));
    expect(first).toBe(srecord('S1', '131000000102030405060708090A0B0C0D0E0F'));
    expect(second).toBe(srecord('S1', '04101010'));
  });

  // biome-ignore format: a table is read by its rows
  test.each<[string, string[], object]>([
    ['S4', [srecord('S4', '030000')], { problem: 'record-type', line: 1 }],
    ['fewer bytes than it says', ['S104000000'], { problem: 'cut-off', line: 1 }],
    ['more', ['S10300000000'], { problem: 'record-length', line: 1 }],
    ['no room for its address', [srecord('S1', '0200')], { problem: 'record-length', line: 1 }],
    ['a count with data', [srecord('S5', '04000000')], { problem: 'record-length', line: 1 }],
    ['an end with data', [srecord('S9', '04000000')], { problem: 'record-length', line: 1 }],
    ['a wrong sum', ['S9030000FB'], { problem: 'checksum', line: 1 }],
    ['a wrong count', [srecord('S5', '030001')], { problem: 'record-count', line: 1 }],
    ['nothing but a header', [HEAD], { problem: 'no-end' }],
    ['no end', [srecord('S1', '03000')], { problem: 'cut-off', line: 1 }],
    ['data behind a count', [srecord('S5', '030000'), srecord('S1', '04000001')], { problem: 'no-end' }],
    ['something behind the end', [srecord('S9', '030000'), HEAD], { problem: 'after-end', line: 2 }],
    ['no digits', ['S1'], { problem: 'not-a-record', line: 1 }],
    ['something before it', ['xS9030000FC'], { problem: 'not-a-record', line: 1 }],
  ])('%s', (_what, text, details) => {
    const error = refusal(() => readSRecord(latin1(text.join('\n')), 'a.s19'));
    expect(error.details).toEqual(details);
    expect(error.message).toMatch(/^a\.s19 \(S-record file\) can not be used: /);
    expect(refusal(() => readSRecord(latin1(text.join('\n')))).message).toMatch(/^the S-record file /);
  });

  test('a start address of zero is none; a count ends a file without one', () => {
    const data = srecord('S1', '04000207');
    const segments = [{ ...at(2, 7), line: 1 }];
    expect(readSRecord(latin1(lines(data, srecord('S9', '030000'))))).toEqual({ segments });
    expect(readSRecord(latin1(lines(data, srecord('S9', '030001'))))).toEqual({
      segments,
      entry: 1,
    });
    expect(readSRecord(latin1(lines(data, srecord('S5', '030001'))))).toEqual({ segments });
    expect(readSRecord(latin1(lines(data, srecord('S6', '04000001'))))).toEqual({ segments });
  });

  test('a count that does not fit an S5 is cut', () => {
    const data = `${srecord('S1', '0400000A')}\n`.repeat(0x1_0001);
    const read = (...end: string[]): number =>
      readSRecord(latin1(data + lines(...end))).segments.length;
    expect(read(srecord('S5', '030001'))).toBe(0x1_0001);
    expect(() => read(srecord('S6', '04000001'))).toThrow('but has 65537');
  });

  test.each<[string, boolean]>([
    ['S00600004844521B', true],
    ['\n s1040000ff', true],
    ['S0060000', false],
    ['SA0600004844', false],
    ['xS00600004844521B', false],
  ])('%j is one: %j', (text, is) => {
    expect(isSRecord(latin1(text))).toBe(is);
  });
});

describe('text', () => {
  test('begins behind the mark of UTF-8 and white space, and is cut', () => {
    expect(startOf(latin1('\xef\xbb\xbf\r\n\t ab'))).toBe('ab');
    expect(startOf(latin1('\xef\xbbab'))).toBe('\xef\xbbab');
    expect(startOf(latin1('a'.repeat(300)))).toHaveLength(256);
  });

  test('lines are counted by every kind of end, and what is shown of one is cut', () => {
    const records = (text: string): unknown[] =>
      [...textRecords(latin1(text), /^(:)([0-9a-f]+)$/i, 'file')].map(({ line, mark, bytes }) => [
        line,
        mark,
        ...bytes,
      ]);
    expect(records(':01\r:0a\n:FF\r\n\r\n :9F \n\r:a0')).toEqual([
      [1, ':', 0x01],
      [2, ':', 0x0a],
      [3, ':', 0xff],
      [5, ':', 0x9f],
      [7, ':', 0xa0],
    ]);
    expect(records('')).toEqual([]);
    expect(records('\n\n')).toEqual([]);
    const error = refusal(() => records(`\n${'x'.repeat(30)}`));
    expect(error.message).toContain(`line 2: "${'x'.repeat(24)}" is no record`);
  });

  test.each(['\x1a', '\0', '\xff', '\t', '\n', '\r', ' '])('%j may pad it', (byte) => {
    const text = latin1(`${END}${byte.repeat(3)}`);
    expect(readIntelHex(text).segments).toEqual([]);
  });

  test.each(['\x19', '\x01', '\xfe', '!'])('%j may not', (byte) => {
    expect(refusal(() => readIntelHex(latin1(`${END}\n${byte}`))).details).toEqual({
      problem: 'not-a-record',
      line: 2,
    });
  });

  test('more than any image has is not read', () => {
    const text = `:${'0'.repeat(2 * LARGEST_TEXT + 2)}`;
    expect(refusal(() => readIntelHex(latin1(text)))).toMatchObject({
      hint: 'give the application alone',
      details: { problem: 'too-much', line: 1 },
    });
  });

  test('digits, and their sum', () => {
    expect(digitsOf(Uint8Array.of(0, 0x0a, 0xff))).toBe('000AFF');
    expect(hexByte(10)).toBe('0A');
    expect(sumOf(Uint8Array.of(0xff, 0xff, 3))).toBe(1);
  });
});

test('a raw binary may be as long as the largest flash, and no longer', () => {
  const apart = (size: number) => [at(0, 1), at(size - 1, 2)];
  expect(writeBinary(apart(0x40_0000)).bytes).toHaveLength(0x40_0000);
  expect(refusal(() => writeBinary(apart(0x40_0001))).details).toMatchObject({
    problem: 'too-far',
  });
});
