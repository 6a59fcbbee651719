// The choice of a rate alone, without an update: what is asked of the device, what is told, and what is kept for the next time.
import { describe, expect, test } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import { connect } from '../../host/device/connect.js';
import { openSession } from '../../host/device/open.js';
import type { KnownRate } from '../../host/link/rate-memory.js';
import { AutoRate } from '../../host/update/auto-rate.js';
import type { UpdateEvent } from '../../host/update/events.js';
import {
  BaudRequest,
  BaudResponse,
  Capability,
  Command,
  decode,
  encode,
  HelloFlag,
  HelloRequest,
  Status,
} from '../../protocol/index.js';
import type { BenchOptions } from '../support/bench.js';
import { bench, start } from '../support/one-bench.js';
import { RatesInMemory } from '../support/rates-in-memory.js';

const HOME = 115_200;
const MUCH = 1e6;

interface Choice {
  readonly rates: AutoRate;
  readonly told: UpdateEvent[];
  readonly memory: RatesInMemory;
}

async function choice(options: BenchOptions = {}, known?: KnownRate): Promise<Choice> {
  start({ ...options, info: { maxRate: 921_600, ...options.info } });
  const session = openSession(bench.line, { clock: bench.clock });
  const device = await connect(session, { hold: true });
  const told: UpdateEvent[] = [];
  const memory = new RatesInMemory(known);
  return { rates: new AutoRate(device, (event) => told.push(event), memory), told, memory };
}

/** Rates that were asked for, each once, in order */
function asked(): number[] {
  const all = bench.line.checker.sent
    .filter(({ type }) => type === Command.BAUD)
    .map(({ payload }) => new DataView(payload.buffer, payload.byteOffset).getUint32(0, true));
  return all.filter((rate, i) => rate !== all[i - 1]);
}

/** Nothing is understood above this rate any more. */
function failsAbove(limit: number): void {
  bench.line.toDevice = (bytes) =>
    bench.line.rate > limit ? [bytes.map((byte) => byte & 0x7f || 1)] : [bytes];
}

/** The device is as after a reset, and the port at its rate again. */
async function found(rate = HOME): Promise<void> {
  bench.device.reset();
  await bench.line.setRate(rate);
}

describe('before anything is sent', () => {
  test('the fastest: step by step, told and kept', async () => {
    const { rates, told, memory } = await choice();
    await rates.settle(MUCH);
    expect(asked()).toEqual([230_400, 460_800, 921_600]);
    expect(told).toEqual([{ event: 'rate', rate: 921_600, chosen: 'fastest' }]);
    expect(memory.asked).toEqual(['fake']);
    expect(memory.kept).toEqual([{ rate: 921_600 }]);
    expect(bench.device.rate).toBe(921_600);
    expect(rates.raised).toBe(true);
  });

  test('without a memory: the same', async () => {
    start({ info: { maxRate: 230_400 } });
    const session = openSession(bench.line, { clock: bench.clock });
    const rates = new AutoRate(await connect(session, { hold: true }), () => {}, undefined);
    await rates.settle(MUCH);
    expect(bench.line.rate).toBe(230_400);
  });

  test.each([
    ['too little', {}, undefined, 20_866, 'little'],
    ['enough', {}, undefined, 20_867, 'fastest'],
    ['too little for what is known', {}, { rate: 921_600 }, 1738, 'little'],
    ['enough for what is known', {}, { rate: 921_600 }, 1739, 'remembered'],
    ['a device that has no other rate', { info: { capabilities: 0 } }, undefined, MUCH, 'only'],
  ] as const)('%s', async (_, options, known, bytes, chosen) => {
    const { rates, told } = await choice(options, known);
    await rates.settle(bytes);
    expect(told).toMatchObject([{ event: 'rate', chosen }]);
    const stays = chosen === 'little' || chosen === 'only';
    expect(asked().length > 0).toBe(!stays);
    expect(rates.raised).toBe(!stays);
  });

  test('a port that can not change: nobody is asked, nothing recalled', async () => {
    const { rates, told, memory } = await choice({}, { rate: 921_600 });
    Object.assign(bench.line, { fixedRate: true });
    await rates.settle(MUCH);
    expect(told).toEqual([{ event: 'rate', rate: HOME, chosen: 'fixed' }]);
    expect(memory).toMatchObject({ asked: [], kept: [] });
  });
});

