// Option bytes that write-protect the bootloader (PM0075 § 2.5, RM0091 § 4, RM0316 § 4): each byte with its complement.
import { IapError } from '../base/errors.js';
import type { Segment } from '../image/segments.js';
import { FAMILIES, isFamily, MEMORY, SECTOR, SECTORS } from '../isp/chips.js';
import type { Part } from '../parts/parts.js';

/** USER, DATA0 and DATA1 as delivered */
const AS_DELIVERED = 0xff;

/**
 * The option bytes of a part with the bootloader protected, all else as delivered. The record and the application stay
 * writable.
 * @param bootloaderSize with its identity block [bytes]; the record behind it stays writable
 * @throws IapError USAGE for a family whose option bytes are not known here
 */
export function protectingOptionBytes({ family, flash }: Part, bootloaderSize: number): Segment {
  if (!isFamily(family)) {
    throw new IapError('USAGE', `the option bytes of ${family} are not known to this program`, {
      hint: 'protect the bootloader with your debugger',
    });
  }
  const wrp = Math.min(SECTORS, (flash.to - flash.from) / SECTOR) / 8;
  const units = bootloaderSize / SECTOR;
  const values = [FAMILIES[family].open, AS_DELIVERED, AS_DELIVERED, AS_DELIVERED];
  for (let i = 0; i < wrp; i++) {
    const clear = Math.max(0, Math.min(8, units - 8 * i));
    values.push(0xff & ~(2 ** clear - 1));
  }
  const bytes = Uint8Array.from(values.flatMap((value) => [value, 0xff & ~value]));
  return { address: MEMORY.options, bytes };
}
