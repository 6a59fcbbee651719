/// <reference lib="esnext.disposable" preserve="true" />
// The conversation: sequence numbers, which answer belongs to which frame, window, time-outs. Knows no command's meaning.
import {
  ADDRESS_ONLY,
  APP_ANSWER_MS,
  BURST_START,
  type Decoded,
  encodeFrame,
  FRAME_DELIMITER,
  type Frame,
  FrameDecoder,
  MAX_UNANSWERED,
  maxFrameSize,
  RESPONSE_BIT,
} from '../../protocol/index.js';
import { concat } from '../base/bytes.js';
import type { Clock } from '../base/clock.js';
import { IapError } from '../base/errors.js';
import { LatencyEstimate } from './latency.js';
import { noiseOf } from './noise.js';
import { type Pending, PendingAnswers } from './pending.js';
import { RoundTrips } from './round-trips.js';
import { portStalled, SLOWEST, STALL_MS } from './stall.js';
import { lineMs, type StopOptions, type Transport } from './transport.js';

/** What passes on the wire, for a trace. */
export type TraceEvent =
  | { readonly direction: 'sent' | 'received'; readonly frame: Frame; readonly at: number }
  | {
      readonly direction: 'dropped';
      readonly reason: string;
      readonly bytes: number;
      readonly at: number;
    };

export interface SessionOptions {
  readonly clock: Clock;
  /** Bus address at first; 0 for the only device on the line */
  readonly address?: number;
  /** The line is a half-duplex pair, known before a device has said so */
  readonly halfDuplex?: boolean;
  /** Makes every wait throw INTERRUPTED; what was handed to the transport ends at a frame boundary. */
  readonly signal?: AbortSignal;
  readonly trace?: (event: TraceEvent) => void;
}

export interface Outgoing {
  readonly type: number;
  readonly payload: Uint8Array;
  /** Of the device that it is for; the session's if missing */
  readonly address?: number;
  /** Called at most once. Without it no answer is expected. */
  readonly onAnswer?: (payload: Uint8Array) => void;
  /** Expected size of the answer's payload [bytes] */
  readonly answerSize?: number;
  /** Longest time the device may work on this frame, and on those before it that ask for no answer [ms] */
  readonly workMs?: number;
}

export interface RequestOptions {
  /** Longest time the device may take, line time apart [ms] */
  readonly limitMs: number;
  /** Expected size of the answer's payload [bytes] */
  readonly answerSize: number;
  readonly attempts?: number;
  /** The device answers at once: its round trips are measured. */
  readonly quick?: boolean;
}

/** Counters of what a line did to us. */
export interface LinkStats {
  bytesSent: number;
  framesSent: number;
  bytesReceived: number;
  framesReceived: number;
  /** Bytes that were no frame */
  bytesDiscarded: number;
  /** Bytes that were frames, ours come back among them */
  bytesUnderstood: number;
  /** Answers nobody waited for any more */
  staleAnswers: number;
  /** Our own frames, come back */
  echoes: number;
  /** Requests that had to be sent again */
  repeats: number;
  /** Answers of our device that came damaged: they begin as its answers do */
  answersDamaged: number;
}

const ATTEMPTS = 6;
/** A busy host or device gets more time with each attempt, but a lost frame must not cost much. */
export const BACKOFF = 1.5;
const MOST_PATIENCE = BACKOFF ** (ATTEMPTS - 1);
/** A device that was later than it says may be so again, by this factor, … */
const LAG_FACTOR = 1.5;
/** … at most [ms]; each answer in time takes a tenth of it away. */
const MOST_LAG_MS = 5000;
const LAG_DECAY = 0.9;
/** A device that is heard, but does not get to the answer, is given so many times the attempts and the time. */
const BEHIND = 6;
/** An answer that goes on arriving has no pause as long as this [ms]. */
const STEADY_MS = 100;
/** … and is whole in this time, at any rate in use [ms]. */
const LONGEST_ARRIVAL_MS = 10_000;
/** Who has answered on a half-duplex pair has let go of it then (protocol § 15) [ms]. */
const TURN_MS = 1;
/** Kept for a report on what arrived instead of an answer */
const SAMPLE_SIZE = 48;

