// A whole update of one device: every frame that the host sends, in its order, every rate and every event.
import { describe, expect, test } from 'vitest';
import type { UpdateResult } from '../../host/update/events.js';
import type { UpdateOptions } from '../../host/update/update.js';
import { Capability, Command, Status } from '../../protocol/index.js';
import type { BenchOptions } from '../support/bench.js';
import { appImage } from '../support/images.js';
import { sentOn, told } from '../support/in-words.js';
import { bench, start } from '../support/one-bench.js';

let rates: number[];
let sent: () => string;

/** Pages of 256 bytes; its image has three. */
function begin(options: BenchOptions = {}): void {
  start({ pageSize: 256, pages: 64, commitMs: 1, appKit: true, ...options });
  sent = sentOn(bench);
  rates = [];
  const { line } = bench;
  const setRate = line.setRate.bind(line);
  line.setRate = (rate) => {
    rates.push(rate);
    return setRate(rate);
  };
}

const IMAGE = appImage(600);
/** Its first page is another one, its last as well. */
const NEXT = appImage(600, 2);

interface Seen {
  readonly events: string[];
  readonly result: Partial<UpdateResult>;
  readonly error: unknown;
}

async function seen(image = IMAGE, options: UpdateOptions = {}): Promise<Seen> {
  sent();
  rates.length = 0;
  const outcome = await bench.update(image, options);
  const { device: _, seconds, ...result } = { device: 0, seconds: 0, ...outcome.result };
  if (outcome.result) expect(seconds).toBeCloseTo(outcome.ms / 1000, 6);
  return { events: told(outcome), result, error: outcome.error };
}

const SENT = '0 BEGIN, 0 PAGES, 0 0H, 0 1H?, 0 2H?, 0 END, 0 HELLO+';
const EVENTS = [
  'comparing pages 3',
  'plan pagesTotal 3 pagesToSend 3 bytesToSend 600 resumed false',
  'progress bytesDone 512 bytesTotal 600',
  'progress bytesDone 600 bytesTotal 600',
  'verifying',
  'installed',
];
const BOOTED = ['booting', 'booted answered true'];
const ALL = {
  changed: true,
  boot: 'started',
  bytes: 600,
  pagesTotal: 3,
  pagesSent: 3,
  bytesSent: 600,
  bytesEncoded: 600,
  rate: 115_200,
  allowed: [],
};
const NOTHING = { ...ALL, changed: false, pagesSent: 0, bytesSent: 0, bytesEncoded: 0 };

