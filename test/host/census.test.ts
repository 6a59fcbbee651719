// Who else answers a call to address 0: how long that is waited for, to the millisecond, and what of all that is heard is somebody.
import { describe, expect, test } from 'vitest';
import type { IapError } from '../../host/base/errors.js';
import { Census } from '../../host/device/census.js';
import { type DeviceInfo, HELLO_ANSWER_SIZE } from '../../host/device/device.js';
import { Session } from '../../host/link/session.js';
import {
  ADDRESS_ONLY,
  APP_ANSWER_MS,
  Command,
  decode,
  encode,
  type Frame,
  HelloRequest,
  HelloResponse,
  PROTOCOL_MAJOR,
  RESPONSE_BIT,
  Status,
} from '../../protocol/index.js';
import { Bench } from '../support/bench.js';
import { Conversation } from '../support/conversation.js';

/** A byte takes 1 ms. */
const RATE = 10_000;
const FEWEST = HelloResponse.size;
/** The longest answer, and its delimiter [bytes] */
const ANSWER = Session.wireSize(HELLO_ANSWER_SIZE) + 1;
/** A call, with the delimiter before it [bytes] */
const CALL = 14;
/** Until all answers to a call that is on the line can have come [ms] */
const ANSWERED_MS = APP_ANSWER_MS + 2 * ANSWER;
const HEARING_MS = APP_ANSWER_MS + ANSWER;

const { info: INFO } = new Bench().device;
const unit = (id: number): DeviceInfo => ({ ...INFO, uniqueId: new Uint8Array(12).fill(id) });
const hello = (id: number): Uint8Array => encode(HelloResponse, unit(id));
const FOREIGN = Uint8Array.of(Status.OK, PROTOCOL_MAJOR + 1);

/** No frame, and not like the beginning of one of our device */
function noise(bytes: number): Uint8Array {
  return new Uint8Array(bytes).fill(0x55, 0, -1);
}

/** It begins like an answer. */
function damaged(bytes: number): Uint8Array {
  const begin = Conversation.bytesOf({ seq: 9 }).subarray(0, 6);
  const out = new Uint8Array(bytes).fill(1, 0, -1);
  out.set(begin);
  return out;
}

/** What is heard after each call, by its number, from 0 */
type Heard = (call: number, talk: Conversation) => void;

interface Calling {
  readonly talk: Conversation;
  readonly census: Census;
  readonly calls: () => number;
}

function calling(
  heard: Heard = () => {},
  before: (talk: Conversation) => void = () => {},
): Calling {
  const talk = new Conversation(RATE);
  let calls = 0;
  talk.line.toDevice = (bytes) => {
    if (bytes.length > 1) heard(calls++, talk);
    return [];
  };
  before(talk);
  return { talk, census: new Census(talk.session), calls: () => calls };
}

const say =
  (bytes: Uint8Array): Heard =>
  (_, talk) =>
    talk.say(1, bytes);

async function errorOf(run: Promise<unknown>): Promise<IapError | undefined> {
  return run.then(
    () => undefined,
    (error: unknown) => error as IapError,
  );
}

/** The search is over with these units known. */
function several(found: number): object {
  return { code: 'SEVERAL_DEVICES', details: expect.objectContaining({ found }) as object };
}

