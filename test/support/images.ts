// Images a device would start: a plausible vector table, then bytes that do not compress.

import { APP_BASE } from '../../protocol/index.js';
import { randomBytes } from './random.js';

/** Words of the longest vector table of any part */
export const MOST_VECTORS = 98;

/** An image that every rule of "iap check" is content with: all its vectors are one handler. */
export function appImage(size: number, seed = 1, base = APP_BASE): Uint8Array {
  const bytes = randomBytes(seed, size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x2000_5000, true);
  for (let at = 4; at + 4 <= Math.min(size, 4 * MOST_VECTORS); at += 4) {
    view.setUint32(at, base + 9, true);
  }
  return bytes;
}

/**
 * An image that nothing is wrong with: the vector table of an STM32F103xB, then code that is never looked at.
 * @param words of the table that are to be others, by their index
 */
export function tableImage(
  size = 1000,
  base = APP_BASE,
  words: Readonly<Record<number, number>> = {},
): Uint8Array {
  const bytes = new Uint8Array(size).fill(0x46);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < 59; i++) {
    const usual = i === 0 ? 0x2000_5000 : i > 6 && i < 11 ? 0 : base + 0x101;
    view.setUint32(4 * i, words[i] ?? usual, true);
  }
  return bytes;
}

/** Its code sets VTOR to `value`: LDR R0, =VTOR; LDR R1, =value; B; NOP; two literals; STR R1, [R0] */
export function settingVtor(value: number, bytes = tableImage()): Uint8Array {
  const code = [
    0x4801,
    0x4902,
    0xe004,
    0xbf00,
    0xed08,
    0xe000,
    value & 0xffff,
    value >>> 16,
    0x6001,
  ];
  bytes.set(new Uint8Array(Uint16Array.from(code).buffer), 0x200);
  return bytes;
}

/** Something with the marks of a bootloader for this part */
export function bootloaderImage(size = 5000, part = 'stm32f103xb'): Uint8Array {
  const bytes = new Uint8Array(size).fill(0x5a);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x2000_5000, true);
  view.setUint32(4, 0x0800_0101, true);
  bytes.set(new TextEncoder().encode(part), size - 300);
  return bytes;
}
