// Both languages of the page say everything; that nothing is missing, the compiler sees.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { LANGUAGES, languageFor } from '../../host/web/texts/language.js';

const { en: EN, zh: ZH } = LANGUAGES;

function strings(value: unknown, path = ''): (readonly [path: string, text: string])[] {
  if (typeof value === 'string') return [[path, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => strings(inner, `${path}.${key}`));
}

test('both have the same keys', () => {
  expect(strings(ZH).map(([path]) => path)).toEqual(strings(EN).map(([path]) => path));
});

test('every code of an error has cause and remedy', () => {
  const source = readFileSync('host/base/errors.ts', 'utf8');
  const [, union = ''] = /type IapErrorCode =([^;]+);/.exec(source) ?? [];
  const codes = [...union.matchAll(/'([A-Z_]+)'/g)].map(([, code = '']) => code);
  expect(codes.length).toBeGreaterThan(40);
  for (const { errors } of [EN, ZH]) {
    for (const code of codes) expect(errors).toHaveProperty(code);
  }
});

describe.each([EN, ZH])('$lang', (texts) => {
  test('nothing is empty, and errors are sentences', () => {
    const all = strings(texts);
    expect(all.filter(([, text]) => text.trim() === '')).toEqual([]);
    const unended = strings(texts.errors).filter(([, text]) => !/[.。]$/.test(text));
    expect(unended).toEqual([]);
  });
});

test('Chinese is Chinese', () => {
  const latin = strings(ZH).filter(([, text]) => !/[\u4e00-\u9fff]/.test(text));
  expect(latin.map(([path]) => path).sort()).toEqual(['.hash', '.lang']);
  // Punctuation of the other language beside its characters
  const mixed = strings(ZH).filter(([, text]) =>
    /[\u4e00-\u9fff][,;!?]|[\u4e00-\u9fff]\.(?!\w)/.test(text),
  );
  expect(mixed).toEqual([]);
});

test('the language is the first of those that are wanted', () => {
  expect(languageFor(['zh-TW', 'en'])).toBe('zh');
  expect(languageFor(['fr', 'EN-gb', 'zh'])).toBe('en');
  expect(languageFor(['', 'ko'])).toBe('en');
  expect(languageFor([])).toBe('en');
});

test('numbers are written as the language does', () => {
  expect(EN.bytes(123456)).toBe('123,456 bytes');
  expect(ZH.bytes(123456)).toBe('123,456 字节');
  expect(EN.seconds(65)).toBe('1 min 5 s');
  expect(ZH.seconds(5)).toBe('5 秒');
  expect(EN.hardwareRange(2, 2)).toBe('2');
});

test.each([
  ['bytes', [1234567], '1,234,567 bytes', '1,234,567 字节'],
  ['signedBy', [2], 'by key 2; the device verifies it', '由密钥 2 签名，由设备验证'],
  ['lastPort', ['FTDI'], 'Use FTDI', '使用 FTDI'],
  ['bootloader', ['0.3.1'], 'bootloader 0.3.1', '引导程序 0.3.1'],
  ['progress', [49, '2.0 kB', '4.0 kB'], '49 %, 2.0 kB of 4.0 kB', '49%，2.0 kB / 4.0 kB'],
  ['rateAndTime', ['8.1', '5 s'], '8.1 kB/s, 5 s left', '8.1 kB/s，剩余 5 s'],
  ['hardwareRange', [1, 3], '1 to 3', '1 至 3'],
  ['hardwareRange', [3, 3], '3', '3'],
  ['seconds', [59], '59 s', '59 秒'],
  ['seconds', [60], '1 min 0 s', '1 分 0 秒'],
  ['seconds', [125], '2 min 5 s', '2 分 5 秒'],
] as const)('%s of %j', (name, values, en, zh) => {
  const text = (texts: typeof EN): string =>
    (texts[name] as (...values: readonly unknown[]) => string)(...values);
  expect([text(EN), text(ZH)]).toEqual([en, zh]);
});

test('figures of an update that is done are in the sentence', () => {
  for (const { doneFacts } of [EN, ZH]) expect(doneFacts('B', 'S')).toMatch(/B.*S|S.*B/);
});
