// One device of a group while the group is updated.
import { ADDRESS_ONLY } from '../../protocol/index.js';
import { sameBytes } from '../base/bytes.js';
import type { IapError } from '../base/errors.js';
import { Device, type DeviceInfo, otherDevice } from '../device/device.js';
import type { Session } from '../link/session.js';
import type { MemberResult } from './group-events.js';

export class Member {
  readonly address: number;
  /** Unique id of the only unit that is meant there */
  readonly #only: Uint8Array | undefined;
  /** Once it is found */
  device: Device | undefined;
  /** As it was then */
  #found: DeviceInfo | undefined;
  /** Its application was asked to leave */
  entered = false;
  /** BEGIN was sent */
  begun = false;
  /** The image is on it, verified */
  installed = false;
  changed = false;
  boot: MemberResult['boot'] = 'no';
  together = true;
  error: IapError | undefined;
  /** What became of it was told */
  told = false;

  constructor(address: number, only?: Uint8Array) {
    this.address = address;
    this.#only = only;
  }

  /** It takes part in what all do together. */
  get active(): boolean {
    return this.device !== undefined && this.error === undefined && this.together;
  }

  found(session: Session, info: DeviceInfo): void {
    this.device = new Device(session, info);
    this.#found ??= info;
  }

  /** Of the unit that is meant: that one, or whoever was found first */
  get uniqueId(): Uint8Array | undefined {
    return this.#only ?? this.#found?.uniqueId;
  }

  /** The image is on it, verified. */
  isIn(changed: boolean): void {
    this.installed = true;
    this.changed = changed;
  }

  /** @throws IapError OTHER_DEVICE where another unit answers at its address */
  checkUnit(): void {
    const [meant, now] = [this.uniqueId, this.device?.info];
    if (meant && now && !sameBytes(meant, now.uniqueId)) throw otherDevice();
  }

  get result(): MemberResult {
    const { address, changed, boot, together, error } = this;
    return {
      address,
      ...(this.#found ? { device: this.#found } : {}),
      changed,
      boot,
      together,
      ...(error ? { error } : {}),
    };
  }
}

/**
 * @param only units that are meant, by their addresses
 * @throws RangeError for an address that is no device's own
 */
export function membersAt(
  addresses: readonly number[],
  only?: ReadonlyMap<number, Uint8Array>,
): Member[] {
  return [...new Set(addresses)].map((address) => {
    if (address > ADDRESS_ONLY && address < 255) return new Member(address, only?.get(address));
    throw new RangeError(`${address} is no bus address`);
  });
}
