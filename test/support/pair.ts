// Several fake devices on one pair, and one update of all of them run to its end.
import type { Image } from '../../host/image/image.js';
import { FakeDevice, type FakeDeviceOptions } from '../../host/testing/fake-device.js';
import { FakeLine, type Faults } from '../../host/testing/fake-line.js';
import { VirtualClock } from '../../host/testing/virtual-clock.js';
import { type GroupOptions, updateGroup } from '../../host/update/group.js';
import type { GroupEvent, GroupResult, MemberResult } from '../../host/update/group-events.js';

export interface PairOptions extends FakeDeviceOptions {
  /** Their addresses */
  readonly addresses: readonly number[];
  readonly rate?: number;
  /** Of the host's receiver, and of everybody's */
  readonly faults?: Faults;
  /** Of one device */
  readonly each?: (address: number) => FakeDeviceOptions;
}

export interface GroupOutcome {
  readonly events: GroupEvent[];
  readonly result?: GroupResult;
  readonly error?: unknown;
  /** Virtual time [ms] */
  readonly ms: number;
}

/** A unique id that tells the address */
export function uniqueIdOf(address: number): Uint8Array {
  return new Uint8Array(12).fill(address);
}

export class Pair {
  readonly clock = new VirtualClock();
  readonly line: FakeLine;
  readonly devices: readonly FakeDevice[];

  constructor({ addresses, rate = 115200, faults = {}, each = () => ({}), ...all }: PairOptions) {
    this.line = new FakeLine(this.clock, rate, faults);
    this.devices = addresses.map((address) => {
      const own = each(address);
      const info = { address, uniqueId: uniqueIdOf(address), ...all.info, ...own.info };
      return new FakeDevice(this.clock, this.line, { ...all, ...own, info });
    });
  }

  at(address: number): FakeDevice {
    const device = this.devices.find(({ info }) => info.address === address);
    if (!device) throw new RangeError(`nobody has address ${address}`);
    return device;
  }

  /** What became of an address */
  static member({ result }: GroupOutcome, address: number): MemberResult | undefined {
    return result?.members.find((member) => member.address === address);
  }

  async update(
    bytes: Uint8Array | Image,
    options: GroupOptions & { readonly addresses?: readonly number[] } = {},
    onEvent: (event: GroupEvent) => void = () => {},
  ): Promise<GroupOutcome> {
    const image = bytes instanceof Uint8Array ? { base: undefined, bytes } : bytes;
    const { addresses = this.devices.map(({ info }) => info.address), ...rest } = options;
    const startedAt = this.clock.now();
    this.line.checker.newHost();
    const events: GroupEvent[] = [];
    const ms = (): number => this.clock.now() - startedAt;
    const run = updateGroup(this.line, image, addresses, { clock: this.clock, ...rest });
    try {
      for (;;) {
        const step = await run.next();
        if (step.done) return { events, result: step.value, ms: ms() };
        events.push(step.value);
        onEvent(step.value);
      }
    } catch (error) {
      return { events, error, ms: ms() };
    }
  }
}
