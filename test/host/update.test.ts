// The update procedure against a device that keeps to the protocol.
import { expect, test } from 'vitest';
import { Bench } from '../support/bench.js';
import { appImage } from '../support/images.js';

test('a first update installs the image, verifies it and starts it', async () => {
  const bench = new Bench();
  const image = appImage(100_001);
  const { result, error, ms } = await bench.update(image);
  expect(error).toBeUndefined();
  expect(bench.line.checker.violations).toEqual([]);
  expect(result).toMatchObject({ changed: true, boot: 'started', pagesSent: 49, pagesTotal: 49 });
  expect(bench.device.flash.bytes.subarray(0, image.length)).toEqual(image);
  expect(bench.device.mode).toBe(1);
  // 100 001 bytes take 8.68 s on the line by themselves.
  expect(ms).toBeLessThan(9300);
});
