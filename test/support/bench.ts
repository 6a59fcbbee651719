// One fake device on one fake line, and an update run to its end.
import type { Image } from '../../host/image/image.js';
import { FakeDevice, type FakeDeviceOptions } from '../../host/testing/fake-device.js';
import { FakeLine, type Faults } from '../../host/testing/fake-line.js';
import { VirtualClock } from '../../host/testing/virtual-clock.js';
import type { UpdateEvent, UpdateResult } from '../../host/update/events.js';
import { type UpdateOptions, update } from '../../host/update/update.js';

export interface BenchOptions extends FakeDeviceOptions {
  readonly rate?: number;
  readonly faults?: Faults;
  /** Of several at once; a clock of its own if missing */
  readonly clock?: VirtualClock;
}

export interface Outcome {
  readonly events: UpdateEvent[];
  readonly result?: UpdateResult;
  readonly error?: unknown;
  /** Virtual time [ms] */
  readonly ms: number;
}

export class Bench {
  readonly clock: VirtualClock;
  readonly line: FakeLine;
  readonly device: FakeDevice;

  constructor(options: BenchOptions = {}) {
    const { rate = 115200, faults = {}, clock = new VirtualClock(), ...device } = options;
    this.clock = clock;
    this.line = new FakeLine(this.clock, rate, faults);
    this.device = new FakeDevice(this.clock, this.line, device);
  }

  async update(
    bytes: Uint8Array | Image,
    options: UpdateOptions = {},
    onEvent: (event: UpdateEvent) => void = () => {},
  ): Promise<Outcome> {
    const image = bytes instanceof Uint8Array ? { base: undefined, bytes } : bytes;
    const startedAt = this.clock.now();
    this.line.checker.newHost();
    const events: UpdateEvent[] = [];
    const ms = (): number => this.clock.now() - startedAt;
    const run = update(this.line, image, { clock: this.clock, ...options });
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
