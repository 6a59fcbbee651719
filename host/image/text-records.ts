// Files of records, one a line, of hex digits: what Intel HEX and S-record have in common.
import type { IapError } from '../base/errors.js';
import { printable, sizeText } from '../base/text.js';
import { fileError, type Place } from './file-error.js';
import { LARGEST_TEXT } from './limits.js';

export interface TextRecord {
  /** From 1 */
  readonly line: number;
  /** What stands before the digits */
  readonly mark: string;
  /** All its digits, checksum included */
  readonly bytes: Uint8Array;
}

/** So much of a line that is no record is shown. */
const SHOWN = 24;
/** So much of a file shows what it is. */
const START = 256;
const LINE = /([^\r\n]*)(?:\r\n|\r|\n|$)/g;
const [ZERO, NINE] = [0x30, 0x39];
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
/** What fills a file up to the blocks of a disk, a modem or a flash, Ctrl-Z, zeros or erased flash, with the white space between */
const PADDING = new Set([0x1a, 0x00, 0xff, 0x09, 0x0a, 0x0d, 0x20]);

/** The first characters of a file that may be text */
export function startOf(file: Uint8Array): string {
  return new TextDecoder('latin1').decode(unmarked(file).subarray(0, START)).trimStart();
}

/** Without the mark that some editors put before UTF-8 */
function unmarked(file: Uint8Array): Uint8Array {
  return BYTE_ORDER_MARK.every((byte, i) => file[i] === byte) ? file.subarray(3) : file;
}

function unpadded(file: Uint8Array): Uint8Array {
  return file.subarray(0, file.findLastIndex((byte) => !PADDING.has(byte)) + 1);
}

/**
 * The records of a file, in its order; empty lines and what pads the file at its end are left out, lines may end in LF, CR LF or CR.
 * @param form the mark and the digits of a record, in groups 1 and 2
 * @param what the kind of file, for its errors
 * @throws IapError IMAGE_FORMAT for a line that is no record
 */
export function* textRecords(
  file: Uint8Array,
  form: RegExp,
  what: string,
  name?: string,
): Generator<TextRecord> {
  const text = new TextDecoder('latin1').decode(unpadded(unmarked(file)));
  // One buffer for all records: one each would take many times the file.
  const buffer = new Uint8Array(Math.min(text.length / 2, LARGEST_TEXT));
  let [used, line] = [0, 0];
  for (const [, written = ''] of text.matchAll(LINE)) {
    line++;
    const place = { file: name, line };
    const trimmed = written.trim();
    if (trimmed === '') continue;
    const [, mark = '', digits = ''] = form.exec(trimmed) ?? [];
    if (digits === '') {
      const shown = printable(trimmed.slice(0, SHOWN));
      throw fileError('not-a-record', what, `"${shown}" is no record`, place);
    }
    if (digits.length % 2 !== 0) {
      throw fileError('cut-off', what, 'the record has half a byte at its end', place);
    }
    const bytes = buffer.subarray(used, used + digits.length / 2);
    if (bytes.length < digits.length / 2) throw tooMuch(what, place);
    for (let i = 0; i < bytes.length; i++) {
      bytes[i] = 16 * digit(digits, 2 * i) + digit(digits, 2 * i + 1);
    }
    used += bytes.length;
    yield { line, mark, bytes };
  }
}

function tooMuch(what: string, place: Place): IapError {
  const why = `the records up to here have more than ${sizeText(LARGEST_TEXT)}, far more than any device`;
  return fileError('too-much', what, why, place, 'give the application alone');
}

function digit(digits: string, at: number): number {
  const code = digits.charCodeAt(at);
  return code <= NINE ? code - ZERO : (code & 0xf) + 9;
}

/** Digits of a record, in capitals as every tool writes them */
export function digitsOf(bytes: Uint8Array): string {
  return Array.from(bytes, hexByte).join('').toUpperCase();
}

export function hexByte(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0');
}

/** Sum of all bytes, modulo 256 */
export function sumOf(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => (sum + byte) & 0xff, 0);
}
