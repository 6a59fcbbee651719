// What an update does on each status that an answer may have, and on answers that make no sense.
import { describe, expect, test } from 'vitest';
import {
  Command,
  crc32,
  DataFlag,
  DataRequest,
  DataResponse,
  decode,
  EndResponse,
  encode,
  PageHead,
  PagesResponse,
  Refusal,
  Status,
  Stay,
} from '../../protocol/index.js';
import { appImage } from '../support/images.js';
import { bench, expectInstalled, start } from '../support/one-bench.js';

describe('a page that is rejected', () => {
  test('twice: sent again from its head', async () => {
    // Two frames a page, so that its head is not in the frame that completes it.
    start({ info: { maxPayload: 1100 } });
    bench.device.rejecting.set(4, 2);
    const image = appImage(30_000);
    expectInstalled(await bench.update(image), image);
    const heads = bench.line.checker.sent
      .filter(({ type, payload }) => type === Command.DATA && payload.length > 15)
      .map(({ payload }) => decode(DataRequest, payload))
      .filter(({ flags }) => (flags & DataFlag.HEAD) !== 0)
      .map(({ body }) => decode(PageHead, body).page);
    expect(heads.filter((page) => page === 4)).toHaveLength(3);
  });

  test('three times: given up, with the reason', async () => {
    start();
    bench.device.rejecting.set(4, 3);
    const { error } = await bench.update(appImage(30_000));
    expect(error).toMatchObject({
      code: 'PAGE_FAILED',
      details: { page: 4, status: 'PAGE_REJECTED' },
    });
    expect(String(error)).toContain('CRC');
    expect(bench.device.log).not.toContain('END');
  });

  // The device keeps its status until the frame that it expects comes.
  test('once, and sent again in vain until the line is good: the status that is kept is no new failure', async () => {
    start();
    bench.device.rejecting.set(4, 1);
    let questions = 0;
    bench.device.hook = ({ type, payload }) => {
      if (type !== Command.DATA || bench.device.rejecting.get(4) !== 0) return undefined;
      const isQuestion = decode(DataRequest, payload).body.length === 0;
      if (isQuestion) questions++;
      return isQuestion || questions > 4 ? undefined : 'drop';
    };
    const image = appImage(30_000);
    expectInstalled(await bench.update(image), image);
    expect(questions).toBeGreaterThan(4);
  });

  test.each([
    ['in several frames', 300],
    ['in one frame', 2100],
  ])(
    'once, and its head is lost four times, while what follows arrives: %s',
    async (_, maxPayload) => {
      start({ info: { maxPayload } });
      bench.device.rejecting.set(4, 1);
      let lost = 0;
      bench.device.hook = ({ type, payload }) => {
        if (type !== Command.DATA || bench.device.rejecting.get(4) !== 0 || lost === 4)
          return undefined;
        const { flags, body } = decode(DataRequest, payload);
        if ((flags & DataFlag.HEAD) === 0 || decode(PageHead, body).page !== 4) return undefined;
        lost++;
        return 'drop';
      };
      const image = appImage(30_000);
      expectInstalled(await bench.update(image), image);
      expect(lost).toBe(4);
    },
  );
});

test('an application that runs again in mid-update is asked to enter, and the update goes on', async () => {
  start({ appKit: true });
  bench.device.hook = ({ type }, count) => {
    if (type !== Command.DATA || count !== 5) return undefined;
    bench.device.startApp();
    return 'drop';
  };
  const image = appImage(30_000);
  expectInstalled(await bench.update(image), image);
  expect(bench.device.log).toContain('ENTER');
  expect(bench.device.flash.pagesWritten).toBe(15);
});

/** Refusals that an update gets over say that the device was reset, or that its supply must rise first. */
const FATAL = Object.entries(Status).filter(
  ([name, code]) => code >= 0x40 && !['NO_SESSION', 'IN_APP', 'SUPPLY_LOW'].includes(name),
);

