// Is this image on the device? Compares, writes nothing.
import { IapError } from '../base/errors.js';
import { sha256 } from '../base/sha256.js';
import { PromisedWork } from '../base/work.js';
import { checkComparable } from '../check/check-image.js';
import { connect } from '../device/connect.js';
import type { DeviceInfo } from '../device/device.js';
import { isInstalled } from '../device/installed.js';
import { type LinkOptions, openSession } from '../device/open.js';
import type { Image } from '../image/image.js';
import { pagesOf } from '../image/pages.js';
import type { Session } from '../link/session.js';
import type { Transport } from '../link/transport.js';
import { startApplication } from './boot.js';
import { pagesNotInstalled } from './compare.js';
import type { Emit, UpdateEvent, VerifyResult } from './events.js';

export interface VerifyOptions extends LinkOptions {
  /** Called before a running application is asked to leave */
  readonly onEntering?: (device: DeviceInfo) => void;
  /** Called when it does not want to be left now, and is asked again */
  readonly onNotNow?: (detail: number) => void;
}

/**
 * Compares every page of `image` with the device's flash; it may be one that was allowed to be written. A running application is asked to enter the bootloader, and
 * started again afterwards.
 */
export function verify(
  transport: Transport,
  image: Image,
  options: VerifyOptions = {},
): PromisedWork<UpdateEvent, VerifyResult> {
  return new PromisedWork(async (tell, signal) => {
    const session = openSession(transport, { ...options, signal });
    try {
      return await compare(session, image, options, tell);
    } finally {
      session.close();
    }
  }, options);
}

async function compare(
  session: Session,
  image: Image,
  options: VerifyOptions,
  emit: Emit,
): Promise<VerifyResult> {
  const { wait, timeoutMs } = options;
  let entered = false;
  try {
    const device = await connect(session, {
      hold: true,
      ...(wait === undefined ? {} : { wait }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      beforeEnter: (info) => {
        if (info.appEnd > info.appBase) checkComparable(image, info);
        return true;
      },
      onEntering: (info) => {
        entered = true;
        emit({ event: 'entering', device: info });
        options.onEntering?.(info);
      },
      onNotNow: (detail) => {
        emit({ event: 'not-now', detail });
        options.onNotNow?.(detail);
      },
    });
    emit({ event: 'found', device: device.info });
    const startAgain = async (): Promise<void> => {
      if (entered) await startApplication(device, emit);
    };
    try {
      checkComparable(image, device.info);
    } catch (error) {
      await startAgain().catch(() => {}); // it leaves by itself, only later
      throw error;
    }
    const pages = pagesOf(image.bytes, device.info.pageSize);
    emit({ event: 'comparing', pages: pages.length });
    const digest = sha256(image.bytes);
    const differing = await pagesNotInstalled(device, pages, digest);
    const same = differing.length === 0 && isInstalled(device.info, digest);
    await startAgain();
    return {
      device: device.info,
      same,
      pagesTotal: pages.length,
      differing: differing.map(({ number }) => number),
    };
  } catch (error) {
    if (!(error instanceof IapError) || error.code !== 'INTERRUPTED') throw error;
    throw interrupted(error, entered);
  }
}

function interrupted(cause: IapError, entered: boolean): IapError {
  const asked = ', but its application was asked to leave, and may not run yet';
  const hint = 'the bootloader starts it by itself when nobody calls any more';
  return new IapError(
    'INTERRUPTED',
    `interrupted; nothing was written to the device${entered ? asked : ''}`,
    { ...(entered ? { hint } : {}), cause },
  );
}
