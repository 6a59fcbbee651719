// An in-memory bootloader that keeps to docs/protocol.md, with a frame queue, a flash model, and faults to order.

import {
  ADDRESS_BROADCAST,
  ADDRESS_ONLY,
  APP_BASE,
  BaudRequest,
  BaudResponse,
  BeginFlag,
  BeginRequest,
  BeginResponse,
  Begun,
  Capability,
  Check,
  Command,
  crc32,
  DataFlag,
  DataRequest,
  DataResponse,
  DeflateHead,
  decode,
  Encoding,
  EndRequest,
  EndResponse,
  encode,
  encodeFrame,
  type Frame,
  FrameDecoder,
  Header,
  HelloFlag,
  HelloRequest,
  HelloResponse,
  KeyRole,
  LISTEN_MS,
  MAX_DICTIONARY,
  Mode,
  PAGE_SPARE,
  PageFlag,
  PageHead,
  PagesRequest,
  PagesResponse,
  RATE_IDLE_MS,
  RATE_PROOF_MS,
  RESPONSE_BIT,
  Refusal,
  Rejection,
  Security,
  SecurityFlag,
  Signature,
  SignatureFault,
  Status,
  Stay,
} from '../../protocol/index.js';
import { concat, sameBytes } from '../base/bytes.js';
import type { Clock } from '../base/clock.js';
import { type Entry, FakeFlash } from './fake-flash.js';
import type { FakeLine, Faults } from './fake-line.js';

export interface FakeDeviceOptions {
  readonly pageSize?: number;
  readonly pages?: number;
  readonly info?: Partial<HelloResponse>;
  /** On a half-duplex pair: what it waits before each answer [ms] */
  readonly turnRoundMs?: number;
  /** Time to erase and program one page [ms] */
  readonly commitMs?: number;
  /** Time to make an entry of the record, with the first page of an update [ms] */
  readonly entryMs?: number;
  /** Time to answer HELLO [ms] */
  readonly helloMs?: number;
  /** Time to answer BEGIN, which checks a signature [ms] */
  readonly beginMs?: number;
  /** Time to answer END, which verifies all of the image [ms] */
  readonly endMs?: number;
  /** A running application with the app kit answers; one without is silent */
  readonly appKit?: boolean;
  /** A bootloader that takes signed images alone, and says this of itself; what a signature is worth says {@link FakeDevice.signed} */
  readonly security?: Security;
  /** Where the application answers; the bootloader's rate if missing [baud] */
  readonly appRate?: number;
  /** Raw DEFLATE of a stream that may copy from a dictionary; throws if it is damaged. With it compressed pages are taken. */
  readonly inflate?: (stream: Uint8Array, dictionary: Uint8Array) => Uint8Array;
  /** What its own receiver does to what it hears, where several share a line */
  readonly receiver?: Faults;
}

/**
 * Return 'drop' to lose a request, 'deaf' to lose its answer, 'reset' to reset first, a refusal's status, or what to answer
 * without doing anything.
 */
export type Hook = (
  frame: Frame,
  count: number,
) => 'drop' | 'deaf' | 'reset' | number | Uint8Array | undefined;

/** Just less than a host must wait after the answer to BAUD [ms] */
const SETTLE_MS = 1.9;

interface Session {
  /** Of what BEGIN brought; in the record once a page is written */
  entry: Entry | undefined;
  readonly header: Uint8Array;
  next: number;
  status: number;
  detail: number;
  pages: number;
  /** Page being assembled */
  page: { head: PageHead; headNumber: number; bytes: Uint8Array; filled: number } | undefined;
}

