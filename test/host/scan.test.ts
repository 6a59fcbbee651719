// Who is on a pair: found by asking each address, in the time that silent ones take.
import { describe, expect, test } from 'vitest';
import {
  ALL_ADDRESSES,
  type Heard,
  Scan,
  type ScanEvent,
  type ScanResult,
  scan,
  scanSeconds,
} from '../../host/device/scan.js';
import {
  Command,
  decode,
  encode,
  encodeFrame,
  type Frame,
  FrameDecoder,
  HelloFlag,
  HelloRequest,
  HelloResponse,
  RESPONSE_BIT,
} from '../../protocol/index.js';
import { Bench } from '../support/bench.js';
import { Conversation } from '../support/conversation.js';
import { Pair, type PairOptions, uniqueIdOf } from '../support/pair.js';

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
    const work = scan(pair.line, { clock: pair.clock, addresses: [2, 3] });
    const left: number[] = [];
    for await (const event of work) if (event.event === 'progress') left.push(event.secondsLeft);
    expect(left[0]).toBeLessThan(0.1);
    expect((await work.result).seconds).toBeLessThan(1);
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
    // Once with the others, and three times alone
    const asked = pair.line.checker.sent.map(({ address }) => address);
    expect(asked.filter((address) => address === 5)).toHaveLength(1 + 3);
  });
});

describe('an address that is asked alone', () => {
  const { info: INFO } = new Bench().device;
  const hello = (id: number): Uint8Array =>
    encode(HelloResponse, { ...INFO, address: 2, uniqueId: uniqueIdOf(id) });
  const noise = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(0x55, 0, -1);

  /** What is heard after each question to address 2, by its number; everywhere else it is silent. */
  async function heard(
    answer: (question: number, talk: Conversation) => void,
    addresses: readonly number[] = [2],
  ): Promise<{ heard: readonly Heard[]; questions: number; told: string[] }> {
    const talk = new Conversation();
    let questions = 0;
    talk.line.toDevice = (bytes) => {
      const to = new FrameDecoder().push(bytes).find(({ kind }) => kind === 'frame');
      if (to?.kind === 'frame' && to.frame.address === 2) answer(questions++, talk);
      return [];
    };
    const told: string[] = [];
    const all = new Scan(talk.session, false, ({ event }) => void told.push(event));
    const result = await all.run(addresses);
    const left = told.filter((event) => event !== 'progress');
    // Nobody listens any more.
    talk.answer(1, { seq: 99, address: 2, payload: hello(9) });
    await talk.session.sleep(500);
    expect(told.filter((event) => event !== 'progress')).toEqual(left);
    return { heard: result, questions, told: left };
  }

  const answered = (ms: number, id: number, talk: Conversation): void =>
    talk.answer(ms, { seq: 1, address: 2, payload: hello(id) });

  test('has all the time that an answer may take, for a second one as well', async () => {
    const found = await heard((question, talk) => {
      if (question === 0) return talk.say(1, noise(20));
      answered(1, 1, talk);
      answered(150, 2, talk);
    });
    expect(found.heard).toMatchObject([{ address: 2, devices: [{}, {}], garbled: false }]);
    expect(found.questions).toBe(2);
  });

  test('where a byte or two are heard each time somebody is, whom nobody understands', async () => {
    const found = await heard((_, talk) => talk.say(1, Uint8Array.of(7)));
    expect(found.heard).toEqual([{ address: 2, devices: [], garbled: true }]);
    expect(found.told).toEqual(['garbled']);
  });

  test.each([
    // Less than an answer beside one is nothing; the bytes of an answer have no delimiter before them here.
    ['less than another answer', HelloResponse.size, 1 + 1, false],
    ['another answer', HelloResponse.size + 1, 1 + 3, true],
  ])('where %s is heard beside a device', async (_, bytes, questions, garbled) => {
    const found = await heard((question, talk) => {
      talk.say(1, noise(bytes));
      if (question > 0) answered(100, 1, talk);
    });
    expect(found.heard).toMatchObject([{ address: 2, devices: [{}], garbled }]);
    expect(found.questions).toBe(questions);
  });

  test('is not asked again once two are known', async () => {
    const found = await heard((_, talk) => {
      talk.say(1, noise(300));
      answered(50, 1, talk);
      answered(100, 2, talk);
    });
    expect(found.heard).toMatchObject([{ devices: [{}, {}], garbled: false }]);
    expect(found.questions).toBe(2);
  });

  test('a device that answers twice is one', async () => {
    const found = await heard((_, talk) => answered(1, 1, talk), [2, 2]);
    expect(found.heard).toMatchObject([{ devices: [{}] }]);
    expect(found.told).toEqual(['found']);
  });
});

test('who has answered is not waited for any more', async () => {
  const addresses = [1, 2, 3, 4, 5, 6];
  const { ms, result } = await scanned({ addresses, rate: 1_000_000 }, addresses);
  expect(addressesOf(result)).toEqual(addresses);
  // An answer takes 1 ms and the line; the last one is given the time of an application.
  expect(ms).toBeLessThan(150 + 6 * 5);
});

test('a fault of this program is not one of a device', async () => {
  const { session } = new Conversation();
  let listener: (frame: Frame) => void = () => {};
  session.listen = (one) => {
    listener = one;
    return () => {};
  };
  const tell = ({ event }: ScanEvent): void => {
    if (event === 'found') throw new RangeError('a bug');
  };
  const run = new Scan(session, false, tell).run([1]);
  const payload = encode(HelloResponse, new Bench().device.info);
  const frame = { address: 1, type: Command.HELLO | RESPONSE_BIT, seq: 0, payload };
  expect(() => listener(frame)).toThrow(RangeError);
  session.close();
  await expect(run).rejects.toMatchObject({ code: 'INTERRUPTED' });
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
