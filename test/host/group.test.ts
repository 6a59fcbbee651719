// One image to many devices on a pair: what is sent once, who is asked, and what becomes of those that fail.
import { inflateRawSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { deflate } from '../../host/node/deflate.js';
import { makePackage } from '../../host/pack/pack.js';
import type { FakeDevice } from '../../host/testing/fake-device.js';
import { updateGroup } from '../../host/update/group.js';
import {
  ADDRESS_BROADCAST,
  ADDRESS_ONLY,
  APP_BASE,
  Capability,
  Command,
  DataFlag,
  DataRequest,
  decode,
  Encoding,
  type Frame,
  Mode,
} from '../../protocol/index.js';
import { appImage } from '../support/images.js';
import { type GroupOutcome, Pair, type PairOptions } from '../support/pair.js';

let pair: Pair;

function start(options: PairOptions): Pair {
  pair = new Pair(options);
  return pair;
}

afterEach(() => {
  expect(pair.line.checker.violations).toEqual([]);
  for (const { mostWaiting, info } of pair.devices) {
    expect(mostWaiting).toBeLessThanOrEqual(info.window);
  }
});

function expectInstalled(outcome: GroupOutcome, image: Uint8Array, addresses?: number[]): void {
  expect(outcome.error).toBeUndefined();
  for (const device of pair.devices) {
    const { address } = device.info;
    if (addresses && !addresses.includes(address)) continue;
    const member = Pair.member(outcome, address);
    expect(member?.error).toBeUndefined();
    expect(member).toMatchObject({ boot: 'started' });
    expect(device.flash.bytes.subarray(0, image.length)).toEqual(image);
    expect(device.flash.installed?.valid).toBe(true);
    expect(device.mode).toBe(Mode.APP);
  }
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

function dataFrames(): { readonly frame: Frame; readonly data: DataRequest }[] {
  return pair.line.checker.sent
    .filter(({ type }) => type === Command.DATA)
    .map((frame) => ({ frame, data: decode(DataRequest, frame.payload) }));
}

/** Bytes of pages that were sent, whoever they were for */
function bytesOfPages(): number {
  return dataFrames()
    .filter(({ data }) => data.flags !== 0 || data.body.some((byte) => byte !== 0))
    .reduce((sum, { data }) => sum + data.body.length, 0);
}

describe('all of them take the image', () => {
  test('each page is sent once, to all, and nobody is asked by address 0', async () => {
    start({ addresses: [1, 2] });
    const image = appImage(65_536);
    const outcome = await pair.update(image);
    expectInstalled(outcome, image);
    expect(pair.line.collisions).toBe(0);
    expect(bytesOfPages()).toBeLessThan(66_200);
    for (const { frame, data } of dataFrames()) {
      const asks = (data.flags & DataFlag.ASK) !== 0;
      expect(frame.address === ADDRESS_ONLY).toBe(!asks);
    }
    expect(outcome.ms).toBeLessThan(7200);
  });

  test.each([
    [1, 64, 6600],
    [2, 64, 6900],
    [8, 64, 8500],
    [32, 16, 8000],
  ])('%i devices, %i KB, 115200 baud: within %i ms', async (count, kb, ms) => {
    start({ addresses: upTo(count) });
    if (count === 1) pair.line.checker.shared = true;
    const image = appImage(1024 * kb);
    const outcome = await pair.update(image);
    expectInstalled(outcome, image);
    expect(pair.line.collisions).toBe(0);
    expect(outcome.ms).toBeLessThan(ms);
  });

  test('applications are asked to leave, each by its address, and waited for together', async () => {
    start({ addresses: upTo(8), appKit: true });
    const image = appImage(20_000);
    expectInstalled(await pair.update(image), image);
    const next = appImage(20_001);
    const outcome = await pair.update(next);
    expectInstalled(outcome, next);
    const entered = pair.line.checker.sent.filter(({ type }) => type === Command.ENTER);
    expect(entered.map(({ address }) => address)).toEqual(upTo(8));
    expect(outcome.ms).toBeLessThan(4500);
  });

  test('the same image again is sent to nobody', async () => {
    start({ addresses: upTo(3) });
    const image = appImage(20_000);
    await pair.update(image, { boot: false });
    const before = bytesOfPages();
    const outcome = await pair.update(image);
    expectInstalled(outcome, image);
    expect(bytesOfPages()).toBe(before);
    expect(outcome.result?.members.every(({ changed }) => !changed)).toBe(true);
  });

  test('only what one of them lacks is sent', async () => {
    start({ addresses: upTo(3) });
    const image = appImage(60_000);
    await pair.update(image, { boot: false });
    pair.at(2).flash.page(7).fill(0);
    const outcome = await pair.update(image, { addresses: [1, 2, 3] });
    expect(outcome.result?.pagesSent).toBe(1);
    expectInstalled(outcome, image);
  });

  test('with --no-boot nobody is started', async () => {
    start({ addresses: upTo(2) });
    await pair.update(appImage(5000), { boot: false });
    expect(pair.devices.map(({ mode }) => mode)).toEqual([Mode.BOOTLOADER, Mode.BOOTLOADER]);
  });

  test('a slow one with a small window is not sent more than it can hold', async () => {
    start({
      addresses: upTo(3),
      rate: 921_600,
      pageSize: 1024,
      commitMs: 110,
      entryMs: 90,
      info: { window: 2560, maxPayload: 272 },
    });
    const image = appImage(20_000);
    expectInstalled(await pair.update(image), image);
  });
});

describe('on a half-duplex pair', () => {
  test.each([
    ['without echo', {}],
    ['with echo', { echo: true }],
  ])('nobody sends while another does, %s', async (_name, halfDuplex) => {
    start({
      addresses: upTo(3),
      appKit: true,
      faults: { halfDuplex },
      info: { capabilities: Capability.BAUD | Capability.HALF_DUPLEX },
    });
    for (const device of pair.devices) device.startApp();
    const image = appImage(65_536);
    const outcome = await pair.update(image);
    expectInstalled(outcome, image);
    expect(outcome.result?.members.every(({ together }) => together)).toBe(true);
    expect(pair.line.collisions).toBe(0);
    expect(outcome.ms).toBeLessThan(9500);
  });
});

describe('another rate', () => {
  test('all change before the first page, and are proven', async () => {
    start({ addresses: upTo(4) });
    const image = appImage(65_536);
    const outcome = await pair.update(image, { rate: 460_800 });
    expectInstalled(outcome, image);
    expect(outcome.result?.rate).toBe(460_800);
    expect(outcome.ms).toBeLessThan(6500);
  });

  test('that one of them can not make: all go on at the old one', async () => {
    start({
      addresses: upTo(3),
      each: (address) => (address === 2 ? { info: { maxRate: 230_400 } } : {}),
    });
    const image = appImage(10_000);
    const outcome = await pair.update(image, { rate: 460_800 });
    expectInstalled(outcome, image);
    expect(outcome.events).toContainEqual(
      expect.objectContaining({ event: 'warning', code: 'RATE' }),
    );
  });

  test('that one of them does not understand: all go back', async () => {
    start({ addresses: upTo(3) });
    pair.at(2).hook = () => (pair.at(2).rate > 115_200 ? 'drop' : undefined);
    const image = appImage(10_000);
    expectInstalled(await pair.update(image, { rate: 460_800 }), image);
  });

  test('at which one of them falls silent: the others stay at it', async () => {
    start({ addresses: upTo(4), info: { endMs: 1500 } });
    const image = appImage(20_000);
    const outcome = await pair.update(image, { rate: 460_800 }, ({ event }) => {
      if (event === 'verifying') pair.at(2).alive = false;
    });
    expectInstalled(outcome, image, [1, 3, 4]);
    for (const address of [1, 3, 4]) expect(Pair.member(outcome, address)?.together).toBe(true);
  });
});

describe('a line that loses frames', () => {
  test('what one of them misses is sent again to all, and taken by it alone', async () => {
    start({ addresses: upTo(3) });
    pair.at(2).hook = ({ type }, count) =>
      type === Command.DATA && count === 20 ? 'drop' : undefined;
    const image = appImage(65_536);
    const outcome = await pair.update(image);
    expectInstalled(outcome, image);
    expect(pair.devices.map(({ flash }) => flash.pagesWritten)).toEqual([32, 32, 32]);
    expect(bytesOfPages()).toBeGreaterThan(65_536 + 518);
    expect(bytesOfPages()).toBeLessThan(80_000);
  });

  test.each([1, 2, 3])('noise at every receiver, seed %i', async (seed) => {
    start({
      addresses: upTo(4),
      faults: { seed, byteErrors: 1e-5 },
      each: (address) => ({ receiver: { seed: 10 * seed + address, byteErrors: 1e-4 } }),
    });
    const image = appImage(65_536);
    const outcome = await pair.update(image);
    expectInstalled(outcome, image);
    expect(outcome.ms).toBeLessThan(20_000);
  });

  test('one that hears hardly anything does not hold the others up', async () => {
    start({
      addresses: upTo(4),
      each: (address) => (address === 3 ? { receiver: { seed: 5, byteErrors: 2e-3 } } : {}),
    });
    const image = appImage(65_536);
    const seen: Record<number, number> = {};
    const outcome = await pair.update(image, {}, (event) => {
      if (event.event === 'installed' && event.address) seen[event.address] = pair.clock.now();
    });
    expectInstalled(outcome, image, [1, 2, 4]);
    for (const address of [1, 2, 4]) expect(seen[address]).toBeLessThan(16_000);
    expect(Pair.member(outcome, 3)?.together).toBe(false);
  });
});

describe('one that fails', () => {
  test('silent from the beginning: the others go on, and it is named', async () => {
    start({ addresses: upTo(3) });
    pair.at(2).alive = false;
    const image = appImage(65_536);
    const outcome = await pair.update(image);
    expectInstalled(outcome, image, [1, 3]);
    expect(Pair.member(outcome, 2)?.error).toMatchObject({ code: 'NO_ANSWER' });
    expect(outcome.ms).toBeLessThan(9000);
  });

  test.each(['found', 'comparing', 'plan', 'verifying'])(
    'silent from "%s" on: the others wait a moment, and no longer',
    async (when) => {
      start({ addresses: upTo(4), appKit: true });
      const image = appImage(30_000);
      let cut = 0;
      let done = 0;
      const outcome = await pair.update(image, {}, ({ event }) => {
        if (event === when && cut === 0) {
          cut = pair.clock.now();
          pair.at(2).alive = false;
        }
        if (event === 'installed') done = pair.clock.now();
      });
      expectInstalled(outcome, image, [1, 3, 4]);
      for (const address of [1, 3, 4]) expect(Pair.member(outcome, address)?.together).toBe(true);
      expect(Pair.member(outcome, 2)?.error).toBeDefined();
      expect(done - cut).toBeLessThan(6500);
    },
  );

  test('cut off in the middle: left behind, tried by itself, and resumable', async () => {
    start({ addresses: upTo(3), appKit: true });
    const image = appImage(65_536);
    const done: number[] = [];
    const outcome = await pair.update(image, {}, (event) => {
      if (event.event === 'progress' && event.bytesDone > 20_000) pair.at(2).alive = false;
      if (event.event === 'installed') done.push(pair.clock.now());
    });
    expectInstalled(outcome, image, [1, 3]);
    expect(Math.max(...done)).toBeLessThan(9500);
    expect(outcome.events).toContainEqual(expect.objectContaining({ event: 'alone', address: 2 }));
    expect(Pair.member(outcome, 2)).toMatchObject({ together: false, boot: 'no' });
    expect(Pair.member(outcome, 2)?.error?.code).toMatch(/NO_ANSWER|LINK_LOST/);
    pair.at(2).alive = true;
    const before = bytesOfPages();
    expectInstalled(await pair.update(image), image);
    expect(bytesOfPages() - before).toBeLessThan(50_000);
  });

  test('that loses its power is updated by itself when it is back', async () => {
    start({ addresses: upTo(3) });
    pair.at(2).hook = ({ type }, count) =>
      type === Command.DATA && count === 60 ? 'reset' : undefined;
    const image = appImage(65_536);
    const outcome = await pair.update(image);
    expectInstalled(outcome, image);
    expect(Pair.member(outcome, 2)?.together).toBe(false);
    expect(Pair.member(outcome, 1)?.together).toBe(true);
  });

  test('at END is repaired by itself', async () => {
    start({ addresses: upTo(3) });
    let spoilt = false;
    pair.at(3).beforeVerify = (flash) => {
      if (!spoilt) flash.page(3).fill(0);
      spoilt = true;
    };
    const image = appImage(30_000);
    const outcome = await pair.update(image);
    expectInstalled(outcome, image);
    expect(Pair.member(outcome, 3)?.together).toBe(false);
  });

  test('whose flash fails is tried once more by itself, and named', async () => {
    start({ addresses: upTo(3) });
    pair.at(3).failing.set(4, 100);
    const image = appImage(30_000);
    const outcome = await pair.update(image);
    expectInstalled(outcome, image, [1, 2]);
    expect(Pair.member(outcome, 3)).toMatchObject({ together: false });
    expect(Pair.member(outcome, 3)?.error).toMatchObject({ code: 'PAGE_FAILED' });
  });

  test('whose page fails once is sent it again', async () => {
    start({ addresses: upTo(3) });
    pair.at(3).failing.set(4, 1);
    const image = appImage(30_000);
    const outcome = await pair.update(image);
    expectInstalled(outcome, image);
    expect(Pair.member(outcome, 3)?.together).toBe(true);
  });
});

describe('before anything is stopped', () => {
  const PRODUCT_A = new Uint8Array(16).fill(0x41);
  const PRODUCT_B = new Uint8Array(16).fill(0x42);

  function packed(size: number): Parameters<Pair['update']>[0] {
    const bytes = appImage(size);
    const version = { major: 1, minor: 0, patch: 0, build: 0 };
    const made = makePackage({ base: APP_BASE, bytes }, { version, product: PRODUCT_A });
    return { base: APP_BASE, bytes, header: made.subarray(0, made.length - size) };
  }

  test('one of another product is refused and named, and goes on running', async () => {
    start({
      addresses: upTo(3),
      appKit: true,
      each: (address) => ({ info: { product: address === 2 ? PRODUCT_B : PRODUCT_A } }),
    });
    for (const device of pair.devices) device.startApp();
    const image = packed(20_000);
    const outcome = await pair.update(image);
    expect(Pair.member(outcome, 2)?.error).toMatchObject({ code: 'IMAGE_WRONG_PRODUCT' });
    expect(pair.at(2).log).not.toContain('ENTER');
    expect(pair.at(2).mode).toBe(Mode.APP);
    for (const address of [1, 3]) expect(Pair.member(outcome, address)?.error).toBeUndefined();
  });

  test('devices that can not take the same frames are told apart, and none is stopped', async () => {
    start({
      addresses: upTo(3),
      appKit: true,
      each: (address) => (address === 3 ? { pageSize: 1024 } : {}),
    });
    for (const device of pair.devices) device.startApp();
    const { error } = await pair.update(appImage(20_000));
    expect(error).toMatchObject({ code: 'DEVICES_DIFFER' });
    expect(String(error)).toMatch(/2048 bytes: address 1, 2; .*1024 bytes: address 3/);
    for (const { mode, log } of pair.devices) {
      expect(mode).toBe(Mode.APP);
      expect(log).not.toContain('ENTER');
    }
  });

  test('two devices of one address are left as they are', async () => {
    let made = 0;
    start({
      addresses: [1, 5, 5],
      each: () => ({
        helloMs: made === 2 ? 40 : 1,
        info: { uniqueId: new Uint8Array(12).fill(++made) },
      }),
    });
    const image = appImage(10_000);
    const outcome = await pair.update(image, { addresses: [1, 5] });
    expectInstalled(outcome, image, [1]);
    expect(Pair.member(outcome, 5)?.error).toMatchObject({ code: 'SEVERAL_DEVICES' });
    expect(pair.devices[1]?.flash.pagesWritten).toBe(0);
    expect(pair.devices[2]?.flash.pagesWritten).toBe(0);
  });

  test('sessions that were left open are ended: whoever is not meant takes no page', async () => {
    start({ addresses: upTo(3) });
    const image = appImage(30_000);
    const run = updateGroup(pair.line, { base: undefined, bytes: image }, [1, 2, 3], {
      clock: pair.clock,
    });
    for (;;) {
      const { value } = await run.next();
      if (value && 'event' in value && value.event === 'comparing') break;
    }
    await run.return();
    pair.line.checker.newHost();
    const outcome = await pair.update(image, { addresses: [1, 2] });
    expectInstalled(outcome, image, [1, 2]);
    expect(pair.at(3).flash.pagesWritten).toBe(0);
    const aborts = pair.line.checker.sent.filter(({ type }) => type === Command.ABORT);
    expect(aborts.every(({ address }) => address === ADDRESS_BROADCAST)).toBe(true);
    expect(aborts.length).toBeGreaterThan(0);
  });
});

describe('stopped in the middle', () => {
  test('all are resumable: the next run sends only what is missing', async () => {
    start({ addresses: upTo(3) });
    const image = appImage(65_536);
    const run = updateGroup(pair.line, { base: undefined, bytes: image }, [1, 2, 3], {
      clock: pair.clock,
    });
    for (;;) {
      const { value } = await run.next();
      if (value && 'event' in value && value.event === 'progress' && value.bytesDone > 30_000)
        break;
    }
    await run.return();
    pair.line.checker.newHost();
    const outcome = await pair.update(image);
    expectInstalled(outcome, image);
    expect(outcome.result?.pagesSent).toBeLessThan(20);
    expect(outcome.events).toContainEqual(
      expect.objectContaining({ event: 'plan', resumed: true }),
    );
  });

  test('the port is lost: it says who has the image, and that the others go on', async () => {
    start({ addresses: upTo(2) });
    const { error } = await pair.update(appImage(65_536), {}, (event) => {
      if (event.event === 'progress' && event.bytesDone > 20_000) pair.line.vanish();
    });
    expect(error).toMatchObject({ code: 'PORT_LOST', details: { resumable: true } });
  });

  test('what became of each is told all the same', async () => {
    start({ addresses: upTo(3) });
    const image = appImage(65_536);
    await pair.update(image, { addresses: [1], boot: false });
    pair.at(3).alive = false;
    const outcome = await pair.update(image, {}, (event) => {
      if (event.event === 'progress' && event.bytesDone > 20_000) pair.line.vanish();
    });
    expect(outcome.error).toMatchObject({ code: 'PORT_LOST' });
    const told = outcome.events.flatMap((event) =>
      event.event === 'member' ? [[event.address, event.error?.code]] : [],
    );
    expect(told).toEqual([
      [1, undefined],
      [2, 'PORT_LOST'],
      [3, 'NO_ANSWER'],
    ]);
  });
});

describe('compressed pages', () => {
  const inflate = (stream: Uint8Array, dictionary: Uint8Array): Uint8Array =>
    new Uint8Array(inflateRawSync(stream, dictionary.length > 0 ? { dictionary } : {}));
  /** Bytes that compress no better than code does */
  const words = (size: number, seed: number): Uint8Array =>
    appImage(size, seed).map((byte, i) => (i < 512 ? byte : byte & 0x3f));
  const encodings = (device: FakeDevice): Set<number> =>
    new Set(device.heads.map(({ encoding }) => encoding));

  test('copy from flash where all have the same in it', async () => {
    start({ addresses: upTo(3), inflate });
    const old = words(40_000, 3);
    await pair.update(old, { boot: false });
    for (const device of pair.devices) device.heads.length = 0;
    const image = old.slice();
    image.set(appImage(512), 0);
    image.fill(7, 20_000, 20_100);
    const compression = { deflate, old: { candidates: () => Promise.resolve([old]) } };
    const outcome = await pair.update(image, { compression });
    expectInstalled(outcome, image);
    expect(encodings(pair.at(1)).has(Encoding.DEFLATE)).toBe(true);
  });

  test('copy from nothing where one of them has something else', async () => {
    start({ addresses: upTo(3), inflate });
    const old = words(40_000, 3);
    await pair.update(old, { boot: false, addresses: [1, 2] });
    const image = words(40_000, 5);
    const compression = { deflate, old: { candidates: () => Promise.resolve([old]) } };
    const outcome = await pair.update(image, { compression });
    expectInstalled(outcome, image);
    expect(outcome.result?.members.every(({ together }) => together)).toBe(true);
  });

  test('that all of them reject are sent to all as they are', async () => {
    let calls = 0;
    start({
      addresses: upTo(3),
      inflate: (stream, dictionary) => {
        const page = inflate(stream, dictionary);
        if (page.some((byte, i) => byte === 0xaa && page[i + 1] === 0x55)) {
          calls++;
          throw new Error('not here');
        }
        return page;
      },
    });
    const image = words(40_000, 3);
    image.set([0xaa, 0x55], 9 * 2048 + 7);
    const outcome = await pair.update(image, { compression: { deflate } });
    expectInstalled(outcome, image);
    expect(calls).toBeGreaterThan(0);
    expect(outcome.result?.members.every(({ together }) => together)).toBe(true);
    expect(encodings(pair.at(2))).toEqual(new Set([Encoding.RAW, Encoding.DEFLATE]));
  });

  test('that one of them rejects are sent to it alone as they are', async () => {
    start({
      addresses: upTo(3),
      each: (address) => ({
        inflate: (stream, dictionary) => {
          if (address === 2) throw new Error('not here');
          return inflate(stream, dictionary);
        },
      }),
    });
    const image = words(40_000, 3);
    const outcome = await pair.update(image, { compression: { deflate } });
    expectInstalled(outcome, image);
    expect(outcome.result?.members.map(({ together }) => together)).toEqual([true, false, true]);
  });

  test('are sent to nobody where one of them does not take them', async () => {
    start({ addresses: upTo(2), each: (address) => (address === 1 ? { inflate } : {}) });
    const image = words(40_000, 3);
    expectInstalled(await pair.update(image, { compression: { deflate } }), image);
    expect(encodings(pair.at(1))).toEqual(new Set([Encoding.RAW]));
  });
});
