// Another rate for many devices at once: it is for the pages alone, and all of them stay at it as long as these are sent.
import { afterEach, describe, expect, test } from 'vitest';
import { Capability, Command, DataRequest, IDLE_MS, RATE_IDLE_MS } from '../../protocol/index.js';
import { appImage } from '../support/images.js';
import { type GroupOutcome, Pair, type PairOptions } from '../support/pair.js';
import { RatesInMemory } from '../support/rates-in-memory.js';

const RATE = 460_800;
const ALL = [1, 2, 3, 4, 5, 6, 7, 8];
const image = appImage(40_000);

let pair: Pair;

function start(options: PairOptions): Pair {
  pair = new Pair(options);
  return pair;
}

afterEach(() => {
  expect(pair.line.checker.violations).toEqual([]);
  expect(pair.line.collisions).toBe(0);
});

function expectTogether(outcome: GroupOutcome, addresses: readonly number[]): void {
  expect(outcome.error).toBeUndefined();
  for (const address of addresses) {
    const { error, together, boot } = Pair.member(outcome, address) ?? {};
    expect({ address, error, together, boot }).toEqual({
      address,
      error: undefined,
      together: true,
      boot: 'started',
    });
    expect(pair.at(address).flash.bytes.subarray(0, image.length)).toEqual(image);
  }
}

describe('one of them takes longer than a rate lasts without a frame', () => {
  test.each([
    ['to begin', { beginMs: 4000, info: { beginMs: 5000 } }],
    ['to verify', { endMs: 4000, info: { endMs: 5000 } }],
  ])('%s: the others stay in the group', async (_name, slow) => {
    start({ addresses: [1, 2, 3], ...slow });
    const outcome = await pair.update(image, { rate: RATE });
    expectTogether(outcome, [1, 2, 3]);
    expect(outcome.result?.rate).toBe(RATE);
  });

  test('to write a page, and is not there any more: the others stay at the rate', async () => {
    start({
      addresses: [1, 2, 3],
      commitMs: 400,
      info: { pageMs: 450, window: 2560, maxPayload: 272 },
    });
    const outcome = await pair.update(image, { rate: RATE }, (event) => {
      if (event.event === 'progress' && event.bytesDone > 8000) pair.at(2).alive = false;
    });
    expectTogether(outcome, [1, 3]);
    expect(outcome.result?.rate).toBe(RATE);
  });

  test.each([
    ['in the middle, with much on the way', 10_000, { window: 16_384, maxPayload: 1040 }, [2]],
    [
      'at the end, one after the other',
      36_000,
      { window: 2560, maxPayload: 272 },
      [2, 3, 4, 6, 7, 8],
    ],
  ])('and is silent %s: the others stay at the rate', async (_name, from, info, silent) => {
    start({ addresses: ALL, pageSize: 1024, info: { pageMs: 450, ...info } });
    const heardAt: number[] = [];
    pair.at(1).hook = () => {
      if (pair.at(1).rate === RATE) heardAt.push(pair.clock.now());
      return undefined;
    };
    const outcome = await pair.update(image, { rate: RATE }, (event) => {
      if (event.event !== 'progress' || event.bytesDone < from) return;
      for (const address of silent) pair.at(address).alive = false;
    });
    const pauses = heardAt.map((at, i) => at - (heardAt[i - 1] ?? at));
    expect(Math.max(...pauses)).toBeLessThan(RATE_IDLE_MS);
    const others = ALL.filter((address) => !silent.includes(address));
    expectTogether(outcome, others);
    expect(outcome.result?.rate).toBe(RATE);
  });

  test('than that to write a page: all go on at their own, and that is said', async () => {
    start({ addresses: [1, 2], commitMs: 1500, info: { pageMs: 1800 } });
    const outcome = await pair.update(image, { rate: RATE });
    expectTogether(outcome, [1, 2]);
    expect(outcome.result?.rate).toBe(115_200);
    expect(outcome.events).toContainEqual(
      expect.objectContaining({
        event: 'warning',
        message: expect.stringContaining('1800 ms for a page') as string,
      }),
    );
  });

  test.each([
    ['on a line for each direction', {}, 0],
    ['on a half-duplex pair', { halfDuplex: {} }, Capability.HALF_DUPLEX],
  ])(
    'to write its first page, and a question is lost: the others stay at the rate, %s',
    async (_name, faults, half) => {
      start({
        addresses: [1, 2, 3],
        faults,
        info: { beginMs: 4000, capabilities: Capability.BAUD | half },
      });
      for (const device of pair.devices) {
        let lost = false;
        device.hook = ({ type, payload }) => {
          if (lost || type !== Command.DATA || payload.length > DataRequest.size) return undefined;
          lost = true;
          return 'drop';
        };
      }
      const outcome = await pair.update(image, { rate: RATE });
      expectTogether(outcome, [1, 2, 3]);
      expect(outcome.result?.rate).toBe(RATE);
    },
  );
});

