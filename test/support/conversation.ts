// A session on a line at whose other end the test itself answers.
import { Session, type SessionOptions } from '../../host/link/session.js';
import { FakeLine } from '../../host/testing/fake-line.js';
import { Command, encodeFrame, RESPONSE_BIT } from '../../protocol/index.js';
import { CountedClock } from './counted-clock.js';

export interface Answer {
  readonly seq: number;
  readonly address?: number;
  readonly type?: number;
  readonly payload?: Uint8Array;
}

export class Conversation {
  readonly clock = new CountedClock();
  readonly line: FakeLine;
  readonly session: Session;

  constructor(rate = 1_000_000, options: Partial<SessionOptions> = {}) {
    this.line = new FakeLine(this.clock, rate);
    this.session = new Session(this.line, { clock: this.clock, ...options });
  }

  /** What an answer is on the wire */
  static bytesOf({ seq, address = 0, type = Command.HELLO, payload }: Answer): Uint8Array {
    const frame = {
      address,
      type: type | RESPONSE_BIT,
      seq,
      payload: payload ?? new Uint8Array(1),
    };
    return encodeFrame(frame);
  }

  /** It arrives so much later, and what it takes on the line [ms] */
  answer(ms: number, answer: Answer): void {
    this.say(ms, Conversation.bytesOf(answer));
  }

  say(ms: number, bytes: Uint8Array): void {
    this.clock.after(ms, () => this.line.answer(bytes, this.line.rate));
  }

  /** A bit of it is wrong on the way. */
  damaged(ms: number, answer: Answer): void {
    const bytes = Conversation.bytesOf({ payload: Uint8Array.of(1, 2, 3, 4), ...answer });
    const at = bytes.length - 3;
    bytes[at] = (bytes[at] ?? 0) ^ 0x80;
    this.say(ms, bytes);
  }
}
