// The search for a device, call by call: how often, for how long, and what is said of what was heard meanwhile.
import { describe, expect, test } from 'vitest';
import type { IapError } from '../../host/base/errors.js';
import { answerTime, call, checked, connect } from '../../host/device/connect.js';
import { Device, HELLO_ANSWER_SIZE } from '../../host/device/device.js';
import { Session } from '../../host/link/session.js';
import { encode, HelloRequest, HelloResponse, ImageState, Mode } from '../../protocol/index.js';
import { Bench } from '../support/bench.js';
import { Conversation } from '../support/conversation.js';

const EVERY_MS = 20;

/** When it calls, on a line where nobody is */
function calls(talk: Conversation): number[] {
  const at: number[] = [];
  talk.line.toDevice = (bytes) => {
    if (bytes.length > 1) at.push(talk.clock.now());
    return [];
  };
  return at;
}

async function lost(talk: Conversation, ms = 500, every = EVERY_MS): Promise<IapError> {
  const found = call(talk.session, false, every, ms);
  return found.then(
    () => expect.unreachable(),
    (error: unknown) => error as IapError,
  );
}

describe('calls', () => {
  test('one each interval, until the time is over', async () => {
    const talk = new Conversation();
    const at = calls(talk);
    await lost(talk, 100);
    expect(at).toEqual([0, 20, 40, 60, 80]);
    expect(talk.clock.now()).toBe(100);
  });

  test.each([
    // It is whole, and two idle characters more, before the next one
    [false, 9600, (size: number) => size + 3],
    [false, 2400, (size: number) => size + 3],
    // On a pair an answer to it has begun, and shows whose it is
    [true, 9600, (size: number) => 48 + size + 6],
    [true, 115_200, (size: number) => 576 + size + 6],
  ])(
    'half duplex %s at %i baud: none into the one before',
    async (halfDuplex, rate, characters) => {
      const talk = new Conversation(rate, { halfDuplex });
      const at = calls(talk);
      await lost(talk, 1000);
      const size = Session.wireSize(HelloRequest.size);
      const interval = talk.session.lineTime(characters(size));
      // What is sent waits for its own line time, too, on a line that is slow.
      const apart = at.slice(1).map((time, i) => time - (at[i] ?? 0));
      expect(apart[0]).toBeCloseTo(Math.max(EVERY_MS, interval), 6);
    },
  );

  test('of a host that gets little of its computer: half of those that fit, and sixty are enough', async () => {
    for (const [ms, count] of [
      [500, 12],
      [1000, 25],
      [10_000, 60],
    ] as const) {
      const talk = new Conversation();
      let written = 0;
      talk.line.write = () => {
        written++;
        return new Promise((resolve) => talk.clock.after(500, resolve));
      };
      expect(await lost(talk, ms)).toMatchObject({ code: 'NO_ANSWER' });
      expect(written).toBe(count);
      // Each has its pause, also when the time is over.
      expect(talk.clock.now()).toBe(count * 520);
    }
  });
});

