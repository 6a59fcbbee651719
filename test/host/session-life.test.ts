// A session from its beginning to its end: what it is given, what it tells meanwhile, and what it leaves behind.
import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import { openSession } from '../../host/device/open.js';
import { Session, type TraceEvent } from '../../host/link/session.js';
import type { Transport } from '../../host/link/transport.js';
import { Command, encodeFrame, MAX_UNANSWERED, RESPONSE_BIT } from '../../protocol/index.js';
import { Conversation } from '../support/conversation.js';
import { CountedClock } from '../support/counted-clock.js';

const REQUEST = Uint8Array.of(1, 2, 3);
const asked = { type: Command.HELLO, payload: REQUEST, onAnswer: () => {} };

/** A port that takes all, and tells who listens to it */
function port(): Transport & { listening: number; removed: number; say(bytes: Uint8Array): void } {
  let listener = (_: Uint8Array): void => {};
  const hear = () => {
    made.listening++;
    return () => {
      made.listening--;
      made.removed++;
    };
  };
  const made = {
    rate: 115_200,
    listening: 0,
    removed: 0,
    say: (bytes: Uint8Array) => listener(bytes),
    write: async () => {},
    drain: async () => {},
    setRate: async () => {},
    close: async () => {},
    onBytes: (heard: (bytes: Uint8Array) => void) => {
      listener = heard;
      return hear();
    },
    onClose: hear,
  };
  return made;
}

describe('options', () => {
  test('without any: one device, and a line for each direction', () => {
    const session = openSession(port(), { clock: new CountedClock() });
    expect(session).toMatchObject({ address: 0, halfDuplex: false, attempts: 6 });
    session.close();
  });

  test('each of them arrives', async () => {
    const { signal } = new AbortController();
    const clock = new CountedClock();
    const events: TraceEvent[] = [];
    const options = { clock, address: 7, halfDuplex: true, signal };
    const session = openSession(port(), { ...options, trace: (event) => events.push(event) });
    expect(session).toMatchObject({ address: 7, halfDuplex: true, clock });
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await session.post([asked]);
    expect(events).toHaveLength(1);
    session.close();
    const other = openSession(port(), { clock, halfDuplex: false });
    expect(other.halfDuplex).toBe(false);
  });
});

test('what passes is traced, with its moment', async () => {
  const events: TraceEvent[] = [];
  const talk = new Conversation(1_000_000, { trace: (event) => events.push(event) });
  await talk.session.sleep(5);
  talk.answer(10, { seq: 0, payload: Uint8Array.of(9) });
  talk.say(20, Uint8Array.of(7, 8, 9, 0));
  await talk.session.post([asked]);
  await talk.session.sleep(40);
  const [sent, received, dropped] = events;
  const frame = { address: 0, seq: 0 };
  expect(sent).toEqual({
    direction: 'sent',
    frame: { ...frame, type: Command.HELLO, payload: REQUEST },
    at: 5,
  });
  expect(received).toMatchObject({
    direction: 'received',
    frame: { ...frame, type: Command.HELLO | RESPONSE_BIT, payload: Uint8Array.of(9) },
    at: expect.closeTo(15, 0),
  });
  expect(dropped).toEqual({
    direction: 'dropped',
    reason: expect.any(String),
    bytes: 3,
    at: expect.closeTo(25, 0),
  });
});

