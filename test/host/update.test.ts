// The update procedure against a device that keeps to the protocol, on a line that does not lose anything.
import { describe, expect, test } from 'vitest';
import { headerFor } from '../../host/image/image.js';
import { update } from '../../host/update/update.js';
import {
  Command,
  decode,
  HelloRequest,
  ImageState,
  Mode,
  Status,
  Stay,
} from '../../protocol/index.js';
import { appImage } from '../support/images.js';
import { bench, expectInstalled, start } from '../support/one-bench.js';

describe('a first update', () => {
  test('installs the image, verifies it and starts it, hardly slower than the line', async () => {
    start();
    const image = appImage(100_001);
    const { result, error, ms, events } = await bench.update(image);
    expect(error).toBeUndefined();
    expect(result).toMatchObject({ changed: true, boot: 'started', pagesSent: 49, pagesTotal: 49 });
    expect(bench.device.flash.bytes.subarray(0, image.length)).toEqual(image);
    expect(bench.device.mode).toBe(Mode.APP);
    // 100 001 bytes take 8.68 s on the line by themselves.
    expect(ms).toBeLessThan(9200);
    const names = events.map(({ event }) => event).filter((name) => name !== 'progress');
    expect(names).toEqual([
      'found',
      'comparing',
      'plan',
      'verifying',
      'installed',
      'booting',
      'booted',
    ]);
  });

  test('fills the gap after an odd-sized image as erased', async () => {
    start();
    const { error } = await bench.update(appImage(2049));
    expect(error).toBeUndefined();
    expect(
      bench.device.flash
        .page(1)
        .subarray(1)
        .every((byte) => byte === 0xff),
    ).toBe(true);
  });

  test('works with the smallest payload and window there may be', async () => {
    start({ pageSize: 1024, info: { maxPayload: 272, window: 1024 } });
    const image = appImage(10_000);
    const { result } = await bench.update(image);
    expect(result).toMatchObject({ pagesSent: 10 });
    expect(bench.device.flash.bytes.subarray(0, image.length)).toEqual(image);
  });

  test.each([65_530, 65_516])('numbers its frames past 65535, from %i', async (first) => {
    start();
    bench.device.firstNumber = first;
    const image = appImage(40_000);
    const { result } = await bench.update(image);
    expect(result).toMatchObject({ pagesSent: 20 });
    expect(bench.line.checker.count(Command.DATA)).toBe(20);
    expect(bench.device.flash.bytes.subarray(0, image.length)).toEqual(image);
  });

  test('tells bytes done, rate and time left', async () => {
    start();
    const { events } = await bench.update(appImage(50_000));
    const progress = events.filter((event) => event.event === 'progress');
    expect(progress.length).toBe(25);
    expect(progress.at(-1)).toMatchObject({
      bytesDone: 50_000,
      bytesTotal: 50_000,
      secondsLeft: 0,
    });
    const middle = progress[12];
    expect(middle?.rate).toBeGreaterThan(10_000);
    expect(middle?.rate).toBeLessThan(11_600);
    expect(middle?.secondsLeft).toBeGreaterThan(1.9);
    expect(middle?.secondsLeft).toBeLessThan(2.6);
  });

  test('does not start the application with boot: false', async () => {
    start();
    const { result } = await bench.update(appImage(5000), { boot: false });
    expect(result?.boot).toBe('no');
    expect(bench.device.log).not.toContain('BOOT');
    expect(bench.device.mode).toBe(Mode.BOOTLOADER);
  });
});

describe('the same image again', () => {
  test('from the bootloader: starts it and writes nothing', async () => {
    start();
    const image = appImage(100_000);
    await bench.update(image, { boot: false });
    bench.device.log.length = 0;
    const { result, ms } = await bench.update(image);
    expect(result).toMatchObject({ changed: false, boot: 'started', pagesSent: 0 });
    expect(bench.device.log).toEqual(['HELLO', 'BOOT']);
    expect(ms).toBeLessThan(100);
  });

  test('from the running application: enters, and believes only the bootloader', async () => {
    start({ appKit: true });
    const image = appImage(100_000);
    await bench.update(image);
    bench.device.log.length = 0;
    const { result } = await bench.update(image);
    expect(result).toMatchObject({ changed: false, boot: 'started' });
    expect(new Set(bench.device.log)).toEqual(new Set(['HELLO', 'ENTER', 'BOOT']));
  });

  test('is installed again if it is damaged: only the damaged page is sent', async () => {
    start();
    const image = appImage(100_000);
    await bench.update(image, { boot: false });
    const page = bench.device.flash.page(7);
    page[100] = (page[100] ?? 0) ^ 1;
    const { result } = await bench.update(image);
    expect(result).toMatchObject({ changed: true, pagesSent: 1, boot: 'started' });
    expect(bench.device.flash.bytes.subarray(0, image.length)).toEqual(image);
  });
});