describe('what is known', () => {
  test.each<[string, KnownRate, number[], object]>([
    ['is gone to at once', { rate: 921_600 }, [921_600], { rate: 921_600, chosen: 'remembered' }],
    [
      'is not passed where the next one failed',
      { rate: 230_400, failed: 460_800 },
      [230_400],
      { rate: 230_400, chosen: 'remembered', failed: 460_800 },
    ],
    [
      'is passed where none failed',
      { rate: 230_400 },
      [230_400, 460_800, 921_600],
      { rate: 921_600, chosen: 'fastest' },
    ],
    [
      "is the device's own rate: not left where the next one failed",
      { rate: HOME, failed: 230_400 },
      [],
      { rate: HOME, chosen: 'remembered', failed: 230_400 },
    ],
    [
      'is more than this device makes: not believed',
      { rate: 921_601 },
      [230_400, 460_800, 921_600],
      { rate: 921_600, chosen: 'fastest' },
    ],
    [
      'is less than it begins at: not believed, nor what failed',
      { rate: 115_199, failed: 230_400 },
      [230_400, 460_800, 921_600],
      { rate: 921_600, chosen: 'fastest' },
    ],
  ])('%s', async (_, known, steps, told) => {
    const made = await choice({}, known);
    await made.rates.settle(MUCH);
    expect(asked()).toEqual(steps);
    expect(made.told).toEqual([{ event: 'rate', ...told }]);
  });

  test('does not hold any more: the next one below that does, proven once, and no way up from there', async () => {
    const { rates, told, memory } = await choice({}, { rate: 921_600 });
    failsAbove(230_400);
    await rates.settle(MUCH);
    expect(told).toEqual([{ event: 'rate', rate: 230_400, chosen: 'fastest', failed: 460_800 }]);
    expect(memory.kept).toEqual([{ rate: 230_400, failed: 460_800 }]);
    const ends = asked().filter((rate) => rate !== HOME);
    expect(ends).toEqual([921_600, 460_800, 230_400]);
  });
});

