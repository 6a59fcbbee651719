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
/** What one of them is waited for while the others hear nothing, so that these keep a changed rate [ms] */
export const LONGEST_WAIT_MS = RATE_IDLE_MS / 2;
/** A question comes behind work of LONGEST_WAIT_MS, perhaps, and may take a page more: time is left for the line and its delays [ms]. */
const LONGEST_PAGE_MS = RATE_IDLE_MS / 6;

/**
 * Changes to `rate` if all devices and the line can; otherwise warns, and all are at the old rate: because one of
 * them can not, or because not all were understood at it.
 * @param keepAlive sends all of them a frame that nobody answers
 */
export async function changeGroupRate(
  session: Session,
  members: readonly Addressed[],
  rate: number,
  keepAlive: () => Promise<void>,
  tell: TellGroup,
): Promise<'changed' | 'unable' | 'lost'> {
  const before = session.transport.rate;
  if (rate === before || members.length === 0) return 'unable';
  const stay = (why: string): 'unable' => {
    const message = `${why}; going on at ${session.transport.rate} baud`;
    tell({ event: 'warning', code: 'RATE', message });
    return 'unable';
  };
  const obstacle = rateObstacle(session.transport);
  if (obstacle) return stay(obstacle);
  const unable = members.find(
    ({ device: { info } }) => (info.capabilities & Capability.BAUD) === 0 || info.maxRate < rate,
  );
  if (unable) return stay(`address ${unable.address} can not change to ${rate} baud`);
  const slow = members.find(({ device: { info } }) => info.pageMs > LONGEST_PAGE_MS);
  if (slow) {
    const { pageMs } = slow.device.info;
    return stay(
      `address ${slow.address} may take ${pageMs} ms for a page, and the others lose a rate`,
    );
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
    return 'changed';
  } catch (error) {
    if (!isRateFailure(error)) throw error;
    await session.setRate(before);
    // Each goes back by itself when it has heard nothing for a while.
    await session.sleep(RATE_IDLE_MS);
    stay(`not all of them are understood at ${rate} baud`);
    return 'lost';
  }
}

/** All of them to `rate`, their own: whoever did not hear of it is there when it has heard nothing for a while. */
export async function leaveGroupRate(
  session: Session,
  members: readonly Addressed[],
  rate: number,
): Promise<void> {
  if (session.transport.rate === rate) return;
  let unanswered = false;
  for (const { address, device } of members) {
    session.address = address;
    try {
      await device.baud(rate, PROOFS);
    } catch (error) {
      if (!isRateFailure(error)) throw error;
      unanswered = true;
    }
  }
  await session.drain();
  await session.setRate(rate);
  await session.sleep(unanswered ? RATE_IDLE_MS : SETTLE_MS);
}

function isRateFailure(error: unknown): boolean {
  return error instanceof IapError && (RATE_FAILURES.has(error.code) || error.code === 'REFUSED');
}