describe('what came is counted', () => {
  const bytesOf = Conversation.bytesOf;
  const echo = encodeFrame({ address: 0, type: Command.HELLO, seq: 0, payload: REQUEST });
  const answer = bytesOf({ seq: 0 });
  const damaged = (bytes: Uint8Array): Uint8Array =>
    bytes.map((byte, i) => (i === bytes.length - 3 ? byte ^ 0x80 : byte));

  test.each<[string, readonly Uint8Array[], Record<string, number>]>([
    ['an answer', [answer], { framesReceived: 1, bytesUnderstood: answer.length + 1 }],
    [
      'one in the middle of a chunk that begins with a delimiter',
      [Uint8Array.of(0, ...answer, 5)],
      { framesReceived: 1 },
    ],
    ['in single bytes', Array.from(answer, (byte) => Uint8Array.of(byte)), { framesReceived: 1 }],
    ['our own frame, come back', [echo], { echoes: 1, bytesUnderstood: echo.length + 1 }],
    ['that frame damaged', [damaged(echo)], { bytesDiscarded: echo.length - 1 }],
    [
      'an answer damaged',
      [damaged(answer)],
      { answersDamaged: 1, bytesDiscarded: answer.length - 1 },
    ],
    [
      'that of another device',
      [damaged(bytesOf({ seq: 0, address: 9 }))],
      { bytesDiscarded: expect.any(Number) as unknown as number },
    ],
    ['to nobody', [bytesOf({ seq: 8 })], { staleAnswers: 1 }],
    ['of another device', [bytesOf({ seq: 0, address: 9 })], { staleAnswers: 1 }],
    ['after it was damaged', [damaged(answer), answer], { framesReceived: 1, answersDamaged: 1 }],
  ])('%s', async (_, chunks, counted) => {
    const link = port();
    const session = new Session(link, { clock: new CountedClock() });
    await session.post([asked]);
    for (const chunk of chunks) link.say(chunk);
    const received = chunks.reduce((sum, { length }) => sum + length, 0);
    const none = { framesReceived: 0, staleAnswers: 0, echoes: 0, answersDamaged: 0, repeats: 0 };
    expect(session.stats).toMatchObject({ ...none, bytesReceived: received, ...counted });
  });

  test('a sample is kept of the newest, until the first answer', async () => {
    const link = port();
    const session = new Session(link, { clock: new CountedClock() });
    await session.post([asked]);
    link.say(Uint8Array.from({ length: 40 }, (_, i) => i + 1));
    link.say(Uint8Array.from({ length: 10 }, (_, i) => i + 101));
    expect(session.sample).toHaveLength(48);
    expect([session.sample[0], session.sample.at(-1)]).toEqual([3, 110]);
    link.say(Uint8Array.of(0, ...answer));
    const { sample } = session;
    link.say(Uint8Array.of(77));
    expect(session.sample).toEqual(sample);
  });
});

test('so many frames may be on the way as a sequence number tells apart', async () => {
  const talk = new Conversation();
  expect(talk.session.framesAllowed).toBe(MAX_UNANSWERED);
  await talk.session.post([asked, asked, asked]);
  expect(talk.session.framesAllowed).toBe(MAX_UNANSWERED - 3);
  talk.answer(1, { seq: 1 });
  await talk.session.sleep(5);
  expect(talk.session.framesAllowed).toBe(MAX_UNANSWERED - 1);
});

test('who listens hears each answer, also a second one, until he leaves', async () => {
  const talk = new Conversation();
  const heard: number[] = [];
  const leave = talk.session.listen(({ seq }) => heard.push(seq));
  await talk.session.post([asked]);
  for (const seq of [0, 0, 5]) talk.answer(1, { seq });
  await talk.session.sleep(5);
  leave();
  talk.answer(1, { seq: 6 });
  await talk.session.sleep(5);
  expect(heard).toEqual([0, 0, 5]);
});

describe('the end', () => {
  test('leaves the port and the signal, once', async () => {
    const { signal } = new AbortController();
    const link = port();
    const session = new Session(link, { clock: new CountedClock(), signal });
    expect(link.listening).toBe(2);
    session.close();
    session.close();
    expect(link).toMatchObject({ listening: 0, removed: 2 });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    link.say(Uint8Array.of(1, 2));
    expect(session.stats.bytesReceived).toBe(0);
  });

  test.each<[string, (session: Session) => void, string]>([
    ['closed', (session) => session.close(), 'INTERRUPTED'],
    ['left', (session) => void session[Symbol.asyncDispose](), 'INTERRUPTED'],
    [
      'failed',
      (session) => {
        session.fail(new IapError('SEVERAL_DEVICES', 'two'));
        session.fail(new IapError('LINK_LOST', 'later'));
      },
      'SEVERAL_DEVICES',
    ],
  ])('%s: whoever waits is told at once, and all who come after', async (_, end, code) => {
    const { clock, session } = new Conversation();
    clock.after(5, () => end(session));
    await expect(session.pause(100)).rejects.toMatchObject({ code });
    expect(clock.now()).toBe(5);
    await expect(session.sleep(1)).rejects.toMatchObject({ code });
    await expect(session.post([])).rejects.toMatchObject({ code });
  });

  test('a port that goes away ends every wait', async () => {
    const { clock, session, line } = new Conversation();
    clock.after(5, () => line.vanish());
    await expect(session.sleep(100)).rejects.toMatchObject({ code: 'PORT_LOST' });
    expect(clock.now()).toBe(5);
  });

  test('work that is interrupted ends waits as long as it lasts', async () => {
    const { clock, session } = new Conversation();
    const [first, second] = [new AbortController(), new AbortController()];
    const leave = session.heed(first.signal);
    session.heed(second.signal);
    leave();
    first.abort();
    expect(getEventListeners(first.signal, 'abort')).toEqual([]);
    await session.sleep(5);
    clock.after(5, () => second.abort());
    await expect(session.sleep(100)).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(clock.now()).toBe(10);
  });
});
