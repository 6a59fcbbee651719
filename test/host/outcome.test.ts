// How an update ends, and what it says of the device then: what was left behind, and whether the same command goes on.
import { describe, expect, test } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import type { UpdateEvent } from '../../host/update/events.js';
import type { UpdateOptions } from '../../host/update/update.js';
import { Command, Mode, Status } from '../../protocol/index.js';
import type { BenchOptions, Outcome } from '../support/bench.js';
import { appImage } from '../support/images.js';
import { bench, expectInstalled, start } from '../support/one-bench.js';

const PAGE = 256;
const PAGES = 12;
const IMAGE = appImage(PAGES * PAGE - 30);
const OTHER = appImage(PAGES * PAGE - 30, 2);

function begin(options: BenchOptions = {}): void {
  start({ pageSize: PAGE, pages: 64, commitMs: 1, appKit: true, ...options });
}

/** With another image, in its bootloader or its application */
async function installed(
  mode: 'bootloader' | 'running',
  options: BenchOptions = {},
): Promise<void> {
  begin(options);
  const { error } = await bench.update(OTHER, { boot: mode === 'running' });
  expect(error).toBeUndefined();
  bench.device.log.length = 0;
}

const count = (name: string): number => bench.device.log.filter((one) => one === name).length;
const names = ({ events }: Outcome): string[] =>
  events.map(({ event }) => event).filter((event) => event !== 'progress');

/** Stopped when it tells an event, or the device is asked something */
async function stopped(
  at: UpdateEvent['event'] | number,
  options: UpdateOptions = {},
): Promise<IapError> {
  const stop = new AbortController();
  bench.device.hook = ({ type }) => {
    if (type === at) stop.abort();
    return undefined;
  };
  const { error, result } = await bench.update(
    IMAGE,
    { signal: stop.signal, ...options },
    ({ event }) => {
      if (event === at) stop.abort();
    },
  );
  expect(result).toBeUndefined();
  expect(error).toBeInstanceOf(IapError);
  expect((error as IapError).code).toBe('INTERRUPTED');
  return error as IapError;
}

describe('done', () => {
  test('with what was sent, as what, and how long it took', async () => {
    begin();
    await new Promise<void>((resolve) => bench.clock.after(50_000, resolve));
    const outcome = await bench.update(IMAGE);
    expectInstalled(outcome, IMAGE);
    const { length } = IMAGE;
    expect(outcome.result).toMatchObject({
      bytes: length,
      pagesTotal: PAGES,
      pagesSent: PAGES,
      bytesSent: length,
      bytesEncoded: length,
      rate: 115_200,
      allowed: [],
    });
    expect(outcome.result?.seconds).toBeCloseTo(outcome.ms / 1000, 3);
    expect(outcome.result?.device.uniqueId).toEqual(bench.device.info.uniqueId);
  });

  test('although there was nothing to do: nothing was begun, no rate tried', async () => {
    begin();
    await bench.update(IMAGE, { boot: false });
    bench.device.log.length = 0;
    const outcome = await bench.update(IMAGE, { rate: 921_600 });
    expect(outcome.result).toMatchObject({
      changed: false,
      boot: 'started',
      pagesTotal: PAGES,
      pagesSent: 0,
      bytesSent: 0,
      bytesEncoded: 0,
    });
    expect(names(outcome)).toEqual(['found', 'unchanged', 'booting', 'booted']);
    expect(new Set(bench.device.log)).toEqual(new Set(['HELLO', 'BOOT']));
  });

  test('below an application: it is found first, and its bootloader after it', async () => {
    await installed('running');
    const outcome = await bench.update(IMAGE, { waitApp: true });
    expectInstalled(outcome, IMAGE);
    expect(outcome.events.slice(0, 3)).toMatchObject([
      { event: 'found', device: { mode: Mode.APP } },
      { event: 'entering', device: { mode: Mode.APP } },
      { event: 'found', device: { mode: Mode.BOOTLOADER } },
    ]);
    expect(outcome.events.at(-1)).toMatchObject({ event: 'app', device: { mode: Mode.APP } });
    expect(names(outcome).filter((name) => name === 'app')).toHaveLength(1);
  });

  test('where nobody waits for the application: not asked for', async () => {
    begin();
    expect(names(await bench.update(IMAGE))).not.toContain('app');
  });

  test.each<[string, UpdateOptions, object[]]>([
    ['as it is', {}, []],
    ['as it is given', { rate: 230_400 }, [{ rate: 230_400 }]],
    ['found', { rate: 'auto' }, [{ rate: 115_200, chosen: 'little' }]],
  ])('the rate %s', async (_, options, told) => {
    begin();
    const outcome = await bench.update(IMAGE, options);
    expectInstalled(outcome, IMAGE);
    expect(outcome.events.filter(({ event }) => event === 'rate')).toEqual(
      told.map((one) => ({ event: 'rate', ...one })),
    );
    expect(outcome.result?.rate).toBe(options.rate === 230_400 ? 230_400 : 115_200);
    expect(bench.line.rate).toBe(115_200);
  });
});

