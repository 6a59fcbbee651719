// A whole update of a group: every frame that the host sends, in its order, and every event.
import { afterEach, describe, expect, test } from 'vitest';
import { Command, ImageState, Status } from '../../protocol/index.js';
import { appImage } from '../support/images.js';
import { sentOn, told } from '../support/in-words.js';
import { Pair, type PairOptions } from '../support/pair.js';

let pair: Pair;
let sent: () => string;

function start(options: PairOptions): void {
  pair = new Pair(options);
  sent = sentOn(pair);
}

afterEach(() => {
  expect(pair.line.checker.violations).toEqual([]);
  expect(pair.line.collisions).toBe(0);
});

/** One page, to two that have none of it */
const SENT = '0 0H, 0 1, 1 2?, 0 2, 0 3, 2 4?, 1 4?';
const PREPARED = '1 HELLO+, 1 BEGIN, 2 HELLO+, 2 BEGIN, 1 PAGES, 2 PAGES';
const ENDED = '1 END, 1 HELLO+, 2 END, 2 HELLO+';
const EVENTS = [
  'comparing pages 1',
  'plan pagesTotal 1 pagesToSend 1 bytesToSend 2000 resumed false',
  'progress bytesDone 2000 bytesTotal 2000',
  'verifying @1',
  'installed @1',
  'verifying @2',
  'installed @2',
];
const image = appImage(2000);

describe('two of them', () => {
  test('in their bootloaders', async () => {
    start({ addresses: [1, 2] });
    await new Promise<void>((resolve) => pair.clock.after(50_000, resolve));
    const outcome = await pair.update(image, { boot: false });
    expect(sent()).toBe(
      `1 HELLO+, 2 HELLO+, 0 keep 65535, 255 ABORT, 255 ABORT, ${PREPARED}, ${SENT}, ${ENDED}`,
    );
    expect(told(outcome)).toEqual([
      'found @1 bootloader',
      'found @2 bootloader',
      ...EVENTS,
      'member @1 bootloader changed true boot no together true',
      'member @2 bootloader changed true boot no together true',
    ]);
    expect(outcome.result).toMatchObject({
      members: [
        { address: 1, changed: true },
        { address: 2, changed: true },
      ],
      bytes: 2000,
      pagesTotal: 1,
      pagesSent: 1,
      bytesSent: 2000,
      bytesEncoded: 2000,
      seconds: expect.closeTo(outcome.ms / 1000, 6) as number,
      rate: 115_200,
      allowed: [],
    });
  });

  test('that have the image: they are started', async () => {
    start({ addresses: [1, 2] });
    await pair.update(image, { boot: false });
    sent();
    const outcome = await pair.update(image);
    expect(sent()).toBe('1 HELLO+, 2 HELLO+, 0 keep 65535, 1 BOOT, 2 BOOT');
    expect(told(outcome)).toEqual([
      'found @1 bootloader',
      'found @2 bootloader',
      'unchanged @1',
      'unchanged @2',
      'booting @1',
      'booted @1 answered true',
      'booting @2',
      'booted @2 answered true',
      'member @1 bootloader changed false boot started together true',
      'member @2 bootloader changed false boot started together true',
    ]);
    expect(outcome.result).toMatchObject({
      pagesTotal: 1,
      pagesSent: 0,
      bytesSent: 0,
      bytesEncoded: 0,
      rate: 115_200,
    });
  });

  test('whose applications run, at another rate, and which are waited for', async () => {
    start({ addresses: [1, 2], appKit: true });
    for (const device of pair.devices) device.startApp();
    const outcome = await pair.update(image, { rate: 460_800, waitApp: true });
    expect(sent()).toBe(
      `1 HELLO+, 2 HELLO+, 1 ENTER, 2 ENTER, 0 keep 65535, 1 HELLO+, 2 HELLO+, 255 ABORT, 255 ABORT, ${PREPARED}, 1 BAUD, 2 BAUD, 0 keep 65535, 1 HELLO+, 2 HELLO+, ${SENT}, 1 BAUD, 2 BAUD, ${ENDED}, 1 BOOT, 2 BOOT, 1 HELLO, 2 HELLO`,
    );
    const [comparing, plan, ...rest] = EVENTS;
    expect(told(outcome)).toEqual([
      'found @1 app',
      'found @2 app',
      'entering @1 app',
      'entering @2 app',
      'found @1 bootloader',
      'found @2 bootloader',
      comparing,
      plan,
      'rate rate 460800',
      ...rest,
      'booting @1',
      'booted @1 answered true',
      'booting @2',
      'booted @2 answered true',
      'app @1 app',
      'app @2 app',
      'member @1 app changed true boot started together true',
      'member @2 app changed true boot started together true',
    ]);
    expect(outcome.result).toMatchObject({ rate: 460_800 });
    expect(pair.line.rate).toBe(115_200);
  });

  test('of which one has the image: it waits, and is asked for nothing', async () => {
    start({ addresses: [1, 2] });
    await pair.update(image, { boot: false, addresses: [2] });
    sent();
    const outcome = await pair.update(image, { boot: false });
    expect(sent()).toBe(
      '1 HELLO+, 2 HELLO+, 0 keep 65535, 255 ABORT, 255 ABORT, 1 HELLO+, 1 BEGIN, 1 PAGES, 0 0H, 0 1, 1 2?, 0 2, 0 3, 1 4?, 1 END, 1 HELLO+',
    );
    expect(told(outcome).slice(-2)).toEqual([
      'member @1 bootloader changed true boot no together true',
      'member @2 bootloader changed false boot no together true',
    ]);
  });

  test('of which one says only to BEGIN that it has the image', async () => {
    start({ addresses: [1, 2] });
    await pair.update(image, { boot: false, addresses: [1] });
    sent();
    let checked = false;
    pair.at(1).tellState = (state) => (checked ? state : state & ~ImageState.GOOD);
    pair.at(1).hook = ({ type }) => {
      if (type === Command.BEGIN) checked = true;
      return undefined;
    };
    const outcome = await pair.update(image, { boot: false });
    expect(sent()).toBe(
      '1 HELLO+, 2 HELLO+, 0 keep 65535, 255 ABORT, 255 ABORT, 1 HELLO+, 1 BEGIN, 1 HELLO+, 2 HELLO+, 2 BEGIN, 2 PAGES, 0 0H, 0 1, 2 2?, 0 2, 0 3, 2 4?, 2 END, 2 HELLO+',
    );
    expect(told(outcome).slice(2, 4)).toEqual(['unchanged @1', 'comparing pages 1']);
    expect(outcome.result?.members).toMatchObject([{ changed: false }, { changed: true }]);
  });
});

