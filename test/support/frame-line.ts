// A transport that shows each frame of both directions to a rule, which passes it on: once, never, twice, spoilt or late.
// Watches what the host sends, before any of that.
import type { IapError } from '../../host/base/errors.js';
import type { Transport } from '../../host/link/transport.js';
import { WireChecker } from '../../host/testing/wire-checker.js';
import { FRAME_DELIMITER, type Frame, FrameDecoder } from '../../protocol/index.js';

export type Direction = 'toDevice' | 'toHost';

export interface PassingFrame {
  readonly direction: Direction;
  /** Of the frames in this direction, from 0 */
  readonly index: number;
  /** Of its first byte, in this direction */
  readonly offset: number;
  /** Delimiters included */
  readonly bytes: Uint8Array;
  readonly frame: Frame;
}

/** May call `pass` any number of times, at once or later. */
export type Rule = (passing: PassingFrame, pass: (bytes: Uint8Array) => void) => void;

/** Between the bytes of two frames: what a reader of the stream splits at */
class Splitter {
  #rest: number[] = [];

  /** Whole frames, each with the delimiters before and behind it; what is no frame yet is kept. */
  *push(bytes: Uint8Array): Generator<Uint8Array> {
    for (const value of bytes) {
      this.#rest.push(value);
      if (value !== FRAME_DELIMITER || this.#rest.every((byte) => byte === FRAME_DELIMITER)) {
        continue;
      }
      yield Uint8Array.from(this.#rest.splice(0));
    }
  }
}

export class FrameLine implements Transport {
  readonly checker = new WireChecker();
  rule: Rule;
  /** Frames so far, by direction */
  readonly counts: Record<Direction, number> = { toDevice: 0, toHost: 0 };
  /** Types of the frames that a rule has seen, in order */
  readonly types: Record<Direction, number[]> = { toDevice: [], toHost: [] };
  readonly #transport: Transport;
  readonly #offsets: Record<Direction, number> = { toDevice: 0, toHost: 0 };
  readonly #toDevice = new Splitter();
  readonly #toHost = new Splitter();
  #lost: IapError | undefined;
  #written: Promise<void> = Promise.resolve();
  #onBytes: (bytes: Uint8Array) => void = () => {};
  #onClose: (error: IapError) => void = () => {};

  constructor(transport: Transport, rule: Rule = (passing, pass) => pass(passing.bytes)) {
    this.#transport = transport;
    this.rule = rule;
    transport.onBytes((bytes) => this.#arrive(bytes));
  }

  get rate(): number {
    return this.#transport.rate;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#lost) throw this.#lost;
    this.checker.burst(bytes);
    for (const chunk of this.#toDevice.push(bytes)) {
      this.#show('toDevice', chunk, (passed) => {
        if (this.#lost) return;
        this.#written = this.#written.then(() => this.#transport.write(passed));
      });
    }
    await this.#written;
  }

  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.#onBytes = listener;
  }

  onClose(listener: (error: IapError) => void): void {
    this.#onClose = listener;
  }

  /** The adapter is pulled out: nothing gets through any more, and the host is told so. */
  vanish(error: IapError): void {
    this.#lost = error;
    this.#onClose(error);
  }

  setRate(baud: number): Promise<void> {
    return this.#lost ? Promise.reject(this.#lost) : this.#transport.setRate(baud);
  }

  drain(): Promise<void> {
    return this.#lost ? Promise.reject(this.#lost) : this.#transport.drain();
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  #arrive(bytes: Uint8Array): void {
    for (const chunk of this.#toHost.push(bytes)) {
      this.#show('toHost', chunk, (passed) => {
        if (this.#lost) return;
        for (const item of new FrameDecoder().push(passed)) {
          if (item.kind === 'frame') this.checker.answered(item.frame);
        }
        this.#onBytes(passed);
      });
    }
  }

  /** What is no frame, an application's text for example, passes untouched. */
  #show(direction: Direction, bytes: Uint8Array, pass: (bytes: Uint8Array) => void): void {
    const offset = this.#offsets[direction];
    this.#offsets[direction] += bytes.length;
    const item = new FrameDecoder().push(bytes).find(({ kind }) => kind === 'frame');
    if (item?.kind !== 'frame') {
      pass(bytes);
      return;
    }
    const index = this.counts[direction]++;
    this.types[direction].push(item.frame.type);
    this.rule({ direction, index, offset, bytes, frame: item.frame }, pass);
  }
}
