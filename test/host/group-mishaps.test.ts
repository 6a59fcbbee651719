// One image to many devices on a pair: what others do to a group in between, and what of it the host must not be misled by.
import { describe, expect, test } from 'vitest';
import type { FakeDevice } from '../../host/testing/fake-device.js';
import {
  Command,
  DataFlag,
  DataRequest,
  decode,
  HOLD_REFRESH_MS,
  Mode,
  PageHead,
  Status,
} from '../../protocol/index.js';
import { appImage } from '../support/images.js';
import { type GroupOutcome, Pair, type PairOptions } from '../support/pair.js';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

function eventsOf(outcome: GroupOutcome, event: string): number[] {
  return outcome.events.flatMap((one) =>
    one.event === event && 'address' in one && one.address !== undefined ? [one.address] : [],
  );
}

test('after the last page, many are asked one by one, and the last of them lacks it', async () => {
  const pair = new Pair({ addresses: upTo(90), info: { window: 1024, maxPayload: 272 } });
  let lost = false;
  pair.at(90).hook = ({ type, payload }) => {
    if (lost || type !== Command.DATA || pair.at(90).flash.pagesWritten === 0) return undefined;
    lost = (decode(DataRequest, payload).flags & DataFlag.HEAD) !== 0;
    return lost ? 'drop' : undefined;
  };
  const outcome = await pair.update(appImage(4096));
  expect(lost).toBe(true);
  expect(outcome.result?.members.filter(({ error }) => error)).toEqual([]);
});

test('a page that is rejected once, and whose head is lost each time that it is sent again', async () => {
  const pair = new Pair({ addresses: upTo(3) });
  pair.at(2).rejecting.set(4, 1);
  let heads = 0;
  pair.at(2).hook = ({ type, payload }) => {
    if (type !== Command.DATA) return undefined;
    const { flags, body } = decode(DataRequest, payload);
    const isHead = (flags & DataFlag.HEAD) !== 0 && decode(PageHead, body).page === 4;
    return isHead && ++heads > 1 && heads < 4 ? 'drop' : undefined;
  };
  const outcome = await pair.update(appImage(30_000));
  expect(outcome.result?.members.map(({ error }) => error)).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(heads).toBeGreaterThan(3);
});

test('those that are there stay while many silent addresses are called', async () => {
  const pair = new Pair({ addresses: [1, 2] });
  const heardAt: number[] = [];
  pair.at(2).hook = () => {
    if (pair.at(2).mode === Mode.BOOTLOADER) heardAt.push(pair.clock.now());
    return undefined;
  };
  const outcome = await pair.update(appImage(4096), { addresses: upTo(254) });
  expect(Pair.member(outcome, 2)).toMatchObject({ boot: 'started' });
  const pauses = heardAt.map((at, i) => at - (heardAt[i - 1] ?? at));
  expect(Math.max(...pauses)).toBeLessThan(HOLD_REFRESH_MS + 1000);
  expect(pair.line.checker.violations).toEqual([]);
});

describe('another unit takes the place of one of them', () => {
  /** Two units of address 2, of which the second one is not there yet */
  function start(options: Partial<PairOptions> = {}): [Pair, FakeDevice, FakeDevice] {
    let made = 0;
    const pair = new Pair({
      addresses: [1, 2, 2],
      appKit: true,
      each: () => ({ info: { uniqueId: new Uint8Array(12).fill(++made) } }),
      ...options,
    });
    const [, first, second] = pair.devices;
    if (!first || !second) throw new RangeError('there are three');
    second.alive = false;
    return [pair, first, second];
  }

  async function swapped(
    [pair, first, second]: ReturnType<typeof start>,
    when: string,
    rate?: number,
  ): Promise<GroupOutcome> {
    const options = { addresses: [1, 2], ...(rate === undefined ? {} : { rate }) };
    return pair.update(appImage(10_000), options, (event) => {
      if (event.event !== when || !('address' in event) || event.address !== 2) return;
      first.alive = false;
      second.alive = true;
    });
  }

  function expectLeft(outcome: GroupOutcome, second: FakeDevice): void {
    expect(Pair.member(outcome, 1)?.error).toBeUndefined();
    expect(Pair.member(outcome, 2)?.error).toMatchObject({ code: 'OTHER_DEVICE' });
    expect(second.flash.pagesWritten).toBe(0);
    expect(eventsOf(outcome, 'installed')).toEqual([1]);
  }

  test('while its application is asked to leave: left as it is', async () => {
    const group = start();
    for (const device of group[0].devices) device.startApp();
    group[2].mode = Mode.BOOTLOADER;
    expectLeft(await swapped(group, 'entering'), group[2]);
  });

  test('before another rate is proven: left as it is', async () => {
    const group = start();
    expectLeft(await swapped(group, 'found', 460_800), group[2]);
  });

  test('before its update is begun: left as it is', async () => {
    const group = start();
    expectLeft(await swapped(group, 'found'), group[2]);
  });

  test('after its update was begun: left as it is', async () => {
    const group = start();
    const options = { addresses: [1, 2], rate: 460_800 };
    const outcome = await group[0].update(appImage(10_000), options, ({ event }) => {
      if (event !== 'plan') return;
      group[1].alive = false;
      group[2].alive = true;
    });
    expectLeft(outcome, group[2]);
  });

  test('while its answer is waited for: left as it is', async () => {
    const group = start();
    group[2].hook = ({ type }, count) =>
      type === Command.BEGIN && count === 1 ? 'drop' : undefined;
    expectLeft(await swapped(group, 'found'), group[2]);
  });
});

