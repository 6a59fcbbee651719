// The device under test as checks use it: single requests, strictly answered, and the few states that checks start from.
import {
  CALL_INTERVAL_MS,
  Capability,
  Command,
  decode,
  type Frame,
  HelloRequest,
  HelloResponse,
  ImageState,
  type Layout,
  Mode,
  RATE_IDLE_MS,
  RESPONSE_BIT,
  Refusal,
  Status,
} from '../../protocol/index.js';
import { sameBytes } from '../base/bytes.js';
import type { Clock } from '../base/clock.js';
import { nameOf } from '../base/text.js';
import { HELLO_ANSWER_SIZE, helloRequest } from '../device/device.js';
import { describe, describeArrival, found, readAnswer, readHello } from './answers.js';
import { Deviation, NotTestable } from './deviation.js';
import { digestIn, type ImageOptions, type TestImage, testImage } from './image.js';
import { type Power, PowerSwitch } from './power.js';
import { type Arrival, Wire } from './wire.js';

export interface BenchOptions {
  readonly wire: Wire;
  /** Rate after a reset [baud] */
  readonly rate: number;
  readonly address: number;
  /** The line is a half-duplex pair: nothing is sent while an answer may come, but where a check does it on purpose. */
  readonly halfDuplex: boolean;
  readonly power: Power | undefined;
  /** Whether what can not be undone may be done, too */
  readonly permanent: boolean;
  /** Signs an image header, for a device that takes signed images alone; undefined: they stay unsigned */
  readonly sign: SignHeader | undefined;
}

/** A header with its key and its signature in it */
export type SignHeader = (header: Uint8Array) => Uint8Array;

export interface AskOptions {
  /** Longest time to answer, line and adapter apart [ms] */
  readonly limitMs?: number;
  readonly address?: number;
  readonly seq?: number;
}

/** Adapters, drivers, a busy computer [ms] */
export const MARGIN_MS = 1000;
/** On a half-duplex pair a host may send so soon after an answer's last byte (protocol, section 15) [ms]. */
export const TURN_MS = 1;
/** An idle bootloader answers this fast (B-20) [ms]. */
export const ANSWER_MS = 50;
/** The smallest image fits into such a page. */
const LEAST_PAGE = 256;
const NOTHING: Uint8Array = new Uint8Array();
/** A device may have to come back from another rate, or out of an application's reset [ms]. */
const ACQUIRE_MS = RATE_IDLE_MS + 3000;
/** For a device that did not answer the last time either [ms] */
const ACQUIRE_AGAIN_MS = 1000;
/** Nobody needs longer for the supply to fall [ms]. */
const POWER_OFF_MS = 500;

export class Bench {
  readonly wire: Wire;
  readonly power: PowerSwitch | undefined;
  readonly permanent: boolean;
  readonly address: number;
  readonly halfDuplex: boolean;
  readonly rate: number;
  readonly sign: SignHeader | undefined;
  /** What the last HELLO said */
  info!: HelloResponse;
  /** Lowest security counter that the device takes */
  counter = 0;
  /** A first page may take as much longer than another [ms]: it makes the record's entry. */
  firstPageMs = 0;
  /** Why no update can be begun on this device; undefined if it can */
  closed: string | undefined;
  #seq = 0;
  #lost = false;

  constructor({ wire, rate, address, halfDuplex, power, permanent, sign }: BenchOptions) {
    this.wire = wire;
    this.rate = rate;
    this.address = address;
    this.halfDuplex = halfDuplex;
    this.power = power && new PowerSwitch(power, wire);
    this.permanent = permanent;
    this.sign = sign;
  }

  get clock(): Clock {
    return this.wire.clock;
  }

  frame(type: number, payload: Uint8Array = NOTHING, options: AskOptions = {}): Frame {
    const seq = options.seq ?? this.#seq;
    this.#seq = (seq + 1) & 0xff;
    return { address: options.address ?? this.address, type, seq, payload };
  }

