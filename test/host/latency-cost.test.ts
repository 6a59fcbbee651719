// An adapter that holds bytes back: measured, weighed against the whole update, and told with the remedy where one is known.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { connect } from '../../host/device/connect.js';
import { openSession } from '../../host/device/open.js';
import { holdsBytesBack, latencyRemedy } from '../../host/node/latency-timer.js';
import type { UpdateEvent } from '../../host/update/events.js';
import { latencyCost } from '../../host/update/latency-cost.js';
import type { Outcome } from '../support/bench.js';
import { appImage } from '../support/images.js';
import { bench, expectInstalled, start } from '../support/one-bench.js';

const toldBy = ({ events }: Outcome): UpdateEvent[] =>
  events.filter(({ event }) => event === 'latency');

describe('an update', () => {
  test.each([16, 40])('of few pages, answers %i ms late: told', async (latencyMs) => {
    start({ faults: { latencyMs } });
    const image = appImage(6000);
    const outcome = await bench.update(image);
    expectInstalled(outcome, image);
    const [told] = toldBy(outcome);
    expect(told).toMatchObject({ event: 'latency' });
    if (told?.event !== 'latency') return;
    // A millisecond is the device's.
    expect(told.heldMs).toBeGreaterThanOrEqual(latencyMs - 1);
    expect(told.heldMs).toBeLessThanOrEqual(latencyMs + 2);
    expect(told.costMs).toBeGreaterThan(5 * latencyMs);
    expect(told.costMs).toBeLessThan(12 * latencyMs);
    expect(outcome.events.at(-1)).toBe(told);
  });

  test('that takes long all the same: not told', async () => {
    start({ faults: { latencyMs: 16 } });
    expect(toldBy(await bench.update(appImage(100_000)))).toEqual([]);
  });

  test.each([0, 1, 3])('with an adapter of %i ms: not told', async (latencyMs) => {
    start({ faults: { latencyMs } });
    expect(toldBy(await bench.update(appImage(2000)))).toEqual([]);
  });
});

test.each([true, false])(
  "a bootloader's answers tell of the way, an application's do not: %s",
  async (app) => {
    start({ appKit: true, faults: { latencyMs: 16 } });
    if (app) bench.device.startApp();
    const session = openSession(bench.line, { clock: bench.clock });
    for (let i = 0; i < 3; i++) await connect(session, { hold: false });
    expect(session.roundTrips.waited).toBe(3);
    expect(session.roundTrips.lateMs === undefined).toBe(app);
  },
);

test.each([
  [{ lateMs: undefined, waited: 9 }, 100, undefined],
  [{ lateMs: 4.9, waited: 9 }, 100, undefined],
  [{ lateMs: 5, waited: 10 }, 999, { heldMs: 5, costMs: 50 }],
  [{ lateMs: 16, waited: 10 }, 3200, undefined],
  [{ lateMs: 16, waited: 10 }, 3199, { heldMs: 16, costMs: 160 }],
])('%j of %i ms', (trips, ms, cost) => {
  expect(latencyCost(trips, ms)).toEqual(cost);
});

test('the remedy: only where there is one', async () => {
  const adapters = mkdtempSync(join(tmpdir(), 'iap-'));
  const port = join(adapters, 'ttyUSB0');
  writeFileSync(port, '');
  expect(await latencyRemedy(port, 'linux', join(adapters, 'sys'))).toBeUndefined();
  mkdirSync(join(adapters, 'sys', 'ttyUSB0'), { recursive: true });
  const file = join(adapters, 'sys', 'ttyUSB0', 'latency_timer');
  writeFileSync(file, '16\n');
  expect(await latencyRemedy(port, 'linux', join(adapters, 'sys'))).toContain(
    `16 ms: echo 1 | sudo tee ${file}`,
  );
  expect(await holdsBytesBack(port, join(adapters, 'sys'))).toBe(true);
  writeFileSync(file, '2\n');
  expect(await latencyRemedy(port, 'linux', join(adapters, 'sys'))).toContain('2 ms');
  writeFileSync(file, '1\n');
  expect(await latencyRemedy(port, 'linux', join(adapters, 'sys'))).toBeUndefined();
  expect(await holdsBytesBack(port, join(adapters, 'sys'))).toBe(false);
  expect(await holdsBytesBack(join(adapters, 'absent'), join(adapters, 'sys'))).toBe(false);
  expect(await latencyRemedy('COM5', 'win32')).toContain('Latency Timer'.toLowerCase());
  writeFileSync(file, '16\n');
  expect(await latencyRemedy(port, 'darwin', join(adapters, 'sys'))).toBeUndefined();
});