describe('after a call that was answered', () => {
  /** The answer to the call before is told; `heard` says what comes beside it (call 0) and after each further call. */
  async function settled(
    heard: Heard,
  ): Promise<{ error: IapError | undefined; calls: number; ms: number }> {
    const { talk, census, calls } = calling((call) => heard(call + 1, talk));
    await talk.session.sleep(1000);
    census.answered(unit(1));
    heard(0, talk);
    const since = talk.clock.now();
    const error = await errorOf(census.settle());
    return { error, calls: calls(), ms: talk.clock.now() - since };
  }

  test('who is alone is known as soon as all could have answered', async () => {
    expect(await settled(() => {})).toEqual({ error: undefined, calls: 0, ms: ANSWERED_MS });
  });

  test.each<[string, Heard, number]>([
    ['too little for an answer', say(noise(FEWEST - 1)), 0],
    ['noise once', (call, talk) => call === 0 && talk.say(1, noise(300)), 1],
    ['noise four times', (call, talk) => call < 4 && talk.say(1, noise(FEWEST)), 4],
    [
      'an answer that is damaged eleven times',
      (call, talk) => call < 11 && talk.say(1, damaged(ANSWER)),
      11,
    ],
    // It goes on when nobody calls.
    [
      'an application that prints',
      (call, talk) => call < 5 && [1, 700].map((ms) => talk.say(ms, noise(FEWEST))),
      4,
    ],
  ])('alone in spite of %s', async (_, heard, count) => {
    const { error, calls } = await settled(heard);
    expect(error).toBeUndefined();
    expect(calls).toBe(count);
  });

  test.each<[string, Heard, number]>([
    ['noise of an answer', say(noise(FEWEST)), 4],
    ['an answer that is damaged', say(damaged(ANSWER)), 11],
    ['more that is damaged than one answer', say(damaged(ANSWER + 1)), 4],
  ])('several where each call is answered with %s', async (_, heard, count) => {
    const { error, calls, ms } = await settled(heard);
    expect(error).toMatchObject(several(1));
    expect(calls).toBe(count);
    expect(ms).toBe(ANSWERED_MS + count * (CALL + ANSWERED_MS) + HEARING_MS);
  });

  test('nobody is kept from starting', async () => {
    const { talk, census } = calling(say(noise(FEWEST)));
    census.answered(unit(1));
    talk.say(1, noise(FEWEST));
    await errorOf(census.settle());
    const { sent } = talk.line.checker;
    expect(sent).toHaveLength(4);
    const flags = sent.map(({ payload }) => decode(HelloRequest, payload).flags);
    expect(new Set(flags)).toEqual(new Set([0]));
  });

  test.each([0, 2])('a second unit that answers call %i is told at once', async (which) => {
    const { error, calls, ms } = await settled((call, talk) => {
      if (call === which) talk.answer(5, { seq: 1, payload: hello(2) });
      else talk.say(1, noise(FEWEST));
    });
    expect(error).toMatchObject(several(2));
    expect(calls).toBe(which);
    expect(ms).toBeLessThan(which * (CALL + ANSWERED_MS) + 5 + ANSWER);
  });

  test('what was heard before counts for nothing', async () => {
    const { talk, census, calls } = calling(undefined, (before) => {
      before.say(0, noise(1000));
      before.say(0, damaged(300));
    });
    await talk.session.sleep(1500);
    const later = new Census(talk.session);
    census.close();
    later.answered(unit(1));
    await later.settle();
    expect(calls()).toBe(0);
  });
});

describe('while the search goes on', () => {
  /** Whether the search is ended by what happens after a call that unit 1 answered */
  async function ended(
    happens: (talk: Conversation, census: Census) => void,
    watch = true,
  ): Promise<IapError | undefined> {
    const { talk, census } = calling();
    census.answered(unit(1));
    if (watch) census.watch();
    happens(talk, census);
    return errorOf(talk.session.sleep(5000));
  }

  const late = (payload: Uint8Array, ms: number): ((talk: Conversation) => void) => {
    const bytes = Conversation.bytesOf({ seq: 1, payload });
    return (talk) => talk.say(ms - bytes.length, bytes);
  };

  test.each<[string, (talk: Conversation, census: Census) => void]>([
    ['answers', (talk) => talk.answer(1, { seq: 1, payload: hello(2) })],
    ['is found by a later call', (_, census) => census.answered(unit(2))],
    ['answers in the last moment that an answer may take', late(hello(2), ANSWERED_MS)],
  ])('a second unit that %s ends it', async (_, happens) => {
    expect(await ended(happens)).toMatchObject(several(2));
  });

  test('one of another major version is a second one, of which nothing is told', async () => {
    expect(await ended((talk) => talk.answer(1, { seq: 1, payload: FOREIGN }))).toMatchObject(
      several(1),
    );
  });

  test.each<[string, (talk: Conversation, census: Census) => void]>([
    ['the same again', (talk) => talk.answer(1, { seq: 1, payload: hello(1) })],
    ['another after its time', late(hello(2), ANSWERED_MS + 1)],
    [
      'another at its own address',
      (talk) => talk.answer(1, { seq: 1, address: 2, payload: hello(2) }),
    ],
    ['another answer', (talk) => talk.answer(1, { seq: 1, type: Command.BAUD, payload: hello(2) })],
    ['what makes no sense', (talk) => talk.answer(1, { seq: 1, payload: Uint8Array.of(0, 1, 0) })],
    ['a refusal', (talk) => talk.answer(1, { seq: 1, payload: Uint8Array.of(Status.BAD_REQUEST) })],
    [
      'another when nobody listens any more',
      (talk, census) => {
        census.close();
        talk.answer(1, { seq: 1, payload: hello(2) });
      },
    ],
  ])('%s does not', async (_, happens) => {
    expect(await ended(happens)).toBeUndefined();
  });

  test('nothing does before it is watched; then at once', async () => {
    const both = (_: Conversation, census: Census): void => census.answered(unit(2));
    expect(await ended(both, false)).toBeUndefined();
    const heard = (talk: Conversation): void => talk.answer(1, { seq: 1, payload: hello(2) });
    expect(await ended(heard, false)).toBeUndefined();
    const then = (talk: Conversation, census: Census): void => {
      both(talk, census);
      census.watch();
    };
    expect(await ended(then, false)).toMatchObject(several(2));
  });

  test('of devices that nobody understands, the first one is none beside itself', async () => {
    const { talk, census } = calling();
    census.watch();
    for (const seq of [1, 2]) talk.answer(seq, { seq, payload: FOREIGN });
    expect(await errorOf(talk.session.sleep(1000))).toBeUndefined();
    talk.answer(1, { seq: 3, payload: hello(1) });
    expect(await errorOf(talk.session.sleep(1000))).toMatchObject(several(1));
  });

  test('a fault of this program is not one of a device', () => {
    const { session } = new Conversation();
    let listener: (frame: Frame) => void = () => {};
    session.listen = (one) => {
      listener = one;
      return () => {};
    };
    new Census(session);
    const payload = Uint8Array.of(...hello(1), ...new Uint8Array(HELLO_ANSWER_SIZE - FEWEST));
    payload.subarray = () => {
      throw new RangeError('a bug');
    };
    const frame = { address: ADDRESS_ONLY, type: Command.HELLO | RESPONSE_BIT, seq: 0, payload };
    expect(() => listener(frame)).toThrow(RangeError);
  });
});

