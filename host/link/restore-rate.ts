// An operation that broke off leaves the port as it found it: who comes next looks for the device at its own rate.
import type { Clock } from '../base/clock.js';
import type { Transport } from './transport.js';

/** A port that is stalled or gone does not hold up the end of an operation for longer [ms]. */
const PATIENCE_MS = 500;

/** Never throws: what went wrong before is told. */
export async function restoreRate(transport: Transport, clock: Clock, rate: number): Promise<void> {
  if (transport.rate === rate) return;
  await new Promise<void>((resolve) => {
    const cancel = clock.after(PATIENCE_MS, resolve);
    const done = (): void => {
      cancel();
      resolve();
    };
    transport.setRate(rate).then(done, done);
  });
}
