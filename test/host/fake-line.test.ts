// The line for tests of others: what takes how long, and what becomes of bytes on their way.
import { describe, expect, test } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import { FakeLine, type Faults, type LineEnd } from '../../host/testing/fake-line.js';
import { randomBytes, randomFrom } from '../../host/testing/random.js';
import { VirtualClock } from '../../host/testing/virtual-clock.js';
import { BURST_START, encodeFrame } from '../../protocol/index.js';

const RATE = 10_000; // 1 ms a byte

interface Chunk {
  readonly at: number;
  readonly bytes: number[];
}

class End implements LineEnd {
  rate: number;
  readonly heard: Chunk[] = [];
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock, rate = RATE) {
    this.#clock = clock;
    this.rate = rate;
  }

  receive(bytes: Uint8Array): void {
    this.heard.push({ at: this.#clock.now(), bytes: [...bytes] });
  }
}

function between(faults: Faults = {}) {
  const clock = new VirtualClock();
  const line = new FakeLine(clock, RATE, faults);
  const device = new End(clock);
  line.attach(device);
  const heard: Chunk[] = [];
  line.onBytes((bytes) => heard.push({ at: clock.now(), bytes: [...bytes] }));
  const pass = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      clock.after(ms, resolve);
    });
  return { clock, line, device, heard, pass };
}

const bytesOf = (...lists: number[][]): Uint8Array => Uint8Array.from(lists.flat());
const garbled = (bytes: number[]): number[] => bytes.map((byte) => (byte ^ 0xa5) | 0x40);

describe('towards the device', () => {
  test('what is written arrives up to each delimiter, and what is behind the last, when it has left the line', async () => {
    const { line, device, pass } = between();
    await line.write(bytesOf([0], [1, 2, 0], [3, 0], [4, 5]));
    await pass(2);
    await line.write(bytesOf([0]));
    await pass(20);
    expect(device.heard).toEqual([
      { at: 1, bytes: [0] },
      { at: 4, bytes: [1, 2, 0] },
      { at: 6, bytes: [3, 0] },
      { at: 8, bytes: [4, 5] },
      { at: 9, bytes: [0] },
    ]);
  });

  test('at another rate it hears something else, and never a delimiter', async () => {
    const { line, device, pass } = between();
    device.rate = 9600;
    await line.write(bytesOf([1, 2, 0]));
    await pass(10);
    expect(device.heard).toEqual([{ at: 3, bytes: garbled([1, 2, 0]) }]);
    expect(garbled([0, 0xa5, 0x40])).not.toContain(0);
  });

  test('the rate is that of the moment at which it is sent', async () => {
    const { line, device, pass } = between();
    await line.write(bytesOf([1, 0]));
    await line.setRate(20_000);
    expect(line.rate).toBe(20_000);
    await pass(10);
    expect(device.heard).toEqual([{ at: 2, bytes: [1, 0] }]);
    device.rate = 20_000;
    await line.write(bytesOf([1, 0]));
    await pass(10);
    expect(device.heard[1]).toEqual({ at: 11, bytes: [1, 0] });
  });

  test('several devices hear it, each with its own receiver', async () => {
    const { clock, line, device, pass } = between();
    const deaf = new End(clock);
    line.attach(deaf, { dropFrame: 1 });
    await line.write(bytesOf([0], [1, 0]));
    await pass(10);
    expect(device.heard.map(({ bytes }) => bytes)).toEqual([[0], [1, 0]]);
    expect(deaf.heard.map(({ bytes }) => bytes)).toEqual([[0]]);
  });

  test('a pair is shared from the second device on', () => {
    const { clock, line } = between();
    expect(line.checker.shared).toBe(false);
    line.attach(new End(clock));
    expect(line.checker.shared).toBe(true);
  });

  test('a rule may be put in its place', async () => {
    const { line, device, pass } = between();
    line.toDevice = (bytes) => [bytes, Uint8Array.of(9)];
    await line.write(bytesOf([1, 0]));
    await pass(10);
    expect(device.heard).toEqual([
      { at: 2, bytes: [1, 0] },
      { at: 3, bytes: [9] },
    ]);
  });
});