describe('a rate that was tried', () => {
  test.each([
    ['HELLO lost once there: it counts', 1, 921_600],
    ['twice: it does not', 2, 460_800],
  ])('%s', async (_, lost, rate) => {
    const { rates } = await choice();
    let left = lost;
    bench.device.hook = ({ type }) =>
      type === Command.HELLO && bench.device.rate === 921_600 && left-- > 0 ? 'drop' : undefined;
    await rates.settle(MUCH);
    expect(bench.line.rate).toBe(rate);
    expect(bench.device.rate).toBe(rate);
  });

  test.each(['drop', 'deaf'] as const)('BAUD lost (%s): asked again', async (fault) => {
    const { rates, told } = await choice();
    bench.device.hook = ({ type }, count) =>
      type === Command.BAUD && count === 1 ? fault : undefined;
    await rates.settle(MUCH);
    expect(told).toMatchObject([{ rate: 921_600 }]);
  });

  test('refused: nothing is lost, and the one before is proven', async () => {
    const { rates, told } = await choice();
    bench.device.hook = ({ type }) =>
      type === Command.BAUD && asked().at(-1) === 460_800 ? Status.RATE_UNAVAILABLE : undefined;
    await rates.settle(MUCH);
    expect(told).toEqual([{ event: 'rate', rate: 230_400, chosen: 'fastest', failed: 460_800 }]);
    expect(asked()).toEqual([230_400, 460_800]);
  });

  test('answered with another one: not used', async () => {
    const { rates, told } = await choice();
    const payload = encode(BaudResponse, { status: Status.OK, rate: 9600 });
    bench.device.hook = ({ type }) =>
      type === Command.BAUD && asked().at(-1) === 921_600 ? payload : undefined;
    await rates.settle(MUCH);
    expect(told).toMatchObject([{ rate: 460_800, failed: 921_600 }]);
  });

  test('refused for a reason that is none: thrown', async () => {
    const { rates } = await choice();
    bench.device.hook = ({ type }) => {
      if (type === Command.BAUD) bench.line.vanish();
      return undefined;
    };
    await expect(rates.settle(MUCH)).rejects.toMatchObject({ code: 'PORT_LOST' });
  });

  test('from which the device does not come back: the link is lost', async () => {
    const { rates } = await choice();
    bench.device.hook = ({ type }) => {
      if (type === Command.BAUD) bench.device.alive = false;
      return undefined;
    };
    await expect(rates.settle(MUCH)).rejects.toMatchObject({
      code: 'LINK_LOST',
      cause: { code: 'NO_ANSWER' },
    });
    // Where a device is that comes back later
    expect(bench.line.rate).toBe(HOME);
  });

  test('and a port that goes away while it is looked for: that is said', async () => {
    const { rates } = await choice();
    bench.device.hook = ({ type }) => {
      if (type !== Command.BAUD) return undefined;
      bench.device.alive = false;
      bench.clock.after(2000, () => bench.line.vanish());
      return undefined;
    };
    await expect(rates.settle(MUCH)).rejects.toMatchObject({ code: 'PORT_LOST' });
  });

  test("the device's own is not where it was found: that is where it goes back to", async () => {
    const { rates, told } = await choice({ info: { defaultRate: HOME } });
    await bench.line.setRate(57_600);
    bench.device.rate = 57_600;
    failsAbove(HOME);
    await rates.settle(MUCH);
    expect(told).toEqual([{ event: 'rate', rate: HOME, chosen: 'fastest', failed: 230_400 }]);
    expect(rates.raised).toBe(false);
  });

  test("the device's own is not said: where it was found is home", async () => {
    const { rates } = await choice({ info: { defaultRate: 0 } });
    failsAbove(HOME);
    await rates.settle(MUCH);
    expect(bench.line.rate).toBe(HOME);
    expect(rates.raised).toBe(false);
  });
});

describe('once it is chosen', () => {
  test('it stays: nothing is asked, nothing told', async () => {
    const { rates, told } = await choice();
    await rates.settle(MUCH);
    const { length } = bench.line.checker.sent;
    await rates.settle(MUCH);
    expect(bench.line.checker.sent).toHaveLength(length);
    expect(told).toHaveLength(1);
  });

  test.each([
    ['with enough to send', 1739, 921_600],
    ['with too little', 1738, HOME],
  ])('after a reset %s', async (_, bytes, rate) => {
    const { rates, told, memory } = await choice();
    await rates.settle(MUCH);
    await found();
    await rates.settle(bytes);
    expect(bench.line.rate).toBe(rate);
    expect(told.slice(1)).toEqual(
      rate === HOME ? [] : [{ event: 'rate', rate, chosen: 'fastest' }],
    );
    expect(memory.asked).toHaveLength(1);
  });

  test('errors rise: one step down, however it is there', async () => {
    const { rates, told, memory } = await choice();
    await rates.settle(MUCH);
    await rates.lower();
    expect(told.at(-1)).toEqual({
      event: 'rate',
      rate: 460_800,
      chosen: 'lowered',
      failed: 921_600,
    });
    expect(memory.kept.at(-1)).toEqual({ rate: 460_800, failed: 921_600 });
    await found();
    await rates.settle(MUCH);
    expect(told.at(-1)).toMatchObject({ rate: 460_800, chosen: 'lowered', failed: 921_600 });
  });

  test('errors rise everywhere: down to its own, which nothing has to prove', async () => {
    const { rates, told } = await choice();
    await rates.settle(MUCH);
    failsAbove(HOME);
    await rates.lower();
    expect(told.at(-1)).toMatchObject({ rate: HOME, chosen: 'lowered', failed: 230_400 });
    expect(rates.raised).toBe(false);
  });
});

