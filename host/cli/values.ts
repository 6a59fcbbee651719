// What was typed → what a command is given: numbers within their bounds, once what is said once, names of files as they are.
import { IapError } from '../base/errors.js';
import type { Option, OptionTable } from './option.js';

export interface Bounds {
  readonly least?: number | undefined;
  readonly most?: number | undefined;
}

/** Decimal, with a power of ten if you like, or hexadecimal */
const WHOLE = /^(0x[0-9a-f]+|\d+(e\d+)?)$/i;

/**
 * @param name for messages: "--timeout"
 * @param word that may stand in its place
 * @throws IapError USAGE
 */
export function wholeNumber(
  name: string,
  text: string,
  { least = 0, most = Number.MAX_SAFE_INTEGER }: Bounds,
  word?: string,
): number {
  const value = WHOLE.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new IapError(
    'USAGE',
    `${name} must be a whole number from ${least} to ${most}${word ? `, or ${word}` : ''}, got "${text}"`,
    { hint: 'decimal, or hexadecimal with 0x' },
  );
}

/**
 * Only the options' own values, by the names that handlers know them by: yargs adds others.
 * @param parsed by yargs, all values as text
 * @throws IapError USAGE
 */
export function argumentsFrom(
  parsed: Readonly<Record<string, unknown>>,
  options: OptionTable,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(options).flatMap(([name, option]) => {
      const value = valueFrom(`--${name}`, option, parsed[name]);
      return value === undefined ? [] : [[camelCase(name), value]];
    }),
  );
}

function valueFrom(name: string, option: Option, found: unknown): unknown {
  const parsed = withoutMark(found);
  if (option.many === true) return parsed === undefined ? undefined : [parsed].flat();
  if (option.array === true) return parsed;
  // Of what is given twice yargs makes a list.
  if (Array.isArray(parsed)) throw new IapError('USAGE', `${name} is given twice`);
  if (option.type !== 'number' || typeof parsed !== 'string') return parsed;
  return wholeNumber(name, parsed, option);
}

export function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** No file has it in its name. */
export const MARK = '\0';

/** What stands behind "--" is a name, whatever it begins with; yargs takes none of it for the command. */
export function withNamesMarked(words: readonly string[]): string[] {
  const end = words.indexOf('--');
  if (end < 0) return [...words];
  return [...words.slice(0, end), ...words.slice(end + 1).map((word) => `${MARK}${word}`)];
}

function withoutMark(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutMark);
  return typeof value === 'string' && value.startsWith(MARK) ? value.slice(MARK.length) : value;
}
