// Images a device would start: a plausible vector table, then bytes that do not compress.
import { APP_BASE } from '../../protocol/index.js';
import { randomBytes } from './random.js';

export function appImage(size: number, seed = 1, base = APP_BASE): Uint8Array {
  const bytes = randomBytes(seed, size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x2000_5000, true);
  view.setUint32(4, base + 9, true);
  return bytes;
}

/** Words of the longest vector table of any part */
const MOST_VECTORS = 98;

/** An image that every rule of "iap check" is content with: all its vectors are one handler. */
export function cleanImage(size: number, seed = 1, base = APP_BASE): Uint8Array {
  const bytes = appImage(size, seed, base);
  const view = new DataView(bytes.buffer);
  for (let at = 8; at + 4 <= Math.min(size, 4 * MOST_VECTORS); at += 4) {
    view.setUint32(at, base + 9, true);
  }
  return bytes;
}
