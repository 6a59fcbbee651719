// A program that is held up, and a device that is late: neither is taken for a device that is gone.
import { once } from 'node:events';
import { connect as connectSocket, createServer, type Socket } from 'node:net';
import { expect, test, vi } from 'vitest';
import { realClock } from '../../host/base/clock.js';
import { IapError } from '../../host/base/errors.js';
import { Command } from '../../protocol/index.js';
import { Bench } from '../support/bench.js';
import { appImage } from '../support/images.js';

/** Nothing else runs in this thread. */
function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

const after = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    realClock.after(ms, resolve);
  });

test('time in which the program does not run does not count', async () => {
  const [own, wall] = [realClock.now(), performance.now()];
  const waited = after(400);
  await after(60);
  block(1500);
  await waited;
  expect(performance.now() - wall).toBeGreaterThan(1800);
  const counted = realClock.now() - own;
  expect(counted).toBeGreaterThanOrEqual(399);
  // A busy computer may need longer, but nothing of the 1.5 s is in it.
  if (performance.now() - wall < 2200) expect(counted).toBeLessThan(700);
});

test('also where nobody waits at that moment: a reader of events that blocks', async () => {
  await after(60);
  const own = realClock.now();
  block(800);
  await after(1);
  expect(realClock.now() - own).toBeLessThan(500);
});

test('also before anybody has waited: a moment that is still to come does not pass meanwhile', async () => {
  await new Promise((resolve) => {
    setTimeout(resolve, 300); // longer than the clock looks up after the last wait
  });
  const due = realClock.now() + 100;
  block(800);
  expect(realClock.now()).toBeLessThan(due);
});

test('time that the program does run counts, with and without somebody who waits', async () => {
  for (const ms of [30, 300]) {
    const [own, wall] = [realClock.now(), performance.now()];
    await after(ms);
    expect(realClock.now() - own).toBeGreaterThanOrEqual(ms - 1);
    expect(performance.now() - wall).toBeGreaterThanOrEqual(ms - 1);
  }
});

test('a time-out comes after what there was to read when it was due', async () => {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as { port: number };
  const [[there], here] = (await Promise.all([
    once(server, 'connection'),
    connectSocket(port, '127.0.0.1'),
  ])) as [[Socket], Socket];
  try {
    let heard = false;
    here.on('data', () => {
      heard = true;
    });
    const timeOut = new Promise<boolean>((resolve) => {
      realClock.after(50, () => resolve(heard));
    });
    there.write('an answer');
    block(150);
    expect(await timeOut).toBe(true);
  } finally {
    here.destroy();
    there.destroy();
    server.close();
  }
});

test('a time-out that was cancelled while the program was held up does not come', async () => {
  let came = false;
  const cancel = realClock.after(50, () => {
    came = true;
  });
  await after(10);
  block(300);
  cancel();
  await after(100);
  expect(came).toBe(false);
});

test('a time-out beyond what a timer can count to does not come at once', async () => {
  const timers = vi.spyOn(globalThis, 'setTimeout');
  let came = false;
  const cancel = realClock.after(2 ** 40, () => {
    came = true;
  });
  await after(30);
  cancel();
  const waits = timers.mock.calls.map(([, ms = 0]) => ms);
  timers.mockRestore();
  expect(came).toBe(false);
  // What is longer, Node.js takes for 1 ms: a timer that comes a thousand times a second.
  expect(Math.max(...waits)).toBe(2 ** 31 - 1);
});

test('a device that is 20 times slower than it says: its late answers count, and time is given for more', async () => {
  const bench = new Bench({ commitMs: 2500 });
  const { result, error, events } = await bench.update(appImage(20_000));
  expect(error).toBeUndefined();
  expect(result?.changed).toBe(true);
  expect(bench.device.flash.pagesWritten).toBe(10);
  expect(events.filter(({ event }) => event === 'reconnecting').length).toBeLessThan(2);
  expect(bench.line.checker.violations).toEqual([]);
});