describe('an answer', () => {
  const { info } = new Bench().device;
  const payload = encode(HelloResponse, info);

  test.each([
    // In pieces, into the time of the next call
    [16, 60, 1000],
    // Over the end of the search
    [96, 130, 100],
    // In its last moment
    [100, 130, 100],
  ])('that has begun at %i ms is waited for until it is whole, at %i', async (begun, whole, ms) => {
    // Ten bytes take 1 ms.
    const talk = new Conversation(100_000);
    const at = calls(talk);
    const seq = Math.floor((begun - 1) / EVERY_MS);
    const bytes = Conversation.bytesOf({ seq, payload });
    talk.say(begun - 1, bytes.subarray(0, 10));
    talk.say(whole, bytes.subarray(10));
    expect((await call(talk.session, false, EVERY_MS, ms)).part).toBe(info.part);
    expect(at).toHaveLength(seq + 1);
    expect(talk.clock.now()).toBeCloseTo(whole + talk.session.lineTime(bytes.length - 10), 6);
  });

  test.each([
    ['bootloader', Mode.BOOTLOADER, 40],
    // It answers when it gets to it.
    ['application', Mode.APP, undefined],
  ])('of a %s tells of the way or not', async (_, mode, lateMs) => {
    const talk = new Conversation(10_000);
    const bytes = encode(HelloResponse, { ...info, mode });
    const expected =
      Session.wireSize(bytes.length) - Conversation.bytesOf({ seq: 0, payload: bytes }).length;
    let seq = 0;
    talk.line.toDevice = (sent) => {
      // Behind the call
      if (sent.length > 1)
        talk.answer(sent.length + 1 + 40 + expected, { seq: seq++, payload: bytes });
      return [];
    };
    await talk.session.sleep(1000);
    for (let i = 0; i < 2; i++) await call(talk.session, false, 500, 1000);
    expect(talk.session.roundTrips).toMatchObject({ waited: 2, lateMs });
  });

  test('to one of many calls: those to the others are given their time', async () => {
    const talk = new Conversation(10_000);
    talk.answer(700, { seq: 0, payload });
    await call(talk.session, false, 300, 5000);
    expect(talk.line.checker.sent.length).toBe(4);
    const answer = Session.wireSize(HELLO_ANSWER_SIZE) + 1;
    expect(talk.session.answersAt - talk.session.lineFreeAt).toBe(
      talk.session.lineTime(3 * answer),
    );
  });

  test.each([
    [1_000_000, 1000],
    // Two idle characters after a call, and the longest answer with its delimiter, at 10 ms each
    [1000, 10 * (14 + 2 + Session.wireSize(HELLO_ANSWER_SIZE) + 1)],
  ])('to an old call, at %i baud: the next call only after %i ms', async (rate, pause) => {
    const talk = new Conversation(rate);
    const at = calls(talk);
    const late = Conversation.bytesOf({ seq: 200 });
    talk.say(1000, late);
    const error = lost(talk, 5000);
    const heard = 1000 + talk.session.lineTime(late.length);
    expect(await error).toMatchObject({ code: 'NOT_OUR_DEVICE' });
    expect(at.find((ms) => ms > heard)).toBeCloseTo(heard + pause, 6);
    // From then on all the time again
    expect(talk.clock.now()).toBeCloseTo(heard + 5000, 6);
  });

  test('to old calls again and again: six times as long, and no longer', async () => {
    const talk = new Conversation();
    await talk.session.sleep(777);
    for (let ms = 600; ms < 20_000; ms += 400) talk.answer(ms, { seq: 200 });
    expect(await lost(talk, 1000)).toMatchObject({ code: 'NOT_OUR_DEVICE' });
    expect(talk.clock.now()).toBe(777 + 6000);
  });
});

test.each([
  [500, 1000],
  [5000, 5000],
])('a port that takes nothing, for %i ms: said after %i', async (ms, ends) => {
  const talk = new Conversation();
  talk.line.write = () => new Promise(() => {});
  await talk.session.sleep(100);
  expect(await lost(talk, ms)).toMatchObject({ code: 'PORT_STALLED' });
  expect(talk.clock.now()).toBe(100 + ends);
});

test('an answer may take what an application takes, and both on the line', () => {
  const { session } = new Conversation(9600);
  const bytes = Session.wireSize(HelloRequest.size) + Session.wireSize(HELLO_ANSWER_SIZE);
  expect(answerTime(session)).toBeCloseTo(200 + session.lineTime(bytes), 6);
});

