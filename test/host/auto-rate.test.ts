// The rate that an update finds by itself: up as far as both directions hold, down when errors rise, the same again next time.
import { describe, expect, test } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import type { FakeLine } from '../../host/testing/fake-line.js';
import { randomFrom } from '../../host/testing/random.js';
import { Capability, Command, Status } from '../../protocol/index.js';
import type { Outcome } from '../support/bench.js';
import { appImage } from '../support/images.js';
import { bench, expectInstalled, start } from '../support/one-bench.js';
import { RatesInMemory } from '../support/rates-in-memory.js';

const BOARD = { info: { maxRate: 921_600 } } as const;

function ratesOf({ events }: Outcome): unknown[] {
  return events.flatMap((event) => {
    if (event.event !== 'rate') return [];
    const { event: _, ...values } = event;
    return [values];
  });
}

/** Rates that were asked for, in order */
function asked(): number[] {
  return bench.line.checker.sent
    .filter(({ type }) => type === Command.BAUD)
    .map(({ payload }) => new DataView(payload.buffer, payload.byteOffset).getUint32(0, true));
}

type Direction = 'toDevice' | 'toHost';

/** Above `limit` each byte that goes this way loses its edges. */
function failsAbove(line: FakeLine, limit: number, ...directions: Direction[]): void {
  for (const direction of directions) {
    line[direction] = (bytes) =>
      line.rate > limit ? [bytes.map((byte) => byte & 0x7f || 1)] : [bytes];
  }
}