describe('interrupted', () => {
  test.each([
    ['bootloader', Command.HELLO, /nothing was changed on the device$/],
    ['running', Command.ENTER, /but its application was asked to leave$/],
  ] as const)('before it was begun, in the %s: nothing was changed', async (mode, at, message) => {
    await installed(mode);
    const error = await stopped(at);
    expect(error.message).toMatch(message);
    expect(error.cause).toMatchObject({ code: 'INTERRUPTED' });
    expect(error.details).toEqual({});
    expect(count('BEGIN')).toBe(0);
  });

  test('once it was begun, before any page: it can go on', async () => {
    begin();
    const error = await stopped(Command.BEGIN);
    expect(error.message).toContain('before any page was sent');
    expect(error.details).toEqual({ resumable: true, pagesSent: 0 });
    expect(error.hint).toContain('goes on where it stopped');
  });

  test('before a page is known to be in flash: not said that the device stays where it is', async () => {
    begin();
    const error = await stopped(Command.PAGES);
    expect(error.message).toMatch(
      /; 0 pages are acknowledged as written; the device can be updated$/,
    );
    expect(error.details).toEqual({ resumable: true, pagesSent: 0 });
  });

  test('in mid-update: it goes on where it stopped', async () => {
    begin();
    const error = await stopped('progress');
    expect(error.message).toMatch(
      /mid-update; \d+ pages are acknowledged.* stays in its bootloader/,
    );
    expect(error.details.resumable).toBe(true);
    expect(error.details.pagesSent).toBeGreaterThan(0);
    expect(error.cause).toMatchObject({ code: 'INTERRUPTED' });
    expectInstalled(await bench.update(IMAGE), IMAGE);
  });

  test('while the device verifies: it may be installed', async () => {
    begin();
    const error = await stopped(Command.END);
    expect(error.message).toContain('may be installed');
    expect(error.details).toEqual({ resumable: true, pagesSent: PAGES });
  });

  test('in its start: the image is installed, whether it was started is not known', async () => {
    begin();
    const error = await stopped(Command.BOOT);
    expect(error.message).toMatch(
      /installed and verified, but whether it was started is not known$/,
    );
    expect(error.details).toEqual({ installed: true, resumable: false, pagesSent: PAGES });
    expect(error.hint).toContain('sends nothing more');
    expect(error.cause).toMatchObject({ code: 'INTERRUPTED' });
  });

  test('in its start, of an image that was there: that is said', async () => {
    begin();
    await bench.update(IMAGE, { boot: false });
    const error = await stopped(Command.BOOT);
    expect(error.message).toContain('was installed already, and nothing was written, but');
    expect(error.details).toEqual({ installed: true, resumable: false, pagesSent: 0 });
  });

  test('on the way back to its rate, not to be started: nothing is said of a start', async () => {
    begin();
    const stop = new AbortController();
    const { error } = await bench.update(
      IMAGE,
      { boot: false, rate: 230_400, signal: stop.signal },
      ({ event }) => {
        if (event === 'installed') stop.abort();
      },
    );
    expect(error).toMatchObject({ code: 'INTERRUPTED', details: { installed: true } });
    expect(String(error)).toMatch(/installed and verified$/);
  });
});

