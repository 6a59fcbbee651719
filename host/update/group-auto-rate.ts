// The fastest rate for a group: found by trying with one of them while the others wait at their own, then proven by all.
import { IapError } from '../base/errors.js';
import { Device } from '../device/device.js';
import type { RateMemory } from '../link/rate-memory.js';
import { AutoRate } from './auto-rate.js';
import { endsAll } from './group-errors.js';
import { changeGroupRate, leaveGroupRate } from './group-rate.js';
import type { Group, Present } from './group-steps.js';
import { rungBelow } from './rate-ladder.js';

/** A failure costs all of them RATE_IDLE_MS. */
const TRIES = 2;

/** Before each rate that is tried with it, the others hear something at their own: they leave after IDLE_MS. */
class TriedDevice extends Device {
  readonly #group: Group;
  readonly #home: number;

  constructor(group: Group, { session, info }: Device) {
    super(session, info);
    this.#group = group;
    this.#home = group.rate;
  }

  override async baud(rate: number, attempts?: number): Promise<number> {
    if (this.#group.rate === this.#home) await this.#group.keepAlive(0);
    return super.baud(rate, attempts);
  }
}

/**
 * Tries with `one` alone, which is at its own rate again afterwards. Where it gets lost on the way it is left behind.
 * @param bytes that are to be sent
 * @returns the fastest that holds with it [baud]
 */
export async function findGroupRate(
  group: Group,
  one: Present,
  bytes: number,
  rates: RateMemory | undefined,
): Promise<number> {
  const { session } = group;
  const own = group.rate;
  session.address = one.address;
  try {
    const device = new TriedDevice(group, one.device);
    const auto = new AutoRate(device, (event) => group.tellOf(one.member, event), rates);
    await auto.settle(bytes);
    one.device.info = device.info;
    const found = group.rate;
    await leaveGroupRate(session, [one], own);
    await group.keepAlive(0);
    return Math.min(found, ...group.active.map(({ device: { info } }) => info.maxRate));
  } catch (error) {
    if (!(error instanceof IapError) || endsAll(error)) throw error;
    await session.setRate(own);
    group.fail(one.member, error);
    return own;
  }
}

/** All of them to `rate`; where one does not follow, to the next below that. What they all hold is remembered. */
export async function raiseGroupRate(
  group: Group,
  rate: number,
  rates: RateMemory | undefined,
): Promise<void> {
  const own = group.rate;
  const [first] = group.active;
  let failed: number | undefined;
  let next = rate;
  for (let i = 0; i < TRIES; i++) {
    const outcome = await changeGroupRate(
      group.session,
      group.active,
      next,
      () => group.keepAlive(0),
      group.tell,
    );
    if (outcome !== 'lost') break;
    failed = next;
    next = rungBelow(next, own);
  }
  // With the one that it was tried with a faster one has held, and was kept.
  if (first && failed !== undefined) {
    await rates?.keep(first.device.info.part, { rate: group.rate, failed });
  }
}
