// "Done" is said of the image that was sent, on the device that it was sent to, and of nothing else.
import { describe, expect, test } from 'vitest';
import type { IapError } from '../../host/base/errors.js';
import { headerFor } from '../../host/image/image.js';
import type { FakeDevice } from '../../host/testing/fake-device.js';
import {
  APP_BASE,
  BaudResponse,
  BeginResponse,
  Begun,
  Command,
  DataResponse,
  EndResponse,
  encode,
  Status,
} from '../../protocol/index.js';
import { appImage } from '../support/images.js';
import { bench, expectInstalled, start } from '../support/one-bench.js';

const ENDED = encode(EndResponse, { status: Status.OK, next: 15, detail: 0 });

/** What another host did meanwhile: another image, whole and verified */
function installed(device: FakeDevice, bytes: Uint8Array): void {
  const entry = device.flash.append(headerFor({ base: APP_BASE, bytes }, APP_BASE));
  device.flash.touch(entry);
  device.flash.bytes.fill(0xff);
  device.flash.bytes.set(bytes);
  entry.valid = true;
}

describe('END answered OK', () => {
  test('after another host has installed another image with as many frames: not done', async () => {
    start();
    const other = appImage(30_000, 2);
    bench.device.hook = ({ type }, count) => {
      if (type !== Command.END) return undefined;
      if (count === 1) return 'drop';
      installed(bench.device, other);
      return ENDED;
    };
    const { error, result } = await bench.update(appImage(30_000, 1));
    expect(result).toBeUndefined();
    expect(error).toMatchObject({ code: 'VERIFY_FAILED' });
    expect(String(error)).toContain('another image');
    expect(bench.device.log).not.toContain('BOOT');
  });

  test('by a device that does not call this image installed: not done', async () => {
    start();
    bench.device.hook = ({ type }) => (type === Command.END ? ENDED : undefined);
    const { error } = await bench.update(appImage(30_000));
    expect(error).toMatchObject({ code: 'VERIFY_FAILED' });
    expect(bench.device.log).not.toContain('BOOT');
  });

  test('by another device: not done', async () => {
    start();
    bench.device.hook = ({ type }) => {
      if (type === Command.END) bench.device.info.uniqueId.fill(8);
      return undefined;
    };
    const { error } = await bench.update(appImage(30_000));
    expect(error).toMatchObject({ code: 'OTHER_DEVICE' });
    expect(bench.device.log).not.toContain('BOOT');
  });

  test('with another count of frames: not done', async () => {
    start();
    const payload = encode(EndResponse, { status: Status.OK, next: 777, detail: 0 });
    bench.device.hook = ({ type }) => (type === Command.END ? payload : undefined);
    const { error } = await bench.update(appImage(30_000));
    expect(error).toMatchObject({ code: 'BAD_ANSWER', details: { command: 'END' } });
  });

  test('just before the device is reset: found again, and done', async () => {
    start({ appKit: true });
    let reset = false;
    bench.device.hook = ({ type }) => {
      if (reset || type !== Command.HELLO || bench.device.log.at(-1) !== 'END') return undefined;
      reset = true;
      bench.device.startApp();
      return undefined;
    };
    const image = appImage(30_000);
    expectInstalled(await bench.update(image), image);
    expect(reset).toBe(true);
  });
});

test('BEGIN answered with something that no version knows: not gone on with', async () => {
  start();
  const payload = encode(BeginResponse, { status: Status.OK, begun: 99, next: 0 });
  bench.device.hook = ({ type }) => (type === Command.BEGIN ? payload : undefined);
  const { error } = await bench.update(appImage(30_000));
  expect(error).toMatchObject({ code: 'BAD_ANSWER', details: { command: 'BEGIN' } });
  expect(Object.values(Begun)).not.toContain(99);
  expect(bench.device.log).not.toContain('DATA');
});