describe('the port goes away', () => {
  async function vanishes(type: number, nth = 1): Promise<IapError> {
    const { device, line } = bench;
    device.hook = (frame, times) => {
      if (frame.type === type && times >= nth) line.vanish();
      return undefined;
    };
    const { error } = await bench.update(IMAGE);
    expect(error).toMatchObject({ code: 'PORT_LOST' });
    return error as IapError;
  }

  test('in mid-update: it can go on', async () => {
    begin();
    const error = await vanishes(Command.DATA, 4);
    expect(error.details).toMatchObject({ resumable: true, pagesSent: expect.any(Number) });
    expect(error.hint).toContain('run the same command again');
    expect(error.cause).toMatchObject({ code: 'PORT_LOST' });
  });

  test.each([
    ['before it was begun', Command.HELLO],
    ['in its start', Command.BOOT],
  ])('%s: nothing is said of an update', async (_, type) => {
    begin();
    const { details } = await vanishes(type);
    expect(details).not.toHaveProperty('resumable');
  });
});

describe('refused', () => {
  test('in mid-update: told as it is, and not asked again', async () => {
    begin();
    bench.device.hook = ({ type }, times) =>
      type === Command.DATA && times >= 3 ? Status.RECORD_FAILED : undefined;
    const { error } = await bench.update(IMAGE);
    expect(error).toMatchObject({ code: 'REFUSED', details: { status: 'RECORD_FAILED' } });
    expect((error as IapError).details).not.toHaveProperty('resumable');
    expect(count('BEGIN')).toBe(1);
  });

  test.each([
    ['ROLLBACK', true],
    ['RECORD_FAILED', false],
  ] as const)('below an application, with %s: it is started again %s', async (status, again) => {
    await installed('running');
    bench.device.hook = ({ type }) => (type === Command.BEGIN ? Status[status] : undefined);
    const { error } = await bench.update(IMAGE);
    expect(error).toMatchObject({ code: 'REFUSED', details: { status } });
    expect(count('BOOT') > 0).toBe(again);
  });

  test('in the bootloader, where it was found: it stays there', async () => {
    await installed('bootloader');
    bench.device.hook = ({ type }) => (type === Command.BEGIN ? Status.ROLLBACK : undefined);
    await bench.update(IMAGE);
    expect(count('BOOT')).toBe(0);
  });

  test('below an application, once pages were changed: nothing to start', async () => {
    await installed('running');
    bench.device.hook = ({ type }) => (type === Command.END ? Status.ROLLBACK : undefined);
    await bench.update(IMAGE);
    expect(count('BOOT')).toBe(0);
  });

  test('and an application that does not start again hides nothing', async () => {
    await installed('running');
    bench.device.hook = ({ type }) =>
      type === Command.BEGIN ? Status.ROLLBACK : type === Command.BOOT ? 'drop' : undefined;
    const { error } = await bench.update(IMAGE);
    expect(error).toMatchObject({ details: { status: 'ROLLBACK' } });
  });
});

describe('another device than the one that is meant', () => {
  const only = new Uint8Array(12).fill(9);

  test.each(['bootloader', 'running'] as const)('%s: left as it is', async (mode) => {
    await installed(mode);
    const { error } = await bench.update(IMAGE, { only });
    expect(error).toMatchObject({ code: 'OTHER_DEVICE' });
    expect(new Set(bench.device.log)).toEqual(new Set(['HELLO']));
  });
});