export class FakeDevice {
  readonly flash: FakeFlash;
  readonly log: string[] = [];
  rate: number;
  mode: number = Mode.BOOTLOADER;
  stay: number = Stay.NO_RECORD;
  alive = true;
  hook: Hook = () => undefined;
  /** False: it finds every vector table wrong, as a part with less RAM than the image wants. */
  vectorsFit = true;
  /** What BEGIN says the next DATA frame must have; a real device starts at 0 */
  firstNumber = 0;
  /** Until then it has not looked at its installed image */
  uncheckedUntil = 0;
  /** Page number → commits that will still fail */
  readonly failing = new Map<number, number>();
  /** Page number → times that the page will still be rejected */
  readonly rejecting = new Map<number, number>();
  /** What HELLO says of the installed image's state, from what it is */
  tellState: (state: number) => number = (state) => state;
  /** While it is a number, the application refuses to be left (NOT_NOW), with this detail */
  notNow: number | undefined;
  /** Pages that were sent with FORCE */
  readonly forced: number[] = [];
  /** Heads of all pages that were complete */
  readonly heads: PageHead[] = [];
  /** Whether the signature of a header is right */
  signed: (header: Uint8Array) => boolean = () => true;
  /** Called before an image is verified; may damage flash */
  beforeVerify: (flash: FakeFlash) => void = () => {};
  readonly info: HelloResponse;
  readonly #clock: Clock;
  readonly #line: FakeLine;
  readonly #options: FakeDeviceOptions;
  readonly #defaultRate: number;
  #decoder: FrameDecoder;
  #queue: Frame[] = [];
  #busy = false;
  /** Encoded bytes that it has not worked off */
  #waiting = 0;
  /** The most that ever were: more than the window are too many */
  mostWaiting = 0;
  #session: Session | undefined;
  #lastValidAt = 0;
  /** A frame has arrived at the rate that it has now. */
  #rateProven = true;
  #held = false;
  #life = 0;
  readonly #counts = new Map<number, number>();

  constructor(clock: Clock, line: FakeLine, options: FakeDeviceOptions = {}) {
    const { pageSize = 2048, pages = 240 } = options;
    this.#clock = clock;
    this.#line = line;
    this.#options = options;
    this.rate = this.#defaultRate = line.rate;
    this.flash = new FakeFlash(pageSize * pages, pageSize);
    this.info = {
      ...DEFAULT_INFO,
      pageSize,
      appEnd: APP_BASE + pageSize * pages,
      defaultRate: line.rate,
      maxPayload: pageSize + 16,
      uniqueId: DEFAULT_INFO.uniqueId.slice(),
      capabilities:
        (options.security ? SIGNED_CAPABILITIES : DEFAULT_INFO.capabilities) |
        (options.inflate ? Capability.DEFLATE : 0) |
        (options.inflate && !options.security ? Capability.DICTIONARY : 0),
      ...options.info,
    };
    line.checker.window = Math.min(line.checker.window, this.info.window);
    this.#decoder = new FrameDecoder(this.info.maxPayload);
    line.attach(this, options.receiver);
  }

