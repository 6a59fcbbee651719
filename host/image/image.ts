// Firmware as the update needs it: bytes, where they are linked, and perhaps a package's header. Pure.
import {
  crc32,
  encode,
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

const ANY_HARDWARE = 0xffff;

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