describe('the link is lost', () => {
  test('once: it may have been a reset', async () => {
    const { rates, told } = await choice();
    await rates.settle(MUCH);
    await found();
    await rates.lost(921_600);
    await rates.settle(MUCH);
    expect(told.at(-1)).toEqual({ event: 'rate', rate: 921_600, chosen: 'fastest' });
  });

  test('twice at one rate: a step down, kept at once', async () => {
    const { rates, told, memory } = await choice();
    await rates.settle(MUCH);
    for (let i = 0; i < 2; i++) {
      await found();
      await rates.lost(921_600);
      if (i === 0) await rates.settle(MUCH);
    }
    expect(memory.kept.at(-1)).toEqual({ rate: 460_800, failed: 921_600 });
    await rates.settle(MUCH);
    expect(told.at(-1)).toMatchObject({ rate: 460_800, chosen: 'lowered', failed: 921_600 });
    // Counted anew from there
    await rates.lost(460_800);
    await found();
    await rates.settle(MUCH);
    expect(bench.line.rate).toBe(460_800);
    await rates.lost(460_800);
    await found();
    await rates.settle(MUCH);
    expect(bench.line.rate).toBe(230_400);
  });

  test('without a memory: the same', async () => {
    start({ info: { maxRate: 921_600 } });
    const session = openSession(bench.line, { clock: bench.clock });
    const rates = new AutoRate(await connect(session, { hold: true }), () => {}, undefined);
    await rates.settle(MUCH);
    await rates.lost(921_600);
    await rates.lost(921_600);
    await found();
    await rates.settle(MUCH);
    expect(bench.line.rate).toBe(460_800);
  });

  test('once at each of two rates: no step down', async () => {
    const { rates } = await choice();
    await rates.settle(MUCH);
    await rates.lost(921_600);
    await rates.lower();
    await rates.lost(460_800);
    await found();
    await rates.settle(MUCH);
    expect(bench.line.rate).toBe(460_800);
  });

  test.each([
    ['at another rate than the chosen one', 460_800],
    ["at the device's own", HOME],
  ])('%s: says nothing of the chosen one', async (_, rate) => {
    const { rates, memory } = await choice();
    await rates.settle(MUCH);
    for (let i = 0; i < 4; i++) await rates.lost(rate);
    expect(memory.kept).toEqual([{ rate: 921_600 }]);
  });

  test("at the device's own, which was chosen: there is none below", async () => {
    const { rates, memory } = await choice({}, { rate: HOME, failed: 230_400 });
    await rates.settle(MUCH);
    for (let i = 0; i < 4; i++) await rates.lost(HOME);
    expect(memory.kept).toEqual([{ rate: HOME, failed: 230_400 }]);
  });
});

/** What was sent: BAUD with the rate, HELLO, and the long ones that prove a rate; how often in a row */
function words(): string {
  const each = bench.line.checker.sent.map(({ type, payload }) => {
    if (type !== Command.BAUD) return payload.length === HelloRequest.size ? 'HELLO' : 'long';
    return `BAUD ${decode(BaudRequest, payload).rate}`;
  });
  const from = each.map((word, i) => (word === each[i - 1] ? -1 : i)).filter((i) => i > 0);
  return from.map((i, n) => `${(from[n + 1] ?? each.length) - i} ${each[i]}`).join(', ');
}