describe('climbs', () => {
  test('to what the device can at most', async () => {
    start(BOARD);
    const image = appImage(100_000);
    const outcome = await bench.update(image, { rate: 'auto' });
    expectInstalled(outcome, image);
    expect(asked()).toEqual([230_400, 460_800, 921_600]);
    expect(ratesOf(outcome)).toEqual([{ rate: 921_600, chosen: 'fastest' }]);
    expect(outcome.result?.rate).toBe(921_600);
    // Flash alone takes 49 times 60 ms: not much more than with the rate given (3400).
    expect(outcome.ms).toBeLessThan(3500);
    expect(bench.line.rate).toBe(115_200);
  });

  test('not beyond what flash can take', async () => {
    start({ info: { maxRate: 4_500_000 } });
    await bench.update(appImage(100_000), { rate: 'auto' });
    expect(Math.max(...asked())).toBe(921_600);
  });

  test.each([9600, 57_600, 250_000])('from %i baud', async (rate) => {
    start({ ...BOARD, rate });
    const image = appImage(150_000);
    const outcome = await bench.update(image, { rate: 'auto' });
    expectInstalled(outcome, image);
    expect(outcome.result?.rate).toBe(921_600);
    expect(bench.line.rate).toBe(rate);
  });

  test.each<[string, Direction[]]>([
    ['towards the device', ['toDevice']],
    ['towards the host', ['toHost']],
    ['both ways', ['toDevice', 'toHost']],
  ])('as far as the line holds, which fails above 460800 %s', async (_, directions) => {
    start(BOARD);
    failsAbove(bench.line, 460_800, ...directions);
    const image = appImage(100_000);
    const outcome = await bench.update(image, { rate: 'auto' });
    expectInstalled(outcome, image);
    expect(ratesOf(outcome)).toEqual([{ rate: 460_800, chosen: 'fastest', failed: 921_600 }]);
    // The device is back after a second at the latest.
    expect(outcome.ms).toBeLessThan(3500 + 1500);
  });

  test.each<Direction>(['toDevice', 'toHost'])(
    'no further than long frames hold, in the direction %s',
    async (direction) => {
      start(BOARD);
      const { line } = bench;
      let count = 0;
      line[direction] = (bytes) => {
        const out = bytes.slice();
        // Each 400th byte: a short question and its answer often get through.
        out.forEach((byte, i) => {
          if (line.rate > 230_400 && ++count % 400 === 0) out[i] = byte ^ 0x10;
        });
        return [out];
      };
      const image = appImage(100_000);
      const outcome = await bench.update(image, { rate: 'auto' });
      expectInstalled(outcome, image);
      expect(ratesOf(outcome)).toEqual([{ rate: 230_400, chosen: 'fastest', failed: 460_800 }]);
    },
  );

  test('nowhere, on a line that carries no other rate', async () => {
    start(BOARD);
    failsAbove(bench.line, 115_200, 'toDevice', 'toHost');
    const image = appImage(60_000);
    const outcome = await bench.update(image, { rate: 'auto' });
    expectInstalled(outcome, image);
    expect(ratesOf(outcome)).toEqual([{ rate: 115_200, chosen: 'fastest', failed: 230_400 }]);
  });

  test('nowhere, with an adapter that can not', async () => {
    start(BOARD);
    const { line } = bench;
    const setRate = line.setRate.bind(line);
    line.setRate = (baud) => (baud > 500_000 ? Promise.reject(portFailed()) : setRate(baud));
    const image = appImage(100_000);
    const outcome = await bench.update(image, { rate: 'auto' });
    expectInstalled(outcome, image);
    expect(ratesOf(outcome)).toEqual([{ rate: 460_800, chosen: 'fastest', failed: 921_600 }]);
  });

  test('nowhere, with a device that can not', async () => {
    start({ info: { capabilities: 0 } });
    const image = appImage(60_000);
    const outcome = await bench.update(image, { rate: 'auto' });
    expectInstalled(outcome, image);
    expect(ratesOf(outcome)).toEqual([{ rate: 115_200, chosen: 'only' }]);
    expect(asked()).toEqual([]);
  });

  test('past no rate that the device refuses', async () => {
    start({ info: { maxRate: 921_600, capabilities: Capability.BAUD } });
    bench.device.hook = ({ type }) =>
      type === Command.BAUD && asked().at(-1) === 460_800 ? Status.RATE_UNAVAILABLE : undefined;
    const image = appImage(60_000);
    const outcome = await bench.update(image, { rate: 'auto' });
    expectInstalled(outcome, image);
    expect(outcome.result?.rate).toBe(230_400);
  });

  test('not for a page or two', async () => {
    start(BOARD);
    const image = appImage(100_000);
    await bench.update(image, { boot: false });
    const changed = image.slice();
    changed[50_000] = (changed[50_000] ?? 0) ^ 1;
    const outcome = await bench.update(changed, { rate: 'auto' });
    expectInstalled(outcome, changed);
    expect(ratesOf(outcome)).toEqual([{ rate: 115_200, chosen: 'little' }]);
    expect(asked()).toEqual([]);
  });

  test('with the smallest window there may be', async () => {
    start({
      pageSize: 1024,
      info: { maxRate: 921_600, maxPayload: 272, window: 1024 },
    });
    const image = appImage(50_000);
    const outcome = await bench.update(image, { rate: 'auto' });
    expectInstalled(outcome, image);
    expect(outcome.result?.rate).toBe(921_600);
  });
});

describe('a reset', () => {
  test('on the way: the same rate again', async () => {
    start(BOARD);
    bench.device.hook = ({ type }, count) =>
      type === Command.DATA && count === 8 ? 'reset' : undefined;
    const image = appImage(100_000);
    const outcome = await bench.update(image, { rate: 'auto' });
    expectInstalled(outcome, image);
    expect(ratesOf(outcome)).toEqual([
      { rate: 921_600, chosen: 'fastest' },
      { rate: 921_600, chosen: 'fastest' },
    ]);
  });

  test('again and again at one rate: a slower one', async () => {
    start(BOARD);
    let pages = 0;
    bench.device.hook = ({ type }) =>
      type === Command.DATA && bench.device.rate === 921_600 && ++pages % 5 === 0
        ? 'reset'
        : undefined;
    const image = appImage(100_000);
    const outcome = await bench.update(image, { rate: 'auto' });
    expectInstalled(outcome, image);
    expect(outcome.result?.rate).toBe(460_800);
  });
});
function portFailed(): IapError {
  return new IapError('PORT_FAILED', 'this rate is not supported');
}

