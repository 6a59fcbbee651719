// Options that several commands share, and their values checked in one place.
import { ADDRESS_BROADCAST } from '../../protocol/index.js';
import { IapError } from '../base/errors.js';
import type { FindingId } from '../check/finding.js';
import type { Span } from '../image/segments.js';
import { checkLineArguments, LINE_OPTIONS, type LineArguments } from './line-options.js';

/** What yargs makes of the command line for commands that talk to a device. */
export interface LinkArguments extends LineArguments {
  readonly port?: string | undefined;
  readonly baud?: number | undefined;
  readonly initialBaud: number;
  readonly address: number;
  readonly json: boolean;
  readonly timeout?: number | undefined;
  readonly wait: boolean;
  readonly verbose: boolean;
}

export const LINK_OPTIONS = {
  port: { type: 'string', requiresArg: true, describe: 'Serial port; "iap ports" lists them' },
  'initial-baud': {
    type: 'number',
    requiresArg: true,
    default: 115200,
    describe: 'Rate to find the device',
  },
  address: {
    type: 'number',
    requiresArg: true,
    default: 0,
    describe: 'Bus address; 0 is the only device on the line',
  },
  timeout: { type: 'number', requiresArg: true, describe: 'How long to look for the device [ms]' },
  wait: {
    type: 'boolean',
    default: false,
    describe: 'Call until a device answers: plug it in or reset it now',
  },
  ...LINE_OPTIONS,
  verbose: { type: 'boolean', default: false, describe: 'Wire trace on standard error' },
} as const;

export const JSON_OPTION = {
  json: {
    type: 'boolean',
    default: false,
    describe: 'One JSON object a line, the last is the result',
  },
} as const;

export const BAUD_OPTION = {
  baud: {
    type: 'number',
    requiresArg: true,
    describe: 'Rate of the transfer, if device and line can',
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
    requiresArg: true,
    describe: 'Error of "iap check" to go on with all the same, by its name; may be given again',
  },
} as const;

const HIGHEST_RATE = 12_000_000;

/** @throws IapError USAGE */
export function checkLinkArguments(args: LinkArguments): void {
  checkInteger('--initial-baud', args.initialBaud, 300, HIGHEST_RATE);
  if (args.baud !== undefined) checkInteger('--baud', args.baud, 300, HIGHEST_RATE);
  if (args.timeout !== undefined) checkInteger('--timeout', args.timeout, 1, 0x7fff_ffff);
  checkInteger('--address', args.address, 0, ADDRESS_BROADCAST - 1);
  if (args.port !== undefined) once('--port', args.port);
  checkLineArguments(args);
}

export function checkInteger(name: string, value: unknown, least: number, most: number): void {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most)
    return;
  throw new IapError(
    'USAGE',
    `${name} must be a whole number from ${least} to ${most}, got ${String(value)}`,
  );
}

/** An address as people write it: 0x08008000 or decimal. */
export function parseAddress(name: string, text: string): number {
  return parseInteger(name, text, 0, 0xffff_ffff);
}

/** Bytes, written like an address; not left to yargs, which forgets what was typed. */
export function parseLength(text: string): number {
  return parseInteger('--length', text, 1, 0x0100_0000);
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

function parseInteger(name: string, typed: string, least: number, most: number): number {
  const text = once(name, typed);
  const value = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new IapError(
    'USAGE',
    `${name} must be a whole number from ${least} to ${most}, got "${text}"`,
    { hint: 'decimal, or hexadecimal with 0x' },
  );
}

/** The value of an option that makes no sense twice: yargs makes a list of it then. */
export function once(name: string, value: string): string {
  if (Array.isArray(value)) throw new IapError('USAGE', `${name} is given twice`);
  return value;
}

/**
 * @param allowable what may be named
 * @throws IapError USAGE
 */
export function parseAllow<T extends FindingId>(
  typed: string | readonly string[] | undefined,
  allowable: readonly T[],
): T[] {
  return [typed ?? []].flat().map((id) => {
    const found = allowable.find((known) => known === id);
    if (found !== undefined) return found;
    throw new IapError('USAGE', `--allow takes ${allowable.join(', ')}; got "${id}"`, {
      hint: 'other errors leave nothing to write, or the device itself refuses them',
    });
  });
}