describe('towards the host', () => {
  test('an answer takes its time, and the next comes after it', async () => {
    const { line, heard, pass } = between({ latencyMs: 16 });
    expect(line.answeredAt).toBe(Number.NEGATIVE_INFINITY);
    line.answer(Uint8Array.of(1, 2, 3), RATE);
    line.answer(Uint8Array.of(4), RATE);
    await pass(100);
    expect(heard).toEqual([
      { at: 3 + 16, bytes: [1, 2, 3] },
      { at: 4 + 16, bytes: [4] },
    ]);
    expect(line.answeredAt).toBe(20);
    line.answer(Uint8Array.of(5), RATE);
    await pass(100);
    expect(heard[2]).toEqual({ at: 117, bytes: [5] });
  });

  test('at another rate the host hears something else', async () => {
    const { line, heard, pass } = between();
    line.answer(Uint8Array.of(1, 0), 20_000);
    await pass(10);
    expect(heard).toEqual([{ at: 1, bytes: garbled([1, 0]) }]);
  });

  test('a rule may be put in its place', async () => {
    const { line, heard, pass } = between();
    line.toHost = () => [];
    line.answer(Uint8Array.of(1), RATE);
    await pass(10);
    expect(heard).toEqual([]);
  });

  test('two devices that answer at once garble each other; one after the other, or one alone, does not', async () => {
    const { clock, line, device, heard, pass } = between();
    const other = new End(clock);
    line.attach(other);
    line.answer(Uint8Array.of(1, 2, 3, 4), RATE, device);
    line.answer(Uint8Array.of(5), RATE, device);
    await pass(10);
    expect(line.collisions).toBe(0);
    line.answer(Uint8Array.of(1, 2, 3, 4), RATE, device);
    await pass(2);
    line.answer(Uint8Array.of(5), RATE, other);
    await pass(10);
    expect(line.collisions).toBe(1);
    line.answer(Uint8Array.of(6), RATE, device);
    await pass(10);
    expect(heard).toEqual([
      { at: 4, bytes: [1, 2, 3, 4] },
      { at: 5, bytes: [5] },
      { at: 13, bytes: garbled([5]) },
      { at: 14, bytes: garbled([1, 2, 3, 4]) },
      { at: 23, bytes: [6] },
    ]);
  });

  test('who speaks into the end of a garbled answer garbles that, too', async () => {
    const { clock, line, device, heard, pass } = between();
    const [second, third] = [new End(clock), new End(clock)];
    line.answer(Uint8Array.of(1, 2, 3, 4), RATE, device);
    line.answer(Uint8Array.of(5), RATE, second);
    await pass(2);
    line.answer(Uint8Array.of(6), RATE, third);
    await pass(10);
    expect(line.collisions).toBe(2);
    expect(heard.map(({ bytes }) => bytes)).not.toContainEqual([6]);
  });

  test('which frames came whole is told to the checker', async () => {
    const { line, pass } = between();
    const answered: number[] = [];
    line.checker.answered = ({ seq }) => answered.push(seq);
    const frame = { address: 0, type: 0x81, seq: 7, payload: Uint8Array.of(0) };
    line.answer(encodeFrame(frame), RATE);
    line.answer(encodeFrame({ ...frame, seq: 8 }), 9600);
    await pass(100);
    expect(answered).toEqual([7]);
  });
});

describe('a half-duplex pair', () => {
  const burst = (): Uint8Array =>
    bytesOf(
      [...BURST_START],
      [...encodeFrame({ address: 0, type: 1, seq: 1, payload: new Uint8Array(4) })],
    );

  test('an answer comes byte by byte, so that a host hears at once that it begins', async () => {
    const { line, heard, pass } = between({ halfDuplex: {} });
    line.answer(Uint8Array.of(1, 2, 3), RATE);
    await pass(10);
    expect(heard).toEqual([
      { at: 1, bytes: [1] },
      { at: 2, bytes: [2] },
      { at: 3, bytes: [3] },
    ]);
    expect(line.checker.halfDuplex).toBe(true);
  });

  test.each([
    [{ echo: true }, [[0], [1, 0]]],
    [{}, []],
  ])('%j: the host hears itself, or does not', async (halfDuplex, expected) => {
    const { line, heard, pass } = between({ halfDuplex });
    await line.write(bytesOf([0], [1, 0]));
    await pass(10);
    expect(heard.map(({ bytes }) => bytes)).toEqual(expected);
  });

  test('its own echo at another rate is garbled', async () => {
    const { line, heard, pass } = between({ halfDuplex: { echo: true } });
    await line.write(bytesOf([1, 0]));
    await line.setRate(9600);
    await pass(10);
    expect(heard.map(({ bytes }) => bytes)).toEqual([garbled([1, 0])]);
  });

  test('a host that sends into an answer is noted', async () => {
    const { line, pass } = between({ halfDuplex: {} });
    line.answer(Uint8Array.of(1, 2, 3), RATE);
    await pass(2);
    await line.write(burst());
    expect(line.checker.violations).toContain('the host sends while the device answers');
    line.checker.violations.length = 0;
    await pass(100);
    line.answer(Uint8Array.of(1, 2, 3), RATE);
    await pass(3);
    await line.write(burst());
    expect(line.checker.violations).not.toContain('the host sends while the device answers');
  });

  test.each([
    [{}, 13, 14],
    [{ holdMs: 3 }, 16, 17],
  ])(
    '%j: a device that answers before the host has let go is noted',
    async (halfDuplex, early, right) => {
      for (const [ms, noted] of [
        [early, true],
        [right, false],
      ] as const) {
        const { line, pass } = between({ halfDuplex });
        await line.write(burst());
        await pass(ms);
        line.answer(Uint8Array.of(1), RATE);
        expect(line.checker.violations.includes('the device answers while the host sends')).toBe(
          noted,
        );
      }
    },
  );

  test('on a line for each direction nobody minds', async () => {
    const { line, device, pass } = between();
    await line.write(burst());
    line.answer(Uint8Array.of(1, 2, 3), RATE, device);
    await line.write(
      bytesOf([0], [...encodeFrame({ address: 0, type: 1, seq: 2, payload: new Uint8Array(4) })]),
    );
    await pass(100);
    expect(line.checker.violations).toEqual([]);
  });
});

