// Texts that say what they are called: so a test tells which text is where, and not how it is worded.
import { LANGUAGES } from '../../host/web/texts/language.js';
import type { Texts } from '../../host/web/texts/texts.js';

export const NAMES = named(LANGUAGES.en, '') as Texts;

function named(value: unknown, path: string): unknown {
  if (typeof value === 'function') {
    return (...args: readonly unknown[]) => `${path}(${args.join(', ')})`;
  }
  if (typeof value !== 'object' || value === null) return path;
  if (Array.isArray(value)) return value.map((one, i) => named(one, `${path}.${i}`));
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      named(one, path === '' ? key : `${path}.${key}`),
    ]),
  );
}