  /** Sends a request and returns its answer's payload; anything else that comes is a deviation. */
  async ask(type: number, payload = NOTHING, options: AskOptions = {}): Promise<Uint8Array> {
    const frame = this.frame(type, payload, options);
    await this.wire.post(frame);
    return this.answerTo(frame, options.limitMs);
  }

  /** The answer to a frame that was sent. */
  async answerTo(frame: Frame, limitMs = ANSWER_MS): Promise<Uint8Array> {
    const what = `an answer to ${describe(frame)} within ${limitMs} ms`;
    // The answer's own length is not known before: bytes on the way extend nothing, so the longest one counts.
    const longest = this.wire.lineTime(Wire.size(this.info?.maxPayload ?? HelloResponse.size));
    const arrival = await this.wire.receive(this.wire.freeAt + limitMs + longest + MARGIN_MS);
    if (!arrival) throw new Deviation(what, 'nothing');
    const { address, type, seq, payload } = this.#frameOf(arrival, what);
    if (type !== (frame.type | RESPONSE_BIT) || seq !== frame.seq || address !== frame.address) {
      throw new Deviation(what, `an answer ${describe({ address, type, seq, payload })}`);
    }
    return payload;
  }

  /** The decoded answer of a request that must not be refused. */
  async answer<T>(
    type: number,
    payload: Uint8Array,
    layout: Layout<T>,
    options: AskOptions = {},
  ): Promise<T> {
    const bytes = await this.ask(type, payload, options);
    return readAnswer(type, bytes, layout);
  }

  /** The detail of a request that must be refused so. */
  async refused(
    status: Status,
    type: number,
    payload = NOTHING,
    options: AskOptions = {},
  ): Promise<number> {
    const bytes = await this.ask(type, payload, options);
    const expected = `${nameOf(Command, type)} with ${payload.length} bytes refused with ${nameOf(Status, status)} and a detail`;
    if (bytes[0] !== status || bytes.length < Refusal.size) {
      throw new Deviation(expected, found(bytes));
    }
    return decode(Refusal, bytes).detail;
  }

  /** Sends bytes that nobody may answer; the next answer must be that to HELLO, because a device answers in order. */
  async expectUnanswered(what: string, bytes: Uint8Array): Promise<HelloResponse> {
    await this.wire.send(bytes);
    return this.expectQuiet(what);
  }

  async expectQuiet(what: string): Promise<HelloResponse> {
    const frame = this.frame(Command.HELLO, helloRequest(true));
    await this.wire.post(frame);
    try {
      this.info = readHello(await this.answerTo(frame));
    } catch (error) {
      if (!(error instanceof Deviation)) throw error;
      throw new Deviation(`no answer to ${what}, then ${error.expected}`, error.found);
    }
    return this.info;
  }

  /** Nothing may come for so long. */
  async silence(what: string, ms: number): Promise<void> {
    const arrival = await this.wire.receive(this.wire.freeAt + ms);
    if (!arrival) return;
    throw new Deviation(`nothing ${what}`, describeArrival(arrival));
  }

  async hello(hold = true, options: AskOptions = {}): Promise<HelloResponse> {
    this.info = readHello(await this.ask(Command.HELLO, helloRequest(hold), options));
    return this.info;
  }

  /** Forgets the session, so that the next check starts without one. */
  abort(): Promise<Uint8Array> {
    return this.ask(Command.ABORT, NOTHING, { limitMs: this.info.beginMs });
  }

  /** @throws NotTestable */
  image(options: ImageOptions = {}): TestImage {
    if (this.info.pageSize < LEAST_PAGE)
      throw new NotTestable(`the images of the checks need pages of ${LEAST_PAGE} bytes`);
    const image = testImage(this.info, this.counter, options);
    return this.sign ? { ...image, header: this.sign(image.header) } : image;
  }

  /** A held device without a session, at its default rate. */
  async ready(): Promise<void> {
    this.wire.clear();
    if (this.#lost || !(await this.#quickly())) await this.acquire();
  }

  async #quickly(): Promise<boolean> {
    try {
      if (this.wire.transport.rate !== this.rate) return false;
      const info = await this.hello();
      await this.abort();
      return info.mode === Mode.BOOTLOADER;
    } catch (error) {
      if (error instanceof Deviation) return false;
      throw error;
    }
  }

