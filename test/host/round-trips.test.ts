// How late answers usually are: by the middle one of those that tell of it.
import { expect, test } from 'vitest';
import { RoundTrips } from '../../host/link/round-trips.js';

function lateMs(samples: readonly number[], bytes = 64): number | undefined {
  const trips = new RoundTrips();
  for (const ms of samples) trips.add(ms, bytes);
  return trips.lateMs;
}

test.each<[readonly number[], number | undefined]>([
  [[], undefined],
  [[16], undefined],
  [[16, 15], 15],
  [[30, 9, 20], 20],
  [[9, 100, 10], 10],
  [[4, 3, 2, 1], 2],
  [[-5, -3], 0],
])('%j: %s', (samples, late) => {
  expect(lateMs(samples)).toBe(late);
});

test('a short answer waits for any part of the timer, and tells nothing', () => {
  expect(lateMs([16, 16], 63)).toBeUndefined();
});
