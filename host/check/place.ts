// Where an image lies: its address, its size, and whether there is anything in it.
import { FLASH_BASE, FLASH_LIMIT } from '../image/areas.js';
import { BLANK, type Image } from '../image/image.js';
import { type Gap, HOLE } from '../image/segments.js';
import { hex32, sizeText } from '../text.js';
import type { Finding, Fixes } from './finding.js';
import { looksLikeVectors, wordAt } from './vector-table.js';

/** Where applications are */
export interface Area {
  readonly appBase: number;
  /** First address behind the application area */
  readonly appEnd: number;
}

/** Initial stack pointer and reset vector [bytes] */
const SMALLEST = 8;
/** First address that an Intel HEX file with extended segment addresses can not name */
const SEGMENT_REACH = 0x10_fff0;

export function addressFinding({ base, bytes }: Image, area: Area): Finding | undefined {
  const { appBase } = area;
  if (base === undefined || base === appBase) return undefined;
  const details = { base, appBase };
  if (looksLikeVectors(bytes, appBase)) {
    const { fixes: _, ...common } = wrongAddress(area);
    return {
      ...common,
      message: `the file puts the image at ${hex32(base)}, but its vectors are for ${hex32(appBase)}, where applications of this device start`,
      found: `placed at ${hex32(base)}, linked for ${hex32(appBase)}`,
      hint: 'give the ELF file, or convert it again without an offset or a change of addresses',
      details,
    };
  }
  const set = `set FLASH ORIGIN to ${hex32(appBase)} in the linker script`;
  return {
    ...wrongAddress(area),
    message: `the image is linked at ${hex32(base)}; applications of this device start at ${hex32(appBase)}`,
    found: `linked at ${hex32(base)}`,
    hint: set + otherMistakes(base, appBase),
    details,
  };
}

function otherMistakes(base: number, appBase: number): string {
  if (base < appBase && base >= FLASH_BASE) {
    return '; if a bootloader is in the file, give the application alone';
  }
  return base > 0 && base < SEGMENT_REACH
    ? '; or the file was converted with 16-bit addresses, which lose the upper half'
    : '';
}

/** What all findings of a wrong address have in common */
export function wrongAddress(area: Area): Omit<Finding, 'message' | 'found'> {
  const { appBase } = area;
  return {
    id: 'wrong-address',
    severity: 'error',
    code: 'IMAGE_WRONG_ADDRESS',
    expected: `linked at ${hex32(appBase)}`,
    hint: `set FLASH ORIGIN to ${hex32(appBase)} in the linker script`,
    fixes: flashFixes(area),
  };
}

function flashFixes({ appBase, appEnd }: Area): Fixes {
  const start = hex32(appBase);
  if (appEnd >= FLASH_LIMIT) {
    const less = `the flash less ${(appBase - FLASH_BASE) / 1024}K`;
    return {
      gcc: `in the .ld file, MEMORY: FLASH (rx) : ORIGIN = ${start}, LENGTH = ${less}`,
      keil: `Options for Target, Target: IROM1 Start ${start}, Size ${less}`,
      iar: `Linker, Config, Edit: .intvec start and ROM start ${start}`,
    };
  }
  const size = appEnd - appBase;
  return {
    gcc: `in the .ld file, MEMORY: FLASH (rx) : ORIGIN = ${start}, LENGTH = ${size / 1024}K`,
    keil: `Options for Target, Target: IROM1 Start ${start}, Size 0x${size.toString(16).toUpperCase()}`,
    iar: `Linker, Config, Edit: .intvec start and ROM start ${start}, ROM end ${hex32(appEnd - 1)}`,
  };
}

