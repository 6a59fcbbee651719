// The least that each case can take: what line and flash need for it, whatever the software does.
import { deflateRawSync } from 'node:zlib';

/** Of the part, by its data sheet's typical values */
export interface Flash {
  /** [bytes] */
  readonly page: number;
  readonly eraseMs: number;
  readonly halfWordMs: number;
}

/** STM32F103, DS5792 table 5.3.9; the virtual board's --flash-typical */
export const F103_FLASH: Flash = { page: 2048, eraseMs: 20, halfWordMs: 0.0525 };

export interface Bound {
  /** Each alone [s] */
  readonly line: number;
  readonly flash: number;
  /** One works while the other does, but for one page: it must be there before it is written [s] */
  readonly total: number;
}

export interface Update {
  /** The image that is in flash; missing: nothing */
  readonly from?: Uint8Array | undefined;
  readonly to: Uint8Array;
  readonly baud: number;
}

export const NOTHING: Bound = { line: 0, flash: 0, total: 0 };
const BITS_A_BYTE = 10;
/** ST's ROM bootloader: with even parity (AN3155) */
const ROM_BITS_A_BYTE = 11;
const ROM_BAUD = 115_200;
/** What the host must know of a page to leave it out: its CRC-32 */
const CRC_BYTES = 4;
/** As far as deflate sees */
const WINDOW = 32 * 1024;

/** The line: pages that differ, raw or deflated, whatever is less, and what is asked of the others. The flash: those pages. */
export function boundOfUpdate({ from, to, baud }: Update, flash: Flash = F103_FLASH): Bound {
  const pages = Math.ceil(to.length / flash.page);
  const old = flashed(from ?? new Uint8Array(), pages * flash.page);
  const wanted = flashed(to, pages * flash.page);
  const seconds = (bytes: number): number => (bytes * BITS_A_BYTE) / baud;
  let sum = { sent: 0, flashMs: 0 };
  let last = sum;
  for (let at = 0; at < wanted.length; at += flash.page) {
    const there = old.subarray(at, at + flash.page);
    if (Buffer.compare(there, wanted.subarray(at, at + flash.page)) === 0) continue;
    const page = to.subarray(at, at + flash.page);
    const eraseMs = there.every((byte) => byte === 0xff) ? 0 : flash.eraseMs;
    last = {
      sent: leastBytes(page, from, to, at),
      flashMs: eraseMs + Math.ceil(page.length / 2) * flash.halfWordMs,
    };
    sum = { sent: sum.sent + last.sent, flashMs: sum.flashMs + last.flashMs };
  }
  if (sum.sent === 0) return NOTHING;
  const line = seconds(sum.sent + (from === undefined ? 0 : pages * CRC_BYTES));
  return overlapped(line, sum.flashMs / 1000, seconds(last.sent), last.flashMs / 1000);
}

/**
 * The bootloader through the ROM, which does not overlap, and then the application as an update onto blank flash
 * @param baud the highest that the bootloader can
 */
export function boundOfFactory(
  bootloader: Uint8Array,
  to: Uint8Array,
  baud: number,
  flash: Flash = F103_FLASH,
): Bound {
  const app = boundOfUpdate({ to, baud }, flash);
  const line = (bootloader.length * ROM_BITS_A_BYTE) / ROM_BAUD;
  const inFlash = (Math.ceil(bootloader.length / 2) * flash.halfWordMs) / 1000;
  return {
    line: line + app.line,
    flash: inFlash + app.flash,
    total: line + inFlash + app.total,
  };
}

function overlapped(line: number, flash: number, linePage: number, flashPage: number): Bound {
  return { line, flash, total: line > flash ? line + flashPage : flash + linePage };
}

function flashed(bytes: Uint8Array, size: number): Uint8Array {
  const all = new Uint8Array(size).fill(0xff);
  all.set(bytes.subarray(0, size));
  return all;
}

/** Raw, or deflated with the old image around it, or with the new one before it, as a dictionary */
function leastBytes(
  page: Uint8Array,
  from: Uint8Array | undefined,
  to: Uint8Array,
  at: number,
): number {
  const dictionaries = [
    to.subarray(Math.max(0, at - WINDOW), at),
    (from ?? new Uint8Array()).subarray(Math.max(0, at - WINDOW / 2), at + WINDOW / 2),
  ];
  const deflated = dictionaries.map(
    (dictionary) => deflateRawSync(page, { level: 9, memLevel: 9, dictionary }).length,
  );
  return Math.min(page.length, ...deflated);
}