describe('a line that gets worse on the way', () => {
  test.each<Direction>(['toDevice', 'toHost'])(
    'at this rate alone, %s: goes on at a slower one',
    async (direction) => {
      start(BOARD);
      const { line } = bench;
      const image = appImage(120_000);
      const memory = new RatesInMemory();
      let worse = false;
      let count = 0;
      line[direction] = (bytes) => {
        const out = bytes.slice();
        const at = bytes.length >> 1;
        if (worse && line.rate > 500_000 && at > 0 && ++count % 3 === 0) {
          out[at] = (out[at] ?? 0) ^ 0x10 || 1;
        }
        return [out];
      };
      const outcome = await bench.update(image, { rate: 'auto', rates: memory }, (event) => {
        if (event.event === 'progress' && event.bytesDone > 50_000) worse = true;
      });
      expectInstalled(outcome, image);
      expect(ratesOf(outcome)).toEqual([
        { rate: 921_600, chosen: 'fastest' },
        { rate: 460_800, chosen: 'lowered', failed: 921_600 },
      ]);
      expect(outcome.result?.rate).toBe(460_800);
      expect(memory.kept.at(-1)).toEqual({ rate: 460_800, failed: 921_600 });
      // Nothing is sent again that was in flash.
      expect(outcome.result?.pagesSent).toBeLessThanOrEqual(59 + 1);
      expect(outcome.events.filter(({ event }) => event === 'reconnecting')).toEqual([]);
      expect(outcome.ms).toBeLessThan(59 * 60 + 2000);
    },
  );

  test.each<Direction[][]>([[['toDevice']], [['toHost']], [['toDevice', 'toHost']]])(
    'until nothing gets through at this rate, %s: found again, and goes on at a slower one',
    async (directions) => {
      start(BOARD);
      const image = appImage(120_000);
      let worse = false;
      const outcome = await bench.update(image, { rate: 'auto' }, (event) => {
        if (event.event !== 'progress' || event.bytesDone < 50_000 || worse) return;
        worse = true;
        failsAbove(bench.line, 500_000, ...directions);
      });
      expectInstalled(outcome, image);
      expect(outcome.result?.rate).toBe(460_800);
    },
  );

  test.each([
    ['drop', 4500],
    ['deaf', 1200],
  ] as const)(
    'until not even BAUD gets through (%s): one step down all the same',
    async (how, ms) => {
      start(BOARD);
      const { line, device } = bench;
      const image = appImage(120_000);
      let worse = false;
      let count = 0;
      line.toDevice = (bytes) =>
        worse && line.rate > 500_000 && bytes.length > 60 && ++count % 3 === 0 ? [] : [bytes];
      device.hook = ({ type }) =>
        worse && type === Command.BAUD && device.rate > 500_000 ? how : undefined;
      const outcome = await bench.update(image, { rate: 'auto' }, (event) => {
        if (event.event === 'progress' && event.bytesDone > 50_000) worse = true;
      });
      expectInstalled(outcome, image);
      expect(outcome.result?.rate).toBe(460_800);
      // Beside the flash and what is sent twice
      expect(outcome.ms).toBeLessThan(59 * 60 + ms);
    },
  );

  test('at every rate: goes down to the first one, and is done', async () => {
    start(BOARD);
    const { line } = bench;
    const image = appImage(100_000);
    const random = randomFrom(3);
    let worse = false;
    line.toDevice = (bytes) => (worse && bytes.length > 1 && random() < 0.25 ? [] : [bytes]);
    const outcome = await bench.update(image, { rate: 'auto' }, (event) => {
      if (event.event === 'progress' && event.bytesDone > 20_000) worse = true;
    });
    expectInstalled(outcome, image);
    expect(outcome.result?.rate).toBe(115_200);
  });

  test('with the rate given: stays there', async () => {
    start(BOARD);
    const { line } = bench;
    const image = appImage(100_000);
    let count = 0;
    line.toDevice = (bytes) => (bytes.length > 100 && ++count % 3 === 0 ? [] : [bytes]);
    const outcome = await bench.update(image, { rate: 921_600 });
    expectInstalled(outcome, image);
    expect(ratesOf(outcome)).toEqual([{ rate: 921_600 }]);
    expect(bench.line.checker.count(Command.BEGIN)).toBe(1);
  });

  test('a frame lost now and then: stays there', async () => {
    start(BOARD);
    const { line } = bench;
    const image = appImage(120_000);
    let count = 0;
    line.toDevice = (bytes) => (bytes.length > 500 && ++count % 12 === 0 ? [] : [bytes]);
    const outcome = await bench.update(image, { rate: 'auto' });
    expectInstalled(outcome, image);
    expect(outcome.result?.rate).toBe(921_600);
  });
});