describe('a device in its bootloader', () => {
  test('with nothing', async () => {
    begin();
    await new Promise<void>((resolve) => bench.clock.after(50_000, resolve));
    const { events, result } = await seen();
    expect(sent()).toBe(`0 HELLO+, ${SENT}, 0 BOOT`);
    expect(events).toEqual(['found bootloader', ...EVENTS, ...BOOTED]);
    expect(result).toEqual(ALL);
    expect(rates).toEqual([]);
  });

  test('with this image', async () => {
    begin();
    await seen(IMAGE, { boot: false });
    const { events, result } = await seen();
    expect(sent()).toBe('0 HELLO+, 0 BOOT');
    expect(events).toEqual(['found bootloader', 'unchanged', ...BOOTED]);
    expect(result).toEqual(NOTHING);
  });

  test('with a part of it, from an update that was begun', async () => {
    begin();
    const stop = new AbortController();
    await bench.update(IMAGE, { signal: stop.signal }, ({ event }) => {
      if (event === 'progress') stop.abort();
    });
    bench.line.checker.newHost();
    bench.device.flash.page(0).fill(0);
    const { events, result } = await seen(IMAGE, { boot: false });
    const frames = sent();
    expect(frames).toMatch(/^0 HELLO\+, 0 BEGIN, 0 PAGES, 0 \d+H/);
    expect(events.find((event) => event.startsWith('plan'))).toMatch(/ resumed true$/);
    expect(result).toMatchObject({ changed: true, boot: 'no' });
  });

  test('on a half-duplex pair: all is compared first, and asked once', async () => {
    begin({
      faults: { halfDuplex: {} },
      turnRoundMs: 1,
      info: { capabilities: Capability.HALF_DUPLEX },
    });
    const { events, result } = await seen(IMAGE, { boot: false });
    expect(sent()).toBe('0 HELLO+, 0 BEGIN, 0 PAGES, 0 0H, 0 1H, 0 2H?, 0 END, 0 HELLO+');
    expect(events).toEqual([
      'found bootloader',
      ...EVENTS.filter((event) => !/Done 512/.test(event)),
    ]);
    expect(result).toEqual({ ...ALL, boot: 'no' });
  });

  test('whose image is not what was sent: all of it again, with FORCE', async () => {
    begin();
    let spoilt = false;
    bench.device.beforeVerify = (flash) => {
      if (!spoilt) flash.page(1).fill(0);
      spoilt = true;
    };
    const { events, result } = await seen(IMAGE, { boot: false });
    expect(sent()).toBe(
      '0 HELLO+, 0 BEGIN, 0 PAGES, 0 0H, 0 1H?, 0 2H?, 0 END, 0 3H, 0 4H?, 0 5H?, 0 END, 0 HELLO+',
    );
    expect(events).toEqual([
      'found bootloader',
      ...EVENTS.slice(0, 5),
      'warning code VERIFY_AGAIN message the image in flash is not right although every page seemed to be; sending all pages again',
      'plan pagesTotal 3 pagesToSend 3 bytesToSend 600 resumed true',
      ...EVENTS.slice(2),
    ]);
    expect(result).toEqual({
      ...ALL,
      boot: 'no',
      pagesSent: 6,
      bytesSent: 1200,
      bytesEncoded: 1200,
    });
    expect(bench.device.forced).toEqual([0, 1, 2]);
  });

  test('whose supply is too low twice', async () => {
    begin();
    bench.device.hook = ({ type }, count) =>
      type === Command.BEGIN && count < 3 ? Status.SUPPLY_LOW : undefined;
    const { events, result } = await seen(IMAGE, { boot: false });
    expect(sent()).toBe(`0 HELLO+, 0 BEGIN, 0 BEGIN, ${SENT}`);
    expect(events.slice(1, 3)).toEqual([
      "warning code SUPPLY_LOW message the device's supply is too low to change flash; waiting up to 30 s for it to rise",
      'comparing pages 3',
    ]);
    expect(result).toEqual({ ...ALL, boot: 'no' });
  });

  test('that is reset on the way', async () => {
    begin();
    bench.device.hook = ({ type }, count) =>
      type === Command.DATA && count === 2 ? 'reset' : undefined;
    const { events, result } = await seen(IMAGE, { boot: false });
    expect(sent()).toBe(
      '0 HELLO+, 0 BEGIN, 0 PAGES, 0 0H, 0 1H?, 0 2H?, 0 HELLO+, 0 HELLO+, 0 BEGIN, 0 PAGES, 0 0H, 0 1H?, 0 END, 0 HELLO+',
    );
    expect(events).toEqual([
      'found bootloader',
      ...EVENTS.slice(0, 2),
      'reconnecting reason the device refuses DATA: no update is begun; it has been reset in between',
      'comparing pages 3',
      'plan pagesTotal 3 pagesToSend 2 bytesToSend 344 resumed true',
      'progress bytesDone 344 bytesTotal 344',
      'verifying',
      'installed',
    ]);
    expect(result).toEqual({ ...ALL, boot: 'no', pagesSent: 2, bytesSent: 344, bytesEncoded: 344 });
  });

  test('that is gone on the way: looked for, and given up', async () => {
    begin();
    bench.device.hook = ({ type }) => {
      if (type === Command.DATA) bench.device.alive = false;
      return undefined;
    };
    const { events, error } = await seen();
    expect(sent()).toMatch(
      /^0 HELLO\+, 0 BEGIN, 0 PAGES, 0 0H, 0 1H\?, 0 2H\?, (0 3\?, )+(0 HELLO\+, ){60,}0 HELLO\+$/,
    );
    expect(events.slice(3)).toEqual([
      'reconnecting reason the device does not answer any more (3 attempts)',
    ]);
    expect(error).toMatchObject({
      code: 'LINK_LOST',
      message: 'the device stopped answering, and was looked for during 15 s in vain',
      hint: expect.stringMatching(
        /^check cable and supply; .* goes on where it stopped$/,
      ) as string,
      details: { timeoutMs: 15_000, resumable: true, pagesSent: 0 },
    });
  });

  test('that never answers END: begun again three times, and given up', async () => {
    begin();
    bench.device.hook = ({ type }) => (type === Command.END ? 'drop' : undefined);
    const { events, error } = await seen(IMAGE);
    const end = '0 END, 0 END, 0 END, 0 END, 0 END, 0 END';
    const again = `0 HELLO+, 0 HELLO+, 0 BEGIN, 0 PAGES, ${end}`;
    expect(sent()).toBe(
      `0 HELLO+, 0 BEGIN, 0 PAGES, 0 0H, 0 1H?, 0 2H?, ${end}, ${again}, ${again}, ${again}`,
    );
    expect(events.filter((event) => event.startsWith('reconnecting'))).toHaveLength(3);
    expect(error).toMatchObject({
      code: 'LINK_LOST',
      details: { resumable: true, pagesSent: 3 },
    });
  });
});

