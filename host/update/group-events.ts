// What an update of many devices at once tells while it goes on, and what became of each.
import type { IapError } from '../base/errors.js';
import type { DeviceInfo } from '../device/device.js';
import type { UpdateEvent, UpdateResult } from './events.js';

export type GroupEvent =
  /** With `address`: of this device; without one: of all together */
  | (UpdateEvent & { readonly address?: number })
  /** The others go on without this device; it is updated by itself afterwards */
  | { readonly event: 'alone'; readonly address: number; readonly reason: string }
  /** What became of a device */
  | ({ readonly event: 'member' } & MemberResult);

export interface MemberResult {
  readonly address: number;
  /** As found; undefined if nobody answers at this address */
  readonly device?: DeviceInfo;
  /** False: the image was installed already and nothing was written, or it is not installed */
  readonly changed: boolean;
  readonly boot: UpdateResult['boot'];
  /** False: by itself, after the others */
  readonly together: boolean;
  /** Why it does not have the image, or does not run it */
  readonly error?: IapError;
}

/** What was sent is for all of them together. */
export interface GroupResult extends Omit<UpdateResult, 'device' | 'changed' | 'boot'> {
  /** In the order in which they were named */
  readonly members: readonly MemberResult[];
}

export type TellGroup = (event: GroupEvent) => void;
