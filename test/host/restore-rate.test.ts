// The port is left at the rate it was found at, whatever happened before, and soon.
import { expect, test } from 'vitest';
import { restoreRate } from '../../host/link/restore-rate.js';
import type { Transport } from '../../host/link/transport.js';
import { FakeLine } from '../../host/testing/fake-line.js';
import { VirtualClock } from '../../host/testing/virtual-clock.js';
import { CountedClock } from '../support/counted-clock.js';

const at = (rate: number, setRate: Transport['setRate']): Transport =>
  Object.assign(new FakeLine(new VirtualClock(), rate), { setRate });

test.each<[string, Transport['setRate'], number]>([
  ['it changes', async () => {}, 0],
  ['it fails', () => Promise.reject(new Error('gone')), 0],
  ['it is stalled', () => new Promise(() => {}), 500],
])('%s: over after that', async (_, setRate, ms) => {
  const clock = new CountedClock();
  const rates: number[] = [];
  const port = at(921_600, (rate) => {
    rates.push(rate);
    return setRate(rate);
  });
  await restoreRate(port, clock, 115_200);
  expect(rates).toEqual([115_200]);
  expect(clock.now()).toBe(ms);
  expect(clock.open).toBe(0);
});

test('a port at that rate is left alone', async () => {
  let asked = false;
  const port = at(115_200, async () => {
    asked = true;
  });
  await restoreRate(port, new CountedClock(), 115_200);
  expect(asked).toBe(false);
});
