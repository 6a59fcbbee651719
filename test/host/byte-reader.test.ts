// How long bytes are waited for: the time that a network takes comes on top.
import { expect, test } from 'vitest';
import type { Clock } from '../../host/base/clock.js';
import { ByteReader } from '../../host/isp/byte-reader.js';
import { FakeLine } from '../../host/testing/fake-line.js';
import { VirtualClock } from '../../host/testing/virtual-clock.js';

test.each([
  [0, undefined],
  [400, 7],
])('a network of %s ms there and back', async (roundTripMs, byte) => {
  const clock = new VirtualClock();
  const line = Object.assign(new FakeLine(clock, 115_200), { roundTripMs });
  const reader = new ByteReader(line, clock);
  clock.after(300, () => line.answer(Uint8Array.of(7), 115_200));
  expect(await reader.next(100)).toBe(byte);
});

test('a network that nobody has measured: late answers, one after the other, make no wait grow without end', async () => {
  const clock = new VirtualClock();
  const line = Object.assign(new FakeLine(clock, 115_200), { fixedRate: true });
  const reader = new ByteReader(line, clock);
  let waitedMs = 0;
  for (let i = 0; i < 5; i++) {
    const from = clock.now();
    expect(await reader.next(1000)).toBeUndefined();
    waitedMs = clock.now() - from;
    reader.cameAfter(waitedMs);
  }
  expect(waitedMs).toBeLessThanOrEqual(4000);
});

test('half an answer that is read when its time is over: the port is looked at once more', async () => {
  let now = 0;
  let looks = 0;
  const line = new FakeLine(new VirtualClock(), 115_200);
  let arrives: (bytes: Uint8Array) => void = () => {};
  line.onBytes = (listener) => {
    arrives = listener;
  };
  const clock: Clock = {
    now: () => now,
    after: (ms, callback) => {
      if (ms > 0) return () => {};
      looks++;
      arrives(Uint8Array.of(2));
      setImmediate(callback);
      return () => {};
    },
  };
  const taken = new ByteReader(line, clock).take(2, 1000);
  now = 1500;
  arrives(Uint8Array.of(1));
  expect(await taken).toEqual(Uint8Array.of(1, 2));
  expect(looks).toBe(1);
});