describe('faults', () => {
  /** What becomes of a thousand frames of ten bytes and of a delimiter before each */
  function passed(faults: Faults): Uint8Array[][] {
    const { line } = between(faults);
    const frame = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 0);
    return Array.from({ length: 1000 }, (_, i) => line.toDevice(i % 2 ? frame : Uint8Array.of(0)));
  }
  const FRAME = [1, 2, 3, 4, 5, 6, 7, 8, 9, 0];
  const frames = (all: Uint8Array[][]): number[][][] =>
    all.filter((_, i) => i % 2).map((list) => list.map((bytes) => [...bytes]));

  test('none: all arrives as it is', () => {
    const all = passed({});
    expect(all).toEqual(all.map((_, i) => [i % 2 ? Uint8Array.from(FRAME) : Uint8Array.of(0)]));
  });

  test.each([
    ['dropFrame', 0],
    ['duplicateFrame', 2],
  ] as const)('%s: about so many, delimiters alone never', (fault, times) => {
    const all = passed({ [fault]: 0.2 });
    const hit = frames(all).filter((list) => list.length === times);
    expect(hit.length).toBeGreaterThan(70);
    expect(hit.length).toBeLessThan(130);
    for (const list of frames(all)) for (const frame of list) expect(frame).toEqual(FRAME);
    expect(all.filter((_, i) => i % 2 === 0)).toEqual(
      all.filter((_, i) => i % 2 === 0).map(() => [Uint8Array.of(0)]),
    );
  });

  test('damageFrame: one bit of about so many, never the delimiter, anywhere before it', () => {
    const all = passed({ damageFrame: 0.5 });
    const wrong = frames(all).flatMap(([frame = []]) =>
      frame.flatMap((byte, i) => (byte === FRAME[i] ? [] : [{ i, bit: byte ^ (FRAME[i] ?? 0) }])),
    );
    expect(wrong.length).toBeGreaterThan(200);
    expect(wrong.length).toBeLessThan(300);
    expect(new Set(wrong.map(({ i }) => i))).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7, 8]));
    expect(new Set(wrong.map(({ bit }) => bit))).toEqual(new Set([1, 2, 4, 8, 16, 32, 64, 128]));
    for (const list of frames(all)) expect(list).toHaveLength(1);
  });

  test('byteErrors: any byte becomes any other', () => {
    const all = passed({ byteErrors: 0.1 });
    const wrong = frames(all).flatMap(([frame = []]) =>
      frame.flatMap((byte, i) => (byte === FRAME[i] ? [] : [{ i, byte }])),
    );
    expect(wrong.length).toBeGreaterThan(400);
    expect(wrong.length).toBeLessThan(600);
    expect(new Set(wrong.map(({ i }) => i)).size).toBe(10);
    expect(Math.max(...wrong.map(({ byte }) => byte))).toBeGreaterThan(250);
    const delimiters = all.filter((list, i) => i % 2 === 0 && list[0]?.[0] !== 0);
    expect(delimiters.length).toBeGreaterThan(20);
  });

  test('the same seed does the same, another one something else', () => {
    const all = { dropFrame: 0.1, damageFrame: 0.1, duplicateFrame: 0.1, byteErrors: 0.01 };
    expect(passed({ ...all, seed: 5 })).toEqual(passed({ ...all, seed: 5 }));
    expect(passed({ ...all, seed: 5 })).not.toEqual(passed({ ...all, seed: 6 }));
    expect(passed(all)).toEqual(passed({ ...all, seed: 1 }));
  });

  test('receivers without a seed each have faults of their own', async () => {
    const { clock, line, pass } = between();
    const ends = [new End(clock), new End(clock)];
    for (const end of ends) line.attach(end, { dropFrame: 0.5 });
    for (let i = 0; i < 20; i++) await line.write(Uint8Array.of(i + 1, 0));
    await pass(1000);
    const [one, two] = ends.map(({ heard }) => heard.map(({ bytes }) => bytes[0]));
    expect(one).not.toEqual(two);
    expect(one).not.toHaveLength(20);
  });

  test('what was given is not changed', () => {
    const { line } = between({ damageFrame: 1, byteErrors: 1 });
    const frame = Uint8Array.from(FRAME);
    line.toDevice(frame);
    expect([...frame]).toEqual(FRAME);
  });
});

