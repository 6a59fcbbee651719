// Packages: an image header followed by the image (protocol § 14).
import { crc32, decode, HEADER_FORMAT, HEADER_MAGIC, Header } from '../../protocol/index.js';
import { IapError } from '../errors.js';
import { sameBytes } from '../text.js';
import { ADDRESS_SPACE, type Image, sha256 } from './image.js';

export function isPackage(bytes: Uint8Array): boolean {
  return (
    bytes.length >= 4 &&
    new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) === HEADER_MAGIC
  );
}

export function readPackage(file: Uint8Array): Image {
  if (file.length < Header.size) {
    throw malformed(`it has ${file.length} bytes, its header alone needs ${Header.size}`);
  }
  const raw = file.slice(0, Header.size);
  const header = decode(Header, raw);
  const bytes = file.subarray(Header.size);
  if (header.format !== HEADER_FORMAT || header.headerSize !== Header.size) {
    throw malformed(
      `its format is ${header.format} with ${header.headerSize} bytes of header; this program knows ${HEADER_FORMAT} with ${Header.size}`,
    );
  }
  if (header.imageSize !== bytes.length) {
    throw malformed(`its header says ${header.imageSize} bytes, it holds ${bytes.length}`);
  }
  if (header.loadAddress + header.imageSize > ADDRESS_SPACE) {
    throw malformed('its image reaches over the last address');
  }
  if (header.imageCrc32 !== crc32(bytes) || !sameBytes(header.imageSha256, sha256(bytes))) {
    throw malformed('its image is not the one its header was made for');
  }
  return { base: header.loadAddress, bytes, header: raw };
}

function malformed(why: string): IapError {
  return new IapError('IMAGE_FORMAT', `the package is damaged: ${why}`, {
    hint: 'download or make it again',
  });
}