  /** Power-on or reset: RAM is lost, flash is not. */
  reset(): void {
    this.#life++;
    this.#decoder = new FrameDecoder(this.info.maxPayload);
    this.#queue = [];
    this.#waiting = 0;
    this.#busy = false;
    this.#session = undefined;
    this.#held = false;
    this.rate = this.#defaultRate;
    this.mode = Mode.BOOTLOADER;
    this.stay = this.flash.installed
      ? this.flash.bootable
        ? Stay.NONE
        : Stay.IN_PROGRESS
      : Stay.NO_RECORD;
    if (!this.flash.bootable) return;
    const life = this.#life;
    this.#clock.after(LISTEN_MS, () => {
      if (life === this.#life && !this.#held) this.startApp();
    });
  }

  startApp(): void {
    this.#life++;
    this.#session = undefined;
    this.#queue = [];
    this.#waiting = 0;
    this.#busy = false;
    this.rate = this.#options.appRate ?? this.#defaultRate;
    this.mode = Mode.APP;
  }

  receive(bytes: Uint8Array): void {
    if (!this.alive) return;
    const changed = this.mode === Mode.BOOTLOADER && this.rate !== this.#defaultRate;
    const patience = this.#rateProven ? RATE_IDLE_MS : RATE_PROOF_MS;
    if (changed && !this.#busy && this.#clock.now() - this.#lastValidAt > patience) {
      // It has been back for a while, and hears these at the wrong rate.
      this.rate = this.#defaultRate;
      return;
    }
    for (const item of this.#decoder.push(bytes)) {
      if (item.kind === 'frame' && (item.frame.type & RESPONSE_BIT) === 0) {
        if (!this.#isFor(item.frame)) continue;
        this.#lastValidAt = this.#clock.now();
        this.#rateProven = true;
        this.#waiting += encodeFrame(item.frame).length;
        this.mostWaiting = Math.max(this.mostWaiting, this.#waiting);
        this.#queue.push(item.frame);
      }
    }
    this.#work();
  }

  #isFor({ address, type }: Frame): boolean {
    if (address === ADDRESS_BROADCAST) return TO_ALL.has(type);
    return address === ADDRESS_ONLY || address === this.info.address;
  }

  #work(): void {
    if (this.#busy) return;
    const frame = this.#queue.shift();
    if (!frame) return;
    this.#waiting -= encodeFrame(frame).length;
    const { type } = frame;
    const count = (this.#counts.get(type) ?? 0) + 1;
    this.#counts.set(type, count);
    const fault = this.hook(frame, count);
    if (fault === 'drop') {
      this.#work();
      return;
    }
    if (fault === 'reset') {
      this.reset();
      return;
    }
    this.log.push(COMMAND_NAMES[type] ?? String(type));
    const [payload, takesMs, after] = this.#react(frame, fault);
    this.#busy = true;
    const life = this.#life;
    const { turnRoundMs = 0 } = this.#options;
    this.#clock.after(takesMs + (payload ? turnRoundMs : 0), () => {
      if (life !== this.#life) return;
      this.#busy = false;
      this.#lastValidAt = this.#clock.now();
      const { rate } = this;
      const silent = fault === 'deaf' || frame.address === ADDRESS_BROADCAST;
      if (payload && !silent) this.#answer(frame, payload, rate);
      after?.();
      this.#work();
    });
  }

  #react(frame: Frame, fault: ReturnType<Hook>): Outcome {
    if (typeof fault === 'number') return refuse(fault);
    return fault instanceof Uint8Array ? [fault, 1] : this.#handle(frame);
  }

  #answer(frame: Frame, payload: Uint8Array, rate: number): void {
    const bytes = encodeFrame({ ...frame, type: frame.type | RESPONSE_BIT, payload });
    this.#line.answer(bytes, rate, this);
  }

  #handle(frame: Frame): Outcome {
    if (this.mode === Mode.APP) return this.#app(frame);
    const { length } = frame.payload;
    if (length < (REQUEST_SIZES[frame.type] ?? 0)) return refuse(Status.BAD_REQUEST, length);
    switch (frame.type) {
      case Command.HELLO:
        if ((decode(HelloRequest, frame.payload).flags & HelloFlag.HOLD) !== 0) this.#held = true;
        return [this.#helloAnswer(), this.#options.helloMs ?? 1];
      case Command.BAUD:
        return this.#baud(decode(BaudRequest, frame.payload).rate);
      case Command.PAGES:
        return this.#pages(decode(PagesRequest, frame.payload));
      case Command.BEGIN:
        return this.#begin(decode(BeginRequest, frame.payload));
      case Command.DATA:
        return this.#data(decode(DataRequest, frame.payload));
      case Command.END:
        return this.#end(decode(EndRequest, frame.payload).count);
      case Command.BOOT:
        if (!this.flash.bootable) return refuse(Status.NOT_BOOTABLE, this.stay);
        return [OK, 1, () => this.startApp()];
      case Command.ABORT:
        if (this.flash.pending && this.flash.pending === this.#session?.entry) {
          this.flash.pending = undefined;
        }
        this.#session = undefined;
        return [OK, 1];
      case Command.ENTER:
        return [OK, 1];
      default:
        return refuse(Status.UNKNOWN_COMMAND);
    }
  }

  #app(frame: Frame): Outcome {
    const tooLong = frame.payload.length > APP_INFO.maxPayload;
    if (!this.#options.appKit || tooLong) return [undefined, 0];
    if (frame.type === Command.HELLO) {
      return [encode(HelloResponse, this.#hello()), this.#options.helloMs ?? 5];
    }
    if (frame.type !== Command.ENTER) return refuse(Status.IN_APP);
    if (this.notNow !== undefined) return refuse(Status.NOT_NOW, this.notNow);
    return [
      OK,
      5,
      () => {
        this.reset();
        this.#held = true;
        this.stay = Stay.ASKED;
      },
    ];
  }

  #helloAnswer(): Uint8Array {
    const { security } = this.#options;
    const hello = encode(HelloResponse, this.#hello());
    return security ? concat([hello, encode(Security, security)]) : hello;
  }

  #hello(): HelloResponse {
    const app = this.mode === Mode.APP;
    const checked = this.#clock.now() >= this.uncheckedUntil;
    const installed = this.flash.describe(this.flash.installed, checked);
    return {
      ...this.info,
      ...(app ? APP_INFO : {}),
      ...(app ? { capabilities: this.info.capabilities & Capability.HALF_DUPLEX } : {}),
      mode: this.mode,
      stay: this.stay,
      installed: { ...installed, state: this.tellState(installed.state) },
      pending: this.flash.describe(this.flash.pending),
    };
  }

  #baud(rate: number): Outcome {
    if (rate > this.info.maxRate) return refuse(Status.RATE_UNAVAILABLE, this.info.maxRate);
    return [
      encode(BaudResponse, { status: Status.OK, rate }),
      1,
      () => {
        const life = this.#life;
        // The answer's last bit leaves at the old rate, and a host must give the device time after it.
        const lastBitMs = (BaudResponse.size + 9) * (10_000 / this.rate);
        this.#clock.after(lastBitMs + SETTLE_MS, () => {
          if (life !== this.#life) return;
          this.rate = rate;
          this.#rateProven = false;
        });
      },
    ];
  }

  /** Of the image under way, or else of the installed one: of other flash nothing is told. */
  #pages({ first, count }: PagesRequest): Outcome {
    const header = this.#session?.header ?? this.flash.installed?.header;
    const size = header ? decode(Header, header).imageSize : 0;
    const all = Math.ceil(size / this.flash.pageSize);
    if (first >= all) return refuse(Status.BAD_REQUEST, 0);
    const most = Math.floor((this.info.maxPayload - PagesResponse.size) / 4);
    if (count === 0 || count > Math.min(most, all - first)) return refuse(Status.BAD_REQUEST, 2);
    const crc = Array.from({ length: count }, (_, i) => this.flash.pageCrc(first + i));
    return [encode(PagesResponse, { status: Status.OK, first, count, crc32: crc }), count * 0.5];
  }

  #begin({ flags, header }: BeginRequest): Outcome {
    const same = (entry: Entry | undefined): boolean =>
      entry !== undefined && sameBytes(entry.header, header);
    const answer = (begun: number, next: number): Outcome => [
      encode(BeginResponse, { status: Status.OK, begun, next }),
      this.#options.beginMs ?? 5,
    ];
    const session = this.#session;
    if (session) session.page = undefined;
    const distrust = this.#distrust(header);
    if (distrust) return distrust;
    // END that was answered with OK ends a session; it is kept to answer a repeated one.
    if (session && !session.entry?.valid && sameBytes(session.header, header)) {
      return answer(Begun.RESUMED, session.next);
    }
    const { installed, pending } = this.flash;
    const newest = pending ?? installed;
    if (newest && same(newest) && !newest.valid) {
      this.#open(header, newest);
      return answer(Begun.RESUMED, this.firstNumber);
    }
    if (same(installed) && this.flash.bootable && (flags & BeginFlag.RENEW) === 0) {
      return answer(Begun.INSTALLED, 0);
    }
    this.#open(header);
    return answer(Begun.STARTED, this.firstNumber);
  }

  /** As a bootloader that takes signed images alone: the counter first, the signature last. */
  #distrust(bytes: Uint8Array): Outcome | undefined {
    const { security } = this.#options;
    if (!security) return undefined;
    const { flags, usableKeys, securityCounter, key0, key1, key2, key3 } = security;
    const header = decode(Header, bytes);
    const { keyId } = header;
    const key = [key0, key1, key2, key3][keyId];
    const fault = (detail: number): Outcome => refuse(Status.BAD_SIGNATURE, detail);
    if (header.securityCounter < securityCounter) return refuse(Status.ROLLBACK, securityCounter);
    if ((flags & SecurityFlag.KEYS) === 0) return fault(SignatureFault.KEYS);
    if (header.signatureAlgorithm === Signature.NONE) return fault(SignatureFault.MISSING);
    if (!key || key.role === KeyRole.NONE) return fault(SignatureFault.NO_KEY);
    if ((usableKeys & (1 << keyId)) === 0) return fault(SignatureFault.REVOKED);
    if (key.role !== KeyRole.ROOT && header.usableKeys !== usableKeys) {
      return fault(SignatureFault.REVOCATION);
    }
    return this.signed(bytes) ? undefined : fault(SignatureFault.WRONG);
  }

  #open(header: Uint8Array, entry?: Entry): void {
    this.#session = {
      entry,
      header: header.slice(),
      next: this.firstNumber,
      status: Status.OK,
      detail: 0,
      pages: 0,
      page: undefined,
    };
  }

  /** The session's entry, which is made only now if there is none. Returns how long that takes. */
  #touch(session: Session): number {
    const takesMs = session.entry ? 0 : (this.#options.entryMs ?? 0);
    session.entry ??= this.flash.append(session.header);
    this.flash.touch(session.entry);
    return takesMs;
  }

  #data({ number, flags, body }: DataRequest): Outcome {
    const session = this.#session;
    if (!session || session.entry?.valid) {
      return (flags & DataFlag.ASK) === 0 ? [undefined, 0] : refuse(Status.NO_SESSION);
    }
    const onlyAsks = body.length === 0 && (flags & DataFlag.HEAD) === 0;
    const takesMs = onlyAsks ? 0 : this.#take(session, number, flags, body);
    if ((flags & DataFlag.ASK) === 0) return [undefined, takesMs];
    const { status, next, pages, detail } = session;
    return [encode(DataResponse, { status, next, pages, detail }), takesMs];
  }

  /** Returns how long it takes. */
  #take(session: Session, number: number, flags: number, body: Uint8Array): number {
    const step = ((number - session.next) << 16) >> 16;
    if (step < 0) return 0;
    if (step > 0) {
      if (session.status === Status.OK) session.status = Status.GAP;
      return 0;
    }
    session.status = Status.OK;
    session.detail = 0;
    let bytes = body;
    if ((flags & DataFlag.HEAD) !== 0) {
      session.page = undefined;
      const fault = this.#faultOf(body, session.header);
      if (fault !== undefined) {
        return this.#reject(session, number, Status.PAGE_REJECTED, fault);
      }
      const head = decode(PageHead, body);
      bytes = body.subarray(PageHead.size);
      const assembled = new Uint8Array(head.encodedLength);
      session.page = { head, headNumber: number, bytes: assembled, filled: 0 };
    }
    const { page } = session;
    session.next = (number + 1) & 0xffff;
    if (!page) return this.#reject(session, number, Status.PAGE_REJECTED, Rejection.NO_HEAD);
    if (page.filled + bytes.length > page.head.encodedLength) {
      session.page = undefined;
      return this.#reject(session, page.headNumber, Status.PAGE_REJECTED, Rejection.LENGTH);
    }
    page.bytes.set(bytes, page.filled);
    page.filled += bytes.length;
    return page.filled < page.head.encodedLength ? 0 : this.#commit(session, page);
  }

  /** What is wrong with a page, before its bytes are there */
  #faultOf(body: Uint8Array, header: Uint8Array): number | undefined {
    if (body.length < PageHead.size) return Rejection.LENGTH;
    const { page, encoding, decodedLength, encodedLength } = decode(PageHead, body);
    const { pageSize } = this.flash;
    const left = decode(Header, header).imageSize - page * pageSize;
    if (left <= 0) return Rejection.PAGE;
    const raw = encoding === Encoding.RAW;
    if (!raw && (encoding !== Encoding.DEFLATE || !this.#options.inflate)) {
      return Rejection.ENCODING;
    }
    const [least, most] = raw
      ? [decodedLength, decodedLength]
      : [DeflateHead.size, pageSize + PAGE_SPARE];
    const good = encodedLength >= least && encodedLength <= most;
    return good && decodedLength === Math.min(left, pageSize) ? undefined : Rejection.LENGTH;
  }

  #commit(session: Session, page: NonNullable<Session['page']>): number {
    const { head, headNumber } = page;
    const { commitMs = 60 } = this.#options;
    session.page = undefined;
    this.heads.push(head);
    const inFlash = this.flash.pageCrc(head.page) === head.crc32;
    const known = inFlash && (head.flags & PageFlag.FORCE) === 0;
    const bytes =
      head.encoding === Encoding.RAW
        ? page.bytes
        : known
          ? this.flash.page(head.page)
          : this.#decode(page.bytes, head.decodedLength);
    if (typeof bytes === 'number') {
      return this.#reject(session, headNumber, Status.PAGE_REJECTED, bytes);
    }
    const whole = new Uint8Array(this.flash.pageSize).fill(0xff);
    whole.set(bytes.subarray(0, whole.length));
    const rejections = this.rejecting.get(head.page) ?? 0;
    this.rejecting.set(head.page, Math.max(0, rejections - 1));
    if (rejections > 0 || crc32(whole) !== head.crc32) {
      return this.#reject(session, headNumber, Status.PAGE_REJECTED, Rejection.CRC);
    }
    const left = this.failing.get(head.page) ?? 0;
    if (left > 0) {
      this.failing.set(head.page, left - 1);
      const address = this.info.appBase + head.page * this.flash.pageSize;
      return this.#reject(session, headNumber, Status.FLASH_FAILED, address) + commitMs;
    }
    session.pages++;
    const force = (head.flags & PageFlag.FORCE) !== 0;
    if (force) this.forced.push(head.page);
    if (known) return 1;
    const entryMs = this.#touch(session);
    this.flash.page(head.page).set(whole);
    this.flash.pagesWritten++;
    return entryMs + commitMs;
  }

  /** A page of encoding DEFLATE, or why it is rejected */
  #decode(encoded: Uint8Array, decodedLength: number): Uint8Array | number {
    const { dictionaryEnd, dictionaryPages } = decode(DeflateHead, encoded);
    const { pageSize } = this.flash;
    const size = dictionaryPages * pageSize;
    const end = dictionaryEnd * pageSize;
    if (size > end || end > this.flash.bytes.length || size > MAX_DICTIONARY) {
      return Rejection.DICTIONARY;
    }
    if (size > 0 && (this.info.capabilities & Capability.DICTIONARY) === 0) {
      return Rejection.DICTIONARY;
    }
    try {
      const bytes = this.#options.inflate?.(
        encoded.subarray(DeflateHead.size),
        size === 0 ? new Uint8Array() : this.flash.bytes.subarray(end - size, end),
      );
      return bytes?.length === decodedLength ? bytes : Rejection.STREAM;
    } catch {
      return Rejection.STREAM;
    }
  }

  #reject(session: Session, next: number, status: number, detail: number): number {
    session.next = next;
    session.status = status;
    session.detail = detail;
    return 0;
  }

  #end(count: number): Outcome {
    const session = this.#session;
    if (!session) return refuse(Status.NO_SESSION);
    const answer = (status: number, detail: number): Outcome => [
      encode(EndResponse, { status, next: session.next, detail }),
      this.#options.endMs ?? 40,
    ];
    if (session.entry?.valid) {
      return count === session.next ? answer(Status.OK, 0) : refuse(Status.NO_SESSION);
    }
    if (session.status !== Status.OK && session.status !== Status.GAP) {
      return answer(session.status, session.detail);
    }
    const { page, next } = session;
    session.page = undefined;
    session.next = page?.headNumber ?? next;
    if (page || count !== next) return answer(Status.GAP, 0);
    this.beforeVerify(this.flash);
    if (!this.flash.holds(session.header)) {
      return answer(Status.VERIFY_FAILED, Check.SHA256 | Check.CRC32);
    }
    if (!this.vectorsFit) return answer(Status.VERIFY_FAILED, Check.VECTORS);
    this.#touch(session);
    if (session.entry) session.entry.valid = true;
    return answer(Status.OK, 0);
  }
}

