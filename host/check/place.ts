// The room for an image, and whether there is anything in it.
import { hex32, sizeText } from '../base/text.js';
import { BLANK, FLASH_LIMIT } from '../image/areas.js';
import type { Image } from '../image/image.js';
import { type Gap, HOLE } from '../image/segments.js';
import { wordAt } from '../image/vector-table.js';
import type { Finding } from './finding.js';

/** Where applications are */
export interface ApplicationArea {
  readonly appBase: number;
  /** First address behind the application area */
  readonly appEnd: number;
}

/** It ends with the flash of the largest part where nobody knows better. */
export function isOpen({ appEnd }: ApplicationArea): boolean {
  return appEnd >= FLASH_LIMIT;
}

/** Initial stack pointer and reset vector [bytes] */
const SMALLEST = 8;

export function sizeFinding({ bytes }: Image, area: ApplicationArea): Finding | undefined {
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
export function gapFinding(gaps: readonly Gap[] = []): Finding | undefined {
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
