// Which language the page speaks.
import { EN } from './en.js';
import type { Language, Texts } from './texts.js';
import { ZH } from './zh.js';

export const LANGUAGES: Readonly<Record<Language, Texts>> = { en: EN, zh: ZH };

/** @param wanted as people or browsers name languages, the best first: zh-TW, en-GB */
export function languageFor(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const base = tag.toLowerCase().split('-', 1)[0] ?? '';
    if (isLanguage(base)) return base;
  }
  return 'en';
}

function isLanguage(text: string): text is Language {
  return Object.hasOwn(LANGUAGES, text);
}
