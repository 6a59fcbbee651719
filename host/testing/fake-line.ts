// A serial line between host and fake devices: takes time, and does to bytes what a test asks for. Virtual time only.
// Several devices share it as a pair: all hear the host, and answers at the same time garble each other.

import { FRAME_DELIMITER, FrameDecoder } from '../../protocol/index.js';
import type { Clock } from '../base/clock.js';
import { IapError } from '../base/errors.js';
import { lineMs, type Transport } from '../link/transport.js';
import { randomFrom } from './random.js';
import { WireChecker } from './wire-checker.js';

/** What the line does, in both directions unless said otherwise; probabilities from 0 to 1. */
export interface Faults {
  readonly seed?: number;
  readonly dropFrame?: number;
  readonly damageFrame?: number;
  readonly duplicateFrame?: number;
  /** Probability of a damaged byte */
  readonly byteErrors?: number;
  /** Adapter latency of each chunk towards the host [ms] */
  readonly latencyMs?: number;
  /** One pair for both directions */
  readonly halfDuplex?: HalfDuplex;
}

export interface HalfDuplex {
  /** The host's adapter hears what it sends. */
  readonly echo?: boolean;
  /** … and drives the pair so long after its last bit [ms]. */
  readonly holdMs?: number;
}

/** A device's end of the line */
export interface LineEnd {
  readonly rate: number;
  receive(bytes: Uint8Array): void;
}

interface Receiver {
  readonly device: LineEnd;
  /** What its own receiver does to each chunk */
  readonly rule: Rule;
}

interface Answer {
  bytes: Uint8Array;
  readonly from: LineEnd | undefined;
  readonly endsAt: number;
}

export type Rule = (bytes: Uint8Array) => Uint8Array[];

export class FakeLine implements Transport {
  rate: number;
  closed = false;
  /** When the newest answer was there [ms] */
  answeredAt = Number.NEGATIVE_INFINITY;
  readonly checker = new WireChecker();
  /** Applied to each chunk; tests may replace them at any time. */
  toDevice: Rule;
  toHost: Rule;
  readonly #clock: Clock;
  readonly #faults: Faults;
  readonly #receivers: Receiver[] = [];
  /** Answers that garbled each other */
  collisions = 0;
  #newest: Answer | undefined;
  readonly #heard = new FrameDecoder();
  #onBytes: (bytes: Uint8Array) => void = () => {};
  #onClose: (error: IapError) => void = () => {};
  #outFreeAt = 0;
  #inFreeAt = 0;

  constructor(clock: Clock, rate: number, faults: Faults = {}) {
    this.#clock = clock;
    this.rate = rate;
    this.#faults = faults;
    const random = randomFrom(faults.seed ?? 1);
    this.checker.halfDuplex = faults.halfDuplex !== undefined;
    this.toDevice = faultRule(faults, random);
    this.toHost = faultRule(faults, random);
  }

