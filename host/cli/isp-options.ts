// Options of the commands that talk to a ROM bootloader.
import { IapError } from '../base/errors.js';
import { checkLineArguments, LINE_OPTIONS, type LineArguments } from './line-options.js';
import { checkInteger } from './options.js';

export interface IspArguments extends LineArguments {
  readonly port?: string | undefined;
  readonly baud: number;
  readonly timeout?: number | undefined;
  readonly wait: boolean;
  readonly verbose: boolean;
  readonly json: boolean;
  readonly ahead: boolean;
}

export const ISP_OPTIONS = {
  port: { type: 'string', requiresArg: true, describe: 'Serial port; "iap ports" lists them' },
  baud: {
    type: 'number',
    requiresArg: true,
    default: 115200,
    describe: 'Rate; the ROM bootloader finds it out by itself',
  },
  timeout: { type: 'number', requiresArg: true, describe: 'How long to look for the part [ms]' },
  wait: { type: 'boolean', default: false, describe: 'Call until the part answers: reset it now' },
  ...LINE_OPTIONS,
  ahead: {
    type: 'boolean',
    default: false,
    describe: 'Do not wait for each ACK: faster, and more than AN3155 promises',
  },
  verbose: { type: 'boolean', default: false, describe: 'Wire trace on standard error' },
} as const;

export const YES_OPTION = {
  yes: { type: 'boolean', default: false, describe: 'Yes, do it' },
} as const;

/** What the ROM finds out by itself (AN3155 section 2); more than 115200 works on many adapters. */
const RATES = { least: 1200, most: 1_000_000 } as const;

/** @throws IapError USAGE */
export function checkIspArguments(args: IspArguments): void {
  checkInteger('--baud', args.baud, RATES.least, RATES.most);
  if (args.timeout !== undefined) checkInteger('--timeout', args.timeout, 1, 0x7fff_ffff);
  if (Array.isArray(args.port)) throw new IapError('USAGE', '--port is given twice');
  checkLineArguments(args);
}
