// Is this image on the device? Compares, writes nothing.
import { Mode } from '../protocol/index.js';
import { differingPages, isInstalled, pagesOf } from './compare.js';
import { connect } from './connect.js';
import { IapError } from './errors.js';
import type { VerifyResult } from './events.js';
import { checkImage } from './image/check.js';
import { type Image, sha256 } from './image/image.js';
import type { Transport } from './transport/transport.js';
import { type LinkOptions, openSession } from './update.js';

/**
 * Compares every page of `image` with the device's flash. The device must be in its bootloader; a running application
 * is asked to enter it.
 */
export async function verify(
  transport: Transport,
  image: Image,
  options: LinkOptions = {},
): Promise<VerifyResult> {
  const { wait, timeoutMs } = options;
  const device = await connect(openSession(transport, options), {
    hold: true,
    ...(wait === undefined ? {} : { wait }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  if (device.info.mode !== Mode.BOOTLOADER)
    throw new IapError('ENTER_FAILED', 'the application is still running');
  checkImage(image, device.info);
  const pages = pagesOf(image.bytes, device.info.pageSize);
  const differing = await differingPages(device, pages);
  return {
    device: device.info,
    same: differing.length === 0 && isInstalled(device.info, sha256(image.bytes)),
    pagesTotal: pages.length,
    differing: differing.map(({ number }) => number),
  };
}
