// For how long an answer is waited for, to the millisecond: what a device, its line and its adapter may need, and no longer.
import { describe, expect, test } from 'vitest';
import { LatencyEstimate } from '../../host/link/latency.js';
import { Session } from '../../host/link/session.js';
import { Command, RESPONSE_BIT } from '../../protocol/index.js';
import { Conversation } from '../support/conversation.js';

const REQUEST = Uint8Array.of(1, 2, 3);
/** Before anything was measured [ms] */
const MARGIN = 200;
const LIMITS = { limitMs: 100, answerSize: 1 };

describe('a wait until something is so', () => {
  test('ends as soon as it is', async () => {
    const { clock, session } = new Conversation();
    let ready = false;
    clock.after(30, () => {
      ready = true;
      session.wake();
    });
    expect(await session.until(100, () => ready)).toBe(true);
    expect(clock.now()).toBe(30);
    expect(await session.until(10, () => true)).toBe(true);
    expect(clock.now()).toBe(30);
  });

  test('ends at its deadline, whatever else has arrived', async () => {
    const { clock, session, line } = new Conversation();
    clock.after(90, () => line.answer(Uint8Array.of(7, 8, 9, 0), line.rate));
    expect(await session.until(100, () => false)).toBe(false);
    expect(clock.now()).toBe(100);
    expect(await session.until(50, () => false)).toBe(false);
    expect(clock.now()).toBe(100);
    expect(clock.open).toBe(0);
  });

  test('looks once more at what arrived in the last moment', async () => {
    const { clock, session } = new Conversation();
    let ready = false;
    const waited = session.until(100, () => ready);
    clock.after(100, () => {
      ready = true;
    });
    expect(await waited).toBe(true);
  });

  /** It begins at 95 ms, and goes on a byte each so many ms, for so many bytes. */
  function trickle(every: number, count: number): Conversation {
    const talk = new Conversation();
    const bytes = Conversation.bytesOf({ seq: 0, payload: new Uint8Array(400) });
    talk.say(95, bytes.subarray(0, 4));
    for (let i = 1; i <= count; i++) talk.say(95 + i * every, bytes.subarray(i + 3, i + 4));
    return talk;
  }

  test('goes on while an answer comes in, until it has stopped for 100 ms', async () => {
    const { clock, session } = trickle(60, 10);
    expect(await session.until(100, () => false)).toBe(false);
    expect(clock.now()).toBeCloseTo(95 + 10 * 60 + 100, 0);
  });

  test('does not go on for what stops longer', async () => {
    const { clock, session } = trickle(150, 10);
    expect(await session.until(100, () => false)).toBe(false);
    expect(clock.now()).toBeCloseTo(95 + 100, 0);
  });

  test('ends for an answer that never does', async () => {
    const { clock, session } = trickle(60, 400);
    expect(await session.until(100, () => false)).toBe(false);
    expect(clock.now()).toBe(10_100);
  });

  test('is right when the answer is whole in the end', async () => {
    const { clock, session } = trickle(60, 10);
    expect(await session.until(100, () => clock.now() > 400)).toBe(true);
  });
});

describe('what is coming in', () => {
  const RESPONSE = Command.HELLO | RESPONSE_BIT;
  test.each([
    ['nothing', [], 0],
    ['an answer of our device', [0, RESPONSE, 0, 9], 4],
    ['of another one', [2, RESPONSE, 0, 9], 0],
    ['our own request, come back', [0, Command.HELLO, 0, 9], 0],
    ['its first byte', [0], 0],
  ])('%s', async (_, head, incoming) => {
    const { session, say } = bound(new Conversation());
    await session.post([{ type: Command.HELLO, payload: REQUEST }]);
    // As COBS puts it, of a frame that goes on: the length of the first run, and so on.
    say(1, cobsBegin(head));
    await session.sleep(10);
    expect(session.incoming).toBe(incoming);
    expect(session.bytesUnexplained).toBe(session.stats.bytesReceived - incoming);
  });

  test('from whom was spoken to before is ours as well', async () => {
    const { session, say } = bound(new Conversation());
    await session.post([{ type: Command.HELLO, payload: REQUEST, address: 5 }]);
    say(1, cobsBegin([5, RESPONSE, 1, 9]));
    await session.sleep(10);
    expect(session.incoming).toBe(4);
  });
});

