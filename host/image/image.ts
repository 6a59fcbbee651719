// Firmware as the update needs it: bytes, where they are linked, and perhaps a package's header. Pure.
import { createHash } from 'node:crypto';
import {
  crc32,
  encode,
  HEADER_FORMAT,
  HEADER_MAGIC,
  Header,
  Signature,
} from '../../protocol/index.js';

export interface Image {
  /** Where it is linked; undefined for a raw binary, which does not say */
  readonly base: number | undefined;
  readonly bytes: Uint8Array;
  /** The package's; undefined for a plain image */
  readonly header?: Uint8Array;
}

/** The first address that no 32-bit controller has */
export const ADDRESS_SPACE = 2 ** 32;

/** Erased flash */
export const BLANK = 0xff;
const ANY_HARDWARE = 0xffff;

export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}

/** The header to update with: the package's, or one that fits any product. The same image always has the same header. */
export function headerFor(image: Image, appBase: number): Uint8Array {
  if (image.header) return image.header;
  return encode(Header, {
    magic: HEADER_MAGIC,
    format: HEADER_FORMAT,
    headerSize: Header.size,
    product: new Uint8Array(16),
    hardwareMin: 0,
    hardwareMax: ANY_HARDWARE,
    version: { major: 0, minor: 0, patch: 0, build: 0 },
    securityCounter: 0,
    loadAddress: image.base ?? appBase,
    imageSize: image.bytes.length,
    imageCrc32: crc32(image.bytes),
    imageSha256: sha256(image.bytes),
    flags: 0,
    capabilities: 0,
    buildId: new Uint8Array(20),
    uniqueId: new Uint8Array(12),
    reserved: new Uint8Array(64).fill(BLANK),
    signatureAlgorithm: Signature.NONE,
    keyId: 0,
    reserved2: 0,
    signature: new Uint8Array(64).fill(BLANK),
  });
}

/** A piece of an image at an address */
export interface Segment {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/**
 * One run of bytes from segments in any order, gaps filled as erased flash reads.
 * @throws RangeError if it would be longer than `limit`, or if segments overlap
 */
export function merge(segments: readonly Segment[], limit: number): Segment {
  const sorted = segments
    .filter(({ bytes }) => bytes.length > 0)
    .sort((a, b) => a.address - b.address);
  const address = sorted[0]?.address ?? 0;
  const end = sorted.reduce((most, s) => Math.max(most, s.address + s.bytes.length), address);
  if (end > ADDRESS_SPACE) throw new RangeError('it reaches over the last address');
  if (end - address > limit) {
    throw new RangeError(`it reaches over ${end - address} bytes, more than any device has`);
  }
  const bytes = new Uint8Array(end - address).fill(BLANK);
  let filled = address;
  for (const segment of sorted) {
    if (segment.address < filled) throw new RangeError('parts of it overlap');
    bytes.set(segment.bytes, segment.address - address);
    filled = segment.address + segment.bytes.length;
  }
  return { address, bytes };
}
