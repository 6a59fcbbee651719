// How long bytes are waited for: the time that a network takes comes on top.

import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import type { Clock } from '../../host/base/clock.js';
import { IapError } from '../../host/base/errors.js';
import { ByteReader } from '../../host/isp/byte-reader.js';
import { FakeLine } from '../../host/testing/fake-line.js';
import { VirtualClock } from '../../host/testing/virtual-clock.js';

test.each([
  [0, undefined],
  [400, 7],
])('a network of %s ms there and back', async (roundTripMs, byte) => {
  const clock = new VirtualClock();
  const line = Object.assign(new FakeLine(clock, 115_200), { roundTripMs });
  const reader = new ByteReader(line, clock);
  clock.after(300, () => line.answer(Uint8Array.of(7), 115_200));
  expect(await reader.next(100)).toBe(byte);
});

test('a network that nobody has measured: late answers, one after the other, make no wait grow without end', async () => {
  const clock = new VirtualClock();
  const line = Object.assign(new FakeLine(clock, 115_200), { fixedRate: true });
  const reader = new ByteReader(line, clock);
  let waitedMs = 0;
  for (let i = 0; i < 5; i++) {
    const from = clock.now();
    expect(await reader.next(1000)).toBeUndefined();
    waitedMs = clock.now() - from;
    reader.cameAfter(waitedMs);
  }
  expect(waitedMs).toBeLessThanOrEqual(4000);
});

test('half an answer that is read when its time is over: the port is looked at once more', async () => {
  let now = 0;
  let looks = 0;
  const line = new FakeLine(new VirtualClock(), 115_200);
  let arrives: (bytes: Uint8Array) => void = () => {};
  line.onBytes = (listener) => {
    arrives = listener;
  };
  const clock: Clock = {
    now: () => now,
    after: (ms, callback) => {
      if (ms > 0) return () => {};
      looks++;
      arrives(Uint8Array.of(2));
      setImmediate(callback);
      return () => {};
    },
  };
  const taken = new ByteReader(line, clock).take(2, 1000);
  now = 1500;
  arrives(Uint8Array.of(1));
  expect(await taken).toEqual(Uint8Array.of(1, 2));
  expect(looks).toBe(1);
});

interface Place {
  readonly clock: VirtualClock;
  readonly line: FakeLine;
  readonly reader: ByteReader;
  /** Says bytes, each of which takes 1 ms, after so many [ms] */
  say(ms: number, ...bytes: number[]): void;
}

function place(
  far: { roundTripMs?: number; fixedRate?: boolean } = {},
  signal?: AbortSignal,
): Place {
  const clock = new VirtualClock();
  const line = Object.assign(new FakeLine(clock, 10_000), far);
  const reader = new ByteReader(line, clock, signal);
  const say = (ms: number, ...bytes: number[]): void => {
    clock.after(ms, () => line.answer(Uint8Array.from(bytes), 10_000));
  };
  return { clock, line, reader, say };
}

describe('what is there is not waited for', () => {
  test('a byte, or several', async () => {
    const { clock, reader, say } = place();
    say(9, 1);
    say(19, 2);
    say(30, 3, 4);
    expect(await reader.next(100)).toBe(1);
    expect(clock.now()).toBe(10);
    expect(await reader.take(3, 100)).toEqual(Uint8Array.of(2, 3, 4));
    expect(clock.now()).toBe(32);
    expect(reader.drop()).toEqual(new Uint8Array());
  });

  test('what is too few stays', async () => {
    const { reader, say } = place();
    say(0, 1, 2);
    expect(await reader.take(3, 50)).toBeUndefined();
    expect(reader.drop()).toEqual(Uint8Array.of(1, 2));
  });

  test('several bytes have the time that a network takes, too', async () => {
    const { clock, reader } = place({ roundTripMs: 200 });
    expect(await reader.take(2, 100)).toBeUndefined();
    expect(clock.now()).toBe(500);
  });
});

