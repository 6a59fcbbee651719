// What a device's answer says of the image that it has.
import { ImageState } from '../../protocol/index.js';
import { sameBytes } from '../base/bytes.js';
import type { DeviceInfo } from './device.js';

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
