// The words of a vector table, before anybody judges them.
import type { AddressRange } from '../parts/parts.js';

/** As far as any part has it */
export const ANY_SRAM: AddressRange = { from: 0x2000_0000, to: 0x2010_0000 };
/** With the core-coupled RAM of some parts */
export const ANY_RAM: readonly AddressRange[] = [ANY_SRAM, { from: 0x1000_0000, to: 0x1002_0000 }];

/** Word of an image; 0 behind its end */
export function wordAt(bytes: Uint8Array, offset: number): number {
  if (offset + 4 > bytes.length) return 0;
  // Without a DataView: the checks ask for every word of half a megabyte.
  const byte = (i: number): number => bytes[offset + i] ?? 0;
  return (byte(0) | (byte(1) << 8) | (byte(2) << 16) | (byte(3) << 24)) >>> 0;
}

/** Whether bytes at an address begin with a stack pointer in some RAM and a reset vector into themselves. */
export function looksLikeVectors(bytes: Uint8Array, address: number): boolean {
  const reset = wordAt(bytes, 4);
  return (
    isStack(wordAt(bytes, 0), ANY_RAM) &&
    reset % 2 === 1 &&
    reset >= address &&
    reset < address + bytes.length
  );
}

/** Whether a reset vector is into the image at address 0, where flash appears after a reset */
export function isAlias(reset: number, size: number): boolean {
  return reset % 2 === 1 && reset >= 8 && reset < size;
}

/** Full descending: the first push goes below it. */
export function isStack(value: number, rams: readonly AddressRange[]): boolean {
  return rams.some(({ from, to }) => value > from && value <= to);
}
