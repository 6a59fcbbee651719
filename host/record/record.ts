// The boot record of a device, read and written as the bootloader does (bootloader-c/core/iap_record.c).
import {
  APP_BASE,
  AreaHeader,
  crc32,
  encode,
  offsetOf,
  RECORD_AREA_SIZE,
  RECORD_FORMAT,
  RECORD_MAGIC,
  RECORD_TRIALS,
  RecordSlot,
  STATE_CLEAR,
  STATE_SET,
} from '../../protocol/index.js';
import { BLANK } from '../image/areas.js';
import { placesBelow, RECORD_SIZE } from './places.js';
import { type Area, type Entry, readArea } from './slots.js';

export interface BootRecord {
  readonly areas: readonly [Area, Area];
  /** Undefined if neither area is good */
  readonly active: Area | undefined;
  /** The newest entry that is TOUCHED: it decides what is started */
  readonly installed: Entry | undefined;
  /** The newest entry that is VALID: its security counter is the floor */
  readonly verified: Entry | undefined;
  /** A newer entry of which no page was written yet */
  readonly pending: Entry | undefined;
}

/**
 * @param bytes the RECORD_SIZE bytes of the record, whatever they are
 * @param address of the first; as with the protocol's APP_BASE if missing
 */
export function readRecord(
  bytes: Uint8Array,
  address: number = placesBelow(APP_BASE).record,
): BootRecord {
  const a = readArea('A', address, bytes.subarray(0, RECORD_AREA_SIZE));
  const b = readArea(
    'B',
    address + RECORD_AREA_SIZE,
    bytes.subarray(RECORD_AREA_SIZE, RECORD_SIZE),
  );
  const active = [a, b]
    .filter(({ good }) => good)
    .reduce<Area | undefined>(
      (best, x) => (best && best.generation >= x.generation ? best : x),
      undefined,
    );
  const entries = active?.entries ?? [];
  const installed = newest(entries.filter(({ marks }) => marks.touched));
  const verified = newest(entries.filter(({ marks }) => marks.touched && marks.valid));
  const waiting = newest(entries.filter(({ marks }) => !marks.touched && !marks.closed));
  const pending = (waiting?.sequence ?? 0) > (installed?.sequence ?? 0) ? waiting : undefined;
  return { areas: [a, b], active, installed, verified, pending };
}

/** Sequences count from 1: an entry with 0 is older than none. */
function newest(entries: readonly Entry[]): Entry | undefined {
  return entries.reduce<Entry | undefined>(
    (best, entry) => (entry.sequence > (best?.sequence ?? 0) ? entry : best),
    undefined,
  );
}

/**
 * The RECORD_SIZE bytes that a first update of a new device leaves: area A with one entry, verified; area B blank.
 * @param header image header of what is at APP_BASE; undefined: a device without application
 */
export function buildRecord(header?: Uint8Array): Uint8Array {
  const record = new Uint8Array(RECORD_SIZE).fill(BLANK);
  if (!header) return record;
  record.set(areaHeader(1));
  record.set(installedSlot(1, header), AreaHeader.size);
  return record;
}

function areaHeader(generation: number): Uint8Array {
  const values = {
    magic: RECORD_MAGIC,
    format: RECORD_FORMAT,
    slotSize: RecordSlot.size,
    generation,
    crc32: 0,
    sealed: STATE_SET,
    reserved: STATE_CLEAR,
  };
  const before = encode(AreaHeader, values).subarray(0, offsetOf(AreaHeader, 'crc32'));
  return encode(AreaHeader, { ...values, crc32: crc32(before) });
}

/** As END leaves it: verified, and the marks that say so firm. */
function installedSlot(sequence: number, header: Uint8Array): Uint8Array {
  const values = {
    sequence,
    header,
    crc32: 0,
    written: STATE_SET,
    touched: STATE_SET,
    valid: STATE_SET,
    sealed: STATE_SET,
    confirmed: STATE_CLEAR,
    closed: STATE_CLEAR,
    trials: new Uint8Array(2 * RECORD_TRIALS).fill(BLANK),
  };
  const before = encode(RecordSlot, values).subarray(0, offsetOf(RecordSlot, 'crc32'));
  return encode(RecordSlot, { ...values, crc32: crc32(before) });
}