test('a stray byte with each answer does not make several of one', async () => {
  const pair = new Pair({ addresses: [1, 2] });
  for (const device of pair.devices) {
    device.hook = ({ type }) => {
      const stray = Uint8Array.of(0x55, 0);
      if (type === Command.HELLO) pair.line.answer(stray, pair.line.rate, device);
      return undefined;
    };
  }
  const outcome = await pair.update(appImage(10_000));
  expect(outcome.result?.members.map(({ error }) => error)).toEqual([undefined, undefined]);
});

describe('with "wait"', () => {
  /** Ended after ten minutes */
  async function waiting(
    pair: Pair,
    options: Parameters<Pair['update']>[1] = {},
    onEvent: Parameters<Pair['update']>[2] = () => {},
  ): Promise<GroupOutcome> {
    const end = new AbortController();
    pair.clock.after(600_000, () => end.abort());
    return pair.update(appImage(10_000), { wait: true, signal: end.signal, ...options }, onEvent);
  }

  test('those that are there are kept there until the last one is', async () => {
    const pair = new Pair({ addresses: [1, 2] });
    pair.at(2).alive = false;
    pair.clock.after(20_000, () => {
      pair.at(2).alive = true;
    });
    const heardAt: number[] = [];
    pair.at(1).hook = () => {
      heardAt.push(pair.clock.now());
      return undefined;
    };
    const outcome = await waiting(pair);
    expect(outcome.result?.members.map(({ error }) => error)).toEqual([undefined, undefined]);
    const pauses = heardAt.map((at, i) => at - (heardAt[i - 1] ?? 0));
    expect(Math.max(...pauses)).toBeLessThan(HOLD_REFRESH_MS + 1000);
  });

  test('one that was found and refuses while others are called does not end it for all', async () => {
    const pair = new Pair({ addresses: [1, 2, 3] });
    pair.at(3).alive = false;
    pair.clock.after(20_000, () => {
      pair.at(3).alive = true;
    });
    pair.at(1).hook = ({ type }, count) =>
      type === Command.HELLO && count > 2 ? Status.BAD_REQUEST : undefined;
    const outcome = await waiting(pair);
    const codes = outcome.result?.members.map(({ error }) => error?.code);
    expect(codes).toEqual(['REFUSED', undefined, undefined]);
  });

  test('one that was found and dies is not waited for without end', async () => {
    const pair = new Pair({ addresses: [1, 2] });
    const outcome = await waiting(pair, {}, ({ event }) => {
      if (event === 'plan') pair.at(2).alive = false;
    });
    expect(Pair.member(outcome, 1)).toMatchObject({ boot: 'started' });
    expect(Pair.member(outcome, 2)?.error).toBeDefined();
  });

  test('an application that refuses to be left is asked until it lets itself', async () => {
    const pair = new Pair({ addresses: [1, 2], appKit: true });
    for (const device of pair.devices) device.startApp();
    pair.at(2).notNow = 7;
    pair.clock.after(60_000, () => {
      pair.at(2).notNow = undefined;
    });
    const outcome = await waiting(pair);
    expect(outcome.result?.members.map(({ error }) => error)).toEqual([undefined, undefined]);
  });
});

