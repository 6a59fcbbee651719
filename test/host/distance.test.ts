// How far a port is, and how long one that does not close holds up the end.
import { describe, expect, test } from 'vitest';
import { farMs, isUnknownFar, UNKNOWN_MS } from '../../host/link/distance.js';
import { closePort } from '../../host/link/stall.js';
import { FakeLine } from '../../host/testing/fake-line.js';
import { CountedClock } from '../support/counted-clock.js';

test.each<[string, Parameters<typeof farMs>[0], boolean, number]>([
  ['a port of this computer', {}, false, 0],
  [
    'a rate that is set at the other end, and nothing measured',
    { fixedRate: true },
    true,
    UNKNOWN_MS,
  ],
  ['a network that was measured', { roundTripMs: 40 }, false, 80],
  ['one with a fixed rate as well', { roundTripMs: 40, fixedRate: true }, false, 80],
  ['nothing of a way', { roundTripMs: 0, fixedRate: true }, false, 0],
])('%s', (_, port, unknown, ms) => {
  expect(isUnknownFar(port)).toBe(unknown);
  expect(farMs(port)).toBe(ms);
});

describe('a port is closed', () => {
  function closing(close: () => Promise<void>): { clock: CountedClock; line: FakeLine } {
    const clock = new CountedClock();
    const line = new FakeLine(clock, 9600);
    line.close = close;
    return { clock, line };
  }

  test.each([0, 300])('as soon as it is, after %i ms', async (ms) => {
    const { clock, line } = closing(() => new Promise((resolve) => clock.after(ms, resolve)));
    await closePort(line, clock);
    expect(clock.now()).toBe(ms);
    expect(clock.open).toBe(0);
  });

  test('by one that does not get there, after five seconds', async () => {
    const { clock, line } = closing(() => new Promise(() => {}));
    await closePort(line, clock);
    expect(clock.now()).toBe(5000);
  });

  test('by one that fails: that is told', async () => {
    const { clock, line } = closing(() => Promise.reject(new RangeError('gone')));
    await expect(closePort(line, clock)).rejects.toThrow('gone');
    expect(clock.open).toBe(0);
  });
});
