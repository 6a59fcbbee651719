// A bootloader in memory that does what docs/bootloader-spec.md wants, so that a test can make it wrong in one way: each method
// of it, and of what it keeps of updates, may be replaced.
import { concat } from '../../host/base/bytes.js';
import type { Clock } from '../../host/base/clock.js';
import { lineMs } from '../../host/link/transport.js';
import type { FakeLine, LineEnd } from '../../host/testing/fake-line.js';
import {
  ADDRESS_BROADCAST,
  ADDRESS_ONLY,
  APP_BASE,
  BaudRequest,
  BaudResponse,
  BeginRequest,
  Capability,
  Command,
  DataRequest,
  decode,
  EndRequest,
  encode,
  encodeFrame,
  type Frame,
  FrameDecoder,
  HelloFlag,
  HelloRequest,
  HelloResponse,
  KeyRole,
  LISTEN_MS,
  Mode,
  PagesRequest,
  RATE_IDLE_MS,
  RATE_PROOF_MS,
  RESPONSE_BIT,
  Security,
  SecurityFlag,
  Status,
  Stay,
  TRIALS_STAY_MS,
} from '../../protocol/index.js';
import { refusal, SpecimenUpdate } from './specimen-update.js';

const LEAST: ReadonlyMap<number, number> = new Map([
  [Command.HELLO, HelloRequest.size],
  [Command.BAUD, BaudRequest.size],
  [Command.PAGES, PagesRequest.size],
  [Command.BEGIN, BeginRequest.size],
  [Command.DATA, DataRequest.size],
  [Command.END, EndRequest.size],
]);
const TO_ALL: readonly number[] = [Command.ENTER, Command.BOOT, Command.ABORT];
/** What the USART divides [Hz] */
const CLOCK_HZ = 64_000_000;
const OK = Uint8Array.of(Status.OK);
/** A response comes by then, or not at all (docs/protocol.md, section 15) [ms]. */
const PATIENCE_MS = 40;

export class Specimen implements LineEnd {
  readonly clock: Clock;
  readonly line: FakeLine;
  readonly info: HelloResponse;
  readonly update: SpecimenUpdate;
  alive = true;
  mode: number = Mode.BOOTLOADER;
  stay: number = Stay.NONE;
  held = false;
  /** How long the application is silent before it resets the device [ms] */
  silenceMs = 150;
  listenMs = LISTEN_MS;
  trialsMs = TRIALS_STAY_MS;
  proofMs = RATE_PROOF_MS;
  idleRateMs = RATE_IDLE_MS;
  /** Before the answer to HELLO begins [ms] */
  helloMs = 1;
  /** On a half-duplex pair, before an answer begins [ms] */
  turnRoundMs = 1;
  /** Encoded bytes that it really holds */
  room: number;
  /** Keys and counter behind HELLO's answer, where signed images alone are taken */
  security: Security | undefined;
  readonly log: string[] = [];
  #life = 0;
  #busy = false;
  #queue: Frame[] = [];
  #held = 0;
  #decoder: FrameDecoder;
  #rate: number;
  #proven = true;
  #validAt = 0;
  #byteAt = Number.NEGATIVE_INFINITY;
  #stopIdle: () => void = () => {};

  constructor(clock: Clock, line: FakeLine, info: Partial<HelloResponse> = {}) {
    this.clock = clock;
    this.line = line;
    this.#rate = line.rate;
    this.info = { ...INFO, defaultRate: line.rate, ...info };
    this.room = this.info.window;
    this.update = new SpecimenUpdate(this.info);
    this.#decoder = new FrameDecoder(this.info.maxPayload);
    line.attach(this);
    this.reset();
  }

  get halfDuplex(): boolean {
    return (this.info.capabilities & Capability.HALF_DUPLEX) !== 0;
  }

  get rate(): number {
    const patience = this.#proven ? this.idleRateMs : this.proofMs;
    if (!this.#busy && this.clock.now() - this.#validAt > patience)
      this.#rate = this.info.defaultRate;
    return this.#rate;
  }

  /** Everything that was going on has ended. */
  #anew(mode: number): void {
    this.#life++;
    this.#stopIdle();
    this.#decoder = new FrameDecoder(this.info.maxPayload);
    this.#queue = [];
    this.#held = 0;
    this.#busy = false;
    this.#rate = this.info.defaultRate;
    this.update.session = undefined;
    this.held = false;
    this.mode = mode;
  }

