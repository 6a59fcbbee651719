// What a command says of the line and of itself is what its session has.
import { describe, expect, test } from 'vitest';
import { realClock } from '../../host/base/clock.js';
import { type LinkOptions, openSession } from '../../host/device/open.js';
import { FakeLine } from '../../host/testing/fake-line.js';
import { VirtualClock } from '../../host/testing/virtual-clock.js';

const clock = new VirtualClock();
const open = (options: LinkOptions) => openSession(new FakeLine(clock, 9600), options);

test.each<[LinkOptions, object]>([
  [{}, { address: 0, halfDuplex: false, clock: realClock }],
  [{ address: 7 }, { address: 7 }],
  [{ halfDuplex: true }, { halfDuplex: true }],
  [{ clock }, { clock }],
])('%o', (options, has) => {
  expect(open(options)).toMatchObject(has);
});

describe('and', () => {
  test('who interrupts', () => {
    const stop = new AbortController();
    const session = open({ clock, signal: stop.signal });
    session.check();
    stop.abort();
    expect(() => session.check()).toThrow('interrupted');
  });

  test('who looks on', async () => {
    const seen: string[] = [];
    const session = open({ clock, trace: ({ direction }) => void seen.push(direction) });
    await session.post([{ type: 1, payload: new Uint8Array(1) }]);
    expect(seen).toEqual(['sent']);
  });
});
