// Who of a group is there, whom the image fits, and from their applications to their bootloaders: what is sent and told until BEGIN.
import { afterEach, describe, expect, test } from 'vitest';
import type { DeviceInfo } from '../../host/device/device.js';
import { Command, Mode, Status } from '../../protocol/index.js';
import { appImage } from '../support/images.js';
import { sentOn, told } from '../support/in-words.js';
import { type GroupOutcome, Pair, type PairOptions } from '../support/pair.js';

let pair: Pair;
let sent: () => string;

function start(options: Partial<PairOptions> = {}): void {
  pair = new Pair({ addresses: [1, 2], ...options });
  sent = sentOn(pair);
}

/** In their applications */
function running(options: Partial<PairOptions> = {}): void {
  start({ appKit: true, ...options });
  for (const device of pair.devices) device.startApp();
  pair.line.rate = options.appRate ?? pair.line.rate;
}

afterEach(() => {
  expect(pair.line.checker.violations).toEqual([]);
});

const image = appImage(2000);
const BEGUN = ', 255 ABORT';

/** What was sent before any update was begun */
function untilBegun(): string {
  return sent().split(BEGUN)[0] ?? '';
}

function becameOf({ result }: GroupOutcome): unknown[] {
  return (result?.members ?? []).map(({ together, error }) => error?.code ?? together);
}

describe('one that is silent', () => {
  test('is called for as long as is given, and those that are there are kept', async () => {
    start();
    pair.at(2).alive = false;
    const outcome = await pair.update(image, { boot: false, timeoutMs: 1000 });
    const again = '1 HELLO+, 0 keep 65535, 2 HELLO+';
    expect(untilBegun()).toBe(`1 HELLO+, 2 HELLO+, ${again}, ${again}, ${again}, ${again}`);
    expect(becameOf(outcome)).toEqual([true, 'NO_ANSWER']);
  });

  test('is waited for, where that is asked for, for as long as is given', async () => {
    start();
    pair.at(2).alive = false;
    const outcome = await pair.update(image, { boot: false, wait: true, timeoutMs: 3000 });
    expect(outcome.ms).toBeGreaterThan(3500);
    expect(outcome.ms).toBeLessThan(3700);
    const called = untilBegun().split(', ');
    // Kept after each two seconds of calls
    expect(called.filter((frame) => frame === '0 keep 65535')).toHaveLength(2);
    expect(called.filter((frame) => frame === '2 HELLO+').length).toBeGreaterThan(100);
    expect(becameOf(outcome)).toEqual([true, 'NO_ANSWER']);
  });

  test('is not waited for where it is verified: three times is enough', async () => {
    start();
    pair.at(2).alive = false;
    const verified = new Set([2]);
    const outcome = await pair.update(image, { boot: false, timeoutMs: 60_000, verified });
    const again = '1 HELLO+, 0 keep 65535, 2 HELLO+';
    expect(untilBegun()).toBe(`1 HELLO+, 2 HELLO+, ${again}, ${again}`);
    expect(becameOf(outcome)).toEqual([true, 'NO_ANSWER']);
    expect(outcome.ms).toBeLessThan(2000);
  });

  test('and nobody else is there: all of them are named, once each', async () => {
    start();
    for (const device of pair.devices) device.alive = false;
    const outcome = await pair.update(image);
    expect(sent()).toBe(
      '1 HELLO+, 2 HELLO+, 1 HELLO+, 2 HELLO+, 1 HELLO+, 2 HELLO+, 1 HELLO+, 2 HELLO+',
    );
    expect(told(outcome)).toEqual([
      'member @1 changed false boot no together true NO_ANSWER',
      'member @2 changed false boot no together true NO_ANSWER',
    ]);
    expect(outcome.result).toMatchObject({ pagesTotal: 0, pagesSent: 0, rate: 115_200 });
  });

  test('and comes late is updated by itself, after the others', async () => {
    start();
    pair.at(2).alive = false;
    const outcome = await pair.update(image, { boot: false, rate: 460_800 }, ({ event }) => {
      if (event === 'plan') pair.at(2).alive = true;
    });
    expect(told(outcome).slice(-10)).toEqual(
      [
        'found @2 bootloader',
        'alone @2 reason it was silent when all were called',
        'member @1 bootloader changed true boot no together true',
        'found @2 bootloader',
        'rate @2 rate 460800',
        'comparing @2 pages 1',
        'plan @2 pagesTotal 1 pagesToSend 1 bytesToSend 2000 resumed false',
        'progress @2 bytesDone 2000 bytesTotal 2000',
        'verifying @2',
        'installed @2',
        'member @2 bootloader changed true boot no together false',
      ].slice(-10),
    );
    expect(becameOf(outcome)).toEqual([true, false]);
  });
});

