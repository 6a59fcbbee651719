// Lost, damaged and late frames, failing flash, resets in mid-update: the update ends right, or says why not.
import { describe, expect, test } from 'vitest';
import {
  Command,
  DataResponse,
  decode,
  encode,
  FrameDecoder,
  PageFlag,
  PageHead,
  RESPONSE_BIT,
  Status,
} from '../../protocol/index.js';
import { Bench } from '../support/bench.js';
import { appImage } from '../support/images.js';
import { bench, expectInstalled, start } from '../support/one-bench.js';

const COMMANDS = ['HELLO', 'BEGIN', 'PAGES', 'DATA', 'END', 'BOOT'] as const;

describe.each(COMMANDS)('%s', (name) => {
  test.each([1, 2])('request number %i lost', async (which) => {
    start();
    bench.device.hook = ({ type }, count) =>
      type === Command[name] && count === which ? 'drop' : undefined;
    const image = appImage(30_000);
    expectInstalled(await bench.update(image), image);
  });

  test.each([1, 2])('answer number %i lost', async (which) => {
    start({ appKit: true });
    bench.device.hook = ({ type }, count) =>
      type === Command[name] && count === which ? 'deaf' : undefined;
    const image = appImage(30_000);
    const outcome = await bench.update(image);
    expectInstalled(outcome, image);
    // One repeat does it: nobody begins again.
    expect(outcome.events.map(({ event }) => event)).not.toContain('reconnecting');
  });
});

test('ENTER: request or answer lost', async () => {
  for (const fault of ['drop', 'deaf'] as const) {
    start({ appKit: true });
    await bench.update(appImage(5000, 1));
    bench.device.hook = ({ type }, count) =>
      type === Command.ENTER && count === 1 ? fault : undefined;
    const image = appImage(5000, 2);
    expectInstalled(await bench.update(image), image);
  }
});

test('BOOT answered by nobody: the image is installed, and the doubt is told', async () => {
  start();
  bench.device.hook = ({ type }) => (type === Command.BOOT ? 'deaf' : undefined);
  const { result, events } = await bench.update(appImage(5000));
  expect(result).toMatchObject({ changed: true, boot: 'unconfirmed' });
  expect(events).toContainEqual(expect.objectContaining({ code: 'BOOT_UNCONFIRMED' }));
});

test('BOOT answered late, when its application is asked for already: that ends the questions', async () => {
  start();
  const { clock, line } = bench;
  let late = false;
  line.toHost = (bytes) => {
    const [item] = new FrameDecoder().push(bytes).filter(({ kind }) => kind === 'frame');
    const isBoot = item?.kind === 'frame' && item.frame.type === (Command.BOOT | RESPONSE_BIT);
    if (!isBoot || late) return [bytes];
    late = true;
    clock.after(1000, () => line.answer(bytes, line.rate));
    return [];
  };
  const outcome = await bench.update(appImage(5000));
  expect(outcome.result).toMatchObject({ changed: true, boot: 'started' });
  expect(outcome.events).not.toContainEqual(expect.objectContaining({ event: 'warning' }));
  expect(late).toBe(true);
});

