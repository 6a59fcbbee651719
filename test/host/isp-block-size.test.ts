// How many bytes a Read Memory and a Write Memory carry on an adapter that holds back what does not fill a packet.
import { expect, test } from 'vitest';
import { blockSizes } from '../../host/isp/block-size.js';

const WHOLE = { read: 256, write: 256 };

test.each([
  [0, WHOLE],
  [7.9, WHOLE],
  [8, { read: 247, write: 240 }],
  [16, { read: 247, write: 240 }],
  [32, { read: 247, write: 240 }],
  [32.1, WHOLE],
  [90, WHOLE],
])('an answer that took %d ms', (answerMs, sizes) => {
  expect(blockSizes(answerMs, 115_200)).toEqual(sizes);
});

/**
 * By hand: a write of n bytes takes (n + 2) × 11 bits, n / 2 × 52.5 µs and 1.5 ms, in whole periods of 16 ms; command and address take
 * a period each. At 100 000 baud 208 bytes take 30.1 ms, two periods, and 224 bytes 32.2 ms, three; of 256 bytes all that is gained
 * is lost in the third.
 */
test.each([
  [9600, 256],
  [38_400, 240],
  [57_600, 256],
  [100_000, 208],
  [107_000, 224],
  [115_200, 240],
  [128_000, 256],
  [230_400, 256],
  [254_000, 256],
  [256_000, 208],
  [300_000, 224],
  [460_800, 256],
  [921_600, 256],
])('at %i baud writes of %i bytes are the fastest', (rate, write) => {
  expect(blockSizes(16, rate)).toEqual({ read: 247, write });
});