test.each([
  ['not VALID', (state: number) => state & ~ImageState.VALID],
  ['not CHECKED', (state: number) => state & ~ImageState.CHECKED],
  ['not GOOD', (state: number) => state & ~ImageState.GOOD],
  ['out of trials', (state: number) => state | ImageState.TRIALS_USED],
])('an image of which the device says that it is %s is installed again', async (_, tellState) => {
  start();
  const image = appImage(20_000);
  await bench.update(image, { boot: false });
  bench.device.log.length = 0;
  // Until it has verified it once more
  bench.device.tellState = (state) => (bench.device.log.includes('END') ? state : tellState(state));
  const { result } = await bench.update(image, { boot: false });
  expect(result?.changed).toBe(true);
  expect(bench.device.log).toContain('END');
});

test('an image whose check never ends is begun anew, although the device calls it installed', async () => {
  start();
  const image = appImage(20_000);
  await bench.update(image, { boot: false });
  bench.device.reset();
  bench.device.uncheckedUntil = Number.POSITIVE_INFINITY;
  bench.device.log.length = 0;
  const { result } = await bench.update(image, { boot: false });
  expect(result).toMatchObject({ changed: true, pagesSent: 0 });
  expect(bench.device.log.filter((name) => name === 'BEGIN')).toHaveLength(2);
  expect(bench.device.flash.installed?.sequence).toBe(2);
});

test('an image that does not fit is refused before anything is begun', async () => {
  start({ pages: 4 });
  const { error } = await bench.update(appImage(4 * 2048 + 1));
  expect(error).toMatchObject({ code: 'IMAGE_TOO_LARGE' });
  expect(new Set(bench.device.log)).toEqual(new Set(['HELLO']));
});

test('another image sends only the pages that differ', async () => {
  start();
  const old = appImage(100_000);
  await bench.update(old, { boot: false });
  const image = old.slice();
  image[50_000] = (image[50_000] ?? 0) ^ 0xff;
  image[70_000] = (image[70_000] ?? 0) ^ 0xff;
  const { result, ms } = await bench.update(image);
  expect(result).toMatchObject({ changed: true, pagesSent: 2 });
  expect(ms).toBeLessThan(700);
});