describe('a line that loses frames', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('seed %i', async (seed) => {
    start({
      appKit: true,
      faults: { seed, dropFrame: 0.05, damageFrame: 0.05, duplicateFrame: 0.05 },
    });
    const image = appImage(60_000, seed);
    expectInstalled(await bench.update(image), image);
  });

  test('every answer lost for a while: asking still fits into the window', async () => {
    start({ info: { window: 3 * 2081 + 20 } });
    bench.device.hook = ({ type }, count) =>
      type === Command.DATA && count <= 7 ? 'deaf' : undefined;
    const image = appImage(30_000);
    expectInstalled(await bench.update(image), image);
  });

  test('no frame is sent again that was taken, after one is lost', async () => {
    start();
    bench.device.hook = ({ type }, count) =>
      type === Command.DATA && count === 5 ? 'drop' : undefined;
    const image = appImage(100_000);
    const outcome = await bench.update(image);
    expectInstalled(outcome, image);
    // A window of 8 KB holds three frames of a page: the lost one and two behind it.
    expect(bench.line.checker.count(Command.DATA)).toBeLessThanOrEqual(49 + 3 + 16);
    expect(bench.device.flash.pagesWritten).toBe(49);
  });

  test('goes back once for a gap, however many answers report it', async () => {
    start({ pageSize: 1024, info: { maxPayload: 272 } });
    bench.device.hook = ({ type }, count) =>
      type === Command.DATA && count === 20 ? 'drop' : undefined;
    const image = appImage(50_000);
    expectInstalled(await bench.update(image), image);
    const clean = new Bench({ pageSize: 1024, info: { maxPayload: 272 } });
    await clean.update(image);
    const more = bench.line.checker.count(Command.DATA) - clean.line.checker.count(Command.DATA);
    expect(more).toBeLessThan(60);
  });

  test('any frame that arrives after the next one', async () => {
    // Behind a gap the host cuts shorter, while the device takes the longer frame after all.
    const image = appImage(3000);
    for (let late = 1; late <= 16; late++) {
      start({ pageSize: 1024, info: { maxPayload: 272 } });
      let held: Uint8Array | undefined;
      let count = 0;
      bench.line.toDevice = (bytes) => {
        if (bytes.length < 2) return [bytes];
        if (bytes.length > 60 && count++ === late) held = bytes;
        if (held === bytes) return [];
        const out = held ? [bytes, held] : [bytes];
        held = undefined;
        return out;
      };
      expectInstalled(await bench.update(image), image);
    }
  });

  test('the last frame lost: asked for after the time the device may need', async () => {
    start();
    bench.device.hook = ({ type }, count) =>
      type === Command.DATA && count === 15 ? 'drop' : undefined;
    const image = appImage(30_000);
    const outcome = await bench.update(image);
    expectInstalled(outcome, image);
    expect(outcome.ms).toBeLessThan(4000);
  });
});

describe('a noisy line', () => {
  test.each([1, 2, 3, 4])('one byte in a thousand damaged, seed %i', async (seed) => {
    start({ appKit: true, faults: { seed, byteErrors: 1e-3 } });
    const image = appImage(50_000, seed);
    const outcome = await bench.update(image);
    expectInstalled(outcome, image);
    // Eight times the time of a clean line is slow; a livelock is not bounded at all.
    expect(outcome.ms).toBeLessThan(8 * 4400);
  });

  test('one byte in three hundred', async () => {
    start({ faults: { seed: 9, byteErrors: 1 / 300 } });
    const image = appImage(10_000);
    const { error } = await bench.update(image);
    if (error) expect(error).toMatchObject({ code: 'LINK_LOST' });
    else expect(bench.device.flash.bytes.subarray(0, image.length)).toEqual(image);
  });

  test('makes frames shorter, and longer again when it is over', async () => {
    start();
    bench.line.toDevice = (bytes) => {
      const noisy = bench.clock.now() > 2000 && bench.clock.now() < 6000 && bytes.length > 200;
      return noisy ? [bytes.map((byte, i) => (i === 100 ? byte ^ 3 || 1 : byte))] : [bytes];
    };
    const image = appImage(150_000);
    expectInstalled(await bench.update(image), image);
    const lengths = bench.line.checker.sent
      .filter(({ type }) => type === Command.DATA)
      .map(({ payload }) => payload.length);
    expect(lengths[0]).toBe(2063);
    expect(Math.min(...lengths.filter((length) => length > 3))).toBeLessThan(200);
    expect(Math.max(...lengths.slice(-20))).toBe(2063);
  });

  test('that never lets a data frame through is given up', async () => {
    start();
    bench.device.hook = ({ type, payload }) =>
      type === Command.DATA && payload.length > 3 ? 'drop' : undefined;
    const { error } = await bench.update(appImage(5000));
    expect(error).toMatchObject({ code: 'LINK_LOST' });
    expect(String(error)).toContain('loses every data frame');
  });
});