describe('an image that does not fit', () => {
  const large = appImage(65 * PAGE);

  test('is refused by what the application says; it is not disturbed', async () => {
    await installed('running');
    const { error } = await bench.update(large);
    expect(error).toMatchObject({ code: 'IMAGE_TOO_LARGE' });
    expect(bench.device.log).toEqual(['HELLO']);
  });

  test('is refused by the bootloader, where the application does not know; it is started again', async () => {
    await installed('running');
    const { appBase, appEnd } = bench.device.info;
    Object.assign(bench.device.info, { appEnd: appBase });
    bench.device.hook = ({ type }) => {
      if (type === Command.ENTER) Object.assign(bench.device.info, { appEnd });
      return undefined;
    };
    const { error } = await bench.update(large);
    expect(error).toMatchObject({ code: 'IMAGE_TOO_LARGE' });
    expect(bench.device.mode).toBe(Mode.APP);
  });
});

describe('a device that is looked for', () => {
  test('for as long as is given', async () => {
    begin();
    bench.device.alive = false;
    const { error, ms } = await bench.update(IMAGE, { timeoutMs: 700 });
    expect(error).toMatchObject({ code: 'NO_ANSWER' });
    expect(ms).toBeLessThan(1000);
  });

  test('until it comes, where that is asked for', async () => {
    begin();
    bench.device.alive = false;
    bench.clock.after(40_000, () => {
      bench.device.alive = true;
    });
    expectInstalled(await bench.update(IMAGE, { wait: true }), IMAGE);
  });

  test.each([
    ['as long as a person needs', {}, {}, 15],
    ['longer, where that is asked for', {}, { timeoutMs: 40_000 }, 40],
    ['not shorter', {}, { timeoutMs: 700 }, 15],
    ['at each rate where it may be', { appRate: 9600 }, {}, 30],
    ['at the one of its port that can not change', { appRate: 9600, fixed: true }, {}, 15],
  ])(
    'again, in mid-update: %s',
    async (_, { fixed = false, ...options }: BenchOptions & { fixed?: boolean }, more, seconds) => {
      begin(options);
      if (options.appRate !== undefined && !fixed) {
        await bench.update(OTHER);
        await bench.line.setRate(options.appRate);
      }
      if (fixed) Object.assign(bench.line, { fixedRate: true });
      bench.device.hook = ({ type }) => {
        if (type === Command.END) bench.device.alive = false;
        return undefined;
      };
      const outcome = await bench.update(IMAGE, more);
      expect(outcome.error).toMatchObject({
        code: 'LINK_LOST',
        message: expect.stringContaining(`looked for during ${seconds} s in vain`),
        hint: expect.stringMatching(/^check cable and supply; then run the same command again/),
        details: { timeoutMs: 1000 * seconds, resumable: true, pagesSent: expect.any(Number) },
      });
      expect(outcome.events.filter(({ event }) => event === 'reconnecting')).toEqual([
        { event: 'reconnecting', reason: expect.stringContaining('does not answer any more') },
      ]);
    },
  );
});

test('gone while its rate is changed again, in mid-update: resumable, however it was looked for', async () => {
  begin();
  let asked = 0;
  bench.device.hook = ({ type }, times) => {
    if (type === Command.BAUD && ++asked === 2) bench.device.alive = false;
    return type === Command.DATA && times === 3 ? 'reset' : undefined;
  };
  const { error } = await bench.update(IMAGE, { rate: 230_400 });
  expect(error).toMatchObject({
    code: 'LINK_LOST',
    message: expect.stringContaining('looked for during 3 s in vain'),
    details: { resumable: true },
    cause: { code: 'LINK_LOST', cause: { code: 'NO_ANSWER' } },
  });
});

