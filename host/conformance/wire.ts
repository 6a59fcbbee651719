// Raw frames on a transport: any bytes out, whatever comes in, with times and a log. Repeats nothing, repairs nothing.
import {
  BURST_START,
  Command,
  encodeFrame,
  type Frame,
  FrameDecoder,
  maxFrameSize,
  RESPONSE_BIT,
} from '../../protocol/index.js';
import { concat } from '../base/bytes.js';
import type { Clock } from '../base/clock.js';
import { IapError } from '../base/errors.js';
import { hexBytes } from '../base/text.js';
import { lineMs, type Transport } from '../link/transport.js';

/** Something that came in, and when [ms] */
export type Arrival =
  | { readonly kind: 'frame'; readonly frame: Frame; readonly at: number }
  | {
      readonly kind: 'noise';
      readonly bytes: number;
      readonly reason: string;
      readonly at: number;
    };

/** A log line shows so many bytes of a frame. */
const SHOWN = 40;
/** Lines kept for a report */
const KEPT = 8;

export class Wire {
  readonly clock: Clock;
  readonly transport: Transport;
  readonly #signal: AbortSignal | undefined;
  readonly #trace: ((line: string) => void) | undefined;
  readonly #decoder = new FrameDecoder();
  #arrivals: Arrival[] = [];
  #log: string[] = [];
  /** BEGIN was sent: from then on the application may be overwritten. */
  begun = false;
  readonly #wakers = new Set<() => void>();
  #broken: IapError | undefined;
  #freeAt = 0;

  constructor(
    transport: Transport,
    clock: Clock,
    signal?: AbortSignal,
    trace?: (line: string) => void,
  ) {
    this.transport = transport;
    this.clock = clock;
    this.#signal = signal;
    this.#trace = trace;
    transport.onBytes((bytes) => this.#receive(bytes));
    transport.onClose((error) => {
      this.#broken = error;
      this.#wake();
    });
    signal?.addEventListener('abort', () => this.#wake(), { once: true });
  }

  /** Time on the line [ms] */
  lineTime(bytes: number): number {
    return lineMs(bytes, this.transport.rate);
  }

  /** Bytes of a burst of one frame on the wire, at most */
  static size(payload: number): number {
    return BURST_START.length + maxFrameSize(payload);
  }

  /** When the last byte has left, if the line runs at its rate */
  get freeAt(): number {
    return Math.max(this.#freeAt, this.clock.now());
  }

  /** Until `action` has ended, the port is gone, or somebody interrupts. */
  async unless<T>(action: Promise<T>): Promise<T> {
    let look = (): void => {};
    const stopped = new Promise<never>((_, reject) => {
      look = () => {
        try {
          this.check();
        } catch (error) {
          reject(error);
        }
      };
      this.#wakers.add(look);
    });
    try {
      return await Promise.race([action, stopped]);
    } finally {
      this.#wakers.delete(look);
    }
  }

  async send(bytes: Uint8Array): Promise<void> {
    this.check();
    this.#note('->', bytes);
    this.#freeAt = this.freeAt + this.lineTime(bytes.length);
    await this.unless(this.transport.write(bytes));
  }

  /** Of all that was sent at the rate before */
  async drain(): Promise<void> {
    this.check();
    await this.unless(this.transport.drain());
  }

  async setRate(baud: number): Promise<void> {
    this.check();
    await this.unless(this.transport.setRate(baud));
  }

  /** A whole burst of frames */
  post(...frames: readonly Frame[]): Promise<void> {
    this.begun ||= frames.some(({ type }) => type === Command.BEGIN);
    return this.send(concat([BURST_START, ...frames.map(encodeFrame)]));
  }

  /** What comes in next; undefined if nothing does until `deadline`. */
  async receive(deadline: number): Promise<Arrival | undefined> {
    for (;;) {
      this.check();
      const next = this.#arrivals.shift();
      if (next || this.clock.now() >= deadline) return next;
      await this.#news(deadline);
    }
  }

  /** Until something happens, at most until `deadline` */
  async #news(deadline: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        cancel();
        this.#wakers.delete(done);
        resolve();
      };
      const cancel = this.clock.after(deadline - this.clock.now(), done);
      this.#wakers.add(done);
    });
  }

  #wake(): void {
    for (const wake of [...this.#wakers]) wake();
  }

  /** Waits, and lets what comes in wait as well. */
  async sleep(ms: number): Promise<void> {
    const until = this.clock.now() + ms;
    while (this.clock.now() < until) {
      this.check();
      await this.#news(until);
    }
    this.check();
  }

  /** Forgets what came in. */
  clear(): void {
    this.#arrivals = [];
  }

  /** The newest frames as they were on the wire; starts anew. */
  takeLog(): string[] {
    const log = this.#log;
    this.#log = [];
    return log;
  }

  check(): void {
    if (this.#signal?.aborted) throw new IapError('INTERRUPTED', 'interrupted');
    if (this.#broken) throw this.#broken;
  }

  #receive(bytes: Uint8Array): void {
    const at = this.clock.now();
    for (const decoded of this.#decoder.push(bytes)) {
      if (decoded.kind === 'discarded') {
        this.#arrivals.push({ kind: 'noise', bytes: decoded.bytes, reason: decoded.reason, at });
        this.#line(`<- ${decoded.bytes} bytes that are no frame (${decoded.reason})`);
      } else if ((decoded.frame.type & RESPONSE_BIT) !== 0) {
        this.#arrivals.push({ kind: 'frame', frame: decoded.frame, at });
        this.#note('<-', encodeFrame(decoded.frame));
      }
    }
    this.#wake();
  }

  #note(arrow: string, bytes: Uint8Array): void {
    const more = bytes.length > SHOWN ? `… (${bytes.length} bytes)` : '';
    this.#line(`${arrow} ${hexBytes(bytes.subarray(0, SHOWN))}${more}`);
  }

  #line(text: string): void {
    this.#log.push(text);
    if (this.#log.length > KEPT) this.#log.shift();
    this.#trace?.(`${(this.clock.now() / 1000).toFixed(4).padStart(10)}  ${text}`);
  }
}
