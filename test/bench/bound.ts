// The least that an update can take: what line and flash need for it, whatever the software does.
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
  /** Both with their own part of the work alone [s] */
  readonly line: number;
  readonly flash: number;
  /** One works while the other does, but for one page: it must be there before it is written [s] */
  readonly total: number;
}

export interface Update {
  /** What is in flash from the first page of the new image on; missing: nothing */
  readonly from?: Uint8Array | undefined;
  readonly to: Uint8Array;
  readonly baud: number;
}

const BITS_A_BYTE = 10;
/** What the host must know of a page to leave it out: its CRC-32 */
const CRC_BYTES = 4;
/** As far as deflate sees */
const WINDOW = 32 * 1024;

export function boundOf({ from, to, baud }: Update, flash: Flash = F103_FLASH): Bound {
  const pages = Math.ceil(to.length / flash.page);
  const padded = (bytes: Uint8Array | undefined): Uint8Array => {
    const flashed = new Uint8Array(pages * flash.page).fill(0xff);
    flashed.set((bytes ?? new Uint8Array()).subarray(0, flashed.length));
    return flashed;
  };
  const old = padded(from);
  const wanted = padded(to);
  const seconds = (bytes: number): number => (bytes * BITS_A_BYTE) / baud;
  let sent = 0;
  let flashMs = 0;
  let last = { sent: 0, flashMs: 0 };
  for (let at = 0; at < wanted.length; at += flash.page) {
    const page = wanted.subarray(at, at + flash.page);
    const there = old.subarray(at, at + flash.page);
    if (same(page, there)) continue;
    const blank = there.every((byte) => byte === 0xff);
    const halfWords = to.subarray(at, at + flash.page).length / 2;
    last = {
      sent: leastBytes(to.subarray(at, at + flash.page), from, to, at),
      flashMs: (blank ? 0 : flash.eraseMs) + halfWords * flash.halfWordMs,
    };
    sent += last.sent;
    flashMs += last.flashMs;
  }
  if (sent === 0) return { line: 0, flash: 0, total: 0 };
  const line = seconds(sent + (from === undefined ? 0 : pages * CRC_BYTES));
  const inFlash = flashMs / 1000;
  const total = line > inFlash ? line + last.flashMs / 1000 : inFlash + seconds(last.sent);
  return { line, flash: inFlash, total };
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
    ...(from === undefined ? [] : [from.subarray(Math.max(0, at - WINDOW / 2), at + WINDOW / 2)]),
  ];
  const deflated = dictionaries
    .filter(({ length }) => length > 0)
    .map((dictionary) => deflateRawSync(page, { level: 9, memLevel: 9, dictionary }).length);
  return Math.min(page.length, ...deflated);
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((byte, i) => byte === b[i]);
}
