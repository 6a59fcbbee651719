// Firmware as the update needs it: bytes, where they are linked, and perhaps a package's header. Pure.
import {
  crc32,
  encode,
  fieldSize,
  HEADER_FORMAT,
  HEADER_MAGIC,
  Header,
  Signature,
} from '../../protocol/index.js';
import { sha256 } from '../base/sha256.js';
import { BLANK } from './areas.js';
import type { Elf } from './elf.js';
import type { Gap } from './segments.js';

export interface Image {
  /** Where it is linked; undefined for a raw binary, which does not say */
  readonly base: number | undefined;
  readonly bytes: Uint8Array;
  /** The package's; undefined for a plain image */
  readonly header?: Uint8Array;
  /** What its file says besides, for the checks */
  readonly file?: {
    readonly elf?: Elf;
    /** What the file leaves out, and the image has as erased flash */
    readonly gaps: readonly Gap[];
  };
}

/** Of the hardware */
export const LARGEST_REVISION = 0xffff;

/** The header to update with: the package's, or one that fits any product. The same image always has the same header. */
export function headerFor(image: Image, appBase: number): Uint8Array {
  return image.header ?? plainHeader(image.bytes, image.base ?? appBase);
}

/**
 * A header that restricts nothing.
 * @param fields where it shall be another
 */
export function plainHeader(
  bytes: Uint8Array,
  loadAddress: number,
  fields: Partial<Header> = {},
): Uint8Array {
  return encode(Header, {
    magic: HEADER_MAGIC,
    format: HEADER_FORMAT,
    headerSize: Header.size,
    product: new Uint8Array(fieldSize(Header, 'product')),
    hardwareMin: 0,
    hardwareMax: LARGEST_REVISION,
    version: { major: 0, minor: 0, patch: 0, build: 0 },
    securityCounter: 0,
    loadAddress,
    imageSize: bytes.length,
    imageCrc32: crc32(bytes),
    imageSha256: sha256(bytes),
    flags: 0,
    capabilities: 0,
    buildId: new Uint8Array(fieldSize(Header, 'buildId')),
    uniqueId: new Uint8Array(fieldSize(Header, 'uniqueId')),
    usableKeys: BLANK,
    reserved: new Uint8Array(fieldSize(Header, 'reserved')).fill(BLANK),
    signatureAlgorithm: Signature.NONE,
    keyId: 0,
    reserved2: 0,
    signature: new Uint8Array(fieldSize(Header, 'signature')).fill(BLANK),
    ...fields,
  });
}