test('BOOT answered by nobody while the bootloader goes on answering: not called started', async () => {
  start();
  bench.device.hook = ({ type }) => (type === Command.BOOT ? 'drop' : undefined);
  const { error, result } = await bench.update(appImage(5000));
  expect(result).toBeUndefined();
  expect(error).toMatchObject({ code: 'APP_SILENT' });
  expect(String(error)).toContain('installed and verified');
});

describe('nonsense is not believed', () => {
  test.each([
    ['a page of 0 bytes', { pageSize: 0 }],
    ['a page of 1 byte', { pageSize: 1 }],
    ['a page of 3 bytes', { pageSize: 3 }],
    ['a page of 64 bytes', { pageSize: 64 }],
    ['a page of 128 KB', { pageSize: 0x2_0000, appEnd: 0x0804_8000 }],
    ['a page of 2 GB', { pageSize: 0x8000_0000 }],
    ['an area that is no whole pages', { appEnd: APP_BASE + 2048 * 10 + 1024 }],
    [
      'an area that begins within a page',
      { appBase: APP_BASE + 100, appEnd: APP_BASE + 100 + 2048 * 10 },
    ],
    ['an area that ends before it begins', { appEnd: APP_BASE - 2048 }],
    ['an area of 2 GB', { appBase: 0, appEnd: 0x8000_0000 }],
    ['an area in RAM', { appBase: 0x2000_0000, appEnd: 0x2000_0000 + 2048 * 10 }],
    ['payloads of 100 bytes', { maxPayload: 100 }],
    ['a window of 100 bytes', { window: 100 }],
    ['a rate of 4 GBd', { defaultRate: 0xffff_fff0 }],
  ])('HELLO says %s', async (_, info) => {
    start({ info });
    const { error } = await bench.update(appImage(30_000));
    // Of a pair the first is looked at first.
    const [field = ''] = Object.keys(info);
    const named = field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    expect(error).toMatchObject({ code: 'BAD_ANSWER', details: { command: 'HELLO' } });
    expect((error as IapError).details.field).toBe(named);
    expect(String(error)).toMatch(/ is .*, expected /);
    expect(bench.device.log).not.toContain('BEGIN');
  });

  test('HELLO says a mode that no version knows', async () => {
    start();
    bench.device.mode = 7;
    const { error } = await bench.update(appImage(30_000));
    expect(error).toMatchObject({ code: 'BAD_ANSWER', details: { field: 'mode', found: 7 } });
  });

  test('BAUD answered with another rate than was asked for: stays at the old one', async () => {
    start();
    const payload = encode(BaudResponse, { status: Status.OK, rate: 57_600 });
    bench.device.hook = ({ type }) => (type === Command.BAUD ? payload : undefined);
    const image = appImage(30_000);
    const outcome = await bench.update(image, { rate: 921_600 });
    expectInstalled(outcome, image);
    expect(outcome.events.map(({ event }) => event)).not.toContain('rate');
  });

  test('DATA answered with frames that were never sent', async () => {
    start();
    const status = { status: Status.OK, pages: 9, detail: 0 };
    const payload = encode(DataResponse, { ...status, next: 1000 });
    bench.device.hook = ({ type }) => (type === Command.DATA ? payload : undefined);
    const { error } = await bench.update(appImage(30_000));
    expect(error).toMatchObject({ code: 'BAD_ANSWER', details: { field: 'next', found: 1000 } });
  });

  test('all time limits at their highest, and DATA never answered: given up within six minutes', async () => {
    const longest = 0xffff;
    start({ info: { beginMs: longest, pageMs: longest, pagesMs: longest, endMs: longest } });
    bench.device.hook = ({ type }) => (type === Command.DATA ? 'drop' : undefined);
    const { error, ms } = await bench.update(appImage(30_000));
    expect(error).toMatchObject({ code: 'LINK_LOST' });
    expect(ms).toBeLessThan(360_000);
  });
});