describe('where something was heard, and nobody found', () => {
  async function judged(
    heard: Heard,
  ): Promise<{ error: IapError | undefined; calls: number; ms: number }> {
    const { talk, census, calls } = calling(heard);
    // What was heard in the search
    talk.say(1, noise(300));
    talk.say(1, damaged(200));
    talk.answer(1, { seq: 77 });
    await talk.session.post([{ type: Command.HELLO, payload: new Uint8Array(4), onAnswer() {} }]);
    await talk.session.sleep(1000);
    const since = talk.clock.now();
    const error = await census.several();
    return { error, calls: calls() - 1, ms: talk.clock.now() - since };
  }

  const each =
    (bytes: Uint8Array): Heard =>
    (call, talk) =>
      call > 0 && talk.say(1, bytes);

  test.each<[string, Uint8Array]>([
    ['more than one answer', noise(ANSWER + 1)],
    ['more than one answer, that begins like one', damaged(ANSWER + 1)],
    ['as much as one, and not like it', noise(ANSWER)],
    ['as much as the shortest one, and not like it', noise(FEWEST)],
  ])('several, where each call is answered with %s', async (_, bytes) => {
    const { error, calls, ms } = await judged(each(bytes));
    expect(error).toMatchObject(several(0));
    expect(calls).toBe(3);
    expect(ms).toBe(HEARING_MS * 4);
  });

  test.each<[string, Heard]>([
    ['nothing', () => {}],
    ['less than an answer', each(noise(FEWEST - 1))],
    ['what is like one answer', each(damaged(ANSWER))],
    ['much, but not each time', (call, talk) => call !== 3 && each(noise(ANSWER + 1))(call, talk)],
    [
      'much, and once with an answer',
      (call, talk) => {
        each(noise(ANSWER + 1))(call, talk);
        if (call === 2) talk.answer(1, { seq: 78 });
      },
    ],
    [
      'much, and once with an answer to a call of the search',
      (call, talk) => {
        each(noise(ANSWER + 1))(call, talk);
        if (call === 2) talk.answer(1, { seq: 0 });
      },
    ],
  ])('perhaps one, where the calls are answered with %s', async (_, heard) => {
    expect(await judged(heard)).toEqual({ error: undefined, calls: 3, ms: HEARING_MS * 4 });
  });

  test('several that are told apart now are told, with the first call', async () => {
    const { error, calls } = await judged((call, talk) => {
      if (call === 0) return;
      for (const id of [1, 2]) talk.answer(id, { seq: id, payload: hello(id) });
    });
    expect(error).toMatchObject(several(2));
    expect(calls).toBe(1);
  });

  test('also those that answer before the port says that it has taken the call', async () => {
    const { talk, census } = calling((_, called) => {
      for (const id of [1, 2]) called.answer(id, { seq: id, payload: hello(id) });
    });
    const { write } = talk.line;
    talk.line.write = async (bytes) => {
      await write.call(talk.line, bytes);
      await new Promise<void>((resolve) => talk.clock.after(1000, resolve));
    };
    census.answered(unit(1));
    await talk.session.sleep(5000);
    expect(await census.several()).toMatchObject(several(2));
  });

  test.each([1, 200])('%i bytes without a call: whoever prints is not called', async (bytes) => {
    const { talk, census, calls } = calling();
    talk.say(1, noise(bytes));
    expect(await census.several()).toBeUndefined();
    expect(calls()).toBe(0);
  });
});
