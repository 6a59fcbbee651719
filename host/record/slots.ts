// One record area as it reads in flash: its header and its entries, by the rules of the bootloader (spec B-50, B-51).
import {
  AreaHeader,
  crc32,
  decode,
  Header,
  offsetOf,
  RECORD_FORMAT,
  RECORD_MAGIC,
  RECORD_SLOTS,
  RecordSlot,
  STATE_CLEAR,
  STATE_SET,
} from '../../protocol/index.js';
import { isBlank } from '../image/areas.js';

/** The half-words of an entry that are programmed one after the other, in the order of the layout */
const MARKS = ['written', 'touched', 'valid', 'sealed', 'confirmed', 'closed'] as const;
export type Mark = (typeof MARKS)[number];

/** An entry that counts */
export interface Entry {
  /** Address of its slot */
  readonly address: number;
  /** 0 to RECORD_SLOTS - 1 */
  readonly index: number;
  readonly sequence: number;
  /** CRC-32 of sequence and header */
  readonly crc32: number;
  /** The 256 bytes as they are in flash */
  readonly raw: Uint8Array;
  readonly header: Header;
  readonly marks: Readonly<Record<Mark, boolean>>;
  /** Trial boots counted */
  readonly trials: number;
  /** Marks that read neither clear nor set: power was cut while they were programmed, or the cells are worn */
  readonly doubtful: readonly string[];
}

/** A slot that is neither blank nor an entry that counts */
export interface BrokenSlot {
  readonly address: number;
  readonly index: number;
  readonly why: string;
}

export interface Area {
  readonly name: 'A' | 'B';
  readonly address: number;
  /** Whether it counts */
  readonly good: boolean;
  /** Why it does not; "blank" if nothing is in it */
  readonly why: string;
  readonly generation: number;
  readonly entries: readonly Entry[];
  readonly broken: readonly BrokenSlot[];
  readonly blankSlots: number;
}

/** Reads the RECORD_AREA_SIZE bytes at `address`. Never throws, whatever they are. */
export function readArea(name: Area['name'], address: number, bytes: Uint8Array): Area {
  const header = decode(AreaHeader, bytes);
  const why = areaFault(header, bytes);
  const entries: Entry[] = [];
  const broken: BrokenSlot[] = [];
  let blankSlots = 0;
  for (let index = 0; index < RECORD_SLOTS; index++) {
    const at = AreaHeader.size + index * RecordSlot.size;
    const slot = bytes.subarray(at, at + RecordSlot.size);
    if (isBlank(slot)) {
      blankSlots++;
      continue;
    }
    const read = readSlot(slot, address + at, index);
    if ('why' in read) broken.push(read);
    else entries.push(read);
  }
  const { generation } = header;
  return { name, address, good: why === '', why, generation, entries, broken, blankSlots };
}

function areaFault(header: AreaHeader, bytes: Uint8Array): string {
  const { magic, format, slotSize } = header;
  if (isBlank(bytes.subarray(0, AreaHeader.size))) return 'blank';
  if (magic !== RECORD_MAGIC) return 'no record area begins here';
  if (format !== RECORD_FORMAT) return `format ${format}; this program knows ${RECORD_FORMAT}`;
  if (slotSize !== RecordSlot.size) return `slots of ${slotSize} bytes, not ${RecordSlot.size}`;
  if (header.crc32 !== crc32(bytes.subarray(0, offsetOf(AreaHeader, 'crc32')))) {
    return 'the CRC-32 of its header is wrong';
  }
  return header.sealed === STATE_CLEAR ? 'not SEALED: its making was cut short' : '';
}

function readSlot(slot: Uint8Array, address: number, index: number): Entry | BrokenSlot {
  const values = decode(RecordSlot, slot);
  if (values.written === STATE_CLEAR) {
    return { address, index, why: 'not WRITTEN: its making was cut short' };
  }
  if (values.crc32 !== crc32(slot.subarray(0, offsetOf(RecordSlot, 'crc32')))) {
    return { address, index, why: 'its CRC-32 is wrong' };
  }
  const isSet = (mark: Mark): boolean =>
    mark === 'valid' ? values.valid === STATE_SET : values[mark] !== STATE_CLEAR;
  const trials = halfWords(values.trials);
  const doubtful = [
    ...MARKS.map((mark) => [mark.toUpperCase(), values[mark]] as const),
    ...trials.map((value, i) => [`TRIAL ${i + 1}`, value] as const),
  ]
    .filter(([, value]) => value !== STATE_CLEAR && value !== STATE_SET)
    .map(([name, value]) => `${name} reads 0x${value.toString(16).padStart(4, '0')}`);
  return {
    address,
    index,
    sequence: values.sequence,
    crc32: values.crc32,
    raw: values.header,
    header: decode(Header, values.header),
    marks: Object.fromEntries(MARKS.map((mark) => [mark, isSet(mark)])) as Record<Mark, boolean>,
    trials: trials.filter((value) => value !== STATE_CLEAR).length,
    doubtful,
  };
}

function halfWords(bytes: Uint8Array): number[] {
  return Array.from(
    { length: bytes.length / 2 },
    (_, i) => (bytes[2 * i] ?? 0) | ((bytes[2 * i + 1] ?? 0) << 8),
  );
}
