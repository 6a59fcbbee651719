// Another baud rate for the transfer, proven before it is relied on, and the way back when it does not work.
import { Capability, RATE_IDLE_MS, RATE_PROOF_MS } from '../../protocol/index.js';
import { IapError } from '../base/errors.js';
import { answerTime, call } from '../device/connect.js';
import type { Device } from '../device/device.js';
import { noiseOf } from '../link/noise.js';
import { BACKOFF, type Session } from '../link/session.js';
import type { Transport } from '../link/transport.js';
import type { Emit } from './events.js';

/** The device changes after its answer's last bit; the host must not be earlier (protocol § 5) [ms]. */
export const SETTLE_MS = 2;
/** What a connection may need of RATE_PROOF_MS, so that a slower moment does no harm */
const SHARE_OF_PROOF = 0.8;
/** HELLOs that prove a rate, as far as they fit into the time after which the device goes back by itself */
const MOST_PROOFS = 4;
const FEWEST_PROOFS = 2;

/** Changes to `rate` if device and line can; otherwise warns and stays. Returns whether it changed. */
export async function changeRate(device: Device, rate: number, emit: Emit): Promise<boolean> {
  const { session } = device;
  const { transport } = session;
  const before = transport.rate;
  const counted = { ...session.stats };
  if (rate === before) return false;
  const stay = (why: string): false => {
    const message = `${why}; going on at ${transport.rate} baud`;
    emit({ event: 'warning', code: 'RATE', message });
    return false;
  };
  const obstacle = rateObstacle(transport);
  if (obstacle) return stay(obstacle);
  if ((device.info.capabilities & Capability.BAUD) === 0) {
    return stay('the device can not change its rate');
  }
  const failure = await tryRate(device, rate, proofs, async () => {
    await device.baud(rate);
  });
  if (!failure) {
    emit({ event: 'rate', rate });
    return true;
  }
  if (failure.code === 'REFUSED') return stay(failure.message);
  await returnToDefault(device, before);
  const noise = noiseOf(session.stats, counted);
  return stay(`nothing is understood at ${rate} baud${noise ? `: ${noise.found}` : ''}`);
}

/** Why the port leaves no way to another rate; undefined if it does */
export function rateObstacle({ fixedRate, roundTripMs = 0 }: Transport): string | undefined {
  if (fixedRate) return 'this port can not change the rate of its line';
  // The answer to BAUD must come here, the port change, and a frame reach the device.
  if (2 * roundTripMs + SETTLE_MS < SHARE_OF_PROOF * RATE_PROOF_MS) return undefined;
  return `the network takes ${Math.round(roundTripMs)} ms there and back: too long for a change of rate, which the device waits ${RATE_PROOF_MS} ms for`;
}

/**
 * Both sides change to `rate`, and one HELLO is answered there. Returns what keeps them from it: REFUSED leaves all as it is, after
 * anything else the device may be at either rate.
 * @param attempts of that HELLO
 * @param ask for that rate
 */
export async function tryRate(
  device: Device,
  rate: number,
  attempts: (session: Session) => number,
  ask: () => Promise<void>,
): Promise<IapError | undefined> {
  const { session } = device;
  const before = session.transport.rate;
  try {
    await ask();
    await session.drain();
    await session.setRate(rate);
    await session.sleep(SETTLE_MS);
    await device.hello(true, attempts(session));
    return undefined;
  } catch (error) {
    if (!(error instanceof IapError)) throw error;
    const refused = error.code === 'REFUSED' && session.transport.rate === before;
    if (!refused && !RATE_FAILURES.has(error.code)) throw error;
    return error;
  }
}

function proofs(session: Session): number {
  let left = RATE_IDLE_MS - SETTLE_MS;
  for (let i = 0; i < MOST_PROOFS; i++) {
    left -= answerTime(session) + BACKOFF ** i * session.margin;
    if (left < 0) return Math.max(FEWEST_PROOFS, i);
  }
  return MOST_PROOFS;
}

/** An adapter that can not make the rate, a line that does not carry it */
export const RATE_FAILURES: ReadonlySet<string> = new Set([
  'LINK_LOST',
  'PORT_FAILED',
  'BAD_ANSWER',
]);

/** The device goes back by itself when it has heard nothing for a while: not to where another host had left it. */
async function returnToDefault(device: Device, before: number): Promise<void> {
  const { session } = device;
  await session.setRate(device.info.defaultRate || before);
  await session.sleep(RATE_IDLE_MS);
  device.info = await call(session, true, answerTime(session), RATE_IDLE_MS);
}
