// What unit a factory image for signed images makes, and whether a unit says that it is this one: once it is read-out protected,
// nothing else of it can be seen.
import {
  BOOTLOADER_BASE,
  type HelloResponse,
  Identity,
  ImageState,
  KeyBlock,
  KeyRole,
  type Security,
} from '../../protocol/index.js';
import { sameBytes } from '../base/bytes.js';
import { IapError } from '../base/errors.js';
import { hexBytes, printable } from '../base/text.js';
import { BLANK } from '../image/areas.js';
import { join, type Segment } from '../image/segments.js';
import { FlashDump } from '../record/dump.js';
import { placesBelow, RECORD_SIZE } from '../record/places.js';
import { readRecord } from '../record/record.js';
import type { Entry } from '../record/slots.js';
import { isKey, readKeyBlock } from '../signing/key-block.js';
import { fingerprintOf } from '../signing/public-key.js';
import { securityKeys } from '../signing/security.js';
import { readIdentity } from './identity.js';

/** APP_BASE is a multiple of it [bytes]. */
const ALIGNMENT = 4096;

export interface ImageUnit {
  /** Of its keys, by number; undefined: no key */
  readonly fingerprints: readonly (Uint8Array | undefined)[];
  readonly identity: Identity;
  /** Of its application; undefined: it gets none */
  readonly installed: Entry | undefined;
  /** All that is to be write-protected, from the start of flash on [bytes] */
  readonly bootloaderSize: number;
}

/** @throws IapError KEY_WRONG if the image has no keys, so that the unit would take unsigned images, or a development key */
export function unitIn(segments: readonly Segment[]): ImageUnit {
  const joined = join(segments).find(({ address }) => address === BOOTLOADER_BASE);
  const flash = new FlashDump(BOOTLOADER_BASE, joined?.bytes ?? new Uint8Array());
  const bytesAt = (address: number, size: number): Uint8Array =>
    flash.read(address, size) ?? new Uint8Array(size).fill(BLANK);
  for (
    let appBase = BOOTLOADER_BASE + 2 * ALIGNMENT;
    appBase - RECORD_SIZE <= flash.end;
    appBase += ALIGNMENT
  ) {
    const places = placesBelow(appBase);
    const block = readKeyBlock(bytesAt(places.keys, KeyBlock.size));
    const identity = readIdentity(bytesAt(places.identity, Identity.size));
    if (block.state !== 'good' || identity.state !== 'good') continue;
    if (block.slots.some(({ role }) => role === KeyRole.DEVELOPMENT)) throw forTheBench();
    return {
      fingerprints: block.slots.map((slot) =>
        isKey(slot) ? fingerprintOf(slot.point) : undefined,
      ),
      identity: identity.identity,
      installed: readRecord(bytesAt(places.record, RECORD_SIZE), places.record).installed,
      bootloaderSize: places.record - BOOTLOADER_BASE,
    };
  }
  throw new IapError(
    'KEY_WRONG',
    'there are no keys in this image: its unit would take unsigned images',
    {
      hint: 'make it with "iap factory --product … --root-key … --release-key …"',
      details: { problem: 'missing' },
    },
  );
}

function forTheBench(): IapError {
  return new IapError(
    'KEY_WRONG',
    'this image has a development key, with which others can make images for its unit',
    {
      hint: 'such a unit stays in the house: leave --secure away',
      details: { problem: 'development' },
    },
  );
}

type Said = Pick<HelloResponse, 'product' | 'hardware' | 'serial' | 'address' | 'installed'>;

/** In what a unit is another one than the image makes, in words; empty: in nothing. */
export function unlike(unit: ImageUnit, info: Said, security: Security | undefined): string[] {
  if (!security) return ['it takes unsigned images'];
  return [...otherKeys(unit, security), ...otherIdentity(unit, info), ...otherImage(unit, info)];
}

function otherKeys({ fingerprints }: ImageUnit, security: Security): string[] {
  return securityKeys(security).flatMap((key) => {
    const wanted = fingerprints[key.id];
    if (wanted ? sameBytes(wanted, key.fingerprint) : !isKey(key)) return [];
    return [
      `its key ${key.id} is ${isKey(key) ? hexBytes(key.fingerprint) : 'missing'}, expected ${wanted ? hexBytes(wanted) : 'none'}`,
    ];
  });
}

export function otherIdentity(
  { identity }: Pick<ImageUnit, 'identity'>,
  info: Omit<Said, 'installed'>,
): string[] {
  const pairs: readonly (readonly [string, string, string])[] = [
    ['product', hexBytes(info.product), hexBytes(identity.product)],
    ['hardware revision', `${info.hardware}`, `${identity.hardware}`],
    ['serial number', printable(info.serial), printable(identity.serial)],
    ['address', `${info.address}`, `${identity.address}`],
  ];
  return pairs
    .filter(([, found, expected]) => found !== expected)
    .map(([name, found, expected]) => `its ${name} is ${found}, expected ${expected}`);
}

function otherImage({ installed: wanted }: ImageUnit, { installed }: Said): string[] {
  if (!wanted) return installed.sequence === 0 ? [] : ['it has an application, the image has none'];
  if (!sameBytes(wanted.header.imageSha256, installed.sha256)) {
    return ['its application is another one than that of the image'];
  }
  const { VALID, CHECKED, GOOD } = ImageState;
  const good = (installed.state & CHECKED) === 0 || (installed.state & GOOD) !== 0;
  return good && (installed.state & VALID) !== 0 ? [] : ['its application is damaged'];
}
