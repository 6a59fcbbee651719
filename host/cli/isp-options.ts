// Options of the commands that talk to a ROM bootloader.
import { IapError } from '../base/errors.js';
import { LINE_OPTIONS } from './line-options.js';
import type { ArgumentsOf } from './option.js';
import { ALLOW_OPTION, BASE_OPTION, LINK_OPTIONS, TIMES } from './options.js';

/** What the ROM finds out by itself (AN3155 section 2); more than 115200 works on many adapters. [baud] */
const ROM_RATES = { least: 1200, most: 1_000_000 } as const;

export const ISP_OPTIONS = {
  port: LINK_OPTIONS.port,
  baud: {
    type: 'number',
    ...ROM_RATES,
    requiresArg: true,
    default: 115200,
    describe: 'Rate; the ROM bootloader finds it out by itself',
  },
  timeout: {
    type: 'number',
    ...TIMES,
    requiresArg: true,
    describe: 'How long to look for the part [ms]',
  },
  wait: { type: 'boolean', default: false, describe: 'Call until the part answers: reset it now' },
  ...LINE_OPTIONS,
  ahead: {
    type: 'boolean',
    default: false,
    describe: 'Do not wait for each ACK: faster, and more than AN3155 promises',
  },
  verbose: { type: 'boolean', default: false, describe: 'Wire trace on standard error' },
} as const;

export type IspArguments = ArgumentsOf<typeof ISP_OPTIONS>;

export const YES_OPTION = {
  yes: { type: 'boolean', default: false, describe: 'Yes, do it' },
} as const;

/** An image for a part, not for a bootloader */
export const ISP_IMAGE = {
  image: {
    type: 'string',
    demandOption: true,
    complete: 'file',
    describe: 'Image: .hex, .srec, .elf, .bin or .iap, written at its own addresses',
  },
} as const;

export const ISP_IMAGE_OPTIONS = {
  ...ISP_OPTIONS,
  base: { ...BASE_OPTION.base, describe: 'Where a raw binary belongs' },
} as const;

export const ISP_WRITE_OPTIONS = {
  ...ISP_IMAGE_OPTIONS,
  ...ALLOW_OPTION,
  'mass-erase': {
    type: 'boolean',
    default: false,
    describe: 'Erase all of flash instead of the pages needed',
  },
} as const;

export const RANGE_OPTIONS = {
  start: { type: 'string', requiresArg: true, describe: 'First address' },
  length: { type: 'string', requiresArg: true, describe: 'Number of bytes' },
} as const;

export const PROTECTION_OPTIONS = {
  read: { type: 'boolean', default: false, describe: 'Read-out protection' },
  write: { type: 'boolean', default: false, describe: 'Write protection' },
} as const;

/** @throws IapError USAGE */
export function checkProtection({ read, write }: ArgumentsOf<typeof PROTECTION_OPTIONS>): void {
  if (read || write) return;
  throw new IapError('USAGE', 'say which protection: --read or --write', {
    hint: 'read-out protection, or write protection of sectors of flash',
  });
}
