// Intel HEX files (Intel, "Hexadecimal Object File Format Specification", revision A, 1988).
import { ADDRESS_SPACE } from './areas.js';
import { fileError, type Place } from './file-error.js';
import { type Contents, join, type Segment } from './segments.js';
import { digitsOf, hexByte, startOf, sumOf, type TextRecord, textRecords } from './text-records.js';

export const INTEL_HEX = 'Intel HEX file';

const Type = { DATA: 0, END: 1, SEGMENT: 2, START_SEGMENT: 3, LINEAR: 4, START_LINEAR: 5 } as const;
/** Data bytes of the records that carry no data of the image */
const LENGTHS = new Map<number, number>([
  [Type.END, 0],
  [Type.SEGMENT, 2],
  [Type.START_SEGMENT, 4],
  [Type.LINEAR, 2],
  [Type.START_LINEAR, 4],
]);
/** Length, address and type before the data, checksum behind it [bytes] */
const AROUND = 5;
/** Addresses that a data record can name */
const BLOCK = 0x1_0000;
const BYTES_PER_LINE = 16;

/**
 * By its first record, in letters and digits that no program begins with: the upper bytes of its first words, addresses in RAM and flash,
 * are no digits.
 */
export function isIntelHex(file: Uint8Array): boolean {
  return /^:[0-9a-f]{8}/i.test(startOf(file));
}

/** @throws IapError IMAGE_FORMAT naming the line */
export function readIntelHex(file: Uint8Array, name?: string): Contents {
  const segments: Segment[] = [];
  let upper = 0;
  let entry: number | undefined;
  let last = 0;
  for (const record of textRecords(file, /^(:)([0-9a-f]+)$/i, INTEL_HEX, name)) {
    const { line } = record;
    if (last !== 0) {
      throw fileError(
        'after-end',
        INTEL_HEX,
        `there is more after the end record in line ${last}`,
        {
          file: name,
          line,
        },
      );
    }
    const { type, offset, data } = split(record, { file: name, line });
    const word = (at: number): number => ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0);
    if (type === Type.DATA) segments.push({ address: upper + offset, bytes: data, line });
    else if (type === Type.END) last = line;
    else if (type === Type.SEGMENT) upper = word(0) * 16;
    else if (type === Type.LINEAR) upper = word(0) * BLOCK;
    else if (type === Type.START_LINEAR) entry = word(0) * BLOCK + word(2);
  }
  if (last === 0) {
    throw fileError('no-end', INTEL_HEX, 'it is cut off: its end record (:00000001FF) is missing', {
      file: name,
    });
  }
  return { segments, ...(entry === undefined ? {} : { entry }) };
}

interface HexRecord {
  readonly type: number;
  readonly offset: number;
  readonly data: Uint8Array;
}

function split({ bytes }: TextRecord, place: Place): HexRecord {
  const [length = 0, high = 0, low = 0, type = 0] = bytes;
  const found = bytes.length - AROUND;
  if (found < 0) throw fileError('cut-off', INTEL_HEX, 'the record is cut off', place);
  if (found !== length) {
    const problem = found < length ? 'cut-off' : 'record-length';
    throw fileError(
      problem,
      INTEL_HEX,
      `the record says ${length} bytes of data and has ${found}`,
      place,
    );
  }
  if (sumOf(bytes) !== 0) {
    const expected = hexByte(-sumOf(bytes.subarray(0, -1)) & 0xff);
    throw fileError(
      'checksum',
      INTEL_HEX,
      `the checksum is ${hexByte(bytes.at(-1) ?? 0)}, but the bytes of the record give ${expected}`,
      place,
    );
  }
  const data = bytes.subarray(4, -1);
  const offset = (high << 8) | low;
  if (type === Type.DATA) {
    // The specification lets it wrap to the start of the block or go on, by kind of block; programs differ.
    if (offset + length > BLOCK) {
      throw fileError(
        'record-address',
        INTEL_HEX,
        'the record reaches over the end of its 64 KB block',
        place,
      );
    }
    return { type, offset, data };
  }
  const fixed = LENGTHS.get(type);
  if (fixed === undefined) {
    throw fileError(
      'record-type',
      INTEL_HEX,
      `there is no record type ${hexByte(type)}; the types are 00 to 05`,
      place,
    );
  }
  if (length !== fixed) {
    throw fileError(
      'record-length',
      INTEL_HEX,
      `a record of type ${hexByte(type)} has ${fixed} bytes of data, this one ${length}`,
      place,
    );
  }
  return { type, offset, data };
}

/**
 * An Intel HEX file with extended linear addresses, LF line ends and 16 bytes a record.
 * @param entry start address, written as a start linear address record
 * @throws IapError IMAGE_FORMAT if segments contradict each other or reach over the last address
 */
export function writeIntelHex(segments: readonly Segment[], entry?: number): string {
  const lines: string[] = [];
  let upper = 0;
  for (const { address, bytes } of join(segments)) {
    for (let at = 0; at < bytes.length; ) {
      const to = address + at;
      const block = Math.floor(to / BLOCK);
      if (block !== upper) lines.push(record(Type.LINEAR, 0, halfWord(block)));
      upper = block;
      const offset = to % BLOCK;
      const length = Math.min(BYTES_PER_LINE, BLOCK - offset);
      lines.push(record(Type.DATA, offset, bytes.subarray(at, at + length)));
      at += length;
    }
  }
  if (entry !== undefined) {
    const start = entry % ADDRESS_SPACE;
    lines.push(
      record(
        Type.START_LINEAR,
        0,
        Uint8Array.of(...halfWord(Math.floor(start / BLOCK)), ...halfWord(start % BLOCK)),
      ),
    );
  }
  lines.push(record(Type.END, 0, new Uint8Array()));
  return `${lines.join('\n')}\n`;
}

function halfWord(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value);
}

function record(type: number, offset: number, data: Uint8Array): string {
  const bytes = Uint8Array.of(data.length, offset >>> 8, offset, type, ...data);
  return `:${digitsOf(bytes)}${hexByte(-sumOf(bytes) & 0xff)}`;
}
