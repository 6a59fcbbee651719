// What a product id says about a part. Parts that this package has a bootloader for come from bootloader-c/parts; the others are
// those of AN2606's table of product ids whose flash works the same way.
import { FLASH_BASE, OPTION_BYTES } from '../image/areas.js';
import { PARTS } from '../parts/parts.generated.js';

export type Family = 'stm32f0' | 'stm32f1' | 'stm32f3';

export interface Chip {
  /** What the id tells apart; several part numbers share one */
  readonly name: string;
  readonly family: Family;
  readonly pid: number;
  /** Bytes erased at once */
  readonly pageSize: number;
  /** Bytes at the bottom of RAM that the ROM bootloader uses, and does not let a host write (AN2606) */
  readonly romRam: number;
}

const RAM_BASE = 0x2000_0000;

/** The same places in all three families */
export const MEMORY = {
  flash: FLASH_BASE,
  ram: RAM_BASE,
  options: OPTION_BYTES.from,
} as const;

/** A write-protection bit stands for so many bytes (RM0008 table 8, RM0091 and RM0316 section 4) */
export const SECTOR = 4096;
/** The last bit of a large flash stands for all that is left (PM0075 table 10) */
export const SECTORS = 32;

interface FamilyFacts {
  /** Option byte RDP that leaves flash readable */
  readonly open: number;
  /** Option byte RDP that can never be taken back, where there is one */
  readonly forEver?: number;
  /** Addresses of the flash size [KB, 16 bits] and of the 96-bit unique id */
  readonly flashSizeRegister: number;
  readonly uniqueId: number;
}

export const FAMILIES: Readonly<Record<Family, FamilyFacts>> = {
  stm32f0: { open: 0xaa, forEver: 0xcc, flashSizeRegister: 0x1fff_f7cc, uniqueId: 0x1fff_f7ac },
  stm32f1: { open: 0xa5, flashSizeRegister: 0x1fff_f7e0, uniqueId: 0x1fff_f7e8 },
  stm32f3: { open: 0xaa, forEver: 0xcc, flashSizeRegister: 0x1fff_f7cc, uniqueId: 0x1fff_f7ac },
};

export function isFamily(name: string): name is Family {
  return Object.hasOwn(FAMILIES, name);
}

/** AN2606, tables of device-dependent parameters; page sizes from RM0008, RM0041, RM0091, RM0360, RM0316. */
const CHIPS: readonly Chip[] = [
  { name: 'STM32F10x low density', family: 'stm32f1', pid: 0x412, pageSize: 1024, romRam: 0x200 },
  {
    name: 'STM32F10x medium density',
    family: 'stm32f1',
    pid: 0x410,
    pageSize: 1024,
    romRam: 0x200,
  },
  { name: 'STM32F10x high density', family: 'stm32f1', pid: 0x414, pageSize: 2048, romRam: 0x200 },
  { name: 'STM32F105/F107', family: 'stm32f1', pid: 0x418, pageSize: 2048, romRam: 0x1000 },
  {
    name: 'STM32F100 low and medium density',
    family: 'stm32f1',
    pid: 0x420,
    pageSize: 1024,
    romRam: 0x200,
  },
  { name: 'STM32F100 high density', family: 'stm32f1', pid: 0x428, pageSize: 2048, romRam: 0x200 },
  { name: 'STM32F10x XL density', family: 'stm32f1', pid: 0x430, pageSize: 2048, romRam: 0x800 },
  { name: 'STM32F05x/F030x8', family: 'stm32f0', pid: 0x440, pageSize: 1024, romRam: 0x800 },
  { name: 'STM32F03x', family: 'stm32f0', pid: 0x444, pageSize: 1024, romRam: 0x800 },
  { name: 'STM32F09x/F030xC', family: 'stm32f0', pid: 0x442, pageSize: 2048, romRam: 0x1800 },
  { name: 'STM32F04x/F070x6', family: 'stm32f0', pid: 0x445, pageSize: 1024, romRam: 0x1800 },
  { name: 'STM32F07x', family: 'stm32f0', pid: 0x448, pageSize: 2048, romRam: 0x1800 },
  { name: 'STM32F302/F303xB/xC', family: 'stm32f3', pid: 0x422, pageSize: 2048, romRam: 0x1400 },
  { name: 'STM32F302/F303xD/xE', family: 'stm32f3', pid: 0x446, pageSize: 2048, romRam: 0x1800 },
  { name: 'STM32F303x6/x8/F334', family: 'stm32f3', pid: 0x438, pageSize: 2048, romRam: 0x1800 },
  { name: 'STM32F301/F302x6/x8', family: 'stm32f3', pid: 0x439, pageSize: 2048, romRam: 0x1800 },
  { name: 'STM32F37x', family: 'stm32f3', pid: 0x432, pageSize: 2048, romRam: 0x1400 },
];

export function chipOf(pid: number): Chip | undefined {
  return CHIPS.find((chip) => chip.pid === pid);
}

/** Parts of this package with this product id; the flash size tells them apart where there are several. */
export function partNamesOf(pid: number): string[] {
  return PARTS.filter((part) => part.pid === pid).map(({ name }) => name);
}