test('a third that is silent is called three times, and once more at the end', async () => {
  start({ addresses: [1, 2] });
  const outcome = await pair.update(image, { boot: false, addresses: [1, 2, 3] });
  expect(sent()).toBe(
    `1 HELLO+, 2 HELLO+, 3 HELLO+, 1 HELLO+, 0 keep 65535, 3 HELLO+, 1 HELLO+, 0 keep 65535, 3 HELLO+, 255 ABORT, 255 ABORT, ${PREPARED}, ${SENT}, ${ENDED}, 3 HELLO+`,
  );
  expect(told(outcome).at(-1)).toBe('member @3 changed false boot no together true NO_ANSWER');
  expect(outcome.result?.members[2]?.error).toMatchObject({
    hint: expect.stringContaining('iap scan') as string,
    details: { address: 3 },
  });
});

describe('a step of one of them', () => {
  test('that takes long: the others hear something before the next', async () => {
    start({ addresses: [1, 2], beginMs: 3000, info: { beginMs: 5000 } });
    await pair.update(image, { boot: false });
    expect(sent()).toBe(
      `1 HELLO+, 2 HELLO+, 0 keep 65535, 255 ABORT, 255 ABORT, 1 HELLO+, 1 BEGIN, 0 keep 65535, 2 HELLO+, 2 BEGIN, 0 keep 65535, 1 PAGES, 2 PAGES, ${SENT}, ${ENDED}`,
    );
  });

  test('that is lost once is done again, behind a question whether it is there', async () => {
    start({ addresses: [1, 2] });
    pair.at(1).hook = ({ type }, count) =>
      type === Command.BEGIN && count === 1 ? 'drop' : undefined;
    const outcome = await pair.update(image, { boot: false });
    expect(sent()).toBe(
      `1 HELLO+, 2 HELLO+, 0 keep 65535, 255 ABORT, 255 ABORT, 1 HELLO+, 1 BEGIN, 1 HELLO+, ${PREPARED}, ${SENT}, ${ENDED}`,
    );
    expect(told(outcome).filter((event) => event.startsWith('alone'))).toEqual([]);
  });

  test('that is lost three times: the others go on, and it is tried by itself', async () => {
    start({ addresses: [1, 2] });
    pair.at(1).hook = ({ type }, count) =>
      type === Command.BEGIN && count <= 3 ? 'drop' : undefined;
    const outcome = await pair.update(image, { boot: false });
    expect(sent()).toBe(
      '1 HELLO+, 2 HELLO+, 0 keep 65535, 255 ABORT, 255 ABORT, 1 HELLO+, 1 BEGIN, 1 HELLO+, 1 HELLO+, 1 BEGIN, 1 HELLO+, 1 HELLO+, 1 BEGIN, 2 HELLO+, 2 BEGIN, 2 PAGES, 0 0H, 0 1, 2 2?, 0 2, 0 3, 2 4?, 2 END, 2 HELLO+, 1 HELLO+, 1 BEGIN, 1 PAGES, 1 0H?, 1 END, 1 HELLO+',
    );
    expect(told(outcome).slice(2)).toEqual([
      'alone @1 reason the device does not answer any more (1 attempts)',
      'comparing pages 1',
      'plan pagesTotal 1 pagesToSend 1 bytesToSend 2000 resumed false',
      'progress bytesDone 2000 bytesTotal 2000',
      'verifying @2',
      'installed @2',
      'member @2 bootloader changed true boot no together true',
      'found @1 bootloader',
      'comparing @1 pages 1',
      'plan @1 pagesTotal 1 pagesToSend 1 bytesToSend 2000 resumed false',
      'progress @1 bytesDone 2000 bytesTotal 2000',
      'verifying @1',
      'installed @1',
      'member @1 bootloader changed true boot no together false',
    ]);
  });

  test('in which it dies: asked twice whether it is there, and left behind', async () => {
    start({ addresses: [1, 2] });
    pair.at(1).hook = ({ type }) => {
      if (type !== Command.BEGIN) return undefined;
      pair.at(1).alive = false;
      return 'drop';
    };
    const outcome = await pair.update(image, { boot: false });
    expect(sent()).toMatch(
      /^1 HELLO\+, 2 HELLO\+, 0 keep 65535, 255 ABORT, 255 ABORT, 1 HELLO\+, 1 BEGIN, 1 HELLO\+, 1 HELLO\+, 2 HELLO\+, 2 BEGIN, /,
    );
    expect(outcome.result?.members).toMatchObject([
      { changed: false, together: false, error: { code: 'NO_ANSWER' } },
      { changed: true, together: true },
    ]);
  });

  test('in which it says that it goes on elsewhere: it is updated by itself', async () => {
    start({ addresses: [1, 2] });
    pair.at(2).firstNumber = 5;
    const outcome = await pair.update(image, { boot: false });
    expect(told(outcome)[2]).toBe(
      'alone @2 reason an update goes on there that was begun by another host',
    );
    expect(outcome.result?.members).toMatchObject([{ together: true }, { together: false }]);
    expect(outcome.result?.members.map(({ error }) => error)).toEqual([undefined, undefined]);
  });
});