describe('an application', () => {
  test('that does not want to be left now is asked once more by itself, and stays', async () => {
    running();
    pair.at(2).notNow = 7;
    const outcome = await pair.update(image, { boot: false });
    expect(untilBegun()).toBe(
      '1 HELLO+, 2 HELLO+, 1 ENTER, 2 ENTER, 0 keep 65535, 1 HELLO+, 2 HELLO+, 2 ENTER',
    );
    expect(told(outcome).slice(4, 7)).toEqual([
      'found @1 bootloader',
      'alone @2 reason the device refuses ENTER: its application does not want to be left at this moment (its reason 7)',
      'comparing pages 1',
    ]);
    expect(becameOf(outcome)).toEqual([true, 'REFUSED']);
    expect(pair.at(2).mode).toBe(Mode.APP);
    expect(pair.at(2).log).not.toContain('BOOT');
  });

  test('that does not want to be left now, at another rate: not looked for at the one of its bootloader', async () => {
    running({ appRate: 57_600 });
    pair.at(2).notNow = 7;
    const outcome = await pair.update(image, { boot: false });
    expect(untilBegun()).toBe('1 HELLO+, 2 HELLO+, 1 ENTER, 2 ENTER, 0 keep 65535, 1 HELLO+');
    expect(told(outcome).slice(2, 6)).toEqual([
      'entering @1 app',
      'entering @2 app',
      'alone @2 reason the device refuses ENTER: its application does not want to be left at this moment (its reason 7)',
      'found @1 bootloader',
    ]);
    expect(becameOf(outcome)).toEqual([true, 'REFUSED']);
  });

  test('at another rate: its bootloader is looked for at its own, and it is waited for at its own', async () => {
    running({ appRate: 57_600 });
    const rates: number[] = [];
    const setRate = pair.line.setRate.bind(pair.line);
    pair.line.setRate = (rate) => {
      rates.push(rate);
      return setRate(rate);
    };
    const outcome = await pair.update(image, { waitApp: true });
    expect(untilBegun()).toBe(
      '1 HELLO+, 2 HELLO+, 1 ENTER, 2 ENTER, 0 keep 65535, 1 HELLO+, 2 HELLO+',
    );
    expect(rates).toEqual([115_200, 57_600]);
    expect(told(outcome).filter((event) => event.startsWith('app'))).toEqual([
      'app @1 app',
      'app @2 app',
    ]);
    expect(outcome.result).toMatchObject({ rate: 115_200 });
  });

  test('at another rate, of a port that can not change: goes on at the one it has', async () => {
    running();
    Object.assign(pair.line, { fixedRate: true });
    for (const { info } of pair.devices) Object.assign(info, { defaultRate: 57_600 });
    const outcome = await pair.update(image, { boot: false });
    expect(becameOf(outcome)).toEqual([true, true]);
    expect(pair.line.rate).toBe(115_200);
  });

  test('that does not hear that it is asked is asked again while its bootloader is looked for', async () => {
    running();
    pair.at(2).hook = ({ type }, count) =>
      type === Command.ENTER && count === 1 ? 'drop' : undefined;
    const outcome = await pair.update(image, { boot: false });
    expect(becameOf(outcome)).toEqual([true, true]);
    expect(untilBegun()).toMatch(
      /^1 HELLO\+, 2 HELLO\+, 1 ENTER, 2 ENTER, 0 keep 65535, 1 HELLO\+, 2 HELLO\+, 2 ENTER, 2 HELLO\+/,
    );
  });

  test('that does not hear it, at another rate, is updated by itself', async () => {
    running({ appRate: 57_600 });
    pair.at(2).hook = ({ type }, count) =>
      type === Command.ENTER && count === 1 ? 'drop' : undefined;
    const outcome = await pair.update(image, { boot: false });
    expect(told(outcome)).toContain('alone @2 reason it was silent when all were called');
    expect(becameOf(outcome)).toEqual([true, false]);
    expect(pair.line.rate).toBe(57_600);
  });

  test('that is asked to leave and is gone then is not tried again', async () => {
    running();
    const outcome = await pair.update(image, { boot: false }, ({ event }) => {
      if (event === 'entering') pair.at(2).alive = false;
    });
    expect(becameOf(outcome)).toEqual([true, 'NO_ANSWER']);
    expect(told(outcome).at(-1)).toBe(
      'member @2 app changed false boot no together true NO_ANSWER',
    );
  });

  test('that is asked to leave when the port goes away: that ends it for all', async () => {
    running();
    const outcome = await pair.update(image, { boot: false }, ({ event }) => {
      if (event === 'entering') pair.line.vanish();
    });
    expect(sent()).toBe('1 HELLO+, 2 HELLO+, 1 ENTER');
    expect(outcome.error).toMatchObject({
      code: 'PORT_LOST',
      message:
        'the port went away; the image is on 0 of 2 devices, nothing was written to the others',
      details: { resumable: false, installed: '' },
    });
    const errors = outcome.events.flatMap((event) =>
      'error' in event ? [event.error?.message] : [],
    );
    expect(errors).toEqual([
      'the port went away; nothing was written to it, but its application was asked to leave',
      'the port went away; nothing was written to it',
    ]);
  });
});