describe('a device that runs its application', () => {
  test('with another image, and which is waited for', async () => {
    begin();
    await seen();
    const { events, result } = await seen(NEXT, { waitApp: true });
    expect(sent()).toBe(
      '0 HELLO+, 0 ENTER, 0 HELLO+, 0 HELLO+, 0 BEGIN, 0 PAGES, 0 0H, 0 1H?, 0 END, 0 HELLO+, 0 BOOT, 0 HELLO',
    );
    expect(events).toEqual([
      'found app',
      'entering app',
      'found bootloader',
      'comparing pages 3',
      'plan pagesTotal 3 pagesToSend 2 bytesToSend 344 resumed false',
      'progress bytesDone 344 bytesTotal 344',
      'verifying',
      'installed',
      ...BOOTED,
      'app app',
    ]);
    expect(result).toEqual({ ...ALL, pagesSent: 2, bytesSent: 344, bytesEncoded: 344 });
  });

  test('with this image: only its bootloader knows', async () => {
    begin();
    await seen();
    const { events, result } = await seen();
    expect(sent()).toBe('0 HELLO+, 0 ENTER, 0 HELLO+, 0 HELLO+, 0 BOOT');
    expect(events).toEqual([
      'found app',
      'entering app',
      'found bootloader',
      'unchanged',
      ...BOOTED,
    ]);
    expect(result).toEqual(NOTHING);
  });

  test('at another rate: its bootloader at its own, it again where it was', async () => {
    begin({ appRate: 57_600 });
    bench.device.startApp();
    bench.line.rate = 57_600;
    const { events, result } = await seen(IMAGE, { waitApp: true });
    expect(sent()).toBe(`0 HELLO+, 0 ENTER, 0 HELLO+, ${`0 HELLO+, ${SENT}`}, 0 BOOT, 0 HELLO`);
    expect(rates).toEqual([115_200, 57_600]);
    expect(events).toEqual([
      'found app',
      'entering app',
      'found bootloader',
      ...EVENTS,
      ...BOOTED,
      'app app',
    ]);
    expect(result).toEqual(ALL);
  });

  test('at another rate, and is gone on the way: looked for at both, left at the one of its bootloader', async () => {
    begin({ appRate: 57_600 });
    bench.device.startApp();
    bench.line.rate = 57_600;
    bench.device.hook = ({ type }) => {
      if (type === Command.DATA) bench.device.alive = false;
      return undefined;
    };
    const { error } = await seen();
    expect(rates).toEqual([115_200, 57_600, 115_200]);
    expect(error).toMatchObject({ code: 'LINK_LOST', details: { timeoutMs: 30_000 } });
  });

  test('that does not want to be left now: told, and asked again where that is asked for', async () => {
    begin();
    await seen();
    bench.device.notNow = 7;
    bench.clock.after(2500, () => {
      bench.device.notNow = undefined;
    });
    const { events, result } = await seen(NEXT, { wait: true });
    expect(events.slice(0, 5)).toEqual([
      'found app',
      'entering app',
      'not-now detail 7',
      'found bootloader',
      'comparing pages 3',
    ]);
    expect(result).toMatchObject({ changed: true });
  });
});

describe('another rate', () => {
  test('as it is given; where nobody starts the application it is given back', async () => {
    begin();
    const { events, result } = await seen(IMAGE, { rate: 460_800, boot: false });
    expect(sent()).toBe(`0 HELLO+, 0 BAUD, 0 HELLO+, ${SENT}, 0 BAUD, 0 HELLO+`);
    expect(rates).toEqual([460_800, 115_200]);
    expect(events).toEqual(['found bootloader', 'rate rate 460800', ...EVENTS]);
    expect(result).toEqual({ ...ALL, boot: 'no', rate: 460_800 });
  });

  test('after a reset: found at its own, and changed again', async () => {
    begin();
    bench.device.hook = ({ type }, count) =>
      type === Command.DATA && count === 1 ? 'reset' : undefined;
    const { events, result } = await seen(IMAGE, { rate: 460_800 });
    expect(rates).toEqual([460_800, 115_200, 460_800, 115_200]);
    expect(events.slice(0, 6)).toEqual([
      'found bootloader',
      'rate rate 460800',
      ...EVENTS.slice(0, 2),
      'reconnecting reason the device does not answer any more (3 attempts)',
      'rate rate 460800',
    ]);
    expect(result).toEqual({ ...ALL, rate: 460_800 });
  });

  test('found by trying, for so little: none', async () => {
    begin();
    const { events, result } = await seen(IMAGE, { rate: 'auto', boot: false });
    expect(sent()).toBe(`0 HELLO+, ${SENT}`);
    expect(events).toEqual([
      'found bootloader',
      'comparing pages 3',
      'rate rate 115200 chosen little',
      ...EVENTS.slice(1),
    ]);
    expect(result).toEqual({ ...ALL, boot: 'no' });
  });
});

describe('what is no error of this program is told as it is, and ends it', () => {
  const fault = new TypeError('a fault');

  test('of what compresses pages', async () => {
    begin({ inflate: (stream) => stream });
    const compression = {
      deflate: () => {
        throw fault;
      },
    };
    const { error } = await seen(IMAGE, { compression });
    expect(error).toBe(fault);
    expect(sent()).toBe('0 HELLO+, 0 BEGIN, 0 PAGES');
  });

  test('of who remembers rates', async () => {
    begin();
    const rates = { recall: () => Promise.reject(fault), keep: () => Promise.resolve() };
    expect((await seen(IMAGE, { rate: 'auto', rates })).error).toBe(fault);
  });
});