  powerOff(): void {
    this.#anew(Mode.BOOTLOADER);
    this.alive = false;
  }

  powerOn(): void {
    this.alive = true;
    this.reset();
  }

  reset(): void {
    this.#anew(Mode.BOOTLOADER);
    this.stay = this.reason();
    if (this.stay === Stay.NONE) this.#later(this.listenMs, () => this.held || this.start());
    if (this.stay === Stay.TRIALS_USED) this.#later(this.trialsMs, () => this.start());
  }

  /** Why it stays */
  reason(): number {
    const { installed, bootable, trialsUsed } = this.update;
    if (!installed) return Stay.NO_RECORD;
    if (!installed.valid) return Stay.IN_PROGRESS;
    if (!bootable) return Stay.IMAGE_BAD;
    return trialsUsed ? Stay.TRIALS_USED : Stay.NONE;
  }

  /** The test image: silent for a while, then a reset */
  start(): void {
    this.update.countTrial();
    this.#anew(Mode.APP);
    this.#later(this.silenceMs, () => this.reset());
  }

  #later(ms: number, action: () => void): () => void {
    const life = this.#life;
    return this.clock.after(ms, () => {
      if (life === this.#life) action();
    });
  }

  receive(bytes: Uint8Array): void {
    this.#byteAt = this.clock.now();
    if (!this.alive || this.mode !== Mode.BOOTLOADER) return;
    for (const item of this.#decoder.push(bytes)) {
      if (item.kind !== 'frame' || !this.accepts(item.frame)) continue;
      this.#validAt = this.clock.now();
      this.#proven = true;
      const size = encodeFrame(item.frame).length;
      if (this.#held + size > this.room) continue;
      this.#held += size;
      this.#queue.push(item.frame);
    }
    this.#work();
  }

  accepts({ type, address }: Frame): boolean {
    if ((type & RESPONSE_BIT) !== 0) return false;
    if (address === ADDRESS_BROADCAST) return TO_ALL.includes(type);
    return address === ADDRESS_ONLY || address === this.info.address;
  }

  /** Whether a frame puts off the idle time-out */
  counts({ type, payload }: Frame): boolean {
    const hold = type === Command.HELLO ? (payload[2] ?? 0) & HelloFlag.HOLD : 1;
    return hold !== 0;
  }

  #work(): void {
    const frame = this.#busy ? undefined : this.#queue.shift();
    if (!frame) return;
    this.#held -= encodeFrame(frame).length;
    this.log.push(COMMAND_NAMES[frame.type] ?? String(frame.type));
    this.update.busyMs = 0;
    const payload = this.react(frame);
    const ms = this.update.busyMs + (frame.type === Command.HELLO ? this.helloMs : 1);
    this.#busy = true;
    this.#later(payload ? ms : this.update.busyMs, () => {
      const answered = payload !== undefined && frame.address !== ADDRESS_BROADCAST;
      if (answered) this.#inTurn(frame, payload, this.clock.now());
      else this.#done(frame, payload);
    });
  }

  /** On a half-duplex pair only when it has been silent, and not if another request came in, or it is late. */
  #inTurn(frame: Frame, payload: Uint8Array, readyAt: number): void {
    const now = this.clock.now();
    const quietAt = this.halfDuplex ? this.#byteAt + this.turnRoundMs : now;
    if (this.halfDuplex && (this.#queue.length > 0 || now - readyAt > PATIENCE_MS)) {
      this.leftOut(frame, payload);
      this.#done(frame, undefined);
    } else if (quietAt > now) {
      this.#later(quietAt - now, () => this.#inTurn(frame, payload, readyAt));
    } else {
      this.say(encodeFrame({ ...frame, type: frame.type | RESPONSE_BIT, payload }));
      this.#done(frame, payload);
    }
  }

  /** A response that comes too late on a half-duplex pair */
  leftOut(_frame: Frame, _payload: Uint8Array): void {}

  say(bytes: Uint8Array): void {
    this.line.answer(bytes, this.#rate, this);
  }

  #done(frame: Frame, payload: Uint8Array | undefined): void {
    this.#busy = false;
    this.#validAt = this.clock.now();
    if (this.held && this.counts(frame)) this.#idle();
    const lastBitMs = lineMs((payload?.length ?? 0) + 9, this.#rate);
    const said = payload?.[0] ?? Status.OK;
    if (said === Status.OK && frame.type === Command.BOOT && this.update.bootable)
      this.#later(lastBitMs, () => this.start());
    if (said === Status.OK && frame.type === Command.BAUD && frame.payload.length >= 4)
      this.#later(lastBitMs, () => {
        this.#rate = decode(BaudRequest, frame.payload).rate;
        this.#proven = false;
      });
    this.#work();
  }

  #idle(): void {
    this.#stopIdle();
    this.#stopIdle = this.#later(this.info.holdMs, () => {
      if (this.update.bootable) this.start();
    });
  }

  /** The answer to a request */
  react({ type, payload }: Frame): Uint8Array | undefined {
    if (payload.length < (LEAST.get(type) ?? 0)) return refusal(Status.BAD_REQUEST, payload.length);
    switch (type) {
      case Command.HELLO:
        if ((decode(HelloRequest, payload).flags & HelloFlag.HOLD) !== 0) this.hold(Stay.HOST);
        return this.hello();
      case Command.ENTER:
        this.hold(Stay.ASKED);
        return OK;
      case Command.BAUD:
        return this.baud(decode(BaudRequest, payload).rate);
      case Command.PAGES:
        return this.update.pages(payload);
      case Command.BEGIN:
        return this.update.begin(payload);
      case Command.DATA:
        return this.update.data(payload);
      case Command.END:
        return this.update.end(payload);
      case Command.ABORT:
        this.update.abort();
        return OK;
      case Command.BOOT:
        return this.update.bootable ? OK : refusal(Status.NOT_BOOTABLE, this.stay);
      default:
        return refusal(Status.UNKNOWN_COMMAND);
    }
  }

  hold(why: number): void {
    this.held = true;
    if (this.stay === Stay.NONE) this.stay = why;
  }

  hello(): Uint8Array {
    const { mode, stay, security } = this;
    const hello = { ...this.info, mode, stay, installed: this.update.describe() };
    const more = security && { ...security, securityCounter: this.update.floor };
    return concat([encode(HelloResponse, hello), ...(more ? [encode(Security, more)] : [])]);
  }

  baud(rate: number): Uint8Array {
    const real = Math.round(CLOCK_HZ / Math.round(CLOCK_HZ / rate));
    if (rate === 0 || rate > this.info.maxRate || Math.abs(real - rate) > 0.02 * rate)
      return refusal(Status.RATE_UNAVAILABLE, this.info.maxRate);
    return encode(BaudResponse, { status: Status.OK, rate: real });
  }
}