test('one that is updated by itself when the port goes away is resumable', async () => {
  const pair = new Pair({ addresses: [1, 2] });
  pair.at(2).alive = false;
  const { error } = await pair.update(appImage(30_000), {}, (event) => {
    if (event.event === 'plan') pair.at(2).alive = true;
    const alone = event.event === 'progress' && event.address === 2;
    if (alone && event.bytesDone > 10_000) pair.line.vanish();
  });
  expect(error).toMatchObject({ code: 'PORT_LOST', details: { resumable: true, installed: '1' } });
  expect(String(error)).not.toMatch(/nothing was written/);
});

test('one that was updated by itself has the image when the port goes away at its start', async () => {
  const pair = new Pair({ addresses: [1, 2] });
  pair.at(2).alive = false;
  const { error, events } = await pair.update(appImage(30_000), {}, (event) => {
    if (event.event === 'plan') pair.at(2).alive = true;
    if (event.event === 'booting' && event.address === 2) pair.line.vanish();
  });
  expect(error).toMatchObject({
    code: 'PORT_LOST',
    message: 'the port went away; the image is on 2 of 2 devices',
    details: { installed: '1 2' },
  });
  const [last] = events.slice(-1);
  expect(last).toMatchObject({ event: 'member', address: 2, changed: true, together: false });
  expect(last).not.toHaveProperty('error');
});

test('what became of those that are done is told before others are tried by themselves', async () => {
  const pair = new Pair({ addresses: upTo(3) });
  const told: string[] = [];
  pair.at(1).hook = ({ type }, count) =>
    type === Command.DATA && count === 5 ? 'reset' : undefined;
  await pair.update(appImage(30_000), {}, (event) => {
    if (event.event === 'member') told.push(`member ${event.address}`);
    if (event.event === 'booted') told.push(`booted ${event.address}`);
  });
  expect(told.slice(-4)).toEqual(['member 2', 'member 3', 'booted 1', 'member 1']);
});

describe('an application that was left for an image that its bootloader refuses', () => {
  test.each([
    ['together', Status.WRONG_HARDWARE],
    ['and when it is tried by itself', Status.SUPPLY_LOW],
  ])('%s: is started again', async (_name, status) => {
    const pair = new Pair({ addresses: [1, 2], appKit: true });
    await pair.update(appImage(10_000));
    expect(pair.at(2).mode).toBe(Mode.APP);
    pair.at(2).log.length = 0;
    pair.at(2).hook = ({ type }) => (type === Command.BEGIN ? status : undefined);
    const outcome = await pair.update(appImage(10_001));
    expect(Pair.member(outcome, 1)?.error).toBeUndefined();
    expect(Pair.member(outcome, 2)?.error).toMatchObject({ code: 'REFUSED' });
    expect(pair.at(2).log.filter((name) => name === 'BOOT')).toHaveLength(1);
    expect(pair.at(2).mode).toBe(Mode.APP);
  });
});

describe('applications at another rate than their bootloaders', () => {
  const APP_RATE = 57_600;

  function start(): Pair {
    const pair = new Pair({ addresses: [1, 2], appKit: true, appRate: APP_RATE });
    for (const device of pair.devices) device.startApp();
    pair.line.rate = APP_RATE;
    return pair;
  }

  test('one that does not hear that it is asked to leave is updated by itself', async () => {
    const pair = start();
    pair.at(2).hook = ({ type }, count) =>
      type === Command.ENTER && count === 1 ? 'drop' : undefined;
    const outcome = await pair.update(appImage(10_000));
    expect(outcome.result?.members.map(({ error }) => error)).toEqual([undefined, undefined]);
    expect(outcome.result?.members.map(({ together }) => together)).toEqual([true, false]);
  });

  test('one that refuses to be left is asked until it lets itself, with "wait"', async () => {
    const pair = start();
    pair.at(2).notNow = 7;
    pair.clock.after(60_000, () => {
      pair.at(2).notNow = undefined;
    });
    const outcome = await pair.update(appImage(10_000), { wait: true });
    expect(outcome.result?.members.map(({ error }) => error)).toEqual([undefined, undefined]);
  });
});

test('the image is on one whose application does not answer, and that is said', async () => {
  const pair = new Pair({ addresses: [1, 2] });
  const outcome = await pair.update(appImage(10_000), { waitApp: true });
  expect(Pair.member(outcome, 1)).toMatchObject({ changed: true, error: { code: 'APP_SILENT' } });
});
