// Another rate for a whole group: all of them change, or all stay where they are.
import { Capability, RATE_IDLE_MS } from '../../protocol/index.js';
import { IapError } from '../base/errors.js';
import type { Device } from '../device/device.js';
import type { Session } from '../link/session.js';
import type { TellGroup } from './group-events.js';
import { RATE_FAILURES, rateObstacle, SETTLE_MS } from './rate.js';

export interface Addressed {
  readonly address: number;
  readonly device: Device;
}

/** BAUD, and HELLO that proves the rate, to each */
const PROOFS = 3;

/**
 * Changes to `rate` if all devices and the line can; otherwise warns, and all are at the old rate.
 * @param keepAlive sends all of them a frame that nobody answers
 */
export async function changeGroupRate(
  session: Session,
  members: readonly Addressed[],
  rate: number,
  keepAlive: () => Promise<void>,
  tell: TellGroup,
): Promise<void> {
  const before = session.transport.rate;
  if (rate === before || members.length === 0) return;
  const stay = (why: string): void =>
    tell({
      event: 'warning',
      code: 'RATE',
      message: `${why}; going on at ${session.transport.rate} baud`,
    });
  const obstacle = rateObstacle(session.transport);
  if (obstacle) {
    stay(obstacle);
    return;
  }
  const unable = members.find(
    ({ device: { info } }) => (info.capabilities & Capability.BAUD) === 0 || info.maxRate < rate,
  );
  if (unable) {
    stay(`address ${unable.address} can not change to ${rate} baud`);
    return;
  }
  try {
    for (const { address, device } of members) {
      session.address = address;
      await device.baud(rate, PROOFS);
    }
    await session.drain();
    await session.setRate(rate);
    await session.sleep(SETTLE_MS);
    await keepAlive();
    for (const { address, device } of members) {
      session.address = address;
      await device.hello(true, PROOFS);
    }
    tell({ event: 'rate', rate });
  } catch (error) {
    if (!isRateFailure(error)) throw error;
    await session.setRate(before);
    // Each goes back by itself when it has heard nothing for a while.
    await session.sleep(RATE_IDLE_MS);
    stay(`not all of them are understood at ${rate} baud`);
  }
}

function isRateFailure(error: unknown): boolean {
  return error instanceof IapError && (RATE_FAILURES.has(error.code) || error.code === 'REFUSED');
}
