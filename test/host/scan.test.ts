// Who is on a pair: found by asking each address, in the time that silent ones take.
import { describe, expect, test } from 'vitest';
import {
  ALL_ADDRESSES,
  type ScanEvent,
  type ScanResult,
  scan,
  scanSeconds,
} from '../../host/device/scan.js';
import {
  Command,
  decode,
  encodeFrame,
  HelloFlag,
  HelloRequest,
  RESPONSE_BIT,
} from '../../protocol/index.js';
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

  test('how far it is, and how long it takes, to the second', async () => {
    const { result, events, ms } = await scanned({ addresses: [] }, [1, 2, 3, 4]);
    const steps = events.flatMap((event) => (event.event === 'progress' ? [event] : []));
    expect(steps.map(({ addressesDone }) => addressesDone)).toEqual([1, 2, 3, 4]);
    const each = scanSeconds(1, 115_200);
    for (const [i, { secondsLeft }] of steps.entries()) {
      expect(secondsLeft).toBeCloseTo((3 - i) * each, 3);
    }
    // The last one is given the time of an application.
    expect(ms).toBeCloseTo(4000 * each + 150, 0);
    expect(result).toEqual({ heard: [], addressesTotal: 4, seconds: ms / 1000 });
  });

  test('a scan leaves the port as it was, at a clock that began long ago', async () => {
    pair = new Pair({ addresses: [2] });
    await new Promise<void>((resolve) => pair.clock.after(100_000, resolve));
    let removed = 0;
    pair.line.onClose = () => () => removed++;
    const { result } = scan(pair.line, { clock: pair.clock, addresses: [2] });
    expect((await result).seconds).toBeLessThan(1);
    expect(removed).toBe(1);
  });

  test('who is found is told as he is found', async () => {
    const { events } = await scanned({ addresses: [1, 3] }, [1, 2, 3]);
    expect(events.filter(({ event }) => event === 'found')).toMatchObject([
      { address: 1, device: { address: 1, part: 'fake' } },
      { address: 3, device: { address: 3, part: 'fake' } },
    ]);
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

test('addresses that there can be: 1 to 254', () => {
  expect(ALL_ADDRESSES).toHaveLength(254);
  expect([ALL_ADDRESSES[0], ALL_ADDRESSES.at(-1)]).toEqual([1, 254]);
});

test.each([
  // 50 ms each, and the line: 14 bytes of the call, 8 of an answer
  [1, 115_200, 0.05 + 220 / 115_200],
  [254, 9600, 254 * (0.05 + 220 / 9600)],
])('%i addresses at %i baud take %f s', (addresses, rate, seconds) => {
  expect(scanSeconds(addresses, rate)).toBeCloseTo(seconds, 6);
});

describe('somebody is there who is not understood', () => {
  test('of another major version: told once, and no device', async () => {
    const { result, events } = await scanned({ addresses: [4], info: { major: 9 } }, [3, 4, 5]);
    expect(result.heard).toEqual([{ address: 4, devices: [], garbled: true }]);
    expect(events.filter(({ event }) => event === 'garbled')).toEqual([
      { event: 'garbled', address: 4 },
    ]);
  });

  test('only answers to HELLO, at an address of a device, are taken for one', async () => {
    const bytes = (address: number, type: number): Uint8Array =>
      encodeFrame({ address, type, seq: 0, payload: new Uint8Array(300) });
    const { result } = await scanned({ addresses: [] }, [1, 2], () => {
      pair.line.answer(bytes(0, Command.HELLO | RESPONSE_BIT), 115_200);
      pair.line.answer(bytes(1, Command.BOOT | RESPONSE_BIT), 115_200);
    });
    expect(result.heard).toEqual([]);
  });

  test('noise at one address is not told of the others, and asks only those again that it may be of', async () => {
    const addresses = Array.from({ length: 12 }, (_, i) => i + 1);
    await scanned({ addresses: [] }, addresses, () => {
      // While the ninth is asked
      pair.clock.after(8.5 * 1000 * scanSeconds(1, 115_200), () =>
        pair.line.answer(Uint8Array.of(7, 8, 9), 115_200),
      );
    });
    const asked = pair.line.checker.sent.map(({ address }) => address);
    expect(asked).toEqual([...addresses, 6, 7, 8, 9]);
  });
});
