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