describe('nobody is found', () => {
  const text = (words: string): Uint8Array => new TextEncoder().encode(words);
  const answer = Conversation.bytesOf({ seq: 200 });
  const noise = Uint8Array.of(7, 0xf8, 9, 0);

  test.each<[string, (talk: Conversation) => void, Partial<IapError>]>([
    ['silence', () => {}, { code: 'NO_ANSWER', details: { received: 0 } }],
    [
      'the beginning of an answer',
      (talk) => talk.say(450, answer.subarray(0, 5)),
      { code: 'NO_ANSWER', message: expect.stringContaining('begun') as unknown as string },
    ],
    [
      'answers that came damaged',
      (talk) => {
        talk.damaged(50, { seq: 0 });
        talk.damaged(90, { seq: 1 });
      },
      {
        code: 'NO_ANSWER',
        hint: expect.stringMatching(/--baud.*"iap scan"/) as unknown as string,
        details: { received: expect.any(Number) as unknown as number, damaged: 2, answers: 2 },
      },
    ],
    [
      'an answer to nobody',
      (talk) => talk.say(50, answer),
      { code: 'NOT_OUR_DEVICE', message: expect.stringMatching(/^1 answers/) as unknown as string },
    ],
    [
      'an echo',
      (talk) => {
        talk.line.toDevice = (bytes) => {
          talk.line.answer(bytes, talk.line.rate);
          return [];
        };
      },
      { code: 'ECHO', hint: expect.stringContaining('TX and RX') as unknown as string },
    ],
    [
      'noise',
      (talk) => talk.say(50, noise),
      {
        code: 'NOT_OUR_DEVICE',
        message: expect.stringMatching(/: 4 bytes in 0\.5 s, 3 of them no frame$/) as never,
        hint: expect.stringMatching(/: 07 f8 09 00;.*--initial-baud/) as never,
        details: { received: 4 },
      },
    ],
    [
      'words without an end',
      (talk) => talk.say(50, text('boot')),
      {
        code: 'NOT_OUR_DEVICE',
        message: expect.stringMatching(/: 4 bytes in 0\.5 s$/) as never,
        hint: expect.stringContaining('"boot"') as never,
      },
    ],
    [
      'four of five printable',
      (talk) => talk.say(50, Uint8Array.of(...text('abcd'), 0xf8)),
      { hint: expect.stringContaining('"abcd"') as never },
    ],
    [
      'fewer',
      (talk) => talk.say(50, Uint8Array.of(...text('abc'), 0xf8)),
      { hint: expect.stringContaining('61 62 63 f8') as never },
    ],
    [
      'nothing but delimiters is not like the ROM bootloader',
      (talk) => talk.say(50, Uint8Array.of(0, 0)),
      { hint: expect.not.stringContaining('BOOT0') as never },
    ],
    ...[0x1f, 0x3f, 0x79, 0x7f].map(
      (byte): [string, (talk: Conversation) => void, Partial<IapError>] => [
        `a byte ${byte} alone`,
        (talk) => talk.say(50, Uint8Array.of(0, byte)),
        { hint: expect.stringContaining('BOOT0') as never },
      ],
    ),
  ])('%s', async (_, happens, expected) => {
    const talk = new Conversation();
    happens(talk);
    const error = await lost(talk);
    expect(error).toMatchObject(expected);
    expect(error.details).toMatchObject({ timeoutMs: expect.any(Number), rate: 1_000_000 });
    expect(error.hint?.length).toBeGreaterThan(10);
  });

  test('what was heard before the search does not count', async () => {
    const talk = new Conversation();
    talk.line.toDevice = (bytes) => [bytes];
    for (let i = 0; i < 3; i++) {
      talk.damaged(10 + i, { seq: 0 });
      talk.say(20 + i, answer);
    }
    talk.say(30, noise);
    await talk.session.post([{ type: 1, payload: new Uint8Array(1) }]);
    await talk.session.sleep(100);
    expect(await lost(talk)).toMatchObject({ code: 'NO_ANSWER', details: { received: 0 } });
    talk.say(50, text('boot'));
    expect(await lost(talk)).toMatchObject({
      code: 'NOT_OUR_DEVICE',
      message: expect.stringMatching(/: 4 bytes in 0\.5 s$/),
    });
  });
});

describe('a device that has not looked at its image yet', () => {
  const { VALID, CHECKED, GOOD } = ImageState;

  /** When it is asked, while it says so until then [ms] */
  async function asked(states: (ms: number) => number): Promise<number[]> {
    const { session, clock } = new Conversation();
    const { info } = new Bench().device;
    const saying = (state: number) => ({ ...info, installed: { ...info.installed, state } });
    const device = new Device(session, saying(states(0)));
    const at: number[] = [];
    device.hello = async (hold) => {
      expect(hold).toBe(true);
      at.push(clock.now());
      device.info = saying(states(clock.now()));
      return device.info;
    };
    await checked(device);
    return at;
  }

  test.each([0, CHECKED, VALID | CHECKED, VALID | CHECKED | GOOD])(
    'not so: %i, asked nothing',
    async (state) => {
      expect(await asked(() => state)).toEqual([]);
    },
  );

  test('is asked seldom, for while it answers it does not look', async () => {
    const at = await asked((ms) => (ms < 700 ? VALID : VALID | CHECKED));
    expect(at).toEqual([20, 60, 140, 300, 460, 620, 780]);
  });

  test('is given five seconds', async () => {
    const at = await asked(() => VALID);
    expect(at.at(-1)).toBe(300 + 30 * 160);
  });
});

test('what a program throws on being asked is what it gets', async () => {
  const bench = new Bench({ appKit: true });
  bench.device.startApp();
  const session = new Session(bench.line, { clock: bench.clock });
  const beforeEnter = (): never => {
    throw new RangeError('of the program');
  };
  await expect(connect(session, { hold: true, beforeEnter })).rejects.toThrow(RangeError);
});