describe('what is remembered', () => {
  test('is kept once it is chosen, with what does not hold', async () => {
    start(BOARD);
    failsAbove(bench.line, 460_800, 'toDevice');
    const memory = new RatesInMemory();
    await bench.update(appImage(100_000), { rate: 'auto', rates: memory });
    expect(memory.kept).toEqual([{ rate: 460_800, failed: 921_600 }]);
  });

  test('is where it begins: no step on the way, and none that failed', async () => {
    start(BOARD);
    failsAbove(bench.line, 460_800, 'toDevice');
    const memory = new RatesInMemory({ rate: 460_800, failed: 921_600 });
    const image = appImage(100_000);
    const outcome = await bench.update(image, { rate: 'auto', rates: memory });
    expectInstalled(outcome, image);
    expect(asked()).toEqual([460_800]);
    expect(ratesOf(outcome)).toEqual([{ rate: 460_800, chosen: 'remembered', failed: 921_600 }]);
    expect(outcome.ms).toBeLessThan(3500);
  });

  test('is worth it for little already', async () => {
    start(BOARD);
    const memory = new RatesInMemory({ rate: 921_600 });
    const outcome = await bench.update(appImage(6000), { rate: 'auto', rates: memory });
    expect(ratesOf(outcome)).toEqual([{ rate: 921_600, chosen: 'remembered' }]);
  });

  test('that no other rate holds: none is tried', async () => {
    start(BOARD);
    failsAbove(bench.line, 115_200, 'toDevice');
    const memory = new RatesInMemory({ rate: 115_200, failed: 230_400 });
    const outcome = await bench.update(appImage(60_000), { rate: 'auto', rates: memory });
    expect(asked()).toEqual([]);
    expect(ratesOf(outcome)).toEqual([{ rate: 115_200, chosen: 'remembered', failed: 230_400 }]);
  });

  test.each<Direction>(['toDevice', 'toHost'])('is proven anew: worse by now, %s', async (way) => {
    start(BOARD);
    failsAbove(bench.line, 300_000, way);
    const memory = new RatesInMemory({ rate: 921_600 });
    const image = appImage(100_000);
    const outcome = await bench.update(image, { rate: 'auto', rates: memory });
    expectInstalled(outcome, image);
    expect(memory.known).toEqual({ rate: 230_400, failed: 460_800 });
  });

  test.each([
    ['a rate that the device can not make', { rate: 3_000_000 }],
    ['one below its own', { rate: 9600, failed: 19_200 }],
    ['one that nobody uses', { rate: 300_001 }],
  ])('is %s: slower, never wrong', async (_, known) => {
    start(BOARD);
    const image = appImage(100_000);
    const memory = new RatesInMemory(known);
    const outcome = await bench.update(image, { rate: 'auto', rates: memory });
    expectInstalled(outcome, image);
    expect(ratesOf(outcome)).toEqual([{ rate: 921_600, chosen: 'fastest' }]);
  });
});
