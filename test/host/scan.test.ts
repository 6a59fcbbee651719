// Who is on a pair: found by asking each address, in the time that silent ones take.
import { describe, expect, test } from 'vitest';
import { ALL_ADDRESSES, type ScanEvent, type ScanResult, scan } from '../../host/device/scan.js';
import { Command, decode, HelloFlag, HelloRequest } from '../../protocol/index.js';
import { Pair, type PairOptions } from '../support/pair.js';

let pair: Pair;

async function scanned(
  options: PairOptions,
  addresses: readonly number[],
  before: () => void = () => {},
): Promise<{ result: ScanResult; events: ScanEvent[]; ms: number }> {
  pair = new Pair(options);
  before();
  const from = pair.clock.now();
  const events: ScanEvent[] = [];
  const run = scan(pair.line, { clock: pair.clock, addresses });
  for (;;) {
    const step = await run.next();
    if (step.done) return { result: step.value, events, ms: pair.clock.now() - from };
    events.push(step.value);
  }
}

const addressesOf = ({ heard }: ScanResult): number[] => heard.map(({ address }) => address);

describe('bootloaders and applications', () => {
  test('all addresses are asked in 13 seconds', async () => {
    const { result, ms } = await scanned({ addresses: [1, 7, 254] }, ALL_ADDRESSES);
    expect(addressesOf(result)).toEqual([1, 7, 254]);
    expect(ms).toBeLessThan(13_500);
  });

  test('an application that answers late is found while others are asked', async () => {
    const { result } = await scanned(
      {
        addresses: [2, 9],
        appKit: true,
        each: (address) => ({ helloMs: address === 2 ? 180 : 1 }),
      },
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
      () => pair.at(2).startApp(),
    );
    expect(addressesOf(result)).toEqual([2, 9]);
  });

  test('the last one as well', async () => {
    const { result } = await scanned(
      { addresses: [5], appKit: true, each: () => ({ helloMs: 180 }) },
      [4, 5],
      () => pair.at(5).startApp(),
    );
    expect(addressesOf(result)).toEqual([5]);
  });

  test('whose answers meet are asked again one by one', async () => {
    const { result } = await scanned(
      { addresses: [2, 3, 4], appKit: true, each: (address) => ({ helloMs: 260 - 55 * address }) },
      [1, 2, 3, 4, 5],
      () => {
        for (const device of pair.devices) device.startApp();
      },
    );
    expect(addressesOf(result)).toEqual([2, 3, 4]);
  });

  test('are not kept from starting, and not called by address 0', async () => {
    await scanned({ addresses: [1, 2] }, [1, 2, 3]);
    const { sent } = pair.line.checker;
    expect(sent.every(({ type, address }) => type === Command.HELLO && address > 0)).toBe(true);
    const held = sent.filter(
      ({ payload }) => (decode(HelloRequest, payload).flags & HelloFlag.HOLD) !== 0,
    );
    expect(held).toEqual([]);
  });

  test('tells how far it is', async () => {
    const { events } = await scanned({ addresses: [1] }, [1, 2, 3, 4]);
    const progress = events.filter(({ event }) => event === 'progress');
    expect(progress.at(-1)).toMatchObject({ addressesDone: 4, addressesTotal: 4, secondsLeft: 0 });
  });

  test.each([1, 2, 3])('noise costs nobody, seed %i', async (seed) => {
    const { result } = await scanned(
      { addresses: [1, 2, 3, 4, 5], faults: { seed, byteErrors: 2e-4 } },
      [1, 2, 3, 4, 5, 6],
    );
    expect(addressesOf(result)).toEqual([1, 2, 3, 4, 5]);
    expect(result.heard.every(({ garbled }) => !garbled)).toBe(true);
  });
});

describe('two devices of one address', () => {
  const twins = (times: readonly [number, number]): PairOptions => {
    let made = 0;
    return {
      addresses: [5, 5],
      each: () => {
        const i = made++ % 2;
        return { helloMs: times[i] ?? 1, info: { uniqueId: new Uint8Array(12).fill(i + 1) } };
      },
    };
  };

  test('that answer one after the other are told apart', async () => {
    const { result } = await scanned(twins([1, 40]), [4, 5, 6]);
    expect(result.heard).toHaveLength(1);
    expect(result.heard[0]).toMatchObject({ address: 5 });
    expect(result.heard[0]?.devices).toHaveLength(2);
  });

  test('that answer at once are told as what is not understood', async () => {
    const { result, events } = await scanned(twins([1, 1]), [4, 5, 6]);
    expect(result.heard).toEqual([{ address: 5, devices: [], garbled: true }]);
    expect(events).toContainEqual({ event: 'garbled', address: 5 });
  });
});

test('an application that prints is no device at every address', async () => {
  const text = new TextEncoder().encode('temperature 21.5\r\n');
  const { result } = await scanned({ addresses: [2] }, [1, 2, 3, 4], () => {
    for (let at = 0; at < 10_000; at += 40) {
      pair.clock.after(at, () => pair.line.answer(text, 115200));
    }
  });
  expect(result.heard.filter(({ garbled }) => garbled)).toEqual([]);
});
