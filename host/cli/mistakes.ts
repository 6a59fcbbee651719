// Mistakes in a command line: what was probably meant, and which help shows how.
import { IapError } from '../base/errors.js';
import { type AnyCommand, firstWord } from './command.js';
import type { Loaded } from './load.js';
import { nearest } from './nearest.js';
import type { Option } from './option.js';
import { JSON_OPTION } from './options.js';
import { camelCase, MARK } from './values.js';

/** An error that has no better hint leads to the help of the command that was meant. */
export function withHelp(
  error: unknown,
  words: readonly string[],
  loaded: readonly Loaded[],
): unknown {
  if (!(error instanceof IapError) || error.code !== 'USAGE') return error;
  const help = `"${['iap', ...pathOf(loaded, words), '--help'].join(' ')}" shows how`;
  const { code, message, hint, details, cause } = error;
  if (hint !== undefined && !hint.startsWith(MEANT)) return error;
  return new IapError(code, message, {
    hint: [hint, help].filter(Boolean).join(' '),
    details,
    cause,
  });
}

/** The names of the command that was meant, as far as they can be told */
function pathOf(loaded: readonly Loaded[], words: readonly string[]): string[] {
  for (const [at, word] of words.entries()) {
    const one = loaded.find(({ name }) => firstWord(name) === word);
    if (!one) continue;
    return [word, ...('commands' in one ? pathOf(one.commands, words.slice(at + 1)) : [])];
  }
  return [];
}

const MEANT = 'did you mean';

/** What yargs says, in one line; of words that it does not know, with the nearest that there is */
export function mistake(
  message: string,
  words: readonly string[],
  loaded: readonly Loaded[],
): IapError {
  const [, list] = /^Unknown (?:argument|command)s?: (.*)$/s.exec(message) ?? [];
  if (list === undefined) return new IapError('USAGE', inOurWords(message, words, loaded));
  // Of "--some-thing" yargs tells "someThing" too.
  const names = list
    .split(', ')
    .filter((name, _, all) => !all.some((other) => other !== name && camelCase(other) === name));
  const name = (names[0] ?? '').replace(MARK, '');
  const path = pathOf(loaded, words);
  const isOption = !words.includes(name);
  const level = levelOf(loaded, path);
  const typed = isOption ? `${name.length === 1 ? '-' : '--'}${name}` : name;
  const known = isOption ? optionNames(level) : commandNames(level);
  const what = isOption ? 'option' : known.length > 0 ? 'command' : undefined;
  const near = nearest(typed, known);
  const more = names.length > 1 ? ` (and ${names.length - 1} more)` : '';
  return new IapError(
    'USAGE',
    what === undefined
      ? `"${typed}" is one word too many${more}`
      : `there is no ${what} ${typed}${more}`,
    near === undefined ? {} : { hint: `${MEANT} ${near}?` },
  );
}

function inOurWords(message: string, words: readonly string[], loaded: readonly Loaded[]): string {
  const level = levelOf(loaded, pathOf(loaded, words));
  if (message.startsWith('Not enough non-option arguments') && 'options' in level) {
    return `something is missing: iap ${[...pathOf(loaded, words).slice(0, -1), level.name].join(' ')}`;
  }
  const [, missing] = /^Missing required arguments?: (.*)$/s.exec(message) ?? [];
  if (missing !== undefined && 'options' in level) {
    const names = missing.split(', ').map((name) => optionText(name, level.options[name]));
    return `something is missing: ${names.join(', ')}`;
  }
  return message.replace(/\s*\n\s*/g, ' ');
}

/** -o, --output */
function optionText(name: string, option: Option | undefined): string {
  const short = [option?.alias ?? []].flat().map((alias) => `-${alias}, `);
  return `${short.join('')}--${name}`;
}

/** The command of this path, or the commands that may follow it */
function levelOf(
  loaded: readonly Loaded[],
  [first, ...rest]: readonly string[],
): AnyCommand | readonly Loaded[] {
  const one = loaded.find(({ name }) => firstWord(name) === first);
  if (!one) return loaded;
  return 'commands' in one ? levelOf(one.commands, rest) : one;
}

function optionNames(level: AnyCommand | readonly Loaded[]): string[] {
  const own = 'options' in level ? Object.keys({ ...level.options, ...JSON_OPTION }) : [];
  return [...own, 'help', 'version'].map((name) => `--${name}`);
}

function commandNames(level: AnyCommand | readonly Loaded[]): string[] {
  return 'options' in level ? [] : level.map(({ name }) => firstWord(name));
}
