// A comparison: what it calls the same, which pages it names, and what it leaves of the device that it looks at.
import { describe, expect, test } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import type { UpdateEvent, VerifyResult } from '../../host/update/events.js';
import { type VerifyOptions, verify } from '../../host/update/verify.js';
import { Command, ImageState, Mode } from '../../protocol/index.js';
import type { BenchOptions } from '../support/bench.js';
import { appImage } from '../support/images.js';
import { bench, start } from '../support/one-bench.js';

const IMAGE = appImage(5000);

interface Outcome {
  readonly events: UpdateEvent[];
  readonly result?: VerifyResult;
  readonly error?: IapError;
}

async function verified(bytes = IMAGE, options: VerifyOptions = {}): Promise<Outcome> {
  bench.line.checker.newHost();
  bench.device.log.length = 0;
  const events: UpdateEvent[] = [];
  const work = verify(bench.line, { base: undefined, bytes }, { clock: bench.clock, ...options });
  try {
    for await (const event of work) events.push(event);
    return { events, result: await work };
  } catch (error) {
    expect(error).toBeInstanceOf(IapError);
    return { events, error: error as IapError };
  }
}

/** A device with the image, in its bootloader or in its application */
async function installed(
  mode: 'bootloader' | 'running',
  options: BenchOptions = {},
): Promise<void> {
  start({ appKit: true, ...options });
  const { error } = await bench.update(IMAGE, { boot: mode === 'running' });
  expect(error).toBeUndefined();
}

function changed(...pages: number[]): Uint8Array {
  const bytes = IMAGE.slice();
  for (const page of pages) bytes[2048 * page + 700] = (bytes[2048 * page + 700] ?? 0) ^ 1;
  return bytes;
}

describe('what it says', () => {
  test('of the image that is installed: the same', async () => {
    await installed('bootloader');
    const { result, events } = await verified();
    expect(result).toMatchObject({ same: true, pagesTotal: 3, differing: [] });
    expect(result?.device.uniqueId).toEqual(bench.device.info.uniqueId);
    expect(events).toMatchObject([
      { event: 'found', device: { mode: Mode.BOOTLOADER, pageSize: 2048 } },
      { event: 'comparing', pages: 3 },
    ]);
  });

  test.each([[[0]], [[1, 2]], [[0, 1, 2]]])('of one that differs: pages %j', async (pages) => {
    await installed('bootloader');
    const { result } = await verified(changed(...pages));
    expect(result).toMatchObject({ same: false, pagesTotal: 3, differing: pages });
  });

  test('of one whose pages are there, but which was never verified: not the same', async () => {
    await installed('bootloader');
    bench.device.tellState = (state) => state & ~ImageState.VALID;
    expect((await verified()).result).toMatchObject({ same: false, differing: [] });
  });

  test('of one that was verified, and changed in flash since: not the same', async () => {
    await installed('bootloader');
    const page = bench.device.flash.page(1);
    page[9] = (page[9] ?? 0) ^ 4;
    // Found to be good before it changed
    bench.device.tellState = (state) => state | ImageState.GOOD;
    expect((await verified()).result).toMatchObject({ same: false, differing: [1] });
  });
});

describe('a device that is in its bootloader', () => {
  test('stays there: it may have a reason', async () => {
    await installed('bootloader');
    const { events } = await verified();
    expect(events.map(({ event }) => event)).toEqual(['found', 'comparing']);
    expect(bench.device.log).not.toContain('BOOT');
    expect(bench.device.mode).toBe(Mode.BOOTLOADER);
  });

  test('is held there while it is compared, also in the listening window after a reset', async () => {
    await installed('bootloader', { info: { pagesMs: 5000 } });
    bench.device.reset();
    bench.device.hook = ({ type }, count) =>
      type === Command.PAGES && count <= 3 ? 'drop' : undefined;
    expect((await verified()).result).toMatchObject({ same: true });
  });

  test('is refused an image that it can not have; nothing is started', async () => {
    await installed('bootloader');
    const { error } = await verified(appImage(2048 * 241));
    expect(error).toMatchObject({ code: 'IMAGE_TOO_LARGE' });
    expect(bench.device.log).toEqual(['HELLO']);
  });

  test('and not called: the time it is looked for is the one that is given', async () => {
    start();
    bench.device.alive = false;
    const { error } = await verified(IMAGE, { timeoutMs: 500 });
    expect(error).toMatchObject({ code: 'NO_ANSWER' });
    expect(bench.clock.now()).toBeLessThan(1000);
  });

  test('much later: waited for, where that is asked for', async () => {
    await installed('bootloader');
    bench.device.alive = false;
    bench.clock.after(60_000, () => {
      bench.device.alive = true;
    });
    expect((await verified(IMAGE, { wait: true })).result).toMatchObject({ same: true });
  });
});

