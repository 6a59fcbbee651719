// Boot records as they read in flash, good and broken.
import { plainHeader } from '../../host/image/image.js';
import { RECORD_SIZE } from '../../host/record/places.js';
import { type BootRecord, readRecord } from '../../host/record/record.js';
import {
  APP_BASE,
  AreaHeader,
  crc32,
  encode,
  type Header,
  offsetOf,
  RECORD_AREA_SIZE,
  RECORD_FORMAT,
  RECORD_MAGIC,
  RecordSlot,
  STATE_CLEAR,
  STATE_SET,
} from '../../protocol/index.js';
import { appImage } from './images.js';

/** What entries are of */
export const APP = appImage(3000);
export type Marks = Partial<Omit<RecordSlot, 'sequence' | 'header' | 'trials'>>;
export interface Slot extends Marks {
  readonly sequence?: number;
  readonly header?: Partial<Header>;
  readonly trials?: readonly number[];
}

export function blank(size: number): Uint8Array {
  return new Uint8Array(size).fill(0xff);
}

/** An entry, written and no more, with these members */
export function slot({ header = {}, trials = [], ...marks }: Slot = {}): Uint8Array {
  const values: RecordSlot = {
    sequence: 1,
    header: plainHeader(APP, APP_BASE, header),
    crc32: 0,
    written: STATE_SET,
    touched: STATE_CLEAR,
    valid: STATE_CLEAR,
    sealed: STATE_CLEAR,
    confirmed: STATE_CLEAR,
    closed: STATE_CLEAR,
    trials: blank(12),
    ...marks,
  };
  for (const [i, value] of trials.entries()) values.trials.set([value & 0xff, value >> 8], 2 * i);
  const before = encode(RecordSlot, values).subarray(0, offsetOf(RecordSlot, 'crc32'));
  return encode(RecordSlot, { ...values, crc32: marks.crc32 ?? crc32(before) });
}

export const VERIFIED: Marks = { touched: STATE_SET, valid: STATE_SET, sealed: STATE_SET };

/** An area with these slots, undefined a blank one; its CRC-32 is right unless it is given. */
export function area(
  slots: readonly (Uint8Array | undefined)[],
  header: Partial<AreaHeader> = {},
): Uint8Array {
  const values: AreaHeader = {
    magic: RECORD_MAGIC,
    format: RECORD_FORMAT,
    slotSize: RecordSlot.size,
    generation: 1,
    crc32: 0,
    sealed: STATE_SET,
    reserved: STATE_CLEAR,
    ...header,
  };
  const before = encode(AreaHeader, values).subarray(0, offsetOf(AreaHeader, 'crc32'));
  const bytes = blank(RECORD_AREA_SIZE);
  bytes.set(encode(AreaHeader, { ...values, crc32: header.crc32 ?? crc32(before) }));
  for (const [i, one] of slots.entries()) {
    if (one) bytes.set(one, AreaHeader.size + i * RecordSlot.size);
  }
  return bytes;
}

export function record(a: Uint8Array, b: Uint8Array = blank(RECORD_AREA_SIZE)): BootRecord {
  const bytes = blank(RECORD_SIZE);
  bytes.set(a);
  bytes.set(b, RECORD_AREA_SIZE);
  return readRecord(bytes);
}
