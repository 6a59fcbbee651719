// Operations that are stopped at some moment of their run: how soon they end, and that they are silent from then on.
import { expect } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import type { Work } from '../../host/base/work.js';
import type { Transport } from '../../host/link/transport.js';
import type { TickClock } from './tick-clock.js';

/** An operation ends at once; a port may have to be set back. In virtual time [ms] */
const AT_ONCE_MS = 1;
/** Longer than anything is waited for [ms] */
const QUIET_MS = 60_000;

export interface Stopped {
  readonly error: IapError;
  /** How: by its signal, or by leaving */
  readonly by: 'signal' | 'return';
}

/**
 * Begins work and stops it at a moment, before or after one of its timers: by its signal or by return(), in turn.
 * @returns undefined if it ended before
 */
export async function stoppedAt<Result>(
  moment: number,
  clock: TickClock,
  transport: Transport,
  begin: (signal: AbortSignal) => Work<{ readonly event: string }, Result>,
  /** Its signal ends what it works on, too. */
  { onlyReturn = false } = {},
): Promise<Stopped | undefined> {
  const tick = Math.ceil(moment / 2);
  const when = moment % 2 === 0 ? 'before' : 'after';
  const by = tick % 2 === 0 && !onlyReturn ? 'signal' : 'return';
  const stop = new AbortController();
  let stoppedAt: number | undefined;
  const work = begin(stop.signal);
  const left = new Promise<void>((resolve) => {
    const stopNow = (): void => {
      stoppedAt = clock.now();
      if (by === 'signal') {
        stop.abort();
        resolve();
      } else {
        work.return().then(() => resolve(), resolve);
      }
    };
    clock.at(clock.ticks + tick, stopNow, when);
  });
  const outcome = await work.result.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (stoppedAt === undefined) {
    clock.at(Number.POSITIVE_INFINITY, () => {});
    expect(outcome).toBeUndefined();
    return undefined;
  }
  await left;
  expect(clock.now() - stoppedAt).toBeLessThanOrEqual(AT_ONCE_MS);
  const write = transport.write;
  let sent = 0;
  transport.write = (...args) => {
    sent++;
    return write.apply(transport, args);
  };
  await clock.pass(QUIET_MS);
  transport.write = write;
  expect(sent).toBe(0);
  // What came to its end in that very moment was not interrupted.
  if (outcome === undefined) return undefined;
  expect(outcome).toBeInstanceOf(IapError);
  expect(outcome).toMatchObject({ code: 'INTERRUPTED' });
  return { error: outcome as IapError, by };
}