describe('the end', () => {
  test('closed it takes and gives nothing', async () => {
    const { line, device, heard, pass } = between();
    line.answer(Uint8Array.of(1), RATE);
    await line.close();
    expect(line.closed).toBe(true);
    await expect(line.write(Uint8Array.of(0))).rejects.toMatchObject({ code: 'PORT_LOST' });
    await pass(10);
    expect([heard, device.heard]).toEqual([[], []]);
  });

  test('pulled out it says so to the newest listener', async () => {
    const { line } = between();
    const lost: unknown[] = [];
    line.onClose(() => lost.push('an older one'));
    line.onClose((error) => lost.push(error));
    line.vanish();
    expect(lost).toEqual([expect.any(IapError)]);
    expect(lost).toMatchObject([{ code: 'PORT_LOST' }]);
    await expect(line.write(Uint8Array.of(0))).rejects.toMatchObject({ code: 'PORT_LOST' });
  });

  test('drained is what a fake has at once', async () => {
    await expect(between().line.drain()).resolves.toBeUndefined();
  });
});

describe('virtual time', () => {
  test('passes from one timer to the next, in their order; those of one moment as they were set', async () => {
    const clock = new VirtualClock();
    const order: string[] = [];
    const at = (name: string) => () => order.push(`${name} ${clock.now()}`);
    clock.after(20, at('late'));
    clock.after(10, at('a'));
    clock.after(10, at('b'));
    clock.after(5, () => {
      at('first')();
      clock.after(5, at('c'));
    });
    await new Promise<void>((resolve) => {
      clock.after(30, resolve);
    });
    expect(order).toEqual(['first 5', 'a 10', 'b 10', 'c 10', 'late 20']);
  });

  test('a timer that is cancelled does not run, and cancelling it later harms no other', async () => {
    const clock = new VirtualClock();
    const order: string[] = [];
    const cancel = clock.after(10, () => order.push('cancelled'));
    const cancelRun = clock.after(5, () => order.push('run'));
    cancel();
    cancel();
    await new Promise<void>((resolve) => {
      clock.after(7, resolve);
    });
    clock.after(10, () => order.push('another'));
    cancelRun();
    await new Promise<void>((resolve) => {
      clock.after(50, resolve);
    });
    expect(order).toEqual(['run', 'another']);
  });

  test('stands still while somebody still reacts', async () => {
    const clock = new VirtualClock();
    const order: number[] = [];
    await new Promise<void>((resolve) => {
      clock.after(10, () => {
        void (async () => {
          for (let i = 0; i < 50; i++) await Promise.resolve();
          order.push(clock.now());
        })();
      });
      clock.after(11, resolve);
    });
    expect(order).toEqual([10]);
  });

  test('starts again after it had nothing to do', async () => {
    const clock = new VirtualClock();
    const pass = (ms: number): Promise<void> =>
      new Promise((resolve) => {
        clock.after(ms, resolve);
      });
    await pass(3);
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    await pass(4);
    expect(clock.now()).toBe(7);
  });

  test('a day is not passed: who waits so long has hung', async () => {
    const clock = new VirtualClock();
    const ran: number[] = [];
    clock.after(24 * 3_600_000, () => ran.push(clock.now()));
    clock.after(24 * 3_600_000 + 1, () => ran.push(clock.now()));
    const hung = await new Promise((resolve) => {
      const others = process.listeners('uncaughtException');
      process.removeAllListeners('uncaughtException');
      process.once('uncaughtException', (error) => {
        for (const other of others) process.on('uncaughtException', other);
        resolve(error);
      });
    });
    expect(hung).toMatchObject({ message: 'the test waits for ever' });
    expect(ran).toEqual([24 * 3_600_000]);
  });
});

describe('numbers that look random', () => {
  test.each([
    [0, [0.26642920868471265, 0.0003297457005828619, 0.2232720274478197]],
    [1, [0.6270739405881613, 0.002735721180215478, 0.5274470399599522]],
    [-1, [0.8964226141106337, 0.189478256739676, 0.7156526781618595]],
  ])('of seed %i are those of mulberry32', (seed, expected) => {
    const random = randomFrom(seed);
    expect(expected.map(() => random())).toEqual(expected);
  });

  test('make bytes of every value', () => {
    const bytes = randomBytes(3, 5000);
    expect(bytes).toHaveLength(5000);
    expect(new Set(bytes).size).toBe(256);
    expect(randomBytes(3, 5000)).toEqual(bytes);
  });
});