export const COMMAND_NAMES: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(Command).map(([name, code]) => [code, name]),
);

const KEY = { role: KeyRole.RELEASE, fingerprint: new Uint8Array(8).fill(1) };
const NO_KEY = { role: KeyRole.NONE, fingerprint: new Uint8Array(8) };

/** What a device with one key says */
export const ONE_KEY: Security = {
  flags: SecurityFlag.SIGNED_ONLY | SecurityFlag.KEYS,
  usableKeys: 0xff,
  reserved: 0,
  securityCounter: 0,
  key0: NO_KEY,
  key1: KEY,
  key2: NO_KEY,
  key3: NO_KEY,
};

const NO_IMAGE = new SpecimenUpdate({ appBase: 0, appEnd: 0 } as HelloResponse).describe();

const INFO: HelloResponse = {
  status: Status.OK,
  major: 1,
  minor: 2,
  mode: Mode.BOOTLOADER,
  stay: Stay.NONE,
  bootloaderMajor: 1,
  bootloaderMinor: 0,
  bootloaderPatch: 0,
  part: 'specimen',
  product: new TextEncoder().encode('product number 1'),
  hardware: 3,
  address: 17,
  identityFlags: 0xfe,
  serial: 'SN-1',
  uniqueId: Uint8Array.from({ length: 12 }, (_, i) => i + 1),
  pageSize: 256,
  appBase: APP_BASE,
  appEnd: APP_BASE + 160 * 256,
  maxPayload: 528,
  reserved: 0,
  window: 4096,
  defaultRate: 115_200,
  maxRate: 1_000_000,
  capabilities: Capability.BAUD | Capability.CONFIRM | Capability.DEFLATE | Capability.DICTIONARY,
  holdMs: 5000,
  beginMs: 50,
  pageMs: 60,
  pagesMs: 50,
  endMs: 100,
  reserved2: 0,
  installed: NO_IMAGE,
  pending: NO_IMAGE,
};
