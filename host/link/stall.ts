// A port that takes nothing: how long that is believed to be slowness, and what is said then.
import type { Clock } from '../base/clock.js';
import { IapError } from '../base/errors.js';
import type { Transport } from './transport.js';

/** A port that is alive does anything within this time [ms]. */
export const STALL_MS = 10_000;
/** A bridge may run its line at so much less than the rate of the port, and hold the port back. */
export const SLOWEST = 16;
/** For a transport that gives its port two times 2 s to let go; any other is closed at once [ms]. */
const CLOSE_MS = 5000;

const EXPECTED = {
  write: 'the port takes no bytes: what was given to it',
  drain: 'the port sends no bytes: what it has taken',
  'set-rate': 'the port does not change its rate: what was asked of it',
} as const;

/** After so long [ms] */
export function portStalled(what: keyof typeof EXPECTED, ms: number): IapError {
  return new IapError(
    'PORT_STALLED',
    `${EXPECTED[what]} is not done after ${(ms / 1000).toFixed(1)} s`,
    {
      hint: 'something holds the adapter back: flow control (XOFF, CTS), a stalled adapter, or nobody at the other end of a network port or pty; unplug it and plug it in again',
      details: { what, ms: Math.round(ms) },
    },
  );
}

/** Closes a port, and does not wait for one that does not get there. */
export async function closePort(transport: Transport, clock: Clock): Promise<void> {
  let cancel = (): void => {};
  const late = new Promise<void>((resolve) => {
    cancel = clock.after(CLOSE_MS, resolve);
  });
  try {
    await Promise.race([transport.close(), late]);
  } finally {
    cancel();
  }
}
