// Option bytes that write-protect the bootloader (PM0075 § 2.5, RM0091 § 4, RM0316 § 4): each byte with its complement.
import { IapError } from '../errors.js';
import type { Segment } from '../image/segments.js';
import type { Part } from '../parts.js';

const ADDRESS = 0x1fff_f800;
/** Flash that one bit of WRP protects, on all families here [bytes] */
const UNIT = 4096;
/** WRP bytes that a part may have; its last bit covers what is left of a larger flash. */
const MOST_WRP = 4;
/** RDP value that leaves flash readable; anything else is read-out protection, and undoing that erases the flash. */
const READABLE: Readonly<Record<string, number>> = { stm32f1: 0xa5, stm32f0: 0xaa, stm32f3: 0xaa };
/** USER, DATA0 and DATA1 as delivered */
const AS_DELIVERED = 0xff;

/**
 * The option bytes of a part with the bootloader protected, all else as delivered. The record and the application stay
 * writable.
 * @param bootloaderSize with its identity block [bytes]; the record behind it stays writable
 * @throws IapError USAGE for a family whose option bytes are not known here
 */
export function protectingOptionBytes({ family, flash }: Part, bootloaderSize: number): Segment {
  const readable = READABLE[family];
  if (readable === undefined) {
    throw new IapError('USAGE', `the option bytes of ${family} are not known to this program`, {
      hint: 'protect the bootloader with your debugger',
    });
  }
  const wrp = Math.min(MOST_WRP, (flash.to - flash.from) / (8 * UNIT));
  const units = bootloaderSize / UNIT;
  const values = [readable, AS_DELIVERED, AS_DELIVERED, AS_DELIVERED];
  for (let i = 0; i < wrp; i++) {
    const clear = Math.max(0, Math.min(8, units - 8 * i));
    values.push(0xff & ~(2 ** clear - 1));
  }
  const bytes = Uint8Array.from(values.flatMap((value) => [value, 0xff & ~value]));
  return { address: ADDRESS, bytes };
}