describe('a running application', () => {
  test('is asked to enter the bootloader', async () => {
    start({ appKit: true });
    await bench.update(appImage(5000, 1));
    bench.device.log.length = 0;
    const { result, events } = await bench.update(appImage(5000, 2));
    expect(result).toMatchObject({ changed: true, boot: 'started' });
    expect(bench.device.log.slice(0, 3)).toEqual(['HELLO', 'ENTER', 'HELLO']);
    expect(events.map(({ event }) => event)).toContain('entering');
    expect(bench.device.stay).toBe(Stay.ASKED);
  });

  test('is not disturbed for an image that does not fit', async () => {
    start({ appKit: true });
    await bench.update(appImage(5000));
    bench.device.log.length = 0;
    const { error } = await bench.update(new Uint8Array(5000));
    expect(error).toMatchObject({ code: 'IMAGE_VECTORS' });
    expect(bench.device.log).toEqual(['HELLO']);
    expect(bench.device.mode).toBe(Mode.APP);
  });

  test.each(['taken', 'lost'])('at another rate than its bootloader, ENTER %s', async (enter) => {
    start({ appKit: true, appRate: 9600 });
    await bench.update(appImage(5000));
    await bench.line.setRate(9600);
    let first = enter === 'lost';
    bench.device.hook = ({ type }) => {
      if (type !== Command.ENTER || !first) return undefined;
      first = false;
      return 'drop';
    };
    const outcome = await bench.update(appImage(5000, 2), { rate: 230_400 });
    expectInstalled(outcome, appImage(5000, 2));
    expect(outcome.events).toContainEqual({ event: 'rate', rate: 230_400 });
    // Where the application is again
    expect(bench.line.rate).toBe(9600);
  });

  test('at another rate, reset before the first page: found there, and asked again', async () => {
    start({ appKit: true, appRate: 9600 });
    await bench.update(appImage(5000));
    await bench.line.setRate(9600);
    let first = true;
    bench.device.hook = ({ type }) => {
      if (type !== Command.BEGIN || !first) return undefined;
      first = false;
      return 'reset';
    };
    expectInstalled(await bench.update(appImage(5000, 2)), appImage(5000, 2));
    expect(bench.device.log.filter((name) => name === 'ENTER')).toHaveLength(2);
  });

  test.each([
    ['ROLLBACK', Mode.APP],
    ['RECORD_FAILED', Mode.BOOTLOADER],
  ] as const)('that left for an image that is refused with %s', async (name, mode) => {
    start({ appKit: true });
    await bench.update(appImage(5000));
    bench.device.log.length = 0;
    bench.device.hook = ({ type }) => (type === Command.BEGIN ? Status[name] : undefined);
    const { error } = await bench.update(appImage(5000, 2));
    expect(error).toMatchObject({ code: 'REFUSED', details: { status: name } });
    // It is started again, unless the boot record itself fails.
    expect(bench.device.log.includes('BOOT')).toBe(mode === Mode.APP);
    expect(bench.device.mode).toBe(mode);
  });

  test('that does not let go is an error', async () => {
    start({ appKit: true });
    await bench.update(appImage(5000));
    bench.device.hook = ({ type }) => (type === Command.ENTER ? Status.IN_APP : undefined);
    const { error } = await bench.update(appImage(5000, 2));
    expect(error).toMatchObject({ code: 'ENTER_FAILED' });
  });

  test('that answers ENTER and goes on running is an error', async () => {
    start({ appKit: true });
    await bench.update(appImage(5000));
    bench.device.hook = ({ type }) => (type === Command.ENTER ? Status.OK : undefined);
    const { error } = await bench.update(appImage(5000, 2));
    expect(error).toMatchObject({ code: 'ENTER_FAILED' });
  });

  test('without the app kit is caught in the listening window after a reset', async () => {
    start();
    await bench.update(appImage(5000));
    bench.clock.after(4321, () => bench.device.reset());
    const { result } = await bench.update(appImage(5000, 2), { wait: true });
    expect(result).toMatchObject({ changed: true, boot: 'started' });
  });

  test('is waited for after the start', async () => {
    start({ appKit: true });
    const { events, error } = await bench.update(appImage(5000), { waitApp: true });
    expect(error).toBeUndefined();
    expect(events.at(-1)).toMatchObject({ event: 'app', device: { mode: Mode.APP } });
  });

  test('is not kept from starting by those who ask for it', async () => {
    start({ appKit: true });
    // The first BOOT is lost, so that somebody asks who is there.
    bench.device.hook = ({ type }, count) =>
      type === Command.BOOT && count === 1 ? 'drop' : undefined;
    const { error } = await bench.update(appImage(5000), { waitApp: true });
    expect(error).toBeUndefined();
    const { sent } = bench.line.checker;
    const later = sent.slice(sent.findIndex(({ type }) => type === Command.BOOT));
    const calls = later.filter(({ type }) => type === Command.HELLO);
    expect(calls.length).toBeGreaterThanOrEqual(2);
    expect(calls.every(({ payload }) => decode(HelloRequest, payload).flags === 0)).toBe(true);
  });

  test('that does not answer after the start is an error of its own', async () => {
    start();
    const { error } = await bench.update(appImage(5000), { waitApp: true });
    expect(error).toMatchObject({ code: 'APP_SILENT' });
    expect(bench.device.flash.bootable).toBe(true);
  });
});