describe('what only the bootloader knows', () => {
  /** What HELLO says from then on, once the bootloader of 2 is there */
  function becomes(change: Partial<DeviceInfo>): void {
    pair.at(2).hook = () => {
      if (pair.at(2).mode === Mode.BOOTLOADER) Object.assign(pair.at(2).info, change);
      return undefined;
    };
  }

  test('that it is another product: nobody is begun, and all are started again', async () => {
    running();
    becomes({ product: new Uint8Array(16).fill(5) });
    const outcome = await pair.update(image, { boot: false });
    expect(sent()).toBe(
      '1 HELLO+, 2 HELLO+, 1 ENTER, 2 ENTER, 0 keep 65535, 1 HELLO+, 2 HELLO+, 1 BOOT, 2 BOOT',
    );
    expect(outcome.error).toMatchObject({ code: 'DEVICES_DIFFER' });
    expect(outcome.events.filter(({ event }) => event === 'booting')).toEqual([]);
  });

  test('where the application ends: the one that is too small is started again, and the others go on', async () => {
    running({ pageSize: 1024 });
    const { appBase } = pair.at(2).info;
    Object.assign(pair.at(2).info, { appEnd: appBase });
    becomes({ appEnd: appBase + 1024 });
    const outcome = await pair.update(image, { boot: false });
    expect(untilBegun()).toBe(
      '1 HELLO+, 2 HELLO+, 1 ENTER, 2 ENTER, 0 keep 65535, 1 HELLO+, 2 HELLO+, 2 BOOT',
    );
    expect(becameOf(outcome)).toEqual([true, 'IMAGE_TOO_LARGE']);
  });

  test('and has not checked yet is waited for', async () => {
    start();
    await pair.update(image, { boot: false });
    sent();
    pair.at(2).uncheckedUntil = pair.clock.now() + 500;
    const outcome = await pair.update(image, { boot: false });
    expect(sent()).not.toContain('BEGIN');
    expect(told(outcome).slice(2, 4)).toEqual(['unchanged @1', 'unchanged @2']);
    expect(outcome.ms).toBeGreaterThan(500);
  });
});

describe('an image that one of them refuses in its bootloader', () => {
  test.each([
    [
      'for its hardware: its application is started at once',
      Status.WRONG_HARDWARE,
      '2 BEGIN, 2 BOOT, 1 PAGES',
    ],
    ['for a reason that is none of the image: it stays', Status.RECORD_FAILED, '2 BEGIN, 1 PAGES'],
  ])('%s', async (_, status, frames) => {
    running();
    pair.at(2).hook = ({ type }) => (type === Command.BEGIN ? status : undefined);
    const outcome = await pair.update(image);
    expect(sent()).toContain(frames);
    expect(becameOf(outcome)).toEqual([true, 'REFUSED']);
  });

  test('in its bootloader, where it was found, it stays', async () => {
    start();
    await pair.update(appImage(2000, 2), { boot: false });
    sent();
    pair.at(2).hook = ({ type }) => (type === Command.BEGIN ? Status.WRONG_HARDWARE : undefined);
    await pair.update(image, { boot: false });
    expect(sent()).not.toContain('BOOT');
  });

  test('for its supply: it is tried by itself, and started when that is given up', async () => {
    running();
    pair.at(2).hook = ({ type }) => (type === Command.BEGIN ? Status.SUPPLY_LOW : undefined);
    const outcome = await pair.update(image);
    expect(sent()).toMatch(/1 BOOT, 2 HELLO\+, (2 BEGIN, )+2 BOOT$/);
    expect(becameOf(outcome)).toEqual([true, 'REFUSED']);
    expect(outcome.result?.members[1]).toMatchObject({ together: false, boot: 'no' });
  });
});

test('what is wrong with the image, and allowed, is told once', async () => {
  start({ addresses: [1, 2, 3] });
  const wrong = image.slice();
  wrong.set([0xfc, 0x4f], 0); // a stack that begins at no multiple of eight
  wrong[12] = (wrong[12] ?? 0) & ~1; // a vector that is no Thumb address
  const outcome = await pair.update(wrong, { boot: false, allow: ['vector-even'] });
  const warnings = outcome.events.filter(({ event }) => event === 'warning');
  expect(warnings).toMatchObject([
    { code: 'IMAGE', finding: 'stack-unaligned', address: 1 },
    { code: 'IMAGE', finding: 'vector-even', allowed: true, address: 1 },
  ]);
  expect(outcome.result?.allowed).toEqual(['vector-even']);
});

test('another unit than the one that is meant is left as it is, before anybody is asked to leave', async () => {
  running();
  const only = new Map([[2, new Uint8Array(12).fill(9)]]);
  const outcome = await pair.update(image, { boot: false, only });
  expect(becameOf(outcome)).toEqual([true, 'OTHER_DEVICE']);
  expect(sent()).not.toMatch(/2 (ENTER|BEGIN)/);
});
