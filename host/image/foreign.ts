// What people give by mistake: files of other formats, by their content, in words. A raw binary has no format, so that every one of
// these would otherwise be written as if it were code.
import { startOf } from './text-records.js';

/** A format that is neither an image nor a package */
export interface Foreign {
  /** For example "a ZIP archive" */
  readonly what: string;
  /** What to do */
  readonly hint: string;
}

const BUILT_FROM = 'give the .elf, .hex or .bin behind it, as the build made it';
const UNPACK = 'unpack it, and give the image that is in it';
const PROGRAM = 'give the application that was built for the device';
const TEXT = 'look into it: it may be a message of a server or a tool, saved as the image';

/**
 * First bytes, as characters. The upper byte of the first word of a program is 0x20 or 0x10, of a stack in RAM; none of these has
 * that there.
 */
const STARTS: readonly (readonly [magic: string, what: string, hint: string])[] = [
  ['UF2\n', 'a UF2 file', BUILT_FROM],
  ['DfuSe', 'a DfuSe file (.dfu)', BUILT_FROM],
  [
    '\x3d\xb8\xf3\x96',
    'an image with the header of MCUboot',
    'give it without that header, linked for this bootloader',
  ],
  [
    '\x3c\xb8\xf3\x96',
    'an image with the header of MCUboot',
    'give it without that header, linked for this bootloader',
  ],
  ['\x27\x05\x19\x56', 'an image of U-Boot', BUILT_FROM],
  ['\xd0\x0d\xfe\xed', 'a device tree or FIT image', PROGRAM],
  ['\x3a\xff\x26\xed', 'a sparse image of Android', PROGRAM],
  ['ANDROID!', 'a boot image of Android', PROGRAM],
  ['!<arch>\n', 'a library of object files (.a)', 'give the linked application'],
  ['!<thin>\n', 'a library of object files (.a)', 'give the linked application'],
  ['\xce\xfa\xed\xfe', 'a program for macOS', PROGRAM],
  ['\xcf\xfa\xed\xfe', 'a program for macOS', PROGRAM],
  ['PK\x03\x04', 'a ZIP archive', UNPACK],
  ['PK\x05\x06', 'an empty ZIP archive', UNPACK],
  ['\x1f\x8b\x08', 'a gzip file', UNPACK],
  ['BZh', 'a bzip2 file', UNPACK],
  ['\xfd7zXZ\x00', 'an xz file', UNPACK],
  ['7z\xbc\xaf\x27\x1c', 'a 7-Zip archive', UNPACK],
  ['\x28\xb5\x2f\xfd', 'a Zstandard file', UNPACK],
  ['\x04\x22\x4d\x18', 'an LZ4 file', UNPACK],
  ['Rar!\x1a\x07', 'a RAR archive', UNPACK],
  ['%PDF-', 'a PDF document', 'give the image'],
];

/** So much of a file is looked at to see whether it is text. */
const LOOKED_AT = 4096;

/** Undefined for what may be a raw binary */
export function foreignFormat(file: Uint8Array): Foreign | undefined {
  const start = new TextDecoder('latin1').decode(file.subarray(0, 8));
  const found = STARTS.find(([magic]) => start.startsWith(magic));
  if (found) return { what: found[1], hint: found[2] };
  if (at(file, 257, 5) === 'ustar') return { what: 'a tar archive', hint: UNPACK };
  if (isWindowsProgram(file)) return { what: 'a program for Windows or EFI', hint: PROGRAM };
  if (hasDfuSuffix(file)) {
    return {
      what: 'a binary with a DFU suffix at its end',
      hint: `take the suffix off ("dfu-suffix --delete"), or ${BUILT_FROM}`,
    };
  }
  return textFormat(file);
}

function at(file: Uint8Array, offset: number, length: number): string {
  return new TextDecoder('latin1').decode(file.subarray(offset, offset + length));
}

/** MZ, and at 0x3C where the header PE is */
function isWindowsProgram(file: Uint8Array): boolean {
  if (at(file, 0, 2) !== 'MZ' || file.length < 0x40) return false;
  const header = new DataView(file.buffer, file.byteOffset).getUint32(0x3c, true);
  return at(file, header, 4) === 'PE\0\0';
}

/** Its last 16 bytes: version 1.0 or 1.1a, "DFU" backwards, its length (USB DFU 1.1, appendix B) */
function hasDfuSuffix(file: Uint8Array): boolean {
  const end = at(file, file.length - 10, 6);
  return file.length >= 16 && (end === '\x00\x01UFD\x10' || end === '\x1a\x01UFD\x10');
}

function textFormat(file: Uint8Array): Foreign | undefined {
  if (/^(\xff\xfe([^\0]\0){4}|\xfe\xff(\0[^\0]){4})/.test(at(file, 0, 10))) {
    const hint = 'save it again as plain text; some shells write this when output is redirected';
    return { what: 'a text file in UTF-16', hint };
  }
  if (!isText(file)) return undefined;
  const start = startOf(file);
  if (/^(<!doctype html|<html)/i.test(start)) return { what: 'an HTML page', hint: TEXT };
  if (start.startsWith('<')) return { what: 'an XML file', hint: TEXT };
  if (/^[{[]/.test(start)) return { what: 'a JSON file', hint: TEXT };
  if (start.startsWith('version https://git-lfs')) {
    return { what: 'a placeholder of Git LFS', hint: 'fetch the file itself: "git lfs pull"' };
  }
  return { what: 'a text file', hint: TEXT };
}

/** Words in UTF-8. The addresses that a program begins with have bytes that no text has. */
function isText(file: Uint8Array): boolean {
  const start = file.subarray(0, LOOKED_AT);
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(start, { stream: true });
    return /\s/.test(text) && !/[^\P{Cc}\t\n\v\f\r]/u.test(text);
  } catch {
    return false;
  }
}