type Outcome = readonly [payload: Uint8Array | undefined, takesMs: number, after?: () => void];

const NO_IMAGE = new FakeFlash(0, 1).describe(undefined);

const DEFAULT_INFO: HelloResponse = {
  status: Status.OK,
  major: 1,
  minor: 1,
  mode: Mode.BOOTLOADER,
  stay: Stay.NO_RECORD,
  bootloaderMajor: 0,
  bootloaderMinor: 1,
  bootloaderPatch: 0,
  part: 'fake',
  product: new Uint8Array(16),
  hardware: 0,
  address: 0,
  identityFlags: 0xff,
  serial: '',
  uniqueId: new Uint8Array(12).fill(7),
  pageSize: 2048,
  appBase: APP_BASE,
  appEnd: APP_BASE,
  maxPayload: 2064,
  reserved: 0,
  window: 8192,
  defaultRate: 115200,
  maxRate: 1_000_000,
  capabilities: Capability.BAUD,
  holdMs: 10_000,
  beginMs: 100,
  pageMs: 120,
  pagesMs: 500,
  endMs: 500,
  reserved2: 0,
  installed: NO_IMAGE,
  pending: NO_IMAGE,
};

const SIGNED_CAPABILITIES = Capability.BAUD | Capability.SIGNATURE;

/** What an application does not know of its bootloader */
const APP_INFO = {
  bootloaderMajor: 0,
  bootloaderMinor: 0,
  bootloaderPatch: 0,
  maxPayload: 32,
  window: 0,
  maxRate: 115_200,
  holdMs: 0,
  beginMs: 0,
  pageMs: 0,
  pagesMs: 0,
  endMs: 0,
};

const OK = Uint8Array.of(Status.OK);

/** A shorter payload is none [bytes]. */
const REQUEST_SIZES: Readonly<Record<number, number>> = {
  [Command.HELLO]: HelloRequest.size,
  [Command.BAUD]: BaudRequest.size,
  [Command.PAGES]: PagesRequest.size,
  [Command.BEGIN]: BeginRequest.size,
  [Command.DATA]: DataRequest.size,
  [Command.END]: EndRequest.size,
};

/** What devices act on that is sent to all of them */
const TO_ALL: ReadonlySet<number> = new Set([Command.ENTER, Command.BOOT, Command.ABORT]);

function refuse(status: number, detail = 0): Outcome {
  return [encode(Refusal, { status, detail }), 1];
}

const COMMAND_NAMES: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(Command).map(([name, code]) => [code, name]),
);