export class Session {
  readonly clock: Clock;
  readonly transport: Transport;
  readonly stats: LinkStats = {
    bytesSent: 0,
    framesSent: 0,
    bytesReceived: 0,
    framesReceived: 0,
    bytesDiscarded: 0,
    bytesUnderstood: 0,
    staleAnswers: 0,
    echoes: 0,
    repeats: 0,
    answersDamaged: 0,
  };
  readonly roundTrips = new RoundTrips();
  /** Nothing is sent while an answer may come: the line is one pair for both directions. */
  halfDuplex: boolean;
  /** How often a request is sent that nobody answers, where it does not say so itself */
  attempts = ATTEMPTS;
  /** Newest of what arrived before the first answer */
  sample: Uint8Array = new Uint8Array();
  readonly #options: SessionOptions;
  readonly #decoder = new FrameDecoder();
  readonly #pending = new PendingAnswers();
  readonly #wakers = new Set<() => void>();
  /** All that were spoken to: their answers are ours */
  readonly #addressed = new Set<number>();
  readonly #listeners = new Set<(frame: Frame) => void>();
  /** Of work that uses this session, besides its own */
  readonly #signals = new Set<AbortSignal>();
  readonly #latency = new LatencyEstimate(APP_ANSWER_MS);
  #address: number;
  #seq = 0;
  #answered = { frames: 0, bytes: 0 };
  #lineFreeAt = 0;
  #lastByteAt = Number.NEGATIVE_INFINITY;
  /** Frames from our device, whether they were waited for or not */
  #heard = 0;
  /** How late answers were [ms] */
  #lag = 0;
  #late = 0;
  #broken: IapError | undefined;
  #closed = false;
  readonly #removeListeners: () => void;

  constructor(transport: Transport, options: SessionOptions) {
    this.transport = transport;
    this.clock = options.clock;
    this.#address = options.address ?? ADDRESS_ONLY;
    this.#options = options;
    this.halfDuplex = options.halfDuplex ?? false;
    const offBytes = transport.onBytes((bytes) => {
      if (!this.#closed) this.#receive(bytes);
    });
    const offClose = transport.onClose((error) => {
      this.#broken = error;
      this.wake();
    });
    const aborted = (): void => this.wake();
    options.signal?.addEventListener('abort', aborted);
    this.#removeListeners = () => {
      offBytes?.();
      offClose?.();
      options.signal?.removeEventListener('abort', aborted);
    };
  }

  /** Leaves the transport, which stays open, and the signal. Whoever still waits is told INTERRUPTED. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#removeListeners();
    this.wake();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  /** Bus address of the device that is spoken to; 0 for the only one on the line */
  get address(): number {
    return this.#address;
  }

  /** From now on another one is: answers of others still count if they come, and are not waited for. */
  set address(address: number) {
    this.#address = address;
    this.#pending.forget((pending) => pending.address !== address);
  }

  /** Encoded bytes sent beyond the newest answered frame (protocol § 6, Window). */
  get bytesUnanswered(): number {
    return this.stats.bytesSent - this.#answered.bytes;
  }

