// Option bytes of F0, F1 and F3: eight values, each with its complement behind it. Pure.
import { OPTION_BYTES } from '../image/areas.js';
import type { Span } from '../image/segments.js';
import { FAMILIES, type Family, MEMORY, SECTOR, SECTORS } from './chips.js';

/** Values and complements [bytes] */
export const OPTION_SIZE = OPTION_BYTES.to - OPTION_BYTES.from;

export interface OptionBytes {
  /** RDP, USER, Data0, Data1, WRP0 to WRP3 */
  readonly values: Uint8Array;
  /** Whether every value has its complement; one that has not counts as 0xFF */
  readonly whole: boolean;
  readonly readProtected: boolean;
  /** Write-protected sectors of 4 KB, 0 at the start of flash; the last stands for all that is left */
  readonly protectedSectors: readonly number[];
}

export function decodeOptionBytes(raw: Uint8Array, family: Family): OptionBytes {
  const values = new Uint8Array(OPTION_SIZE / 2);
  let whole = true;
  for (const i of values.keys()) {
    const [value = 0xff, complement = 0] = raw.subarray(2 * i, 2 * i + 2);
    const good = (value ^ complement) === 0xff;
    values[i] = good ? value : 0xff;
    // Parts with less flash have fewer WRP bytes, and nothing in the place of the others.
    whole &&= good || (value === 0xff && complement === 0xff && i >= 4);
  }
  const sectors = Array.from({ length: SECTORS }, (_, sector) => sector);
  return {
    values,
    whole,
    readProtected: values[0] !== FAMILIES[family].open,
    protectedSectors: sectors.filter(
      (sector) => (((values[4 + (sector >> 3)] ?? 0xff) >> (sector & 7)) & 1) === 0,
    ),
  };
}

/** Sectors that `size` bytes at `offset` into flash lie in */
export function sectorsOf(offset: number, size: number): number[] {
  const first = Math.min(Math.floor(offset / SECTOR), SECTORS - 1);
  const last = Math.min(Math.floor((offset + size - 1) / SECTOR), SECTORS - 1);
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

/** Flash that these sectors stand for, as runs; the last sector reaches to the end of flash. */
export function rangesOf(sectors: readonly number[], flashSize: number): Span[] {
  const runs: { address: number; length: number }[] = [];
  for (const sector of sectors) {
    const from = sector * SECTOR;
    const to = sector === SECTORS - 1 ? flashSize : Math.min(from + SECTOR, flashSize);
    const last = runs.at(-1);
    if (to <= from) continue; // a part with less flash
    if (last && last.address + last.length === MEMORY.flash + from) last.length += to - from;
    else runs.push({ address: MEMORY.flash + from, length: to - from });
  }
  return runs;
}