  /**
   * @param faults of this device's receiver alone
   */
  attach(device: LineEnd, faults: Faults = {}): void {
    const rule = faultRule(faults, randomFrom(faults.seed ?? 1 + this.#receivers.length));
    this.#receivers.push({ device, rule });
    this.checker.shared = this.#receivers.length > 1;
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.closed) return Promise.reject(new IapError('PORT_LOST', 'closed'));
    this.checker.burst(bytes);
    for (const chunk of chunks(bytes)) {
      for (const damaged of this.toDevice(chunk)) this.#send(damaged);
    }
    return Promise.resolve();
  }

  #send(bytes: Uint8Array): void {
    const { rate } = this;
    const { halfDuplex } = this.#faults;
    if (halfDuplex && this.#inFreeAt > this.#clock.now()) {
      this.checker.violations.push('the host sends while the device answers');
    }
    this.#outFreeAt = Math.max(this.#outFreeAt, this.#clock.now()) + (bytes.length * 10_000) / rate;
    this.#clock.after(this.#outFreeAt - this.#clock.now(), () => {
      if (halfDuplex?.echo) this.#onBytes(rate === this.rate ? bytes : garbled(bytes));
      for (const { device, rule } of this.#receivers) {
        for (const heard of rule(bytes)) {
          device.receive(device.rate === rate ? heard : garbled(heard));
        }
      }
    });
  }

  /** @param from the device that answers */
  answer(bytes: Uint8Array, rate: number, from?: LineEnd): void {
    const { halfDuplex } = this.#faults;
    if (halfDuplex && this.#outFreeAt + (halfDuplex.holdMs ?? 0) > this.#clock.now()) {
      this.checker.violations.push('the device answers while the host sends');
    }
    // On a pair a host must hear at once that an answer begins.
    const pieces = (chunk: Uint8Array): Uint8Array[] =>
      halfDuplex ? Array.from(chunk, (byte) => Uint8Array.of(byte)) : [chunk];
    for (const chunk of this.toHost(bytes).flatMap(pieces)) {
      const now = this.#clock.now();
      const before = this.#newest;
      const collides = before !== undefined && before.endsAt > now && before.from !== from;
      if (collides) {
        this.collisions++;
        before.bytes = garbled(before.bytes);
      }
      this.#inFreeAt =
        (collides ? now : Math.max(this.#inFreeAt, now)) + lineMs(chunk.length, rate);
      const answer = {
        bytes: collides ? garbled(chunk) : chunk,
        from,
        endsAt: Math.max(this.#inFreeAt, before?.endsAt ?? 0),
      };
      this.#newest = answer;
      const at = this.#inFreeAt + (this.#faults.latencyMs ?? 0);
      this.#clock.after(at - now, () => this.#deliver(answer.bytes, rate));
    }
  }

  #deliver(bytes: Uint8Array, rate: number): void {
    if (this.closed) return;
    this.answeredAt = this.#clock.now();
    const heard = rate === this.rate ? bytes : garbled(bytes);
    for (const item of this.#heard.push(heard)) {
      if (item.kind === 'frame') this.checker.answered(item.frame);
    }
    this.#onBytes(heard);
  }

  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.#onBytes = listener;
  }

  onClose(listener: (error: IapError) => void): void {
    this.#onClose = listener;
  }

  /** The adapter is pulled out. */
  vanish(): void {
    this.closed = true;
    this.#onClose(new IapError('PORT_LOST', 'the port went away'));
  }

  setRate(baud: number): Promise<void> {
    this.rate = baud;
    return Promise.resolve();
  }

  drain(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

/** Up to and with each delimiter, and what is behind the last one */
function chunks(bytes: Uint8Array): Uint8Array[] {
  const out: Uint8Array[] = [];
  let from = 0;
  bytes.forEach((byte, i) => {
    if (byte !== FRAME_DELIMITER) return;
    out.push(bytes.subarray(from, i + 1));
    from = i + 1;
  });
  if (from < bytes.length) out.push(bytes.subarray(from));
  return out;
}

/** What a receiver at another rate makes of it */
function garbled(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => (byte ^ 0xa5) | 0x40);
}

function faultRule(faults: Faults, random: () => number): Rule {
  const { dropFrame = 0, damageFrame = 0, duplicateFrame = 0, byteErrors = 0 } = faults;
  return (bytes) => {
    if (bytes.length > 1 && random() < dropFrame) return [];
    const out = bytes.slice();
    if (bytes.length > 1 && random() < damageFrame) {
      const at = Math.floor(random() * (out.length - 1));
      out[at] = (out[at] ?? 0) ^ (1 << Math.floor(random() * 8));
    }
    if (byteErrors > 0) {
      for (let i = 0; i < out.length; i++) {
        if (random() < byteErrors) out[i] = Math.floor(random() * 256);
      }
    }
    return bytes.length > 1 && random() < duplicateFrame ? [out, out] : [out];
  };
}