test('whoever did not hear that the rate is over is waited for', async () => {
  start({ addresses: [1, 2, 3] });
  pair.at(2).hook = ({ type }) =>
    type === Command.BAUD && pair.at(2).rate === RATE ? 'drop' : undefined;
  const outcome = await pair.update(image, { rate: RATE });
  expectTogether(outcome, [1, 2, 3]);
});

describe('the fastest rate that holds', () => {
  const auto = (rates: RatesInMemory): Parameters<Pair['update']>[1] => ({ rate: 'auto', rates });

  test('is tried with one while the others wait, and then all of them have it', async () => {
    start({ addresses: [1, 2, 3], appKit: true, info: { maxRate: 921_600 } });
    const rates = new RatesInMemory();
    const outcome = await pair.update(image, auto(rates));
    expectTogether(outcome, [1, 2, 3]);
    expect(outcome.result?.rate).toBe(921_600);
    expect(rates.known).toEqual({ rate: 921_600 });
    const again = await pair.update(appImage(40_000, 9), { ...auto(rates), boot: false });
    expect(again.result?.rate).toBe(921_600);
    const chosen = again.events.flatMap((event) =>
      event.event === 'rate' ? [[event.address, event.chosen]] : [],
    );
    expect(chosen).toEqual([
      [1, 'remembered'],
      [undefined, undefined],
    ]);
  });

  test('is the one below where one of the others does not follow, and that is remembered', async () => {
    start({ addresses: [1, 2, 3], info: { maxRate: 921_600 } });
    pair.at(3).hook = () => (pair.at(3).rate > 500_000 ? 'drop' : undefined);
    const rates = new RatesInMemory();
    const outcome = await pair.update(image, auto(rates));
    expectTogether(outcome, [1, 2, 3]);
    expect(outcome.result?.rate).toBe(460_800);
    expect(rates.known).toEqual({ rate: 460_800, failed: 921_600 });
  });

  test('is none above what the slowest can', async () => {
    start({
      addresses: [1, 2],
      each: (address) => ({ info: { maxRate: address === 2 ? 230_400 : 921_600 } }),
    });
    const outcome = await pair.update(image, auto(new RatesInMemory()));
    expectTogether(outcome, [1, 2]);
    expect(outcome.result?.rate).toBe(230_400);
    expect(outcome.events.filter(({ event }) => event === 'warning')).toEqual([]);
  });

  test('is the own one for a few bytes', async () => {
    start({ addresses: [1, 2] });
    await pair.update(image, { boot: false });
    pair.at(2).flash.page(3).fill(0);
    const outcome = await pair.update(image, auto(new RatesInMemory()));
    expectTogether(outcome, [1, 2]);
    expect(outcome.result?.rate).toBe(115_200);
  });

  test('and one that gets lost while it is tried with: the others go on', async () => {
    start({ addresses: [1, 2, 3] });
    const outcome = await pair.update(image, auto(new RatesInMemory()), ({ event }) => {
      if (event !== 'comparing') return;
      pair.clock.after(500, () => {
        pair.at(1).alive = false;
      });
    });
    expectTogether(outcome, [2, 3]);
    expect(Pair.member(outcome, 1)?.error).toBeDefined();
  });

  test('the others hear something while it is looked for with one that does not hold any', async () => {
    start({ addresses: [1, 2], info: { maxRate: 921_600 } });
    const long = 200;
    pair.at(1).hook = ({ type, payload }) =>
      pair.at(1).rate > 115_200 && (type === Command.BAUD || payload.length > long)
        ? 'drop'
        : undefined;
    const heardAt: number[] = [];
    pair.at(2).hook = () => {
      heardAt.push(pair.clock.now());
      return undefined;
    };
    const outcome = await pair.update(image, auto(new RatesInMemory()));
    expectTogether(outcome, [1, 2]);
    expect(outcome.result?.rate).toBe(115_200);
    const pauses = heardAt.map((at, i) => at - (heardAt[i - 1] ?? at));
    expect(Math.max(...pauses)).toBeLessThan(IDLE_MS - RATE_IDLE_MS);
  });

  test('is their own where one of them follows to none, and that is remembered', async () => {
    start({ addresses: [1, 2, 3], info: { maxRate: 921_600 } });
    pair.at(3).hook = () => (pair.at(3).rate > 115_200 ? 'drop' : undefined);
    const rates = new RatesInMemory();
    const outcome = await pair.update(image, auto(rates));
    expectTogether(outcome, [1, 2, 3]);
    expect(outcome.result?.rate).toBe(115_200);
    expect(rates.known).toEqual({ rate: 115_200, failed: 460_800 });
  });

  test('is not blamed where one of them takes too long for a page', async () => {
    start({ addresses: [1, 2], commitMs: 1500, info: { pageMs: 1800, maxRate: 921_600 } });
    const rates = new RatesInMemory();
    expectTogether(await pair.update(image, auto(rates)), [1, 2]);
    expect(rates.known).toEqual({ rate: 921_600 });
  });
});