describe('what is sent on the way', () => {
  const UP = '1 BAUD 230400, 1 HELLO, 1 BAUD 460800, 1 HELLO, 1 BAUD 921600, 1 HELLO';

  test.each<[string, KnownRate | undefined, () => void, string, number]>([
    ['up: the last one is proven', undefined, () => {}, `${UP}, 8 long`, 100],
    [
      'up from what is known, which is proven first',
      { rate: 460_800 },
      () => {},
      '1 BAUD 460800, 1 HELLO, 8 long, 1 BAUD 921600, 1 HELLO, 8 long',
      150,
    ],
    [
      'to what is known, and no further',
      { rate: 460_800, failed: 921_600 },
      () => {},
      '1 BAUD 460800, 1 HELLO, 8 long',
      100,
    ],
    ['nowhere, where none is known to hold', { rate: HOME, failed: 230_400 }, () => {}, '', 1],
    ['not to what is known of a faster device', { rate: 2e6 }, () => {}, `${UP}, 8 long`, 100],
    ['not to what is known of a slower one', { rate: 57_600 }, () => {}, `${UP}, 8 long`, 100],
    [
      'back from one that is not understood, to the one before, which is proven',
      undefined,
      () => failsAbove(460_800),
      `${UP.replace(/HELLO$/, '').replace(/1 $/, '2 HELLO')}, 1 BAUD 115200, 4 HELLO, 1 BAUD 460800, 1 HELLO, 8 long`,
      1600,
    ],
    [
      'back from what is known and does not hold any more',
      { rate: 460_800 },
      () => failsAbove(230_400),
      '1 BAUD 460800, 2 HELLO, 1 BAUD 115200, 3 HELLO, 1 BAUD 230400, 1 HELLO, 8 long',
      1400,
    ],
    [
      'back from one above what is known, to that',
      { rate: 460_800 },
      () => failsAbove(460_800),
      '1 BAUD 460800, 1 HELLO, 8 long, 1 BAUD 921600, 2 HELLO, 1 BAUD 115200, 4 HELLO, 1 BAUD 460800, 1 HELLO, 8 long',
      1700,
    ],
    [
      'nowhere, with a port that says that it can not make it',
      undefined,
      () => {
        const setRate = bench.line.setRate.bind(bench.line);
        bench.line.setRate = (rate) =>
          rate === HOME ? setRate(rate) : Promise.reject(new IapError('PORT_FAILED', 'no'));
      },
      '1 BAUD 230400, 8 HELLO',
      1700,
    ],
    [
      'home from one that is not understood, where none is below',
      undefined,
      () => failsAbove(HOME),
      '1 BAUD 230400, 2 HELLO, 1 BAUD 115200, 3 HELLO',
      1300,
    ],
    [
      'down from one that does not pass its proof, which is given twice',
      undefined,
      () => {
        bench.device.hook = ({ payload }) =>
          payload.length > 200 && bench.device.rate > 230_400 ? 'drop' : undefined;
      },
      `${UP}, 16 long, 1 BAUD 460800, 1 HELLO, 16 long, 1 BAUD 230400, 1 HELLO, 8 long`,
      1800,
    ],
  ])('%s', async (_, known, fails, frames, ms) => {
    const { rates } = await choice({}, known);
    fails();
    const since = bench.clock.now();
    await rates.settle(MUCH);
    expect(words()).toBe(frames);
    expect(bench.clock.now() - since).toBeLessThan(ms);
    const hellos = bench.line.checker.sent.filter(({ type }) => type === Command.HELLO);
    expect(hellos.map(({ payload }) => payload[2])).toEqual(hellos.map(() => HelloFlag.HOLD));
  });

  test("up from where it was found, above the device's own: that need not be proven", async () => {
    const { rates } = await choice({ info: { defaultRate: 57_600 } });
    await rates.settle(MUCH);
    expect(words()).toBe(`${UP}, 8 long`);
  });

  test('once lost at each of two rates: it stays at the second', async () => {
    const { rates } = await choice();
    await rates.settle(MUCH);
    await found();
    await rates.lost(921_600);
    failsAbove(460_800);
    await rates.settle(MUCH);
    expect(bench.line.rate).toBe(460_800);
    await found();
    await rates.lost(460_800);
    await rates.settle(MUCH);
    expect(bench.line.rate).toBe(460_800);
  });

  test('again to what was chosen, once it is found again: it is proven anew', async () => {
    const { rates, told } = await choice();
    await rates.settle(MUCH);
    await found();
    await rates.lost(921_600);
    await rates.settle(MUCH);
    expect(words()).toBe(`${UP}, 8 long, 1 BAUD 921600, 1 HELLO, 8 long`);
    expect(told).toEqual(Array(2).fill({ event: 'rate', rate: 921_600, chosen: 'fastest' }));
  });

  test('not to what was chosen, for a few bytes', async () => {
    const { rates } = await choice();
    await rates.settle(MUCH);
    await found();
    await rates.settle(10);
    expect(words()).toBe(`${UP}, 8 long`);
    expect(bench.line.rate).toBe(HOME);
  });

  test('down, where errors rise: the one below is proven', async () => {
    const { rates, told, memory } = await choice();
    await rates.settle(MUCH);
    await rates.lower();
    expect(words()).toBe(`${UP}, 8 long, 1 BAUD 460800, 1 HELLO, 8 long`);
    const lowered = { rate: 460_800, failed: 921_600 };
    expect(told.slice(1)).toEqual([{ event: 'rate', chosen: 'lowered', ...lowered }]);
    expect(memory.kept.slice(1)).toEqual([lowered]);
  });

  test('down from one at which nothing is understood any more: by way of home', async () => {
    const { rates } = await choice();
    await rates.settle(MUCH);
    failsAbove(460_800);
    await rates.lower();
    expect(words()).toBe(
      `${UP}, 8 long, 2 BAUD 460800, 2 HELLO, 1 BAUD 115200, 10 HELLO, 1 BAUD 460800, 1 HELLO, 8 long`,
    );
    expect([bench.line.rate, bench.device.rate]).toEqual([460_800, 460_800]);
  });

  test('down, and lost on the way: it is gone on there when it is found again', async () => {
    const { rates } = await choice();
    await rates.settle(MUCH);
    bench.device.alive = false;
    await expect(rates.lower()).rejects.toMatchObject({ code: 'LINK_LOST' });
    bench.device.alive = true;
    await found();
    bench.line.checker.sent.length = 1;
    await rates.settle(MUCH);
    expect(words()).toBe('1 BAUD 460800, 1 HELLO, 8 long');
  });

  test('nothing, where the link is lost before any is chosen', async () => {
    const { rates, memory } = await choice();
    for (let i = 0; i < 3; i++) await rates.lost(921_600);
    expect(memory.kept).toEqual([]);
    await rates.settle(MUCH);
    expect(words()).toBe(`${UP}, 8 long`);
  });

  test('home on a half-duplex pair: not before the answer is over that the device may give', async () => {
    const { rates } = await choice({
      faults: { halfDuplex: {} },
      turnRoundMs: 1,
      info: { capabilities: Capability.BAUD | Capability.HALF_DUPLEX },
    });
    bench.line.toHost = (bytes) => (bench.line.rate > 230_400 ? [] : [bytes]);
    const times: number[] = [];
    const write = bench.line.write.bind(bench.line);
    bench.line.write = (bytes) => {
      times.push(bench.clock.now());
      return write(bytes);
    };
    await rates.settle(MUCH);
    expect(words()).toMatch(
      /^1 BAUD 230400, 1 HELLO, 1 BAUD 460800, 2 HELLO, 1 BAUD 115200, \d+ HELLO, 1 BAUD 230400, 1 HELLO, 8 long$/,
    );
    const home = bench.line.checker.sent.findLastIndex(
      ({ type, payload }) => type === Command.BAUD && decode(BaudRequest, payload).rate === HOME,
    );
    // The first frame was sent before they were counted.
    expect((times[home] ?? 0) - (times[home - 1] ?? 0)).toBeGreaterThan(50);
  });
});