test.each([
  ['a cable', {}, 300, 0],
  ['a network whose distance is known', { roundTripMs: 50, fixedRate: true }, 300, 100],
  ['a network whose distance is not', { fixedRate: true }, undefined, 1500],
  ['the same, after a quick answer', { fixedRate: true }, 10, 100],
  ['the same, after a slow one', { fixedRate: true }, 300, 600],
  ['the same, after a very slow one', { fixedRate: true }, 2000, 3000],
])('%s: what is waited for besides', async (_name, far, answerMs, besidesMs) => {
  const { clock, reader } = place(far);
  if (answerMs !== undefined) reader.cameAfter(answerMs);
  await reader.next(100);
  expect(clock.now()).toBe(100 + besidesMs);
});

describe('until it is quiet', () => {
  test('what was there, and what comes without a pause', async () => {
    const { clock, reader, say } = place();
    say(0, 1);
    await reader.sleep(5);
    say(19, 2, 3);
    say(65, 4);
    say(117, 5);
    expect(await reader.untilQuiet(50)).toEqual(Uint8Array.of(1, 2, 3, 4));
    expect(clock.now()).toBe(5 + 66 + 50);
    expect(await reader.untilQuiet(50)).toEqual(Uint8Array.of(5));
  });

  test('nobody who never stops is listened to for ever', async () => {
    const { clock, reader, say } = place();
    for (let ms = 0; ms < 4000; ms += 10) say(ms, 7);
    await reader.untilQuiet(50);
    expect(clock.now()).toBe(3001);
  });

  test('an end in the very moment', async () => {
    const { clock, reader, say } = place();
    say(2999, 7);
    expect(await reader.untilQuiet(3000)).toEqual(Uint8Array.of(7));
    expect(clock.now()).toBe(3000);
  });
});

test('sleep: as long as asked for, whatever arrives', async () => {
  const { clock, reader, say } = place();
  say(10, 1);
  await reader.sleep(100);
  expect(clock.now()).toBe(100);
  expect(reader.drop()).toEqual(Uint8Array.of(1));
});

describe('what ends every wait', () => {
  const lost = new IapError('PORT_LOST', 'gone');

  test.each<[string, (at: Place, stop: AbortController) => void, object]>([
    ['a signal', (_at, stop) => stop.abort(), { code: 'INTERRUPTED' }],
    ['a port that is gone', ({ line }) => line.vanish(), { code: 'PORT_LOST' }],
    ['a port that fails', ({ reader }) => reader.fail(lost), lost],
    ['what is no error', ({ reader }) => reader.fail('broken'), new Error('broken')],
  ])('%s', async (_name, end, error) => {
    const stop = new AbortController();
    const at = place({}, stop.signal);
    const { clock, reader } = at;
    clock.after(10, () => end(at, stop));
    await expect(reader.next(1000)).rejects.toMatchObject(error);
    expect(clock.now()).toBe(10);
    // … and the next ones, before they begin
    await expect(reader.take(1, 1000)).rejects.toMatchObject(error);
    await expect(reader.sleep(1000)).rejects.toMatchObject(error);
    expect(() => reader.check()).toThrow();
    expect(clock.now()).toBe(10);
  });

  test('the first failure is told', async () => {
    const { reader } = place();
    reader.fail(lost);
    reader.fail(new Error('and this'));
    await expect(reader.next(10)).rejects.toBe(lost);
  });

  test('a signal as long as it is heeded', async () => {
    const stop = new AbortController();
    const { clock, reader } = place();
    const unheed = reader.heed(stop.signal);
    clock.after(10, () => stop.abort());
    await expect(reader.sleep(100)).rejects.toMatchObject({ code: 'INTERRUPTED' });
    unheed();
    await reader.sleep(100);
    expect(clock.now()).toBe(110);
  });

  test('nobody is listened to between waits', async () => {
    const { signal } = new AbortController();
    const { clock, reader } = place({}, signal);
    let meanwhile = 0;
    clock.after(5, () => {
      meanwhile = getEventListeners(signal, 'abort').length;
    });
    await reader.sleep(10);
    expect(meanwhile).toBe(1);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});
