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