describe('all the time an answer may take', () => {
  test('is work, both ways on the line, and the delimiter before it', async () => {
    const { clock, session } = new Conversation(10_000);
    const ask = { type: 1, payload: REQUEST, answerSize: 20, workMs: 70, onAnswer: () => {} };
    await session.post([ask]);
    const there = session.stats.bytesSent;
    const back = Session.wireSize(20) + 1;
    expect(session.answersAt - clock.now()).toBeCloseTo(there + back + 70, 6);
    await session.post([ask]);
    expect(session.answersAt - clock.now()).toBeCloseTo(2 * (there + back + 70), 6);
  });

  test('is given to no frame that asks for no answer, and if one comes it is to nobody', async () => {
    const { clock, session, answer } = bound(new Conversation());
    await session.post([{ type: Command.HELLO, payload: REQUEST, workMs: 70 }]);
    expect(session.answersAt).toBe(session.lineFreeAt);
    answer(1, { seq: 0 });
    await session.sleep(5);
    expect(session.stats).toMatchObject({ framesReceived: 0, staleAnswers: 1 });
    expect(clock.open).toBe(0);
  });

  test('is given to none at another address than is spoken to now, nor to what is forgotten', async () => {
    const { clock, session } = new Conversation();
    const ask = (type: number, address: number) =>
      session.post([{ type, payload: REQUEST, address, workMs: 70, onAnswer: () => {} }]);
    const left = () => Math.round(session.answersAt - clock.now());
    await ask(1, 3);
    await ask(2, 4);
    session.address = 4;
    expect(left()).toBe(70);
    session.forget(1);
    expect(left()).toBe(70);
    session.forget(2);
    expect(left()).toBe(0);
  });
});

describe('on a half-duplex pair', () => {
  const ask = { type: 1, payload: REQUEST, answerSize: 20, workMs: 70, onAnswer: () => {} };

  test('nothing is sent while an answer may come', async () => {
    const { clock, session } = new Conversation(10_000, { halfDuplex: true });
    await session.post([ask]);
    const due = session.answersAt;
    expect(clock.now()).toBe(0);
    await session.post([ask]);
    expect(clock.now()).toBe(due + MARGIN);
  });

  test('once it has come, whoever gave it has let go a moment later', async () => {
    const { clock, session, answer } = bound(new Conversation(10_000, { halfDuplex: true }));
    await session.post([ask]);
    answer(20, { seq: 0, type: 1 });
    const whole = 20 + Conversation.bytesOf({ seq: 0 }).length;
    await session.post([ask]);
    expect(clock.now()).toBe(whole + 1);
  });
});

describe('a request', () => {
  /** How long each attempt is waited for: an answer to any of them may still come. */
  const waits = (attempts: number): number[] =>
    Array.from({ length: attempts }, (_, i) => 100 * (i + 1) + MARGIN * 1.5 ** Math.min(i, 5));

  async function lost(talk: Conversation, attempts?: number): Promise<number[]> {
    const at: number[] = [];
    talk.line.toDevice = (bytes) => {
      if (bytes.length > 1) at.push(talk.clock.now());
      return [];
    };
    const own = attempts === undefined || talk.session.attempts === attempts;
    const options = own ? LIMITS : { ...LIMITS, attempts };
    await expect(talk.session.request(Command.HELLO, REQUEST, options)).rejects.toMatchObject({
      code: 'LINK_LOST',
      hint: expect.stringContaining('check cable and supply; then run the same command again'),
      details: { attempts: attempts ?? 6 },
    });
    at.push(talk.clock.now());
    return at.slice(1).map((time, i) => Math.round(time - (at[i] ?? 0)));
  }

  test('is sent six times, with half as much patience more each time, up to a point', async () => {
    const expectWaits = (found: readonly number[], attempts: number): void => {
      expect(found).toHaveLength(attempts);
      for (const [i, ms] of waits(attempts).entries()) expect(found[i]).toBeCloseTo(ms, -1);
    };
    expectWaits(await lost(new Conversation()), 6);
    expectWaits(await lost(new Conversation(), 8), 8);
    const talk = new Conversation();
    talk.session.attempts = 2;
    expectWaits(await lost(talk, 2), 2);
  });

  test('that nobody answers names the noise, where answers came damaged', async () => {
    const talk = new Conversation();
    talk.damaged(10, { seq: 0 });
    talk.damaged(400, { seq: 1 });
    const asked = talk.session.request(Command.HELLO, REQUEST, { ...LIMITS, attempts: 2 });
    await expect(asked).rejects.toMatchObject({
      code: 'LINK_LOST',
      message: expect.stringContaining('noisy'),
      hint: expect.stringMatching(/--baud.*then run the same command again/),
      details: { attempts: 2, damaged: 2, answers: 2 },
    });
  });

  test('is waited for longer after each other answer: the device works off what came before', async () => {
    const talk = new Conversation();
    talk.answer(250, { seq: 90 });
    talk.answer(500, { seq: 91 });
    talk.answer(750, { seq: 0 });
    await talk.session.request(Command.HELLO, REQUEST, LIMITS);
    expect(talk.session.stats).toMatchObject({ framesSent: 1, repeats: 0 });
    expect(talk.session.lateAnswers).toBe(2);
  });

  test("another device's answers change nothing", async () => {
    const talk = new Conversation();
    for (let ms = 10; ms < 5000; ms += 100) talk.answer(ms, { seq: 90, address: 3 });
    await expect(
      talk.session.request(Command.HELLO, REQUEST, { ...LIMITS, attempts: 1 }),
    ).rejects.toMatchObject({ code: 'LINK_LOST', details: { attempts: 1 } });
    expect(talk.clock.now()).toBeCloseTo(300, 0);
    expect(talk.session.lateAnswers).toBe(0);
    expect(talk.session.stats.staleAnswers).toBe(3);
  });

  test('that is never answered, of a device that is heard all the time: six times as long', async () => {
    const talk = new Conversation();
    for (let ms = 10; ms < 60_000; ms += 100) talk.answer(ms, { seq: 255 });
    await expect(
      talk.session.request(Command.HELLO, REQUEST, { ...LIMITS, attempts: 1 }),
    ).rejects.toMatchObject({ code: 'LINK_LOST', details: { attempts: 6 } });
    const most = waits(6).reduce((sum, ms, i) => sum + ms + 6 * (ms - 100 * i), 0);
    expect(talk.clock.now()).toBeGreaterThan(most - 50);
    expect(talk.clock.now()).toBeLessThan(most + 50);
    expect(talk.session.stats.repeats).toBe(5);
  });
});

