// What "iap isp factory" writes into a production log.
import { concat } from '../base/bytes.js';
import { hexBytes } from '../base/text.js';
import type { DeviceInfo } from '../device/device.js';
import { splitUnit } from '../factory/split-unit.js';
import { join, type Segment } from '../image/segments.js';
import { partNamesOf } from '../isp/chips.js';
import type { RomInfo } from '../isp/index.js';
import type { AppResult } from './isp-app.js';
import { type FoundUnit, foundDevice, type Outcome, type UnitWork } from './unit-log.js';

/** All of a unit's image, one part after the other; product and version are those of its application's package. */
export function unitImage(segments: readonly Segment[]): UnitWork['image'] {
  const bytes = concat(join(segments).map((segment) => segment.bytes));
  // As if a page were a byte: where the application ends does not matter here.
  const header = splitUnit(segments, 1)?.app.header;
  return { bytes, ...(header === undefined ? {} : { header }) };
}

/** Of a part in its ROM bootloader, which knows nothing but the part */
export function foundRom({ pid, uniqueId }: RomInfo): FoundUnit {
  const [part, ...others] = partNamesOf(pid);
  return {
    uniqueId: uniqueId === undefined ? null : hexBytes(uniqueId),
    serial: null,
    part: part === undefined || others.length > 0 ? null : part,
    product: null,
    hardware: null,
    bootloader: null,
    before: null,
  };
}

/** Of the unit that it has become: what it had before, nobody has asked. */
export function foundUnit(device: DeviceInfo): FoundUnit {
  return { ...foundDevice(device), before: null };
}

export interface Made {
  /** Nothing was written, it was all there */
  readonly changed: boolean;
  readonly app: AppResult | undefined;
  readonly secured: boolean;
}

export function factoryOutcome({ changed, app, secured }: Made): Outcome {
  return {
    result: changed ? 'installed' : 'unchanged',
    ...(app ? { pagesSent: app.pagesSent, bytesSent: app.bytesSent } : {}),
    ...(secured ? { secured } : {}),
  };
}