describe('flash that fails', () => {
  test('twice at one page: the third attempt counts', async () => {
    start();
    bench.device.failing.set(4, 2);
    const image = appImage(30_000);
    expectInstalled(await bench.update(image), image);
  });

  test('three times: given up, with page address and reason', async () => {
    start();
    bench.device.failing.set(4, 3);
    const { error } = await bench.update(appImage(30_000));
    expect(error).toMatchObject({
      code: 'PAGE_FAILED',
      details: { page: 4, status: 'FLASH_FAILED' },
    });
    expect(String(error)).toContain('0x0800A000');
    expect(bench.device.log).not.toContain('END');
  });

  test('in the boot record, below the application: named so', async () => {
    start();
    const status = { status: Status.FLASH_FAILED, next: 0, pages: 0, detail: 0x0800_7800 };
    const payload = encode(DataResponse, status);
    bench.device.hook = ({ type }) => (type === Command.DATA ? payload : undefined);
    const { error } = await bench.update(appImage(30_000));
    expect(error).toMatchObject({ code: 'PAGE_FAILED', details: { page: 0 } });
    expect(String(error)).toContain('the boot record in flash fails at 0x08007800');
  });

  test('two pages twice each are two pages, not four failures of one', async () => {
    start();
    bench.device.failing.set(2, 2).set(9, 2);
    const image = appImage(30_000);
    expectInstalled(await bench.update(image), image);
  });
});

describe('an image that is wrong in flash although every page was right', () => {
  test('is sent again with force, all of it', async () => {
    start();
    let times = 0;
    bench.device.beforeVerify = (flash) => {
      if (times++ === 0) flash.bytes[5000] = (flash.bytes[5000] ?? 0) ^ 4;
    };
    const image = appImage(30_000);
    const outcome = await bench.update(image);
    expectInstalled(outcome, image);
    expect(outcome.events).toContainEqual(expect.objectContaining({ code: 'VERIFY_AGAIN' }));
    const heads = bench.line.checker.sent
      .filter(({ type, payload }) => type === Command.DATA && payload.length > 15)
      .map(({ payload }) => decode(PageHead, payload.subarray(3)));
    expect(heads.slice(0, 15).every(({ flags }) => flags === 0)).toBe(true);
    expect(heads.slice(15).every(({ flags }) => flags === PageFlag.FORCE)).toBe(true);
    expect(heads.length).toBe(30);
  });

  test('and again: given up, and not started', async () => {
    start();
    bench.device.beforeVerify = (flash) => {
      flash.bytes[5000] = (flash.bytes[5000] ?? 0) ^ 4;
    };
    const { error } = await bench.update(appImage(30_000));
    expect(error).toMatchObject({ code: 'VERIFY_FAILED' });
    expect(bench.device.log.filter((name) => name === 'END')).toHaveLength(2);
    expect(bench.device.log).not.toContain('BOOT');
  });
});

test('an image that is right in flash, but not for this part: the flash is not blamed', async () => {
  start();
  bench.device.vectorsFit = false;
  const { error } = await bench.update(appImage(5000));
  expect(error).toMatchObject({ code: 'VERIFY_FAILED' });
  expect(String(error)).toContain('vector table');
  expect((error as { hint: string }).hint).toContain('linked for another part');
  expect(bench.device.log).not.toContain('BOOT');
});

describe('a device that is reset in mid-update', () => {
  test.each([1, 5, 12, 15])('at data frame %i: found again, and goes on', async (which) => {
    start();
    bench.device.hook = ({ type }, count) =>
      type === Command.DATA && count === which ? 'reset' : undefined;
    const image = appImage(30_000);
    const outcome = await bench.update(image);
    expectInstalled(outcome, image);
    expect(outcome.events.map(({ event }) => event)).toContain('reconnecting');
    expect(bench.device.flash.pagesWritten).toBe(15);
  });

  test('another device in its place is not updated', async () => {
    start();
    bench.device.hook = ({ type }, count) => {
      if (type !== Command.DATA || count !== 5) return undefined;
      bench.device.info.uniqueId.fill(8);
      return 'reset';
    };
    const begins = (): number => bench.device.log.filter((name) => name === 'BEGIN').length;
    const outcome = await bench.update(appImage(30_000));
    expect(outcome.error).toMatchObject({ code: 'OTHER_DEVICE' });
    expect(begins()).toBe(1);
  });

  test('another device than the one that is meant is not touched', async () => {
    start();
    const only = new Uint8Array(12).fill(8);
    const outcome = await bench.update(appImage(30_000), { only });
    expect(outcome.error).toMatchObject({ code: 'OTHER_DEVICE' });
    expect(bench.device.log.filter((name) => name === 'BEGIN' || name === 'ENTER')).toEqual([]);
    bench.device.info.uniqueId.set(only);
    const image = appImage(30_000);
    expectInstalled(await bench.update(image, { only }), image);
  });

  test('at END', async () => {
    start();
    bench.device.hook = ({ type }, count) =>
      type === Command.END && count === 1 ? 'reset' : undefined;
    const image = appImage(30_000);
    const outcome = await bench.update(image);
    expectInstalled(outcome, image);
    expect(outcome.result?.pagesSent).toBe(15);
  });

  test('at another rate: found at the first one, and goes on at the other', async () => {
    start();
    bench.device.hook = ({ type }, count) =>
      type === Command.DATA && count === 8 ? 'reset' : undefined;
    const image = appImage(30_000);
    const outcome = await bench.update(image, { rate: 921_600 });
    expectInstalled(outcome, image);
    expect(outcome.events.filter(({ event }) => event === 'rate')).toHaveLength(2);
    expect(outcome.ms).toBeLessThan(12_000); // not looked for where it can not be
  });

  test('again and again before a single page: given up', async () => {
    start();
    bench.device.hook = ({ type }) => (type === Command.DATA ? 'reset' : undefined);
    const { error } = await bench.update(appImage(30_000));
    expect(error).toMatchObject({ code: 'LINK_LOST' });
    expect(bench.device.log.filter((name) => name === 'BEGIN')).toHaveLength(3);
  });
});

