// Numbers, names and other people's text, as messages show them.
import { describe, expect, test } from 'vitest';
import {
  asciiOf,
  escaped,
  excerpt,
  flagNames,
  hex32,
  hexBytes,
  isPrintable,
  nameOf,
  printable,
  sizeText,
} from '../../host/base/text.js';

test.each([
  [0, '0x00000000'],
  [0x0800_abcd, '0x0800ABCD'],
  [0xffff_ffff, '0xFFFFFFFF'],
  [-1, '0xFFFFFFFF'], // as bit operations leave it
])('the word %i', (value, text) => expect(hex32(value)).toBe(text));

test.each([
  [0, '0 bytes'],
  [1, '1 byte'],
  [2, '2 bytes'],
])('the size %i', (bytes, text) => expect(sizeText(bytes)).toBe(text));

test('bytes have two digits each', () => {
  expect(hexBytes(Uint8Array.of(0, 0x0a, 0xff))).toBe('000aff');
  expect(hexBytes(new Uint8Array())).toBe('');
});

describe('a value of the definition', () => {
  const TABLE = { ONE: 1, TWO: 2, TOP: 0x8000_0000 };

  test('has its name, or is a number to a version that does not know it', () => {
    expect(nameOf(TABLE, 2)).toBe('TWO');
    expect(nameOf(TABLE, 0x1f)).toBe('0x1f');
  });

  test.each<[number, string[]]>([
    [0, []],
    [1, ['ONE']],
    [3, ['ONE', 'TWO']],
    [0x8000_0000, ['TOP']],
    [0x11, ['ONE', '0x10']],
    [0x4000_0000, ['0x40000000']],
    [0xffff_ffff, ['ONE', 'TWO', 'TOP', '0x7ffffffc']],
  ])('flags of %i: those that are known, then the rest', (value, names) => {
    expect(flagNames(TABLE, value)).toEqual(names);
  });
});

describe("somebody else's text", () => {
  test('controls no terminal', () => {
    expect(printable('a\u001b[2Jb\nc\u202e水')).toBe('a?[2Jb?c?水');
    expect(isPrintable('水 pump')).toBe(true);
    expect(isPrintable('pump\u0007')).toBe(false);
  });

  test('is cut to 40 characters in a message', () => {
    expect(excerpt('x'.repeat(40))).toBe('x'.repeat(40));
    expect(excerpt(`${'x'.repeat(39)}\nyz`)).toBe(`${'x'.repeat(39)}?`);
  });

  test('in JSON stays the same value', () => {
    // A control character of C1, the mark of writing from right to left, and one of two halves
    const value = 'a\u009b\u202e\u{e0001}b';
    const json = escaped(JSON.stringify(value));
    expect(json).toBe('"a\\u009b\\u202e\\udb40\\udc01b"');
    expect(JSON.parse(json)).toBe(value);
  });

  test('as ASCII has something else for each other character', () => {
    expect(asciiOf('A ~\u007f水\n', '_')).toBe('A ~___');
  });
});
