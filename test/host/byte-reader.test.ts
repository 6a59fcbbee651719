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
