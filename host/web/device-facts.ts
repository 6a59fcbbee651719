// What people and reports are told of a device.
import { ImageState, Mode, Stay } from '../../protocol/index.js';
import { isZero } from '../base/bytes.js';
import { hexBytes, nameOf } from '../base/text.js';
import type { DeviceInfo } from '../device/device.js';
import { textOf } from '../image/names.js';
import { versionText } from '../image/version.js';

export interface DeviceFacts {
  readonly part: string;
  /** Text or hex digits; missing: any */
  readonly product?: string;
  readonly hardware: number;
  readonly serial: string;
  /** 24 hex digits */
  readonly uniqueId: string;
  readonly running: 'application' | 'bootloader';
  /** Why its bootloader stays, as the protocol calls it */
  readonly stay: string;
  /** Missing: an application runs, which does not know it */
  readonly bootloader?: string;
  readonly installed?: {
    readonly version: string;
    readonly size: number;
    /** 64 hex digits */
    readonly sha256: string;
    /** Whole and verified when it was installed */
    readonly complete: boolean;
  };
}

export function deviceFacts(info: DeviceInfo): DeviceFacts {
  const { installed, mode } = info;
  const inApplication = mode === Mode.APP;
  const { bootloaderMajor, bootloaderMinor, bootloaderPatch } = info;
  return {
    part: info.part,
    ...(isZero(info.product) ? {} : { product: textOf(info.product) ?? hexBytes(info.product) }),
    hardware: info.hardware,
    serial: info.serial,
    uniqueId: hexBytes(info.uniqueId),
    running: inApplication ? 'application' : 'bootloader',
    stay: nameOf(Stay, info.stay),
    ...(inApplication
      ? {}
      : { bootloader: `${bootloaderMajor}.${bootloaderMinor}.${bootloaderPatch}` }),
    ...((installed.state & ImageState.PRESENT) === 0
      ? {}
      : {
          installed: {
            version: versionText(installed.version),
            size: installed.size,
            sha256: hexBytes(installed.sha256),
            complete: (installed.state & ImageState.VALID) !== 0,
          },
        }),
  };
}