describe('what is measured', () => {
  const quick = { limitMs: 50, answerSize: 300, quick: true };

  test('a quick answer tells how long the way is', async () => {
    const talk = new Conversation();
    talk.answer(90, { seq: 0, payload: new Uint8Array(300) });
    await talk.session.request(Command.HELLO, REQUEST, quick);
    // Its mean, and four times a deviation of half of it
    expect(talk.session.margin).toBeGreaterThan(3 * 90 - 15);
    expect(talk.session.margin).toBeLessThan(3 * 90 + 15);
    expect(talk.session.roundTrips.waited).toBe(1);
  });

  test('what is shorter than expected is not early for that', async () => {
    const talk = new Conversation(1200);
    for (let i = 0; i < 2; i++) {
      talk.answer(250, { seq: i, payload: new Uint8Array(64) });
      await talk.session.request(Command.HELLO, REQUEST, quick);
      await talk.session.sleep(1000);
    }
    const sent = talk.session.lineTime(talk.session.stats.bytesSent / 2);
    expect(talk.session.roundTrips.lateMs).toBeGreaterThan(250 - sent - 20);
    expect(talk.session.roundTrips.lateMs).toBeLessThan(250 - sent + 20);
  });

  test.each([
    ['an answer that the device works for', { ...quick, quick: false }, 90],
    ['the answer after a repeat: nobody knows to which', quick, 400],
  ])('%s tells nothing', async (_, options, ms) => {
    const talk = new Conversation();
    talk.answer(ms, { seq: ms === 90 ? 0 : 1, payload: new Uint8Array(300) });
    await talk.session.request(Command.HELLO, REQUEST, options);
    talk.answer(ms, { seq: ms === 90 ? 1 : 3, payload: new Uint8Array(300) });
    await talk.session.request(Command.HELLO, REQUEST, options);
    expect(talk.session.margin).toBe(MARGIN);
    expect(talk.session.roundTrips).toMatchObject({ waited: 2, lateMs: undefined });
  });

  test('a device that was late is given half as much more; each answer in time takes a tenth away', async () => {
    const talk = new Conversation();
    const asked = async (ms: number, seq: number): Promise<void> => {
      talk.answer(ms, { seq });
      await talk.session.post([{ type: Command.HELLO, payload: REQUEST, onAnswer: () => {} }]);
      await talk.session.sleep(ms + 10);
    };
    await asked(1000, 0);
    expect(Math.round(talk.session.margin / 10)).toBe(150);
    await asked(0, 1);
    expect(Math.round(talk.session.margin / 10)).toBe(135);
    await asked(9000, 2);
    expect(talk.session.margin).toBe(5000);
  });

  test('the first measurement is believed to half of it', () => {
    const estimate = new LatencyEstimate(200);
    estimate.add(100);
    expect(estimate.margin).toBe(300);
    estimate.add(-50);
    expect(estimate.margin).toBeCloseTo(87.5 + 4 * (50 + (100 - 50) / 4), 6);
  });
});

function bound(talk: Conversation): Pick<Conversation, 'clock' | 'session' | 'say' | 'answer'> {
  return {
    clock: talk.clock,
    session: talk.session,
    say: (ms, bytes) => talk.say(ms, bytes),
    answer: (ms, answer) => talk.answer(ms, answer),
  };
}

/** The beginning of a frame in COBS, with more to come: its last run has no end yet. */
function cobsBegin(bytes: readonly number[]): Uint8Array {
  const out: number[] = [];
  let run: number[] = [];
  for (const byte of bytes) {
    if (byte === 0) {
      out.push(run.length + 1, ...run);
      run = [];
    } else {
      run.push(byte);
    }
  }
  return Uint8Array.from(run.length > 0 ? [...out, 0x40, ...run] : out);
}