describe('another rate', () => {
  const WARNING =
    'warning code RATE message not all of them are understood at 460800 baud; going on at 115200 baud';

  test('that one of them refuses: all are given time to fall back', async () => {
    start({ addresses: [1, 2] });
    pair.at(2).hook = ({ type }) => (type === Command.BAUD ? Status.RATE_UNAVAILABLE : undefined);
    const outcome = await pair.update(image, { boot: false, rate: 460_800 });
    expect(sent()).toBe(
      `1 HELLO+, 2 HELLO+, 0 keep 65535, 255 ABORT, 255 ABORT, ${PREPARED}, 1 BAUD, 2 BAUD, ${SENT}, 0 keep 65535, ${ENDED}`,
    );
    expect(told(outcome)[4]).toBe(WARNING);
    expect(outcome.result).toMatchObject({ rate: 115_200 });
    expect(outcome.ms).toBeGreaterThan(3000);
  });

  test('that one of them does not leave when it is told: all are given time to fall back', async () => {
    start({ addresses: [1, 2] });
    pair.at(2).hook = ({ type }, count) =>
      type === Command.BAUD && count === 2 ? Status.RATE_UNAVAILABLE : undefined;
    const outcome = await pair.update(image, { boot: false, rate: 460_800 });
    expect(sent()).toBe(
      `1 HELLO+, 2 HELLO+, 0 keep 65535, 255 ABORT, 255 ABORT, ${PREPARED}, 1 BAUD, 2 BAUD, 0 keep 65535, 1 HELLO+, 2 HELLO+, ${SENT}, 1 BAUD, 2 BAUD, 0 keep 65535, ${ENDED}`,
    );
    expect(outcome.result).toMatchObject({ rate: 460_800 });
    expect(outcome.ms).toBeGreaterThan(3000);
  });

  test('is the one that they have: nothing is said of it', async () => {
    start({ addresses: [1, 2] });
    const outcome = await pair.update(image, { boot: false, rate: 115_200 });
    expect(sent()).not.toContain('BAUD');
    expect(told(outcome).filter((event) => /rate|RATE/.test(event))).toEqual([]);
  });
});