test('an answer that is still coming in when the time is over is waited for', async () => {
  const bench = new Bench();
  const { answer } = bench.line;
  bench.line.answer = (bytes, rate) => {
    if (bytes.length < 200) return answer.call(bench.line, bytes, rate);
    // The end of the search falls into the answer.
    const rest = (from: number, to: number, ms: number): void => {
      bench.clock.after(ms, () => answer.call(bench.line, bytes.subarray(from, to), rate));
    };
    rest(0, 100, 0);
    rest(100, 150, 60);
    rest(150, bytes.length, 120);
  };
  const { error, result } = await bench.update(appImage(3000), { timeoutMs: 90 });
  expect(error).toBeUndefined();
  expect(result?.changed).toBe(true);
});

test('half an answer at the end of the search is no stranger', async () => {
  const bench = new Bench();
  const { answer } = bench.line;
  bench.line.answer = (bytes, rate) => answer.call(bench.line, bytes.subarray(0, 122), rate);
  const { error } = await bench.update(appImage(3000), { timeoutMs: 150 });
  expect(error).toMatchObject({ code: 'NO_ANSWER' });
  expect(String(error)).toContain('has begun to answer');
});

test.each([
  ['text', [0x54, 0x65, 0x6d, 0x70, 0x0a]],
  ['its own echo', undefined],
])(
  'only %s comes from a device that is lost in mid-update: resumable all the same',
  async (_, text) => {
    const bench = new Bench();
    bench.clock.after(1500, () => {
      bench.device.alive = false;
      bench.line.toDevice = (bytes) => {
        bench.line.answer(text ? Uint8Array.from(text) : bytes, 115_200);
        return [];
      };
    });
    const { error } = await bench.update(appImage(60_000));
    expect(error).toMatchObject({ code: 'LINK_LOST', details: { resumable: true } });
  },
);

test('a device that comes back after ten seconds in mid-update goes on', async () => {
  const bench = new Bench();
  bench.clock.after(1500, () => {
    bench.device.alive = false;
    bench.clock.after(10_000, () => {
      bench.device.alive = true;
    });
  });
  const { error } = await bench.update(appImage(60_000));
  expect(error).toBeUndefined();
});

/** Every answer loses its last bytes' meaning; nobody is silent. */
function damage(bench: Bench, share: () => boolean): void {
  const { toHost } = bench.line;
  bench.line.toHost = (bytes) =>
    toHost(bytes).map((chunk) =>
      share() ? chunk.map((byte, i) => (i === chunk.length - 3 ? byte ^ 0x11 || 1 : byte)) : chunk,
    );
}

test('noise is named when nobody is found through it', async () => {
  const bench = new Bench();
  damage(bench, () => true);
  const { error } = await bench.update(appImage(3000));
  expect(error).toMatchObject({ code: 'NO_ANSWER', details: { received: expect.any(Number) } });
  expect(String(error)).toMatch(/the line is noisy, (\d+) of \1 answers came damaged/);
  expect((error as IapError).hint).toContain('shorter cable');
});

test('noise is named when a device is lost through it, and not where it is only silent', async () => {
  for (const noisy of [true, false]) {
    const bench = new Bench();
    bench.clock.after(1500, () => {
      if (noisy) damage(bench, () => true);
      else bench.device.alive = false;
    });
    const { error } = await bench.update(appImage(60_000));
    expect(error).toBeInstanceOf(IapError);
    expect(error).toMatchObject({ code: 'LINK_LOST', details: { resumable: true } });
    expect(/noisy/.test(String(error))).toBe(noisy);
    expect((error as IapError).hint).toContain(noisy ? 'lower --baud' : 'cable and supply');
  }
});

test('one damaged answer in a hundred is not called a noisy line', async () => {
  const bench = new Bench();
  let count = 0;
  damage(bench, () => ++count === 3);
  bench.clock.after(4000, () => {
    bench.device.alive = false;
  });
  const { error } = await bench.update(appImage(200_000));
  expect(error).toMatchObject({ code: 'LINK_LOST' });
  expect(String(error)).not.toContain('noisy');
});

test('a rate is proven at the fourth try', async () => {
  const bench = new Bench();
  let lost = 0;
  bench.device.hook = ({ type }) =>
    type === Command.HELLO && bench.device.rate === 921_600 && lost++ < 3 ? 'drop' : undefined;
  const { error, events } = await bench.update(appImage(30_000), { rate: 921_600 });
  expect(error).toBeUndefined();
  expect(events).toContainEqual({ event: 'rate', rate: 921_600 });
});