  /** Calls until the bootloader answers; cuts the power if that does not help. */
  async acquire(ms: number = this.#lost ? ACQUIRE_AGAIN_MS : ACQUIRE_MS): Promise<void> {
    if (this.wire.transport.rate !== this.rate) await this.wire.setRate(this.rate);
    let here = await this.#call(ms);
    if (!here && this.power) {
      await this.powerOff();
      await this.power.on();
      here = await this.#call(ms);
    }
    this.#lost = !here;
    if (!here)
      throw new Deviation('an answer to HELLO from the bootloader', `nothing within ${ms} ms`);
    await this.drain();
    await this.hello();
    await this.abort();
  }

  async #call(ms: number): Promise<boolean> {
    const end = this.clock.now() + ms;
    const call = this.wire.lineTime(Wire.size(HelloRequest.size) + 2);
    const answered = call + ANSWER_MS + this.wire.lineTime(Wire.size(HELLO_ANSWER_SIZE));
    const interval = this.halfDuplex ? answered : Math.max(CALL_INTERVAL_MS, call);
    while (this.clock.now() < end) {
      const next = this.clock.now() + interval;
      await this.wire.post(this.frame(Command.HELLO, helloRequest(true)));
      for (;;) {
        const arrival = await this.wire.receive(next);
        if (!arrival) break;
        if (arrival.kind !== 'frame' || arrival.frame.type !== (Command.HELLO | RESPONSE_BIT))
          continue;
        try {
          this.info = readHello(arrival.frame.payload);
        } catch (error) {
          if (error instanceof Deviation) continue;
          throw error;
        }
        if (this.info.mode === Mode.BOOTLOADER) return true;
        await this.wire.post(this.frame(Command.ENTER));
        if (this.halfDuplex) await this.wire.sleep(answered);
      }
    }
    return false;
  }

  /** Asks once more and waits for that answer: a device answers in order, so nothing is on its way after it. */
  async drain(): Promise<void> {
    const frame = this.frame(Command.HELLO, helloRequest(true));
    await this.wire.post(frame);
    const end = this.wire.freeAt + ACQUIRE_MS;
    for (;;) {
      const arrival = await this.wire.receive(end);
      if (!arrival) throw new Deviation('an answer to HELLO', 'nothing');
      if (arrival.kind !== 'frame') continue;
      const { type, seq } = arrival.frame;
      if (type === (Command.HELLO | RESPONSE_BIT) && seq === frame.seq) return;
    }
  }

  async powerOff(): Promise<void> {
    await this.power?.off();
    await this.wire.sleep(POWER_OFF_MS);
    this.wire.clear();
  }

  /** @throws NotTestable */
  needPower(): Power {
    if (!this.power) throw new NotTestable('needs --power-cmd');
    return this.power;
  }

  /** @throws NotTestable */
  needUpdates(): void {
    if (this.closed !== undefined) throw new NotTestable(this.closed);
  }

  /** @throws NotTestable */
  needCapability(capability: number, name: string): void {
    if ((this.info.capabilities & capability) === 0)
      throw new NotTestable(`the device does not announce ${name}`);
  }

  /** @throws NotTestable */
  needRates(): void {
    this.needCapability(Capability.BAUD, 'BAUD');
    if (this.wire.transport.fixedRate) throw new NotTestable('this port can not change its rate');
  }

  /** Whether this image is installed, complete and good, as far as HELLO says */
  has(image: TestImage): boolean {
    const { state, sha256 } = this.info.installed;
    const whole = ImageState.VALID | ImageState.CHECKED | ImageState.GOOD;
    return (state & whole) === whole && sameBytes(sha256, digestIn(image));
  }

  #frameOf(arrival: Arrival, expected: string): Frame {
    if (arrival.kind === 'frame') return arrival.frame;
    throw new Deviation(expected, describeArrival(arrival));
  }
}
