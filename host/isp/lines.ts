// DTR and RTS as reset and BOOT0. Pure: what to set, and for how long.
import type { ControlLines } from '../link/transport.js';

export interface Wiring {
  /** The output that resets the part while its pin is low */
  readonly reset: 'dtr' | 'rts';
  /** The output that starts the ROM bootloader while its pin is high at a reset */
  readonly boot0: 'dtr' | 'rts';
  /** There is a transistor in the way: high resets */
  readonly resetInverted: boolean;
  /** There is a transistor in the way: low starts the ROM bootloader */
  readonly boot0Inverted: boolean;
}

/** The usual ways, by name. An output that is asserted is low at the pin of a TTL adapter. */
export const WIRINGS: Readonly<Record<string, Wiring>> = {
  'dtr-reset': { reset: 'dtr', boot0: 'rts', resetInverted: false, boot0Inverted: false },
  'rts-reset': { reset: 'rts', boot0: 'dtr', resetInverted: false, boot0Inverted: false },
  // "DTR low resets, RTS high enters": the one-key circuit of CH340 boards
  flymcu: { reset: 'dtr', boot0: 'rts', resetInverted: false, boot0Inverted: false },
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
  const boot0 = output(wiring.boot0, wiring.boot0Inverted ? !rom : rom);
  const reset = output(wiring.reset, wiring.resetInverted);
  const run = output(wiring.reset, !wiring.resetInverted);
  return [
    { lines: { ...boot0, ...reset }, ms: RESET_MS },
    { lines: { ...boot0, ...run }, ms: rom ? ROM_START_MS : 0 },
  ];
}

function output(name: 'dtr' | 'rts', high: boolean): ControlLines {
  return name === 'dtr' ? { dtr: !high } : { rts: !high };
}
