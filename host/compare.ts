// An update is a comparison: which pages of the image are not in flash yet.
import { crc32, ImageState } from '../protocol/index.js';
import type { Device, DeviceInfo } from './device.js';
import { BLANK } from './image/image.js';
import { sameBytes } from './text.js';
import type { Page } from './transfer.js';

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

/** The pages whose content in flash differs. */
export async function differingPages(device: Device, pages: readonly Page[]): Promise<Page[]> {
  const found = await device.pages(0, pages.length);
  return pages.filter((page, i) => page.crc32 !== found[i]);
}

/** Whether this very image is installed, verified when it was, and good when last looked at (protocol § 6). */
export function isInstalled(info: DeviceInfo, sha256: Uint8Array): boolean {
  const wanted = ImageState.VALID | ImageState.CHECKED | ImageState.GOOD;
  const { state } = info.installed;
  return (
    (state & wanted) === wanted &&
    (state & ImageState.TRIALS_USED) === 0 &&
    sameBytes(info.installed.sha256, sha256)
  );
}