describe('going on with an update begun before', () => {
  test('a host that was stopped: the next one sends only what is missing', async () => {
    start();
    const image = appImage(100_000);
    const stop = new AbortController();
    const first = await bench.update(image, { signal: stop.signal }, (event) => {
      if (event.event === 'progress' && event.bytesDone > 40_000) stop.abort();
    });
    expect(first.error).toMatchObject({ code: 'INTERRUPTED', details: { resumable: true } });
    const written = bench.device.flash.pagesWritten;
    const second = await bench.update(image);
    expect(bench.line.checker.count(Command.ABORT)).toBe(0);
    expect(second.result).toMatchObject({ changed: true, boot: 'started' });
    expect(second.events.find(({ event }) => event === 'plan')).toMatchObject({ resumed: true });
    // What was in the window when the first host stopped may have been written after that.
    expect(second.result?.pagesSent).toBeLessThanOrEqual(49 - 20);
    expect(bench.device.flash.pagesWritten).toBe(49);
    expect(written).toBeGreaterThan(19);
  });

  test('a host that was stopped with every page in flash: the next one only verifies', async () => {
    start();
    const image = appImage(5000);
    const stop = new AbortController();
    await bench.update(image, { signal: stop.signal }, ({ event }) => {
      if (event === 'verifying') stop.abort();
    });
    bench.device.reset();
    expect(bench.device.flash.installed?.valid).toBe(false);
    const second = await bench.update(image);
    expect(second.result).toMatchObject({ changed: true, boot: 'started', pagesSent: 0 });
    expect(bench.device.flash.pagesWritten).toBe(3);
  });

  test('stopped before anything was begun: says that nothing was changed', async () => {
    start();
    const stop = new AbortController();
    const { error } = await bench.update(appImage(5000), { signal: stop.signal }, () =>
      stop.abort(),
    );
    expect(error).toMatchObject({ code: 'INTERRUPTED' });
    expect(String(error)).toContain('nothing was changed');
    expect(bench.device.log).not.toContain('DATA');
  });

  test('a reader that leaves early stops the update', async () => {
    start();
    const image = { base: undefined, bytes: appImage(100_000) };
    for await (const event of update(bench.line, image, { clock: bench.clock })) {
      if (event.event === 'progress') break;
    }
    const { length } = bench.line.checker.sent;
    await new Promise<void>((resolve) => bench.clock.after(60_000, resolve));
    expect(bench.line.checker.sent.length).toBe(length);
    expect(bench.device.log).not.toContain('END');
  });

  test('blank pages are forced after an unfinished update', async () => {
    start();
    const image = appImage(20_000);
    image.fill(0xff, 4096, 12_288);
    const stop = new AbortController();
    await bench.update(image, { signal: stop.signal }, (event) => {
      if (event.event === 'progress') stop.abort();
    });
    const { result } = await bench.update(image, { boot: false });
    // The four blank pages read as they should, but an erase of them may have been cut.
    expect(result?.pagesSent).toBeGreaterThanOrEqual(4);
    expect(bench.device.forced).toEqual([2, 3, 4, 5]);
    const again = await bench.update(image);
    expect(again.result?.pagesSent).toBe(0);
  });

  test('blank pages behind the installed image are forced, and none on a new device', async () => {
    start();
    const image = (size: number, seed: number): Uint8Array => {
      const bytes = appImage(size, seed);
      bytes.fill(0xff, 4096, 6144);
      return size > 14_000 ? bytes.fill(0xff, 10_240, 14_336) : bytes;
    };
    await bench.update(image(9000, 1), { boot: false });
    expect(bench.device.forced).toEqual([]);
    // Page 2 is blank in both; 5 and 6 may be what an update before left.
    const { result } = await bench.update(image(20_000, 2));
    expect(bench.device.forced).toEqual([5, 6]);
    expect(result?.pagesSent).toBe(9);
  });

  test('another image instead of the unfinished one', async () => {
    start();
    const stop = new AbortController();
    await bench.update(appImage(50_000, 1), { signal: stop.signal }, (event) => {
      if (event.event === 'progress') stop.abort();
    });
    const image = appImage(60_000, 2);
    const { result } = await bench.update(image);
    expect(result).toMatchObject({ changed: true, pagesSent: 30 });
    expect(bench.device.flash.bytes.subarray(0, image.length)).toEqual(image);
  });

  test('an unfinished record entry is reused', async () => {
    start();
    const image = appImage(20_000);
    const header = headerFor({ base: undefined, bytes: image }, bench.device.info.appBase);
    bench.device.flash.append(header);
    await bench.update(image);
    expect(bench.device.flash.installed?.sequence).toBe(1);
  });
});
