// Identifiers and versions as people write them, up to the longest and the largest.
import { describe, expect, test } from 'vitest';
import { nameText, parseHex, parseName, textOf } from '../../host/image/names.js';
import { parseVersion, versionText } from '../../host/image/version.js';
import { refusal } from '../support/refusal.js';
import { utf8 } from '../support/text-bytes.js';

describe('an identifier of four bytes', () => {
  test.each<[string, number[]]>([
    ['a', [0x61, 0, 0, 0]],
    ['abcd', [0x61, 0x62, 0x63, 0x64]],
    ['ä1', [0xc3, 0xa4, 0x31, 0]],
    ['00ffA5b6', [0, 0xff, 0xa5, 0xb6]],
    ['12ffA5b6', [0x12, 0xff, 0xa5, 0xb6]],
    ['00ff', [0x30, 0x30, 0x66, 0x66]],
  ])('%s', (text, bytes) => {
    expect(parseName('it', text, 4)).toEqual(Uint8Array.from(bytes));
  });

  test.each<[string, RegExp, RegExp | undefined]>([
    ['', /^it must be text of 1 to 4 bytes or 8 hex digits; it is empty$/, undefined],
    ['abcde', /; "abcde" has 5$/, undefined],
    ['00ffA5bg', /has 8$/, undefined],
    ['00ffA5b6x', /has 9$/, undefined],
    ['a\n', /can not be printed/, /write it as 8 hex digits/],
  ])('%j is none', (text, message, hint) => {
    const error = refusal(() => parseName('it', text, 4));
    expect(error.code).toBe('USAGE');
    expect(error.message).toMatch(message);
    if (hint) expect(error.hint).toMatch(hint);
    else expect(error.hint).toBeUndefined();
  });

  test('in hex digits alone', () => {
    expect(parseHex('it', '00ffA5b6', 4)).toEqual(Uint8Array.of(0, 0xff, 0xa5, 0xb6));
    for (const text of ['abcd', '00ffA5b', '00ffA5b67', '00ffA5bg', 'g0ffA5b6', '00ffA5b6\n']) {
      const error = refusal(() => parseHex('it', text, 4));
      expect(error.code).toBe('USAGE');
      expect(error.message).toContain('it must be 8 hex digits, got "');
    }
  });

  test.each<[string, Uint8Array, string | undefined]>([
    ['text', utf8('ab\0\0'), 'ab'],
    ['text that fills it', utf8('abcd'), 'abcd'],
    ['nothing', new Uint8Array(4), undefined],
    ['text behind a zero', utf8('\0abc'), undefined],
    ['something behind a zero', utf8('a\0b\0'), undefined],
    ['something at its end', utf8('ab\0b'), undefined],
    ['what can not be printed', utf8('a\x01\0\0'), undefined],
    ['no UTF-8', Uint8Array.of(0x61, 0xff, 0, 0), undefined],
    ['the mark of UTF-8, which is not printed', Uint8Array.of(0xef, 0xbb, 0xbf, 0x61), undefined],
  ])('that holds %s', (_what, bytes, text) => {
    expect(textOf(bytes)).toBe(text);
    const hex = Buffer.from(bytes).toString('hex');
    expect(nameText(bytes)).toBe(text === undefined ? hex : `"${text}" (${hex})`);
  });
});

describe('versions', () => {
  test('part by part', () => {
    expect(parseVersion('1.2.3')).toEqual({ major: 1, minor: 2, patch: 3, build: 0 });
    expect(parseVersion('1.2.3+4')).toEqual({ major: 1, minor: 2, patch: 3, build: 4 });
    expect(versionText({ major: 1, minor: 2, patch: 3, build: 0 })).toBe('1.2.3');
    expect(versionText({ major: 0, minor: 0, patch: 0, build: 1 })).toBe('0.0.0+1');
  });

  test.each([
    '65536.0.0',
    '0.65536.0',
    '0.0.65536',
    '0.0.0+65536',
    '1.2',
    '1.2.3+',
    ' 1.2.3',
    '1.2.3 ',
  ])('%j is none', (text) => {
    expect(refusal(() => parseVersion(text))).toMatchObject({ code: 'USAGE' });
  });

  test('the largest', () => {
    const most = 65_535;
    expect(parseVersion('65535.65535.65535+65535')).toEqual({
      ...{ major: most, minor: most, patch: most, build: most },
    });
  });
});
