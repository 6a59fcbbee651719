// A line is bad when one of six of the newest 36 frames was lost or damaged.
import { expect, test } from 'vitest';
import { ErrorShare } from '../../host/link/error-share.js';

type Run = readonly [errors: number, arrived: number];

test.each<[readonly Run[], boolean]>([
  [[], false],
  [[[5, 0]], false],
  [[[6, 0]], true],
  [Array.from({ length: 5 }, () => [1, 1]), false],
  [Array.from({ length: 6 }, () => [1, 1]), true],
  // Of the newest 36
  [[[6, 30]], true],
  [[[6, 31]], false],
  [[[6, 1]], true],
  [[[1000, 30]], true],
  [[[1000, 31]], false],
  [
    [
      [0, 1000],
      [6, 0],
    ],
    true,
  ],
  [
    [
      [3, 33],
      [3, 0],
    ],
    false,
  ],
])('errors, then frames that arrived: %j: %s', (runs, high) => {
  const share = new ErrorShare();
  for (const [errors, arrived] of runs) {
    if (errors > 0) share.failed(errors);
    if (arrived > 0) share.arrived(arrived);
  }
  expect(share.high).toBe(high);
});
