// Whether devices can take the same frames: page numbers and sizes must mean the same to all of them. Pure.
import { IapError } from '../base/errors.js';
import { hex32, hexBytes } from '../base/text.js';
import type { DeviceInfo } from '../device/device.js';

export interface Named {
  readonly address: number;
  readonly info: DeviceInfo;
}

/** What must be the same, in words */
const SAME: readonly ((info: DeviceInfo) => string)[] = [
  ({ product }) => `product ${hexBytes(product)}`,
  ({ part }) => part || 'a part without name',
  ({ pageSize }) => `pages of ${pageSize} bytes`,
  ({ appBase }) => `application at ${hex32(appBase)}`,
  ({ defaultRate }) => `default rate ${defaultRate} baud`,
];

/** @throws IapError DEVICES_DIFFER */
export function checkSame(devices: readonly Named[]): void {
  for (const say of SAME) {
    const groups = new Map<string, number[]>();
    for (const { address, info } of devices) {
      groups.set(say(info), [...(groups.get(say(info)) ?? []), address]);
    }
    if (groups.size < 2) continue;
    const found = [...groups].map(([what, some]) => `${what}: address ${some.join(', ')}`);
    throw new IapError(
      'DEVICES_DIFFER',
      `these devices can not take one image together: ${found.join('; ')}; nothing was changed on any of them`,
      { hint: 'update those that are the same with a command of their own: --addresses' },
    );
  }
}
