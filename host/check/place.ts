// The room for an image, and whether there is anything in it.
import { FLASH_BASE } from '../image/areas.js';
import { BLANK, type Image } from '../image/image.js';
import { INTEL_HEX, isIntelHex } from '../image/intel-hex.js';
import type { ImageFile } from '../image/load.js';
import { isSRecord, S_RECORD } from '../image/s-record.js';
import type { Finding } from './finding.js';
import { looksLikeVectors, wordAt } from './vector-table.js';

/** Where applications are */
export interface Area {
  readonly appBase: number;
  /** First address behind the application area */
  readonly appEnd: number;
}

/** Initial stack pointer and reset vector [bytes] */
const SMALLEST = 8;

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

/** A text file that is named like a raw binary is read as one, and its digits as code. */
export function misnamedFinding({ format, image }: ImageFile): Finding | undefined {
  if (format !== 'binary') return undefined;
  const what = isIntelHex(image.bytes) ? INTEL_HEX : isSRecord(image.bytes) ? S_RECORD : undefined;
  if (what === undefined || looksLikeVectors(image.bytes, image.base ?? FLASH_BASE))
    return undefined;
  const ending = what === INTEL_HEX ? '.hex' : '.srec';
  return {
    id: 'misnamed',
    severity: 'error',
    code: 'IMAGE_VECTORS',
    message: `the file is named like a raw binary, but reads as an ${what}`,
    found: `an ${what}`,
    expected: 'bytes of an application',
    hint: `rename it to ${ending}`,
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
