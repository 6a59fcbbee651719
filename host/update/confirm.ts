// After END was answered OK: which image was verified, on which device, only HELLO says. Another host may have begun an update since.
import { decode, Header, ImageState, Mode } from '../../protocol/index.js';
import { sameBytes } from '../base/bytes.js';
import { IapError } from '../base/errors.js';
import { badField, type Device, otherDevice } from '../device/device.js';

/**
 * @param next as END answers it
 * @param sent number of the DATA frame that would come next
 * @throws IapError if this very image is not what the device has verified
 */
export async function confirmInstalled(
  device: Device,
  header: Uint8Array,
  next: number,
  sent: number,
): Promise<void> {
  if (next !== sent) throw badField('END', 'next', next, String(sent));
  const { uniqueId } = device.info;
  const info = await device.hello(true);
  if (!sameBytes(info.uniqueId, uniqueId)) throw otherDevice();
  if (info.mode === Mode.APP) throw reset();
  const { state, sha256 } = info.installed;
  const { imageSha256 } = decode(Header, header);
  if ((state & ImageState.VALID) === 0 || !sameBytes(sha256, imageSha256)) throw notThisImage();
}

function notThisImage(): IapError {
  return new IapError(
    'VERIFY_FAILED',
    'the device has verified another image than the one that was sent',
    {
      hint: 'another program may be updating it at the same time: stop that one, then run the same command again',
    },
  );
}

function reset(): IapError {
  return new IapError('LINK_LOST', 'the device has left its bootloader before it was asked to');
}
