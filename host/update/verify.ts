// Is this image on the device? Compares, writes nothing.
import { sha256 } from '../base/sha256.js';
import { ALLOWABLE } from '../check/allow.js';
import { checkImage } from '../check/check-image.js';
import { connect } from '../device/connect.js';
import type { DeviceInfo } from '../device/device.js';
import { type LinkOptions, openSession } from '../device/open.js';
import type { Image } from '../image/image.js';
import { pagesOf } from '../image/pages.js';
import type { Session } from '../link/session.js';
import type { Transport } from '../link/transport.js';
import { bootDevice } from './boot.js';
import { differingPages, isInstalled } from './compare.js';
import type { VerifyResult } from './events.js';

export interface VerifyOptions extends LinkOptions {
  /** Called before a running application is asked to leave */
  readonly onEntering?: (device: DeviceInfo) => void;
}

/**
 * Compares every page of `image` with the device's flash; it may be one that was allowed to be written. A running application is asked to enter the bootloader, and
 * started again afterwards.
 */
export async function verify(
  transport: Transport,
  image: Image,
  options: VerifyOptions = {},
): Promise<VerifyResult> {
  const session = openSession(transport, options);
  try {
    return await compare(session, image, options);
  } finally {
    session.close();
  }
}

async function compare(
  session: Session,
  image: Image,
  options: VerifyOptions,
): Promise<VerifyResult> {
  const { wait, timeoutMs } = options;
  let entered = false;
  const device = await connect(session, {
    hold: true,
    ...(wait === undefined ? {} : { wait }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    beforeEnter: (info) => {
      if (info.appEnd > info.appBase) checkImage(image, info, ALLOWABLE);
      return true;
    },
    onEntering: (info) => {
      entered = true;
      options.onEntering?.(info);
    },
  });
  const startAgain = async (): Promise<void> => {
    if (entered) await bootDevice(device, () => {});
  };
  try {
    checkImage(image, device.info, ALLOWABLE);
  } catch (error) {
    await startAgain().catch(() => {}); // it leaves by itself, only later
    throw error;
  }
  const pages = pagesOf(image.bytes, device.info.pageSize);
  const differing = await differingPages(device, pages, () => false);
  const same = differing.length === 0 && isInstalled(device.info, sha256(image.bytes));
  await startAgain();
  return {
    device: device.info,
    same,
    pagesTotal: pages.length,
    differing: differing.map(({ number }) => number),
  };
}
