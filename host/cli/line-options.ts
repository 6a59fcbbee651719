// Options of every command that opens a port: DTR and RTS. Neither is touched unless asked.
import { IapError } from '../base/errors.js';
import { released, WIRINGS, type Wiring } from '../isp/lines.js';
import type { ControlLines } from '../link/transport.js';
import type { ArgumentsOf } from './option.js';

const CHOICE = {
  type: 'string',
  requiresArg: true,
  choices: ['on', 'off', 'keep'],
  default: 'keep',
} as const;

export const LINE_OPTIONS = {
  dtr: { ...CHOICE, describe: 'Output DTR while the port is open; keep: as the system sets it' },
  rts: { ...CHOICE, describe: 'Output RTS' },
  lines: {
    type: 'string',
    requiresArg: true,
    choices: ['none', ...Object.keys(WIRINGS)],
    default: 'none',
    describe: 'How DTR and RTS are wired to reset and BOOT0: resets the device first',
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
} as const;

export type LineArguments = Partial<ArgumentsOf<typeof LINE_OPTIONS>>;

/** @throws IapError USAGE */
export function checkLineArguments(args: LineArguments): void {
  const { dtr = 'keep', rts = 'keep', lines = 'none', invertReset, invertBoot0 } = args;
  if (lines === 'none' && (invertReset || invertBoot0)) {
    throw new IapError('USAGE', '--invert-reset and --invert-boot0 need --lines', {
      hint: 'for example --lines dtr-reset --invert-reset',
    });
  }
  if (lines !== 'none' && (dtr !== 'keep' || rts !== 'keep')) {
    throw new IapError('USAGE', '--lines sets DTR and RTS itself', {
      hint: 'leave --dtr and --rts away, or --lines',
    });
  }
}

export function wiringOf(args: LineArguments): Wiring | undefined {
  const { lines = 'none', invertReset = false, invertBoot0 = false } = args;
  const wiring = WIRINGS[lines];
  if (!wiring) return undefined;
  return {
    ...wiring,
    resetInverted: wiring.resetInverted !== invertReset,
    boot0Inverted: wiring.boot0Inverted !== invertBoot0,
  };
}

/** What to set as soon as the port is open: opening may have pulled reset or BOOT0. */
export function linesOf(args: LineArguments): ControlLines {
  const wiring = wiringOf(args);
  if (wiring) return released(wiring);
  const { dtr = 'keep', rts = 'keep' } = args;
  return {
    ...(dtr === 'keep' ? {} : { dtr: dtr === 'on' }),
    ...(rts === 'keep' ? {} : { rts: rts === 'on' }),
  };
}
