// How long bytes are waited for: the time that a network takes comes on top.
import { expect, test } from 'vitest';
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