/** More than the application: the whole flash, bootloader and all, or data below it */
export function mergedFinding({ base, bytes }: Image, area: Area): Finding | undefined {
  const { appBase } = area;
  if (base === undefined || base >= appBase || base + bytes.length <= appBase) return undefined;
  if (!looksLikeVectors(bytes.subarray(appBase - base), appBase)) return undefined;
  const { fixes: _, ...common } = wrongAddress(area);
  const details = { base, appBase };
  const expected = `the application alone, from ${hex32(appBase)}`;
  if (looksLikeVectors(bytes, base)) {
    return {
      ...common,
      id: 'bootloader-inside',
      message: `the image begins at ${hex32(base)} and holds another application at ${hex32(appBase)}: a bootloader and an application in one file`,
      found: `two vector tables, at ${hex32(base)} and ${hex32(appBase)}`,
      expected,
      hint: 'give the application alone; a file for the whole flash is for a programmer or debugger',
      details,
    };
  }
  return {
    ...common,
    message: `the file begins at ${hex32(base)}, below the application at ${hex32(appBase)}`,
    found: `data from ${hex32(base)} on`,
    expected,
    hint: `give the application alone: an update writes nothing below ${hex32(appBase)}`,
    details,
  };
}

export function sizeFinding({ bytes }: Image, area: Area): Finding | undefined {
  const limit = area.appEnd - area.appBase;
  if (bytes.length > limit) {
    return {
      id: 'too-large',
      severity: 'error',
      code: 'IMAGE_TOO_LARGE',
      message: `the image has ${bytes.length} bytes; this device has room for ${limit}, ${bytes.length - limit} fewer`,
      found: `${bytes.length} bytes`,
      expected: `${limit} bytes at most`,
      hint: 'make the image smaller, or check that it is for this part',
      fixes: {
        gcc: 'compile with -Os -ffunction-sections -fdata-sections, link with -Wl,--gc-sections -specs=nano.specs',
        keil: 'Options for Target, C/C++: Optimization -Oz; Target: Use MicroLIB',
        iar: 'C/C++ Compiler, Optimizations: High, Size',
      },
      details: { size: bytes.length, limit },
    };
  }
  if (bytes.length >= SMALLEST) return undefined;
  return {
    id: 'too-short',
    severity: 'error',
    code: 'IMAGE_EMPTY',
    message: `the image has ${bytes.length} bytes, not even a stack pointer and a reset vector`,
    found: `${bytes.length} bytes`,
    expected: `${SMALLEST} bytes at least`,
    hint: 'check that the build went through and that this is the right file',
    details: { size: bytes.length },
  };
}

/** Nobody sees from the outside that a file leaves something out. */
export function gapFinding(gaps: readonly Gap[]): Finding | undefined {
  const holes = gaps.filter(({ length }) => length >= HOLE);
  const [first] = holes;
  if (!first) return undefined;
  const { address, length, behind } = first;
  const range = `${hex32(address)} to ${hex32(address + length - 1)}`;
  const more = holes.length > 1 ? `, nor for ${holes.length - 1} more such ranges` : '';
  const names = behind.sections?.filter((name) => name !== '').join(', ');
  const what = names ? `${names}, ` : '';
  return {
    id: 'gap-filled',
    severity: 'warning',
    code: 'IMAGE_FORMAT',
    message: `the file has nothing for ${range}, ${length} bytes${more}: an update erases what is there and leaves it 0xFF`,
    found: `nothing for ${range}`,
    expected: 'an image without gaps, or gaps that are meant',
    hint: `if that is not meant, take out what is behind it (${what}${sizeText(behind.bytes.length)} at ${hex32(behind.address)})`,
    details: { address, length, gaps: holes.length },
  };
}

export function blankFinding({ bytes }: Image): Finding | undefined {
  const value = wordAt(bytes, 0) & 0xff;
  if ((value !== BLANK && value !== 0) || bytes.some((byte) => byte !== value)) return undefined;
  const what = value === BLANK ? '0xFF, as erased flash is' : '0x00';
  return {
    id: 'blank',
    severity: 'error',
    code: 'IMAGE_VECTORS',
    message: `all ${bytes.length} bytes of the image are ${what}: there is no application in it`,
    found: `nothing but ${what}`,
    expected: 'a vector table and code',
    hint: 'check that the build went through; a dump of a read-protected or erased device looks like this',
    details: { size: bytes.length },
  };
}