describe('a device that is reset again and again', () => {
  test('but for a page each time: gone on with', async () => {
    begin();
    let kept = 0;
    bench.device.hook = ({ type }) => {
      const { pagesWritten } = bench.device.flash;
      if (type !== Command.DATA || pagesWritten < kept + 2) return undefined;
      kept = pagesWritten;
      return 'reset';
    };
    expectInstalled(await bench.update(IMAGE), IMAGE);
    expect(count('BEGIN')).toBeGreaterThan(4);
  });

  test('before a page: given up the third time', async () => {
    begin();
    bench.device.hook = ({ type }) => (type === Command.DATA ? 'reset' : undefined);
    const { error } = await bench.update(IMAGE);
    expect(error).toMatchObject({ code: 'LINK_LOST', details: { resumable: true } });
    expect(count('BEGIN')).toBe(3);
  });

  test('and keeps nothing of what it took: given up after all was sent four times, and twice more', async () => {
    begin();
    bench.device.hook = ({ type }) => {
      if (type !== Command.END) return undefined;
      bench.device.flash.bytes.fill(0);
      return 'reset';
    };
    const { error } = await bench.update(IMAGE);
    expect(error).toMatchObject({ code: 'LINK_LOST', details: { pagesSent: 7 * PAGES } });
    expect(count('BEGIN')).toBe(7);
  });

  test('so that its application answers in mid-update: asked to leave again', async () => {
    await installed('running');
    let reset = false;
    bench.device.hook = ({ type }, times) => {
      if (type !== Command.BEGIN || reset || times < 2) return undefined;
      reset = true;
      bench.device.startApp();
      return undefined;
    };
    expectInstalled(await bench.update(IMAGE), IMAGE);
    expect(count('ENTER')).toBe(2);
  });
});

test('what is wrong with an image that is written all the same: told once, although application and bootloader are asked', async () => {
  await installed('running');
  const image = IMAGE.slice();
  image.set([0xfc, 0x4f], 0); // a stack that begins at no multiple of eight
  image[12] = (image[12] ?? 0) & ~1; // a vector that is no Thumb address
  const outcome = await bench.update(image, { allow: ['vector-even'] });
  expectInstalled(outcome, image);
  const told = outcome.events.flatMap((event) =>
    event.event === 'warning' ? [[event.code, event.finding, event.allowed ?? false]] : [],
  );
  expect(told.toSorted()).toEqual([
    ['IMAGE', 'stack-unaligned', false],
    ['IMAGE', 'vector-even', true],
  ]);
  expect(outcome.result?.allowed).toEqual(['vector-even']);
});

describe('errors that rise, and a slower rate that is not reached', () => {
  async function worse(fails: () => void): Promise<Outcome> {
    begin({ info: { maxRate: 921_600 } });
    const { device, line } = bench;
    let count = 0;
    device.hook = ({ type }) => {
      if (type === Command.BAUD && device.rate > 500_000) fails();
      return undefined;
    };
    line.toHost = (bytes) =>
      line.rate > 500_000 && device.log.includes('DATA') && bytes.length > 1 && ++count % 3 === 0
        ? [bytes.map((byte, i) => (i === 8 ? byte ^ 0x10 || 1 : byte))]
        : [bytes];
    const rates = {
      recall: () => Promise.resolve({ rate: 921_600 }),
      keep: () => Promise.resolve(),
    };
    return bench.update(appImage(60 * PAGE), { rate: 'auto', rates });
  }

  test('as the device is gone: looked for, and resumable', async () => {
    const outcome = await worse(() => {
      bench.device.alive = false;
    });
    expect(outcome.error).toMatchObject({ code: 'LINK_LOST', details: { resumable: true } });
    expect(names(outcome)).toContain('reconnecting');
  });

  test('as the port is gone: at once', async () => {
    const outcome = await worse(() => bench.line.vanish());
    expect(outcome.error).toMatchObject({ code: 'PORT_LOST', details: { resumable: true } });
    expect(names(outcome)).not.toContain('reconnecting');
  });
});
