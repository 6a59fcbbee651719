// The bench of a test file: each test starts one, and its host must have kept to the rules of the wire.
import { afterEach, expect } from 'vitest';
import { Bench, type BenchOptions, type Outcome } from './bench.js';

/** The newest */
export let bench: Bench;

export function start(options: BenchOptions = {}): Bench {
  bench = new Bench(options);
  return bench;
}

afterEach(() => {
  expect(bench.line.checker.violations).toEqual([]);
});

export function expectInstalled(outcome: Outcome, image: Uint8Array): void {
  expect(outcome.error).toBeUndefined();
  expect(outcome.result).toMatchObject({ changed: true, boot: 'started' });
  expect(bench.device.flash.bytes.subarray(0, image.length)).toEqual(image);
  expect(bench.device.flash.installed?.valid).toBe(true);
}
