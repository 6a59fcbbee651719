// An image as the flash pages it will be.
import { crc32 } from '../../protocol/index.js';
import { BLANK } from './areas.js';

export interface Page {
  /** 0 at APP_BASE */
  readonly number: number;
  /** Image bytes in it; fewer than a page only in the image's last */
  readonly bytes: Uint8Array;
  /** Of the page in flash, padded as erased */
  readonly crc32: number;
}

/** The pages of an image, each with the CRC-32 of its place in flash. */
export function pagesOf(bytes: Uint8Array, pageSize: number): Page[] {
  const pages: Page[] = [];
  for (let at = 0; at < bytes.length; at += pageSize) {
    const piece = bytes.subarray(at, at + pageSize);
    const padding = new Uint8Array(pageSize - piece.length).fill(BLANK);
    pages.push({ number: at / pageSize, bytes: piece, crc32: crc32(padding, crc32(piece)) });
  }
  return pages;
}
