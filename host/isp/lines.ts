// DTR and RTS as reset and BOOT0: what to set, and for how long.
import { IapError } from '../base/errors.js';
import type { ControlLines, Transport } from '../link/transport.js';

export interface Wiring {
  /** The output that resets the part while its pin is low */
  readonly reset: 'dtr' | 'rts';
  /** The output that starts the ROM bootloader while its pin is high at a reset */
  readonly boot0: 'dtr' | 'rts';
  /** There is a transistor in the way: high resets */
  readonly resetInverted: boolean;
  /** There is a transistor in the way: low starts the ROM bootloader */
  readonly boot0Inverted: boolean;
  /** The transistor on reset works only while BOOT0 is high; false if missing */
  readonly resetNeedsBoot0?: boolean;
}

/**
 * The usual ways, by name. An output that is asserted ("on", 1 in most programs) is low at the pin of a TTL adapter, DTR# or RTS#.
 *
 * | name      | reset is low while         | BOOT0 is high while |
 * |-----------|----------------------------|---------------------|
 * | dtr-reset | DTR on (DTR# low)          | RTS off (RTS# high) |
 * | rts-reset | RTS on (RTS# low)          | DTR off (DTR# high) |
 * | flymcu    | DTR off (DTR# high) and    | RTS on (RTS# low)   |
 * |           | RTS on (RTS# low)          |                     |
 *
 * dtr-reset and rts-reset are wires: what stm32loader does by itself, and with -s.
 *
 * flymcu is the one-key circuit of boards with a CH340, made for mcuisp and FlyMcu set to "DTR low resets, RTS high enters the
 * bootloader". These programs speak of RS-232 levels, where high is on; the pins are the other way round. A PNP transistor pulls
 * BOOT0 up while RTS# is low. An NPN transistor pulls reset down; its base is at DTR#, its emitter at RTS#. So nothing resets with
 * BOOT0 low: into flash it goes by letting go of both at once. BOOT0 falls with its resistor, reset rises later, with its capacitor.
 */
export const WIRINGS: Readonly<Record<string, Wiring>> = {
  'dtr-reset': { reset: 'dtr', boot0: 'rts', resetInverted: false, boot0Inverted: false },
  'rts-reset': { reset: 'rts', boot0: 'dtr', resetInverted: false, boot0Inverted: false },
  flymcu: {
    reset: 'dtr',
    boot0: 'rts',
    resetInverted: true,
    boot0Inverted: true,
    resetNeedsBoot0: true,
  },
};

export interface LineStep {
  readonly lines: ControlLines;
  /** How long to leave it so [ms] */
  readonly ms: number;
}

/** Longer than any filter on a reset pin */
const RESET_MS = 100;
/**
 * Until the ROM bootloader listens: 231 ms on the slowest of these parts (AN2606, F070 without a crystal). A byte 7Fh that it
 * hears half of gives it a wrong rate, and it is deaf until the next reset.
 */
export const ROM_START_MS = 300;

/** Resets the part with BOOT0 high (into the ROM bootloader) or low (into flash). */
export function resetSequence(wiring: Wiring, rom: boolean): LineStep[] {
  const held = boot0(wiring, rom || wiring.resetNeedsBoot0 === true);
  return [
    { lines: { ...held, ...reset(wiring, true) }, ms: RESET_MS },
    { lines: { ...boot0(wiring, rom), ...reset(wiring, false) }, ms: rom ? ROM_START_MS : 0 },
  ];
}

/** The part runs, and its next reset goes into flash. */
export function released(wiring: Wiring): ControlLines {
  return { ...boot0(wiring, false), ...reset(wiring, false) };
}

/** @throws IapError USAGE, PORT_… */
export async function setInTurn(
  transport: Transport,
  steps: readonly LineStep[],
  sleep: (ms: number) => Promise<void>,
): Promise<void> {
  if (!transport.setLines) {
    throw new IapError('USAGE', 'this port has no DTR and RTS outputs', {
      hint: 'leave --lines away, and reset by hand',
    });
  }
  for (const { lines, ms } of steps) {
    await transport.setLines(lines);
    await sleep(ms);
  }
}

function boot0(wiring: Wiring, high: boolean): ControlLines {
  return output(wiring.boot0, high !== wiring.boot0Inverted);
}

function reset(wiring: Wiring, active: boolean): ControlLines {
  return output(wiring.reset, active === wiring.resetInverted);
}

/** @param high at the pin */
function output(name: 'dtr' | 'rts', high: boolean): ControlLines {
  return name === 'dtr' ? { dtr: !high } : { rts: !high };
}
