// The conversation itself: which answer belongs to which request, and how long to wait for it.
import { expect, test } from 'vitest';
import { LatencyEstimate } from '../../host/link/latency.js';
import { Pace } from '../../host/link/pace.js';
import { Session } from '../../host/link/session.js';
import { FakeLine } from '../../host/testing/fake-line.js';
import { VirtualClock } from '../../host/testing/virtual-clock.js';
import { Command, encodeFrame, RESPONSE_BIT } from '../../protocol/index.js';

const REQUEST = Uint8Array.of(1, 2, 3);
const LIMITS = { limitMs: 100, answerSize: 1 };

function setUp(rate = 115200) {
  const clock = new VirtualClock();
  const line = new FakeLine(clock, rate);
  const session = new Session(line, { clock });
  const answer = (seq: number, type: number = Command.HELLO, payload = Uint8Array.of(0)): void =>
    line.answer(encodeFrame({ address: 0, type: type | RESPONSE_BIT, seq, payload }), rate);
  return { clock, line, session, answer };
}

test('an answer with another seq or type is dropped and counted', async () => {
  const { clock, session, answer } = setUp();
  clock.after(10, () => answer(9));
  clock.after(20, () => answer(0, Command.BOOT));
  clock.after(30, () => answer(0, Command.HELLO, Uint8Array.of(0, 42)));
  expect(await session.request(Command.HELLO, REQUEST, LIMITS)).toEqual(Uint8Array.of(0, 42));
  expect(session.stats).toMatchObject({ staleAnswers: 2, framesReceived: 1, repeats: 0 });
});

test('a second answer to the same request is stale', async () => {
  const { clock, session, answer } = setUp();
  clock.after(10, () => answer(0));
  clock.after(11, () => answer(0));
  await session.request(Command.HELLO, REQUEST, LIMITS);
  await session.sleep(100);
  expect(session.stats.staleAnswers).toBe(1);
});

test('an answer ends the wait for all older ones: a device answers in order', async () => {
  const { clock, session, answer } = setUp();
  const got: number[] = [];
  const frame = (n: number) => ({
    type: 1,
    payload: REQUEST,
    workMs: 500,
    onAnswer: () => got.push(n),
  });
  await session.post([frame(0), frame(1)]);
  answer(1);
  await session.sleep(50);
  expect(session.answersAt).toBe(clock.now());
  answer(0);
  await session.sleep(50);
  expect(got).toEqual([1]);
  expect(session.stats.staleAnswers).toBe(1);
});

test('the answer to a request that was forgotten counts, and the margin grows by as much as it was late', async () => {
  const { session, answer } = setUp();
  const got: number[] = [];
  await session.post([{ type: 1, payload: REQUEST, onAnswer: () => got.push(0) }]);
  session.forget(1);
  await session.sleep(300);
  answer(0);
  await session.sleep(50);
  expect(got).toEqual([0]);
  expect(session.margin).toBeGreaterThan(300);
  expect(session.margin).toBeLessThan(1000);
});

test('each attempt has its own seq, and the late answer to an earlier one counts', async () => {
  const { clock, line, session, answer } = setUp();
  clock.after(500, () => answer(0));
  await session.request(Command.HELLO, REQUEST, LIMITS);
  expect(line.checker.sent.map(({ seq }) => seq)).toEqual([0, 1]);
  expect(session.stats.repeats).toBe(1);
});

test('each attempt is waited for longer than the one before', async () => {
  const { clock, line, session } = setUp();
  const times: number[] = [];
  line.toDevice = (bytes) => {
    if (bytes.length > 1) times.push(clock.now());
    return [];
  };
  await expect(session.request(Command.HELLO, REQUEST, LIMITS)).rejects.toMatchObject({
    code: 'LINK_LOST',
  });
  expect(times).toHaveLength(6);
  const waits = times.slice(1).map((at, i) => at - (times[i] ?? 0));
  expect(waits.every((wait, i) => i === 0 || wait > (waits[i - 1] ?? 0) * 1.4)).toBe(true);
});

test('noise is counted, and does not disturb', async () => {
  const { clock, line, session, answer } = setUp();
  clock.after(1, () => line.answer(Uint8Array.of(7, 8, 9, 0), 115200));
  clock.after(30, () => answer(0));
  await session.request(Command.HELLO, REQUEST, LIMITS);
  expect(session.stats).toMatchObject({ bytesDiscarded: 3, repeats: 0 });
});

test('the sequence number wraps', async () => {
  const { line, session } = setUp();
  for (let i = 0; i < 300; i++) await session.post([{ type: 1, payload: REQUEST }]);
  expect(line.checker.sent.map(({ seq }) => seq)).toEqual(
    Array.from({ length: 300 }, (_, i) => i % 256),
  );
});

test('waiting time includes all that is queued before', async () => {
  const { clock, session, answer } = setUp(9600);
  await session.post([{ type: 1, payload: new Uint8Array(4000) }]);
  // 4000 bytes take 4.2 s at 9600 baud.
  clock.after(4300, () => answer(1));
  await session.request(Command.HELLO, REQUEST, LIMITS);
  expect(session.stats.repeats).toBe(0);
});

