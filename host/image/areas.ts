// The address space of an STM32, as far as an image can be meant for it (RM0008 § 3.3, RM0091 § 2.2, RM0316 § 3.2).
import { LARGEST_IMAGE } from './limits.js';

/** The first address that no 32-bit controller has */
export const ADDRESS_SPACE = 2 ** 32;

/** Erased flash */
export const BLANK = 0xff;

/** Whether bytes read as erased flash */
export function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === BLANK);
}

export const FLASH_BASE = 0x0800_0000;
/** First address behind the flash of the largest part */
export const FLASH_LIMIT = FLASH_BASE + LARGEST_IMAGE;

/** Value and complement, RDP first; the same place in all three families (PM0075 § 2.5, RM0091 and RM0316 § 4) */
export const OPTION_BYTES = { from: 0x1fff_f800, to: 0x1fff_f810 } as const;

const RAMS = [
  { from: 0x1000_0000, to: 0x1010_0000, name: 'core-coupled RAM' },
  { from: 0x2000_0000, to: 0x4000_0000, name: 'RAM' },
] as const;

const AREAS = [
  { from: FLASH_BASE, to: FLASH_LIMIT, name: 'flash' },
  ...RAMS,
  { ...OPTION_BYTES, name: 'the option bytes' },
  { from: 0x1fff_0000, to: 0x2000_0000, name: 'the system memory' },
  { from: 0x4000_0000, to: 0x6000_0000, name: 'the peripherals' },
] as const;

export function inFlash(address: number): boolean {
  return address >= FLASH_BASE && address < FLASH_LIMIT;
}

/** Core-coupled or not */
export function inRam(address: number): boolean {
  return RAMS.some(({ from, to }) => address >= from && address < to);
}

/** What is at an address, in words for people */
export function areaName(address: number): string {
  return AREAS.find(({ from, to }) => address >= from && address < to)?.name ?? 'no memory';
}