describe('a running application', () => {
  test('is asked to leave, and started again', async () => {
    await installed('running');
    const entering: number[] = [];
    const { result, events } = await verified(changed(1), {
      onEntering: ({ mode }) => entering.push(mode),
    });
    expect(result).toMatchObject({ same: false, differing: [1] });
    expect(events).toMatchObject([
      { event: 'entering', device: { mode: Mode.APP } },
      { event: 'found', device: { mode: Mode.BOOTLOADER } },
      { event: 'comparing', pages: 3 },
      { event: 'booting' },
      { event: 'booted', answered: true },
    ]);
    expect(entering).toEqual([Mode.APP]);
    expect(bench.device.mode).toBe(Mode.APP);
  });

  test('is not disturbed for an image that this device can not have', async () => {
    await installed('running');
    const { error, events } = await verified(appImage(2048 * 241));
    expect(error).toMatchObject({ code: 'IMAGE_TOO_LARGE' });
    expect(events).toEqual([]);
    expect(bench.device.log).toEqual(['HELLO']);
  });

  test('that does not know its area is asked to leave, and started again once its bootloader says it', async () => {
    await installed('running');
    const appEnd = bench.device.info.appEnd;
    // What an application says that knows no more than where it is itself
    Object.assign(bench.device.info, { appEnd: bench.device.info.appBase });
    bench.device.hook = ({ type }) => {
      if (type === Command.ENTER) Object.assign(bench.device.info, { appEnd });
      return undefined;
    };
    const { error, events } = await verified(appImage(2048 * 241));
    expect(error).toMatchObject({ code: 'IMAGE_TOO_LARGE' });
    expect(events.map(({ event }) => event)).toEqual(['entering', 'found', 'booting', 'booted']);
    expect(bench.device.mode).toBe(Mode.APP);
  });

  test('that is not started again does not hide what is wrong with the image', async () => {
    await installed('running');
    const appEnd = bench.device.info.appEnd;
    Object.assign(bench.device.info, { appEnd: bench.device.info.appBase });
    bench.device.hook = ({ type }) => {
      if (type === Command.ENTER) Object.assign(bench.device.info, { appEnd });
      return type === Command.BOOT ? 'drop' : undefined;
    };
    const { error } = await verified(appImage(2048 * 241));
    expect(error).toMatchObject({ code: 'IMAGE_TOO_LARGE' });
  });

  test('that does not want to be left now is left alone', async () => {
    await installed('running');
    bench.device.notNow = 5;
    const details: number[] = [];
    const { error, events } = await verified(IMAGE, { onNotNow: (detail) => details.push(detail) });
    expect(error).toMatchObject({ code: 'REFUSED', details: { status: 'NOT_NOW' } });
    expect(details).toEqual([]);
    expect(events.map(({ event }) => event)).toEqual(['entering']);
  });

  test('that does not want to be left now is asked again where that is asked for, and that is told', async () => {
    await installed('running');
    bench.device.notNow = 5;
    bench.device.hook = ({ type }, count) => {
      if (type === Command.ENTER && count === 3) bench.device.notNow = undefined;
      return undefined;
    };
    const details: number[] = [];
    const options = { wait: true, onNotNow: (detail: number) => details.push(detail) };
    const { result, events } = await verified(IMAGE, options);
    expect(result).toMatchObject({ same: true });
    expect(details).toEqual([5]);
    expect(events.slice(0, 2)).toMatchObject([
      { event: 'entering' },
      { event: 'not-now', detail: 5 },
    ]);
    bench.device.notNow = 6;
    bench.clock.after(5000, () => {
      bench.device.notNow = undefined;
    });
    expect((await verified(IMAGE, { wait: true })).result).toMatchObject({ same: true });
  });
});

describe('stopped', () => {
  test.each([
    ['bootloader', undefined],
    ['running', expect.stringContaining('starts it by itself')],
  ] as const)('with a device that was %s: says what is left behind', async (mode, hint) => {
    await installed(mode);
    const stop = new AbortController();
    bench.device.hook = ({ type }) => {
      if (type === Command.PAGES) stop.abort();
      return undefined;
    };
    const { error } = await verified(IMAGE, { signal: stop.signal });
    expect(error).toMatchObject({ code: 'INTERRUPTED' });
    expect(error?.cause).toMatchObject({ code: 'INTERRUPTED' });
    expect(error?.hint).toEqual(hint);
    expect(String(error).includes('its application was asked to leave')).toBe(mode === 'running');
  });

  test('by nobody: an error is told as it is', async () => {
    await installed('bootloader');
    bench.device.hook = ({ type }) => {
      if (type === Command.PAGES) bench.line.vanish();
      return undefined;
    };
    expect((await verified()).error).toMatchObject({ code: 'PORT_LOST' });
  });
});
