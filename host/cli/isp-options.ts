// Options of the commands that talk to a ROM bootloader.
import { IapError } from '../base/errors.js';
import { WIRINGS, type Wiring } from '../isp/lines.js';
import { checkInteger } from './options.js';

export interface IspArguments {
  readonly port?: string | undefined;
  readonly baud: number;
  readonly timeout?: number | undefined;
  readonly wait: boolean;
  readonly verbose: boolean;
  readonly json: boolean;
  readonly lines: string;
  readonly invertReset: boolean;
  readonly invertBoot0: boolean;
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
  lines: {
    type: 'string',
    requiresArg: true,
    choices: ['none', ...Object.keys(WIRINGS)],
    default: 'none',
    describe: 'How DTR and RTS are wired to reset and BOOT0',
  },
  'invert-reset': {
    type: 'boolean',
    default: false,
    describe: 'High resets, because of a transistor in the way',
  },
  'invert-boot0': {
    type: 'boolean',
    default: false,
    describe: 'Low starts the ROM bootloader',
  },
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
  if (args.lines === 'none' && (args.invertReset || args.invertBoot0)) {
    throw new IapError('USAGE', '--invert-reset and --invert-boot0 need --lines', {
      hint: 'for example --lines dtr-reset --invert-reset',
    });
  }
}

export function wiringOf({ lines, invertReset, invertBoot0 }: IspArguments): Wiring | undefined {
  const wiring = WIRINGS[lines];
  if (!wiring) return undefined;
  return {
    ...wiring,
    resetInverted: wiring.resetInverted !== invertReset,
    boot0Inverted: wiring.boot0Inverted !== invertBoot0,
  };
}
