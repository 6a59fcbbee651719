// Motorola S-record files (M68000 Family Programmer's Reference Manual, appendix C): S19, S28 and S37.
import { fileError, type Place } from './file-error.js';
import { type Contents, join, type Segment } from './segments.js';
import { digitsOf, hexByte, startOf, sumOf, type TextRecord, textRecords } from './text-records.js';

export const S_RECORD = 'S-record file';

type Role = 'header' | 'data' | 'count' | 'end';
/** What a record is for, and the bytes of its address field, by its digit; S4 is reserved. */
const KINDS: ReadonlyMap<string, { readonly role: Role; readonly width: number }> = new Map([
  ['0', { role: 'header', width: 2 }],
  ['1', { role: 'data', width: 2 }],
  ['2', { role: 'data', width: 3 }],
  ['3', { role: 'data', width: 4 }],
  ['5', { role: 'count', width: 2 }],
  ['6', { role: 'count', width: 3 }],
  ['7', { role: 'end', width: 4 }],
  ['8', { role: 'end', width: 3 }],
  ['9', { role: 'end', width: 2 }],
]);
const BYTES_PER_LINE = 16;

/** By its first record, which no program begins with */
export function isSRecord(file: Uint8Array): boolean {
  return /^S[0-9][0-9A-F]{8}/i.test(startOf(file));
}

/** @throws IapError IMAGE_FORMAT naming the line */
export function readSRecord(file: Uint8Array, name?: string): Contents {
  const segments: Segment[] = [];
  let entry: number | undefined;
  let last: { readonly role: Role; readonly line: number } | undefined;
  for (const record of textRecords(file, /^(S[0-9])([0-9a-f]+)$/i, S_RECORD, name)) {
    const place = { file: name, line: record.line };
    if (last?.role === 'end') {
      const why = `there is more after the end record in line ${last.line}`;
      throw fileError('after-end', S_RECORD, why, place);
    }
    const { role, address, data } = split(record, place);
    if (role === 'data') segments.push({ address, bytes: data, line: record.line });
    if (role === 'count') checkCount(address, segments.length, record, place);
    if (role === 'end' && address !== 0) entry = address;
    last = { role, line: record.line };
  }
  // Some programs write no end record when there is no start address; a count of all data says as much.
  if (last?.role !== 'end' && last?.role !== 'count') {
    throw fileError('no-end', S_RECORD, 'it is cut off: its end record (S7, S8 or S9) is missing', {
      file: name,
    });
  }
  return { segments, ...(entry === undefined ? {} : { entry }) };
}

function checkCount(count: number, found: number, record: TextRecord, place: Place): void {
  const most = record.mark.endsWith('5') ? 0x1_0000 : 0x100_0000;
  // A count that does not fit its field is cut to it by the programs that write it all the same.
  if (count === found % most) return;
  const why = `the file says ${count} data records up to here, but has ${found}`;
  throw fileError('record-count', S_RECORD, why, place);
}

interface SRecord {
  readonly role: Role;
  /** Or the count */
  readonly address: number;
  readonly data: Uint8Array;
}

function split({ mark, bytes }: TextRecord, place: Place): SRecord {
  const kind = KINDS.get(mark.slice(1));
  if (!kind) {
    throw fileError('record-type', S_RECORD, `${mark} records are not in use`, place);
  }
  const length = bytes[0] ?? 0;
  const found = bytes.length - 1;
  if (found !== length) {
    const problem = found < length ? 'cut-off' : 'record-length';
    throw fileError(
      problem,
      S_RECORD,
      `the record says ${length} bytes follow, and there are ${found}`,
      place,
    );
  }
  const { role, width } = kind;
  const extra = found - width - 1;
  const exact = role === 'count' || role === 'end';
  if (extra < 0 || (exact && extra > 0)) {
    const why = `an ${mark} record has ${width + 1} bytes${exact ? '' : ' at least'}, this one ${found}`;
    throw fileError('record-length', S_RECORD, why, place);
  }
  if (sumOf(bytes) !== 0xff) {
    const expected = hexByte(~sumOf(bytes.subarray(0, -1)) & 0xff);
    const why = `the checksum is ${hexByte(bytes.at(-1) ?? 0)}, but the bytes of the record give ${expected}`;
    throw fileError('checksum', S_RECORD, why, place);
  }
  const address = bytes.subarray(1, 1 + width).reduce((value, byte) => value * 256 + byte, 0);
  return { role, address, data: bytes.subarray(1 + width, -1) };
}

export interface SRecordOptions {
  /** Text of the S0 record, up to 64 bytes of ASCII */
  readonly header?: string;
  /** Start address */
  readonly entry?: number;
}

/**
 * An S-record file with LF line ends and 16 bytes a record: S1, S2 or S3 as the highest address asks, a count, an end record.
 * @throws IapError IMAGE_FORMAT if segments contradict each other or reach over the last address
 */
export function writeSRecord(segments: readonly Segment[], options: SRecordOptions = {}): string {
  const { header = '', entry = 0 } = options;
  const joined = join(segments);
  const highest = joined.reduce((most, s) => Math.max(most, s.address + s.bytes.length - 1), entry);
  const width = highest > 0xff_ffff ? 4 : highest > 0xffff ? 3 : 2;
  const text = new TextEncoder().encode(header).slice(0, 64);
  const lines = [record('S0', 2, 0, text)];
  let count = 0;
  for (const { address, bytes } of joined) {
    for (let at = 0; at < bytes.length; at += BYTES_PER_LINE) {
      const data = bytes.subarray(at, at + BYTES_PER_LINE);
      lines.push(record(`S${width - 1}`, width, address + at, data));
      count++;
    }
  }
  lines.push(count > 0xffff ? record('S6', 3, count) : record('S5', 2, count));
  lines.push(record(`S${11 - width}`, width, entry));
  return `${lines.join('\n')}\n`;
}

function record(
  mark: string,
  width: number,
  address: number,
  data: Uint8Array = new Uint8Array(),
): string {
  const bytes = new Uint8Array(1 + width + data.length);
  bytes[0] = width + data.length + 1;
  for (let i = 0; i < width; i++) bytes[1 + i] = Math.floor(address / 256 ** (width - 1 - i));
  bytes.set(data, 1 + width);
  return `${mark}${digitsOf(bytes)}${hexByte(~sumOf(bytes) & 0xff)}`;
}
