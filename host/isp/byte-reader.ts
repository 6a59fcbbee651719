// What arrives on a line, byte by byte, with a time limit.
import type { Clock } from '../base/clock.js';
import { IapError } from '../base/errors.js';
import { farMs, isUnknownFar, UNKNOWN_MS } from '../link/distance.js';
import type { Transport } from '../link/transport.js';

/** Longer than any answer at the lowest rate [ms] */
const MOST_TALK_MS = 3000;
/** Of any network, for its slow moments [ms] */
const LEAST_FAR_MS = 100;
/** What took longer was no answer, or the one to something earlier; and what was waited for is part of what was measured [ms]. */
const MOST_FAR_MS = 2 * UNKNOWN_MS;

export class ByteReader {
  readonly #clock: Clock;
  #farMs: number;
  readonly #isUnknown: boolean;
  /** What such a network has taken so far, at most [ms] */
  #slowestMs = 0;
  /** Each of them ends every wait. */
  readonly #signals = new Set<AbortSignal>();
  #bytes: number[] = [];
  #failure: Error | undefined;
  #wake: () => void = () => {};

  constructor(transport: Transport, clock: Clock, signal?: AbortSignal) {
    this.#clock = clock;
    this.#isUnknown = isUnknownFar(transport);
    this.#farMs = farMs(transport);
    if (signal) this.#signals.add(signal);
    transport.onBytes((bytes) => {
      for (const byte of bytes) this.#bytes.push(byte);
      this.#wake();
    });
    transport.onClose(this.fail);
  }

  /** That an answer came so late [ms] tells how far it is where the transport does not know. */
  cameAfter(ms: number): void {
    if (!this.#isUnknown) return;
    this.#slowestMs = Math.max(this.#slowestMs, ms);
    this.#farMs = Math.min(MOST_FAR_MS, Math.max(LEAST_FAR_MS, 2 * this.#slowestMs));
  }

  /** Waits end when `signal` aborts, too, until what this returns is called. */
  heed(signal: AbortSignal): () => void {
    this.#signals.add(signal);
    return () => this.#signals.delete(signal);
  }

  /** @throws IapError INTERRUPTED, PORT_LOST */
  check(): void {
    for (const { aborted } of this.#signals) {
      if (aborted) throw new IapError('INTERRUPTED', 'interrupted');
    }
    if (this.#failure) throw this.#failure;
  }

  /** Every wait ends with this error from now on. */
  readonly fail = (error: unknown): void => {
    this.#failure ??= error instanceof Error ? error : new Error(String(error));
    this.#wake();
  };

  /**
   * The next byte; undefined if none comes in time [ms].
   * @throws IapError INTERRUPTED, PORT_LOST
   */
  async next(timeoutMs: number): Promise<number | undefined> {
    await this.#until(() => this.#bytes.length > 0, timeoutMs + this.#farMs);
    return this.#bytes.shift();
  }

  /**
   * So many bytes; undefined if not all of them come in time [ms].
   * @throws IapError INTERRUPTED, PORT_LOST
   */
  async take(count: number, timeoutMs: number): Promise<Uint8Array | undefined> {
    await this.#until(() => this.#bytes.length >= count, timeoutMs + this.#farMs);
    if (this.#bytes.length < count) return undefined;
    return Uint8Array.from(this.#bytes.splice(0, count));
  }

  /** Drops what has arrived; how much it was. */
  drop(): Uint8Array {
    return Uint8Array.from(this.#bytes.splice(0));
  }

  /**
   * What comes until nothing has come for so long [ms]; somebody who never stops is not listened to for ever.
   * @throws IapError INTERRUPTED, PORT_LOST
   */
  async untilQuiet(quietMs: number): Promise<Uint8Array> {
    const end = this.#clock.now() + MOST_TALK_MS;
    const heard: number[] = [];
    while (this.#clock.now() < end) {
      const byte = await this.next(quietMs);
      if (byte === undefined) break;
      heard.push(byte, ...this.drop());
    }
    return Uint8Array.from(heard);
  }

  async sleep(ms: number): Promise<void> {
    await this.#until(() => false, ms);
  }

  /** That time is over is believed only after one more look at what has arrived. */
  async #until(ready: () => boolean, timeoutMs: number): Promise<void> {
    const end = this.#clock.now() + timeoutMs;
    for (let over = false; ; ) {
      this.check();
      if (ready() || over) return;
      const left = Math.max(0, end - this.#clock.now());
      over = left === 0;
      await this.#woken(left);
    }
  }

  /** Signals are listened to only while somebody waits: a signal may live longer than this. */
  async #woken(timeoutMs: number): Promise<void> {
    const signals = [...this.#signals];
    const wake = (): void => this.#wake();
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(timeoutMs, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
      for (const signal of signals) signal.addEventListener('abort', wake);
    });
    for (const signal of signals) signal.removeEventListener('abort', wake);
    this.#wake = () => {};
  }
}
