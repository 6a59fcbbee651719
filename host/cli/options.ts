// Options that several commands share, and their values checked in one place.
import { ADDRESS_BROADCAST } from '../../protocol/index.js';
import { IapError } from '../base/errors.js';
import type { FindingId } from '../check/finding.js';
import type { Span } from '../image/segments.js';
import { LINE_OPTIONS } from './line-options.js';
import type { ArgumentsOf } from './option.js';
import { wholeNumber } from './values.js';

/** What ports and adapters can [baud] */
export const RATES = { least: 300, most: 12_000_000 } as const;
/** Longer is no time but a slip [ms]. */
export const TIMES = { least: 1, most: 0x7fff_ffff } as const;

export const LINK_OPTIONS = {
  port: {
    type: 'string',
    requiresArg: true,
    complete: 'file',
    describe: 'Serial port ("iap ports" lists them), tcp://HOST:PORT or rfc2217://HOST:PORT',
  },
  'initial-baud': {
    type: 'number',
    ...RATES,
    requiresArg: true,
    default: 115200,
    describe: 'Rate to find the device',
  },
  address: {
    type: 'number',
    least: 0,
    most: ADDRESS_BROADCAST - 1,
    requiresArg: true,
    default: 0,
    describe: 'Bus address; 0 is the only device on the line',
  },
  'half-duplex': {
    type: 'boolean',
    default: false,
    describe: 'The line is one pair for both directions, as RS-485: known before a device says so',
  },
  timeout: {
    type: 'number',
    ...TIMES,
    requiresArg: true,
    describe: 'How long to look for the device [ms]',
  },
  wait: {
    type: 'boolean',
    default: false,
    describe: 'Call until a device answers: plug it in or reset it now',
  },
  ...LINE_OPTIONS,
  verbose: { type: 'boolean', default: false, describe: 'Wire trace on standard error' },
  'line-rate': {
    type: 'number',
    ...RATES,
    requiresArg: true,
    describe: 'Rate that the line behind tcp:// has, for time-outs; --initial-baud if missing',
  },
} as const;

/** Of every command */
export const JSON_OPTION = {
  json: {
    type: 'boolean',
    default: false,
    describe: 'One JSON object a line, the last is the result',
  },
} as const;

const AUTO = 'auto';

export const BAUD_OPTION = {
  baud: {
    type: 'string',
    requiresArg: true,
    complete: () => [AUTO],
    describe: 'Rate of the transfer, if device and line can; auto: the fastest that holds',
  },
} as const;

export const BASE_OPTION = {
  base: {
    type: 'string',
    requiresArg: true,
    describe: "Where a raw binary is linked; the device's application address if missing",
  },
} as const;

export const ALLOW_OPTION = {
  allow: {
    type: 'string',
    many: true,
    requiresArg: true,
    describe: 'Error of "iap check" to go on with all the same, by its name; may be given again',
  },
} as const;

export const OUTPUT_OPTION = {
  output: {
    alias: 'o',
    type: 'string',
    requiresArg: true,
    demandOption: true,
    complete: 'file',
    describe: 'File to write',
  },
} as const;

export const PUBLIC_KEY_OPTION = {
  'public-key': {
    type: 'string',
    requiresArg: true,
    complete: 'file',
    describe: 'Public key that the signature must fit, PEM',
  },
} as const;

export const WAIT_APP_OPTION = {
  'wait-app': {
    type: 'boolean',
    default: false,
    describe: 'After the start, wait until the application answers',
  },
} as const;

/** An application: a positional */
export const IMAGE = {
  image: {
    type: 'string',
    demandOption: true,
    complete: 'file',
    describe: 'Application: .bin, .hex, .srec, .elf or .iap package',
  },
} as const;

export type LinkArguments = ArgumentsOf<typeof LINK_OPTIONS>;
export type ImageArguments = ArgumentsOf<typeof IMAGE & typeof BASE_OPTION>;
export type AllowArguments = ArgumentsOf<typeof ALLOW_OPTION>;

/** An address as people write it: 0x08008000 or decimal. */
export function parseAddress(name: string, text: string): number {
  return wholeNumber(name, text, { least: 0, most: 0xffff_ffff });
}

/** @throws IapError USAGE */
export function parseBaud(text: string): number | typeof AUTO {
  return text === AUTO ? AUTO : wholeNumber('--baud', text, RATES, AUTO);
}

/** Bytes, written like an address */
export function parseLength(text: string): number {
  return wholeNumber('--length', text, { least: 1, most: 0x0100_0000 });
}

export interface TypedRange {
  readonly start?: string | undefined;
  readonly length?: string | undefined;
}

/** Undefined unless both are given: neither has a default, a forgotten one must not cost more flash than was meant. */
export function parseRange({ start, length }: TypedRange): Span | undefined {
  if (start === undefined || length === undefined) return undefined;
  return { address: parseAddress('--start', start), length: parseLength(length) };
}

/**
 * @param allowable what may be named
 * @throws IapError USAGE
 */
export function parseAllow<T extends FindingId>(
  typed: AllowArguments['allow'],
  allowable: readonly T[],
): T[] {
  return (typed ?? []).map((id) => {
    const found = allowable.find((known) => known === id);
    if (found !== undefined) return found;
    throw new IapError('USAGE', `--allow takes ${allowable.join(', ')}; got "${id}"`, {
      hint: 'other errors leave nothing to write, or the device itself refuses them',
    });
  });
}
