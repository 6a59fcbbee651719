// A unit's image in two parts: what the ROM bootloader has to write, and the application, which the unit's own bootloader takes
// faster. Pure.
import { BOOTLOADER_BASE, type HelloResponse, Identity } from '../../protocol/index.js';
import { sameBytes } from '../base/bytes.js';
import { sha256 } from '../base/sha256.js';
import { isBlank } from '../image/areas.js';
import { type Image, plainHeader } from '../image/image.js';
import { join, type Segment, type Span } from '../image/segments.js';
import { placesBelow } from '../record/places.js';
import { buildRecord, readRecord } from '../record/record.js';
import { readIdentity } from './identity.js';
import { otherIdentity } from './unit-image.js';

/** APP_BASE is a multiple of it [bytes]. */
const ALIGNMENT = 4096;

export interface SplitUnit {
  /** Bootloader, keys, identity, the unit's own data, option bytes: by address, without record and application */
  readonly first: readonly Segment[];
  /** Both record areas blank, as a unit without application has them */
  readonly record: Segment;
  readonly app: Image;
  /** Whole pages that the application takes */
  readonly appPages: Span;
  /** The record as the image has it: what the bootloader leaves once the application is installed */
  readonly installed: Uint8Array;
}

/**
 * Undefined for what is no unit with an application that was just installed: then only a programmer can write it.
 * @param pageSize of the part [bytes]
 */
export function splitUnit(segments: readonly Segment[], pageSize: number): SplitUnit | undefined {
  const runs = join(segments);
  const unit = runs.find(({ address }) => address === BOOTLOADER_BASE);
  if (!unit) return undefined;
  const end = BOOTLOADER_BASE + unit.bytes.length;
  for (let appBase = BOOTLOADER_BASE + 2 * ALIGNMENT; appBase < end; appBase += ALIGNMENT) {
    const found = splitAt(unit, appBase, pageSize);
    if (!found) continue;
    const others = runs.filter((run) => run !== unit);
    return { ...found, first: [...found.first, ...others] };
  }
  return undefined;
}

/**
 * Whether a unit with this record may go on with what it has: its only entry is the application's, in mid-update or just as installed.
 * Any other record must go, or it would speak for the new application.
 */
export function goesOn({ installed }: SplitUnit, record: Uint8Array): boolean {
  if (sameBytes(record, installed)) return true;
  const wanted = readRecord(installed).installed;
  const { active, areas } = readRecord(record);
  const [entry, ...others] = active?.entries ?? [];
  if (!wanted || !entry || others.length > 0) return false;
  const clean = areas.every((area) => area.broken.length === 0) && !entry.marks.closed;
  return clean && !entry.marks.valid && sameBytes(entry.raw, wanted.raw);
}

/**
 * Whether a unit that answers is the image's, and nothing but its application is missing or under way. Nothing tells whether its
 * bootloader is the image's, too.
 */
export function isUnderWay({ first, app, record }: SplitUnit, info: HelloResponse): boolean {
  const unit = first[0]?.bytes ?? new Uint8Array();
  const read = readIdentity(unit.subarray(unit.length - Identity.size));
  if (info.appBase !== record.address + record.bytes.length || read.state !== 'good') return false;
  if (otherIdentity(read, info).length > 0) return false;
  const { installed, pending } = info;
  return [installed, pending]
    .filter(({ sequence }) => sequence !== 0)
    .every((entry) => sameBytes(entry.sha256, sha256(app.bytes)));
}

function splitAt(unit: Segment, appBase: number, pageSize: number): SplitUnit | undefined {
  const { record: address } = placesBelow(appBase);
  const at = (from: number, to: number = Number.POSITIVE_INFINITY): Uint8Array =>
    unit.bytes.subarray(from - unit.address, to - unit.address);
  const installed = at(address, appBase);
  const entry = readRecord(installed, address).installed;
  if (entry?.header.loadAddress !== appBase) return undefined;
  const header = entry.raw;
  if (!sameBytes(installed, buildRecord(header))) return undefined;
  const { imageSize, imageSha256 } = entry.header;
  const bytes = at(appBase, appBase + imageSize);
  if (!sameBytes(sha256(bytes), imageSha256)) return undefined;
  const length = Math.ceil(imageSize / pageSize) * pageSize;
  // What shares a page with the application is erased with it.
  if (!isBlank(at(appBase + imageSize, appBase + length))) return undefined;
  const behind = { address: appBase + length, bytes: at(appBase + length) };
  const isPlain = sameBytes(header, plainHeader(bytes, appBase));
  return {
    first: [
      { address: unit.address, bytes: at(unit.address, address) },
      ...(behind.bytes.length > 0 ? [behind] : []),
    ],
    record: { address, bytes: buildRecord() },
    app: { base: appBase, bytes, ...(isPlain ? {} : { header }) },
    appPages: { address: appBase, length },
    installed,
  };
}