describe('a device that stops answering', () => {
  test('for two seconds: waited for', async () => {
    start();
    bench.clock.after(1500, () => {
      bench.device.alive = false;
      bench.clock.after(2000, () => {
        bench.device.alive = true;
        bench.device.reset();
      });
    });
    const image = appImage(60_000);
    expectInstalled(await bench.update(image), image);
  });

  test('for good: the link is lost, and the device can be updated again', async () => {
    start();
    bench.clock.after(1500, () => {
      bench.device.alive = false;
    });
    const { error, ms } = await bench.update(appImage(60_000));
    expect(error).toMatchObject({ code: 'LINK_LOST', details: { resumable: true } });
    expect((error as { hint: string }).hint).toContain('run the same command again');
    expect(ms).toBeLessThan(30_000);
  });

  test('because the port went away', async () => {
    start();
    bench.clock.after(1500, () => bench.line.vanish());
    const { error, ms } = await bench.update(appImage(60_000));
    expect(error).toMatchObject({ code: 'PORT_LOST', details: { resumable: true } });
    expect(ms).toBeLessThan(1600);
  });
});

describe('another rate for the transfer', () => {
  test('is negotiated, proven and used', async () => {
    start();
    const image = appImage(100_000);
    const outcome = await bench.update(image, { rate: 921_600 });
    expectInstalled(outcome, image);
    expect(outcome.events).toContainEqual({ event: 'rate', rate: 921_600 });
    // Flash alone takes 49 times 60 ms.
    expect(outcome.ms).toBeLessThan(3400);
    expect(bench.line.rate).toBe(115_200);
    // The call that found the device, one proof of the rate, and the question what is installed now.
    expect(bench.line.checker.count(Command.HELLO)).toBe(3);
  });

  test('is given back if the application is not started', async () => {
    start();
    await bench.update(appImage(10_000), { rate: 921_600, boot: false });
    expect(bench.line.rate).toBe(115_200);
    expect(bench.device.rate).toBe(115_200);
  });

  test('that the line does not carry: back to the old one, with a warning', async () => {
    start();
    bench.line.toDevice = (bytes) =>
      bench.line.rate > 200_000 ? [bytes.map((byte) => byte | 1)] : [bytes];
    const image = appImage(30_000);
    const outcome = await bench.update(image, { rate: 921_600 });
    expectInstalled(outcome, image);
    expect(outcome.events).toContainEqual(
      expect.objectContaining({ event: 'warning', code: 'RATE' }),
    );
  });

  test('that the line does not carry, from a rate that another host has left: back to the default one', async () => {
    start();
    bench.device.rate = 57_600;
    bench.line.rate = 57_600;
    bench.line.toDevice = (bytes) =>
      bench.line.rate > 200_000 ? [bytes.map((byte) => byte | 1)] : [bytes];
    const image = appImage(30_000);
    const outcome = await bench.update(image, { rate: 921_600 });
    expectInstalled(outcome, image);
    const warning = outcome.events.find(({ event }) => event === 'warning');
    expect(JSON.stringify(warning)).toContain('going on at 115200 baud');
  });

  test('that another host has left, lost in mid-update: found again at the default one', async () => {
    start();
    bench.device.rate = 57_600;
    bench.line.rate = 57_600;
    bench.device.hook = ({ type }, count) =>
      type === Command.DATA && count === 5 ? 'reset' : undefined;
    const image = appImage(30_000);
    expectInstalled(await bench.update(image), image);
  });

  test('that the device refuses: goes on at the old one, with a warning', async () => {
    start({ info: { maxRate: 500_000 } });
    const image = appImage(30_000);
    const outcome = await bench.update(image, { rate: 921_600 });
    expectInstalled(outcome, image);
    const warning = outcome.events.find(({ event }) => event === 'warning');
    expect(JSON.stringify(warning)).toContain('highest is 500000');
  });

  test('is not asked for if the device can not', async () => {
    start({ info: { capabilities: 0 } });
    const image = appImage(30_000);
    expectInstalled(await bench.update(image, { rate: 921_600 }), image);
    expect(bench.device.log).not.toContain('BAUD');
  });

  test('BAUD answered by nobody', async () => {
    start();
    bench.device.hook = ({ type }) => (type === Command.BAUD ? 'deaf' : undefined);
    const image = appImage(30_000);
    expectInstalled(await bench.update(image, { rate: 921_600 }), image);
  });

  test('left behind by a killed host: the device is found when it has come back', async () => {
    start();
    bench.device.rate = 921_600;
    const image = appImage(5_000);
    expectInstalled(await bench.update(image), image);
  });
});