  /** Frames that may still be sent before one must be answered. */
  get framesAllowed(): number {
    return MAX_UNANSWERED - (this.stats.framesSent - this.#answered.frames);
  }

  /** When the last byte handed to the transport has left, if the line runs at its rate. */
  get lineFreeAt(): number {
    return Math.max(this.#lineFreeAt, this.clock.now());
  }

  /** When all answers that are waited for have come, if the device takes all the time it may. */
  get answersAt(): number {
    return this.lineFreeAt + this.lineTime(this.#pending.answerBytes) + this.#pending.workMs;
  }

  /** What to add to computed times for the way through drivers and adapters [ms] */
  get margin(): number {
    return Math.max(this.#latency.margin, Math.min(MOST_LAG_MS, LAG_FACTOR * this.#lag));
  }

  /** Time on the line [ms] */
  lineTime(bytes: number): number {
    return lineMs(bytes, this.transport.rate);
  }

  /** Bytes of a frame on the wire, at most. */
  static wireSize(payloadSize: number): number {
    return maxFrameSize(payloadSize);
  }

  /**
   * Sends frames as one burst, in one write.
   * @param deadline until when the port must have taken them; as long as a slow one may need if missing
   * @throws IapError PORT_STALLED
   */
  async post(frames: readonly Outgoing[], deadline?: number): Promise<void> {
    this.check();
    if (this.halfDuplex) await this.#untilPairIsFree();
    const chunks: Uint8Array[] = [BURST_START];
    let sent = this.stats.bytesSent + BURST_START.length;
    const waitedFor: Pending[] = [];
    for (const each of frames) {
      const { type, payload, address = this.address, onAnswer, answerSize = 0, workMs = 0 } = each;
      const seq = this.#seq;
      this.#seq = (seq + 1) & 0xff;
      const frame = { address, type, seq, payload };
      this.#addressed.add(address);
      const encoded = encodeFrame(frame);
      chunks.push(encoded);
      sent += encoded.length;
      this.stats.framesSent++;
      if (onAnswer) {
        const answerBytes = Session.wireSize(answerSize) + BURST_START.length;
        const position = { frames: this.stats.framesSent, bytes: sent };
        const expected = { answerBytes, workMs, dueAt: 0, onAnswer };
        const pending = { address, seq, type, ...position, ...expected };
        this.#pending.add(pending);
        waitedFor.push(pending);
      }
      this.#options.trace?.({ direction: 'sent', frame, at: this.clock.now() });
    }
    const burst = concat(chunks);
    this.stats.bytesSent = sent;
    this.#lineFreeAt = this.lineFreeAt + this.lineTime(burst.length);
    for (const pending of waitedFor) pending.dueAt = this.answersAt;
    await this.#within('write', burst.length, deadline, (stop) =>
      this.transport.write(burst, stop),
    );
  }

  /** Until no answer may come any more, and whoever gave one has let go. */
  async #untilPairIsFree(): Promise<void> {
    const mayCome = (): boolean => this.#pending.dueAt > Number.NEGATIVE_INFINITY;
    await this.until(this.#pending.dueAt + this.margin, () => !mayCome());
    while (this.clock.now() < this.#lastByteAt + TURN_MS) {
      await this.pause(this.#lastByteAt + TURN_MS);
    }
  }

  /** @throws IapError PORT_STALLED */
  async drain(): Promise<void> {
    const bytes = ((this.lineFreeAt - this.clock.now()) * this.transport.rate) / 10_000;
    await this.#within('drain', bytes, undefined, (stop) => this.transport.drain(stop));
  }

  /** @throws IapError PORT_STALLED */
  async setRate(baud: number): Promise<void> {
    await this.#within('set-rate', 0, undefined, (stop) => this.transport.setRate(baud, stop));
  }

  /** Until the port has done it, it is gone, or somebody interrupts; at most until the deadline. */
  async #within(
    what: 'write' | 'drain' | 'set-rate',
    bytes: number,
    deadline: number | undefined,
    start: (stop: StopOptions) => Promise<void>,
  ): Promise<void> {
    const since = this.clock.now();
    const end = deadline ?? since + STALL_MS + SLOWEST * this.lineTime(bytes);
    const stop = new AbortController();
    let look = (): void => {};
    let cancel = (): void => {};
    try {
      await new Promise<void>((resolve, reject) => {
        look = (): void => {
          try {
            this.check();
          } catch (error) {
            reject(error);
          }
        };
        this.#wakers.add(look);
        if (Number.isFinite(end)) {
          cancel = this.clock.after(Math.max(0, end - since), () =>
            reject(portStalled(what, this.clock.now() - since)),
          );
        }
        start({ signal: stop.signal }).then(resolve, reject);
      });
    } catch (error) {
      stop.abort();
      throw error;
    } finally {
      cancel();
      this.#wakers.delete(look);
    }
  }

  /** Waits for the next frame or other news, at most until `deadline`. Throws when interrupted or when the port is gone. */
  async pause(deadline: number): Promise<void> {
    this.check();
    await new Promise<void>((resolve) => {
      const done = (): void => {
        cancel();
        this.#wakers.delete(done);
        resolve();
      };
      const cancel = Number.isFinite(deadline)
        ? this.clock.after(Math.max(0, deadline - this.clock.now()), done)
        : (): void => {};
      this.#wakers.add(done);
    });
    this.check();
  }

  /** Received so far, and neither a frame nor the beginning of one of our devices */
  get bytesUnexplained(): number {
    return this.stats.bytesReceived - this.stats.bytesUnderstood - this.incoming;
  }

  /** Answers from our device to what is not waited for any more */
  get lateAnswers(): number {
    return this.#late;
  }

  /** Bytes so far of an answer of our device that is not whole yet */
  get incoming(): number {
    const [address = ADDRESS_ONLY, type = 0] = this.#decoder.partial;
    return this.#isOurs(address) && (type & RESPONSE_BIT) !== 0 ? this.#decoder.partial.length : 0;
  }

  /**
   * Waits until `ready`; false if it is not by the deadline. That is believed only after one more look at what has arrived, and
   * not while an answer is coming in.
   */
  async until(deadline: number, ready: () => boolean): Promise<boolean> {
    const last = deadline + LONGEST_ARRIVAL_MS;
    let end = deadline;
    for (;;) {
      if (ready()) return true;
      const over = this.clock.now() >= end;
      await this.pause(end);
      if (!over || ready()) continue;
      if (this.incoming > 0) end = Math.min(last, this.#lastByteAt + STEADY_MS);
      if (this.clock.now() >= end) return false;
    }
  }

  /** Waits, whatever arrives. */
  async sleep(ms: number): Promise<void> {
    const until = this.clock.now() + ms;
    while (this.clock.now() < until) await this.pause(until);
  }

  /** Sends a request until it is answered. Every attempt has its own seq, and an answer to any of them counts. */
  async request(type: number, payload: Uint8Array, options: RequestOptions): Promise<Uint8Array> {
    const attempts = options.attempts ?? this.attempts;
    const { answerSize, limitMs } = options;
    let answer: Uint8Array | undefined;
    let patience = 1;
    let attempt = 0;
    // An attempt in which the device is heard, with whatever answer, is none in vain: it works off what came before.
    for (let silent = 0; silent < attempts && attempt < BEHIND * attempts; attempt++) {
      if (attempt > 0) this.stats.repeats++;
      const onAnswer = (bytes: Uint8Array): Uint8Array => (answer ??= bytes);
      const heard = this.#heard;
      await this.post([{ type, payload, answerSize, workMs: limitMs, onAnswer }]);
      const latest = this.answersAt;
      const deadline = latest + patience * this.margin;
      await this.#untilAnswered(
        deadline,
        limitMs + patience * this.margin,
        () => answer !== undefined,
      );
      if (answer !== undefined) {
        // After a repeat nobody knows which attempt was answered, so it measures nothing.
        this.roundTrips.waited++;
        if (options.quick && attempt === 0) {
          const late = this.clock.now() - (latest - limitMs);
          this.#latency.add(late);
          const shorter = Session.wireSize(answerSize) - Session.wireSize(answer.length);
          this.roundTrips.add(late + this.lineTime(shorter), answer.length);
        }
        return answer;
      }
      patience = Math.min(MOST_PATIENCE, patience * BACKOFF);
      if (this.#heard === heard) silent++;
    }
    const noise = noiseOf(this.stats);
    const gone = `the device does not answer any more (${attempt} attempts)`;
    throw new IapError('LINK_LOST', noise ? `${gone}: ${noise.found}` : gone, {
      hint: `${noise?.remedy ?? 'check cable and supply'}; then run the same command again: it goes on where it stopped`,
      details: { attempts: attempt, ...noise?.details },
    });
  }

  /** As until(), and `more` longer after each other answer that is heard meanwhile. */
  async #untilAnswered(deadline: number, more: number, ready: () => boolean): Promise<void> {
    let heard = this.#heard;
    let end = deadline;
    for (let i = 0; !(await this.until(end, ready)) && i < BEHIND && this.#heard > heard; i++) {
      heard = this.#heard;
      end = this.clock.now() + more;
    }
  }

  /** Stops waiting for answers to frames of this type; they still count if they come. */
  forget(type: number): void {
    this.#pending.forget((pending) => pending.type === type);
  }

  /** Waits throw INTERRUPTED when `signal` aborts, too, until what this returns is called. */
  heed(signal: AbortSignal): () => void {
    const aborted = (): void => this.wake();
    this.#signals.add(signal);
    signal.addEventListener('abort', aborted);
    return () => {
      this.#signals.delete(signal);
      signal.removeEventListener('abort', aborted);
    };
  }

  /**
   * Shows each answer that arrives, whether it is waited for or not, also a second one to the same request, until what this returns
   * is called.
   */
  listen(listener: (frame: Frame) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ends the conversation: every wait throws `error`. */
  fail(error: IapError): void {
    this.#broken ??= error;
    this.wake();
  }

  /** Throws if the session can not go on. */
  check(): void {
    for (const { aborted } of this.#signals) {
      if (aborted) throw new IapError('INTERRUPTED', 'interrupted');
    }
    if (this.#options.signal?.aborted || this.#closed) {
      throw new IapError('INTERRUPTED', 'interrupted');
    }
    if (this.#broken) throw this.#broken;
  }

  /** Lets every pause() look again: there is other news than a frame. */
  wake(): void {
    for (const wake of [...this.#wakers]) wake();
  }

  #isOurs(address: number): boolean {
    return address === this.address || this.#addressed.has(address);
  }

  #receive(bytes: Uint8Array): void {
    this.stats.bytesReceived += bytes.length;
    this.#lastByteAt = this.clock.now();
    if (this.stats.framesReceived === 0) {
      this.sample = concat([this.sample, bytes]).slice(-SAMPLE_SIZE);
    }
    let from = 0;
    for (let end = bytes.indexOf(FRAME_DELIMITER); end >= 0; ) {
      this.#decoder.push(bytes.subarray(from, end));
      const ours = this.incoming > 0;
      for (const decoded of this.#decoder.push(BURST_START)) {
        if (ours && decoded.kind === 'discarded') this.stats.answersDamaged++;
        this.#take(decoded);
      }
      from = end + 1;
      end = bytes.indexOf(FRAME_DELIMITER, from);
    }
    this.#decoder.push(bytes.subarray(from));
    this.wake();
  }

  #take(decoded: Decoded): void {
    const at = this.clock.now();
    if (decoded.kind === 'discarded') {
      const { reason, bytes } = decoded;
      this.stats.bytesDiscarded += bytes;
      this.#options.trace?.({ direction: 'dropped', reason, bytes, at });
      return;
    }
    const { frame } = decoded;
    this.stats.bytesUnderstood += encodeFrame(frame).length + BURST_START.length;
    if ((frame.type & RESPONSE_BIT) === 0) {
      this.stats.echoes++;
      return;
    }
    this.#options.trace?.({ direction: 'received', frame, at });
    for (const listener of this.#listeners) listener(frame);
    const ours = this.#isOurs(frame.address);
    const pending = ours ? this.#pending.take(frame) : undefined;
    if (ours) this.#heard++;
    if (!pending) {
      this.stats.staleAnswers++;
      if (ours) this.#late++;
      return;
    }
    this.stats.framesReceived++;
    this.#lag = Math.max(this.#lag * LAG_DECAY, at - pending.dueAt);
    this.#answered = { frames: pending.frames, bytes: pending.bytes };
    pending.onAnswer(frame.payload);
  }
}
