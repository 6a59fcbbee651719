// Packages: an image header followed by the image (protocol § 14).
import { crc32, decode, HEADER_FORMAT, HEADER_MAGIC, Header } from '../../protocol/index.js';
import { sameBytes } from '../base/bytes.js';
import type { IapError } from '../base/errors.js';
import { sha256 } from '../base/sha256.js';
import { ADDRESS_SPACE } from './areas.js';
import { type FileProblem, fileError } from './file-error.js';
import type { Image } from './image.js';

export const PACKAGE = 'package';

export function isPackage(bytes: Uint8Array): boolean {
  return (
    bytes.length >= 4 &&
    new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) === HEADER_MAGIC
  );
}

/** @throws IapError IMAGE_FORMAT */
export function readPackage(file: Uint8Array, name?: string): Image {
  const damaged = (problem: FileProblem, why: string): IapError => {
    const hint = 'download or make it again';
    return fileError(problem, PACKAGE, `it is damaged: ${why}`, { file: name }, hint);
  };
  if (file.length < Header.size) {
    throw damaged('cut-off', `it has ${file.length} bytes, its header alone needs ${Header.size}`);
  }
  const raw = file.slice(0, Header.size);
  const header = decode(Header, raw);
  const bytes = file.subarray(Header.size);
  if (header.format !== HEADER_FORMAT || header.headerSize !== Header.size) {
    throw fileError(
      'package-format',
      PACKAGE,
      `its format is ${header.format} with ${header.headerSize} bytes of header; this program knows ${HEADER_FORMAT} with ${Header.size}`,
      { file: name },
      'use a newer version of this program, or make the package again',
    );
  }
  if (header.imageSize !== bytes.length) {
    throw damaged(
      'package-size',
      `its header says ${header.imageSize} bytes, it holds ${bytes.length}`,
    );
  }
  if (header.loadAddress + header.imageSize > ADDRESS_SPACE) {
    throw damaged('record-address', 'its image reaches over the last address');
  }
  if (header.imageCrc32 !== crc32(bytes) || !sameBytes(header.imageSha256, sha256(bytes))) {
    throw damaged('package-damaged', 'its image is not the one its header was made for');
  }
  return { base: header.loadAddress, bytes, header: raw };
}
