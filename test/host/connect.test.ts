// Finding a device, and telling silence, noise, an echo and strangers apart. Nothing is erased in any of these cases.
import { describe, expect, test } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import { connect } from '../../host/device/connect.js';
import { openSession } from '../../host/device/open.js';
import {
  Command,
  encodeFrame,
  FrameDecoder,
  Mode,
  RESPONSE_BIT,
  Status,
} from '../../protocol/index.js';
import { Bench } from '../support/bench.js';
import { appImage } from '../support/images.js';

async function failure(bench: Bench, options = {}): Promise<IapError> {
  const { error } = await bench.update(appImage(5000), { timeoutMs: 2000, ...options });
  expect(error).toBeInstanceOf(IapError);
  expect(bench.device.flash.pagesWritten).toBe(0);
  return error as IapError;
}

test('silence', async () => {
  const bench = new Bench();
  bench.device.alive = false;
  const error = await failure(bench);
  expect(error.code).toBe('NO_ANSWER');
  expect(error.message).toContain('nothing was received');
  expect(error.message).toContain('115200');
});

test('silence is given up after the time asked for', async () => {
  const bench = new Bench();
  bench.device.alive = false;
  const { ms } = await bench.update(appImage(5000), { timeoutMs: 700 });
  expect(ms).toBeGreaterThanOrEqual(700);
  expect(ms).toBeLessThan(710);
});

test('garbage: says how much of what arrived', async () => {
  const bench = new Bench();
  bench.device.alive = false;
  bench.clock.after(100, () => bench.line.answer(Uint8Array.of(0xf3, 0x81, 0, 0xfe), 115200));
  const error = await failure(bench);
  expect(error).toMatchObject({ code: 'NOT_OUR_DEVICE', details: { received: 4 } });
  expect(error.hint).toContain('f3 81 00 fe');
  expect(error.hint).not.toContain('BOOT0');
});

test.each([
  ['at the right rate', [0x1f, 0x1f, 0x79, 0x1f]],
  ['at a rate that it measured wrongly', [0x7f, 0x3f, 0x3f, 0x7f, 0x00, 0x3f]],
])("ST's ROM bootloader %s: BOOT0 is named", async (_name, bytes) => {
  const bench = new Bench();
  bench.device.alive = false;
  bench.clock.after(100, () => bench.line.answer(Uint8Array.from(bytes), 115200));
  const error = await failure(bench);
  expect(error.code).toBe('NOT_OUR_DEVICE');
  expect(error.message).not.toContain(' 0 of them');
  expect(error.hint).toMatch(/BOOT0 low.*"iap isp"/);
});

test('an application that prints: its text is shown', async () => {
  const bench = new Bench();
  bench.device.alive = false;
  const text = new TextEncoder().encode('temp=21.5\r\n');
  for (let at = 0; at < 2000; at += 100) {
    bench.clock.after(at, () => bench.line.answer(text, 115200));
  }
  const error = await failure(bench);
  expect(error.code).toBe('NOT_OUR_DEVICE');
  expect(error.hint).toContain('temp=21.5');
});

test('an application that prints does not hide the device', async () => {
  const bench = new Bench();
  const text = new TextEncoder().encode('Booting...\r\n');
  bench.line.answer(text, 115200);
  bench.line.answer(Uint8Array.of(0), 115200);
  const { result } = await bench.update(appImage(5000));
  expect(result?.changed).toBe(true);
});

test('an echo', async () => {
  const bench = new Bench();
  bench.device.alive = false;
  bench.line.toDevice = (bytes) => {
    bench.line.answer(bytes, 115200);
    return [];
  };
  expect((await failure(bench)).code).toBe('ECHO');
});

test('an echo in front of a device that answers is nothing', async () => {
  const bench = new Bench();
  bench.line.toDevice = (bytes) => {
    bench.line.answer(bytes, bench.line.rate);
    return [bytes];
  };
  const { result, error } = await bench.update(appImage(20_000));
  expect(error).toBeUndefined();
  expect(result?.changed).toBe(true);
});

test('a major version this program does not know, in a shorter answer', async () => {
  const bench = new Bench();
  bench.device.alive = false;
  const payload = Uint8Array.of(Status.OK, 2, 5);
  bench.line.toDevice = (bytes) => {
    const seq = bench.line.checker.sent.at(-1)?.seq ?? 0;
    const frame = { address: 0, type: Command.HELLO | RESPONSE_BIT, seq, payload };
    if (bytes.length > 1) bench.line.answer(encodeFrame(frame), 115200);
    return [];
  };
  const error = await failure(bench);
  expect(error.code).toBe('PROTOCOL_VERSION');
  expect(error.message).toContain('2.5');
  expect(error.hint).toContain('newer version of this program');
  expect(bench.line.checker.sent.every(({ type }) => type === Command.HELLO)).toBe(true);
});

