// What lies below the application: boot record areas A and B, below them the identity block and the key block (docs/memory-map.md).
import { BOOTLOADER_BASE, Identity, KeyBlock, RECORD_AREA_SIZE } from '../../protocol/index.js';

/** Both record areas together [bytes] */
export const RECORD_SIZE = 2 * RECORD_AREA_SIZE;

/** Addresses that follow from where applications are linked */
export interface Places {
  readonly identity: number;
  /** Key block; room for code where a bootloader takes unsigned images */
  readonly keys: number;
  /** Area A; area B is RECORD_AREA_SIZE behind it. Also the end of the bootloader. */
  readonly record: number;
  /** Room for the bootloader's code, up to the identity block [bytes] */
  readonly codeSize: number;
}

export function placesBelow(appBase: number): Places {
  const record = appBase - RECORD_SIZE;
  const identity = record - Identity.size;
  return {
    identity,
    keys: identity - KeyBlock.size,
    record,
    codeSize: identity - BOOTLOADER_BASE,
  };
}