test('waiting time includes what the answer takes on the line', async () => {
  const { clock, session, answer } = setUp(1200);
  // 300 bytes take 2.5 s at 1200 baud.
  clock.after(100, () => answer(0, Command.HELLO, new Uint8Array(300)));
  await session.request(Command.HELLO, REQUEST, { limitMs: 100, answerSize: 300 });
  expect(session.stats.repeats).toBe(0);
});

test('every byte on the wire counts as unanswered, the delimiter before a burst as well', async () => {
  const { line, session, answer } = setUp();
  let written = 0;
  line.toDevice = (bytes) => {
    written += bytes.length;
    return [];
  };
  const frame = { type: 1, payload: REQUEST, onAnswer: () => {} };
  await session.post([frame, frame]);
  expect(session.bytesUnanswered).toBe(written);
  const first = written;
  await session.post([frame]);
  expect(session.bytesUnanswered).toBe(written);
  answer(1);
  await session.sleep(50);
  expect(session.bytesUnanswered).toBe(written - first);
  answer(2);
  await session.sleep(50);
  expect(session.bytesUnanswered).toBe(0);
});

test('an interruption ends a wait at once', async () => {
  const clock = new VirtualClock();
  const stop = new AbortController();
  const session = new Session(new FakeLine(clock, 9600), { clock, signal: stop.signal });
  clock.after(5, () => stop.abort());
  await expect(session.sleep(10_000)).rejects.toMatchObject({ code: 'INTERRUPTED' });
  expect(clock.now()).toBe(5);
  await expect(session.post([])).rejects.toMatchObject({ code: 'INTERRUPTED' });
});

test('the margin follows what is measured, within bounds', () => {
  const estimate = new LatencyEstimate(200);
  expect(estimate.margin).toBe(200);
  for (let i = 0; i < 20; i++) estimate.add(1);
  expect(estimate.margin).toBe(60);
  for (let i = 0; i < 50; i++) estimate.add(400 + 40 * (i % 2));
  expect(estimate.margin).toBeGreaterThan(400);
  expect(estimate.margin).toBeLessThan(700);
  for (let i = 0; i < 50; i++) estimate.add(100_000);
  expect(estimate.margin).toBe(2000);
});

test('pace: half after each loss, never below what the frame around it costs, and back', () => {
  const pace = new Pace({ maxPayload: 2064, window: 8192, pageSize: 2048 });
  const lengths = Array.from({ length: 8 }, () => {
    pace.lost();
    return pace.payload;
  });
  expect(lengths).toEqual([1031, 515, 257, 128, 64, 64, 64, 64]);
  expect(pace.window).toBeLessThan(400);
  pace.arrived(15);
  expect(pace.payload).toBe(64);
  for (let i = 0; i < 5; i++) pace.arrived(16);
  expect(pace.payload).toBe(2063);
});

test('pace: a frame never exceeds the window, whatever a device says', () => {
  const pace = new Pace({ maxPayload: 4096, window: 1024, pageSize: 4096 });
  expect(Session.wireSize(pace.payload) + 1).toBeLessThanOrEqual(pace.window);
});

test.each([
  // What it announces; the longest payload, the window, what is asked once
  ['a page is the longest', { maxPayload: 4096, window: 8192, pageSize: 2048 }, 2063, 8088],
  ['what it accepts is', { maxPayload: 300, window: 8192, pageSize: 2048 }, 300, 8088],
  ['nobody accepts less', { maxPayload: 0, window: 8192, pageSize: 2048 }, 272, 8088],
  ['no frame carries more', { maxPayload: 65_535, window: 65_536, pageSize: 8192 }, 4096, 65_432],
  ['no window is smaller', { maxPayload: 272, window: 0, pageSize: 2048 }, 272, 920],
  ['what fits into the window is', { maxPayload: 4096, window: 1024, pageSize: 4096 }, 894, 920],
])('pace at first: %s', (_, limits, payload, window) => {
  const pace = new Pace(limits);
  expect([pace.payload, pace.window, pace.askEvery]).toEqual([payload, window, window / 4]);
  expect(pace.reservedFrames).toBe(8);
});

test.each([
  [{ maxPayload: 2064, window: 8192, pageSize: 2048 }, [4044, 2022, 1011, 505, 252, 252]],
  // No less than three frames of what is still sent
  [{ maxPayload: 272, window: 1024, pageSize: 2048 }, [460, 3 * Session.wireSize(68)]],
  [{ maxPayload: 1024, window: 1024, pageSize: 1024 }, [920, 3 * Session.wireSize(226)]],
])('pace: half the window with each loss, of %j', (limits, windows) => {
  const pace = new Pace(limits);
  for (const window of windows) {
    pace.lost();
    expect(pace.window).toBe(window);
  }
});

test('pace: sixteen frames in a row make it faster again, a step at a time', () => {
  const pace = new Pace({ maxPayload: 2064, window: 8192, pageSize: 2048 });
  pace.arrived(100);
  expect(pace.payload).toBe(2063);
  pace.lost();
  pace.lost();
  pace.arrived(15);
  pace.lost();
  pace.arrived(15);
  expect(pace.payload).toBe(257);
  pace.arrived(1);
  expect(pace.payload).toBe(515);
  pace.arrived(15);
  expect(pace.payload).toBe(515);
  pace.arrived(1);
  expect(pace.payload).toBe(1031);
});