test('a newer minor version with more fields is fine', async () => {
  const bench = new Bench({ info: { minor: 9 } });
  const { answer } = bench.line;
  // Every answer has more than this program knows.
  bench.line.answer = (bytes, rate) => {
    for (const item of new FrameDecoder().push(bytes)) {
      if (item.kind !== 'frame') continue;
      const payload = Uint8Array.of(...item.frame.payload, 1, 2, 3, 4, 5);
      answer.call(bench.line, encodeFrame({ ...item.frame, payload }), rate);
    }
  };
  const { result } = await bench.update(appImage(5000));
  expect(result?.changed).toBe(true);
});

test('an answer to HELLO that is too short', async () => {
  const bench = new Bench();
  bench.device.alive = false;
  bench.line.toDevice = (bytes) => {
    const seq = bench.line.checker.sent.at(-1)?.seq ?? 0;
    const payload = Uint8Array.of(Status.OK, 1, 0, 0);
    const frame = { address: 0, type: Command.HELLO | RESPONSE_BIT, seq, payload };
    if (bytes.length > 1) bench.line.answer(encodeFrame(frame), 115200);
    return [];
  };
  expect((await failure(bench)).code).toBe('BAD_ANSWER');
});

test('answers to nobody here: somebody else uses the line', async () => {
  const bench = new Bench();
  bench.device.alive = false;
  const frame = {
    address: 0,
    type: Command.HELLO | RESPONSE_BIT,
    seq: 200,
    payload: Uint8Array.of(0),
  };
  bench.clock.after(500, () => bench.line.answer(encodeFrame(frame), 115200));
  const error = await failure(bench);
  expect(error.code).toBe('NOT_OUR_DEVICE');
  expect(error.hint).toContain('another program');
});

describe('with wait', () => {
  test('answers that are seconds late: calling on does not make them useless', async () => {
    // More calls than can be waited for are on their way by then.
    const bench = new Bench({ faults: { latencyMs: 3000 } });
    const session = openSession(bench.line, { clock: bench.clock });
    const device = await connect(session, { hold: true, wait: true, timeoutMs: 8000 });
    expect(device.info.mode).toBe(Mode.BOOTLOADER);
    expect(bench.clock.now()).toBeLessThan(4000);
  });

  test('a device that is plugged in hours later is found', async () => {
    const bench = new Bench();
    bench.device.alive = false;
    bench.clock.after(10 * 60_000, () => {
      bench.device.alive = true;
    });
    const { result, ms } = await bench.update(appImage(5000), { wait: true });
    expect(result?.changed).toBe(true);
    expect(ms).toBeLessThan(10 * 60_000 + 3000);
  });

  test('calls 50 times a second, and leaves room between calls on a slow line', async () => {
    for (const [rate, least, most] of [
      [115_200, 49, 51],
      [2400, 12, 17],
    ] as const) {
      const bench = new Bench({ rate });
      bench.device.alive = false;
      await bench.update(appImage(5000), { wait: true, timeoutMs: 1000 });
      const calls = bench.line.checker.count(Command.HELLO);
      expect(calls).toBeGreaterThanOrEqual(least);
      expect(calls).toBeLessThanOrEqual(most);
    }
  });

  test('can be interrupted', async () => {
    const bench = new Bench();
    bench.device.alive = false;
    const stop = new AbortController();
    bench.clock.after(60_000, () => stop.abort());
    const { error, ms } = await bench.update(appImage(5000), { wait: true, signal: stop.signal });
    expect(error).toMatchObject({ code: 'INTERRUPTED' });
    expect(ms).toBe(60_000);
  });
});

test('on a bus only the addressed device is talked to', async () => {
  const bench = new Bench({ info: { address: 7 } });
  const { result } = await bench.update(appImage(5000), { address: 7 });
  expect(result?.changed).toBe(true);
  expect(bench.line.checker.sent.every(({ address }) => address === 7)).toBe(true);
});

test('answers from another address are not taken', async () => {
  const bench = new Bench();
  const { answer } = bench.line;
  bench.line.answer = (bytes, rate) => {
    for (const item of new FrameDecoder().push(bytes)) {
      if (item.kind !== 'frame') continue;
      answer.call(bench.line, encodeFrame({ ...item.frame, address: 3 }), rate);
    }
  };
  expect((await failure(bench, { address: 0 })).code).toBe('NOT_OUR_DEVICE');
});

test('a device that has not checked its image yet is waited for', async () => {
  const bench = new Bench();
  const image = appImage(20_000);
  await bench.update(image, { boot: false });
  bench.device.uncheckedUntil = bench.clock.now() + 700;
  let asked = 0;
  const { result, ms } = await bench.update(image, {
    trace: (event) => {
      if (event.direction === 'sent' && event.frame.type === Command.HELLO) asked++;
    },
  });
  expect(result?.changed).toBe(false);
  expect(ms).toBeGreaterThan(650);
  expect(ms).toBeLessThan(900);
  // While it answers it does not check.
  expect(asked).toBeLessThan(10);
});