describe('time-outs follow the line', () => {
  test.each([1200, 9600])('%i baud: nothing is sent twice', async (rate) => {
    start({ rate });
    const image = appImage(6000);
    expectInstalled(await bench.update(image), image);
    expect(bench.line.checker.count(Command.DATA)).toBe(3);
    expect(bench.line.checker.count(Command.BEGIN)).toBe(1);
    expect(bench.line.checker.count(Command.PAGES)).toBe(1);
  });

  test('calls that a slow line still carries do not make the next request late', async () => {
    start({ rate: 9600 });
    bench.device.alive = false;
    bench.clock.after(3000, () => {
      bench.device.alive = true;
    });
    const image = appImage(6000);
    expectInstalled(await bench.update(image, { wait: true }), image);
    expect(bench.line.checker.count(Command.BEGIN)).toBe(1);
  });

  test('CRCs of later pages are computed while the first pages are on the way', async () => {
    start();
    const image = appImage(400_000);
    const outcome = await bench.update(image);
    expectInstalled(outcome, image);
    expect(bench.line.checker.count(Command.PAGES)).toBe(2);
    // 196 frames of 2081 bytes; the CRCs alone take 98 ms, their answers 68 ms.
    expect(outcome.ms).toBeLessThan((196 * 2081 * 10_000) / 115_200 + 140);
  });

  test('an adapter with 16 ms latency costs next to nothing', async () => {
    start({ faults: { latencyMs: 16 } });
    const image = appImage(100_001);
    const outcome = await bench.update(image);
    expectInstalled(outcome, image);
    expect(outcome.ms).toBeLessThan(9300);
  });

  test('a device slower than it says is asked again, and its late answers still count', async () => {
    start({ commitMs: 900 });
    const image = appImage(20_000);
    expectInstalled(await bench.update(image), image);
    expect(bench.device.flash.pagesWritten).toBe(10);
  });

  test('a device as slow as it says is not asked before its time', async () => {
    start({ commitMs: 2900, info: { pageMs: 3000, window: 16_384 } });
    const image = appImage(40_000);
    expectInstalled(await bench.update(image), image);
    expect(bench.line.checker.count(Command.DATA)).toBe(20);
  });

  test('the first page may take longer: it makes the entry of the boot record', async () => {
    start({ commitMs: 110, entryMs: 950, info: { beginMs: 1000, pageMs: 120, window: 4096 } });
    const image = appImage(40_000);
    expectInstalled(await bench.update(image), image);
    expect(bench.line.checker.count(Command.DATA)).toBe(20);
  });

  test('a window full of short frames never has more than 127 on the way', async () => {
    start({ info: { window: 200_000, maxPayload: 272 }, pageSize: 1024, rate: 1_000_000 });
    const image = appImage(200_000);
    expectInstalled(await bench.update(image), image);
  });
});