describe('what the device says in mid-update', () => {
  test.each(FATAL)('%s in answer to DATA: stops, and repeats nothing', async (status, code) => {
    start();
    bench.device.hook = ({ type }, count) =>
      type === Command.DATA && count === 5 ? code : undefined;
    const { error } = await bench.update(appImage(100_000));
    expect(error).toMatchObject({ code: 'REFUSED', details: { command: 'DATA', status } });
    // What was on the way when the answer came is all there was.
    expect(bench.line.checker.count(Command.DATA)).toBeLessThan(5 + 4);
    expect(bench.device.log).not.toContain('END');
    expect(bench.device.log).not.toContain('BOOT');
  });

  test.each([
    // All of 15 frames were taken before END.
    ['END', 'GAP', Status.GAP, 15],
    ['END', 'GAP for a frame that was taken', Status.GAP, 14],
    ['END', 'PAGE_REJECTED', Status.PAGE_REJECTED, 14],
    ['END', 'status 5', 5, 15],
    ['DATA', 'status 5', 5, 1],
  ] as const)(
    '%s is answered with %s, which makes no sense there: not done',
    async (name, _, status, next) => {
      start();
      const answer =
        name === 'END'
          ? encode(EndResponse, { status, next, detail: 0 })
          : encode(DataResponse, { status, next, detail: 0, pages: 0 });
      bench.device.hook = ({ type }) => (type === Command[name] ? answer : undefined);
      const { error } = await bench.update(appImage(30_000));
      expect(error).toMatchObject({ code: 'BAD_ANSWER', details: { command: name } });
      expect(bench.device.log.at(-1)).toBe(name);
    },
  );

  test('a frame is asked for that was never sent', async () => {
    start();
    const payload = encode(DataResponse, { status: Status.GAP, next: 999, pages: 0, detail: 0 });
    bench.device.hook = ({ type }) => (type === Command.DATA ? payload : undefined);
    const { error } = await bench.update(appImage(30_000));
    expect(error).toMatchObject({ code: 'BAD_ANSWER', details: { command: 'DATA' } });
  });

  test('the CRCs of other pages than those asked for are not compared', async () => {
    start();
    const image = appImage(4096);
    const crc = [0, 2048].map((at) => crc32(image.subarray(at, at + 2048)));
    const payload = encode(PagesResponse, { status: Status.OK, first: 4, count: 2, crc32: crc });
    bench.device.hook = ({ type }) => (type === Command.PAGES ? payload : undefined);
    expect((await bench.update(image)).error).toMatchObject({ code: 'BAD_ANSWER' });
  });

  test('RECORD_FAILED in answer to END: not done, and not started', async () => {
    start();
    bench.device.hook = ({ type }) =>
      type === Command.END
        ? encode(Refusal, { status: Status.RECORD_FAILED, detail: 1 })
        : undefined;
    const { error, result } = await bench.update(appImage(30_000));
    expect(error).toMatchObject({ code: 'REFUSED', details: { status: 'RECORD_FAILED' } });
    expect(result).toBeUndefined();
    expect(bench.line.checker.count(Command.END)).toBe(1);
    expect(bench.device.log).not.toContain('BOOT');
  });

  test('VERIFY_FAILED without a check in answer to END: everything once more, then not done', async () => {
    start();
    // 15 frames, and 15 again
    bench.device.hook = ({ type }, count) =>
      type === Command.END
        ? encode(EndResponse, { status: Status.VERIFY_FAILED, next: 15 * count, detail: 0 })
        : undefined;
    const { error, result, events } = await bench.update(appImage(30_000));
    expect(error).toMatchObject({ code: 'VERIFY_FAILED', details: { checks: 0xffff_ffff } });
    expect(result).toBeUndefined();
    expect(events).toContainEqual(expect.objectContaining({ code: 'VERIFY_AGAIN' }));
    expect(bench.line.checker.count(Command.END)).toBe(2);
    expect(bench.device.log).not.toContain('BOOT');
  });

  test('IN_APP in answer to a repeated BOOT: started', async () => {
    start();
    // The first BOOT is slow: it works after the host has asked who is there.
    bench.device.hook = ({ type }, count) => {
      if (type !== Command.BOOT) return undefined;
      return count === 1 ? 'drop' : Status.IN_APP;
    };
    const image = appImage(30_000);
    expectInstalled(await bench.update(image), image);
    expect(bench.line.checker.count(Command.BOOT)).toBe(2);
  });

  test('NOT_BOOTABLE in answer to BOOT: not called started, and the reason is told', async () => {
    start();
    const refusal = { status: Status.NOT_BOOTABLE, detail: Stay.IMAGE_BAD };
    bench.device.hook = ({ type }) =>
      type === Command.BOOT ? encode(Refusal, refusal) : undefined;
    const { error, events } = await bench.update(appImage(30_000));
    expect(error).toMatchObject({ code: 'REFUSED', details: { status: 'NOT_BOOTABLE' } });
    expect(String(error)).toContain('IMAGE_BAD');
    expect(events.map(({ event }) => event)).not.toContain('booted');
    expect(bench.line.checker.count(Command.BOOT)).toBe(1);
  });
});
