// What a bootloader as specified keeps of updates: flash, record, session (docs/protocol.md, sections 6 and 8).
import { inflateRawSync } from 'node:zlib';
import { concat, isZero, sameBytes } from '../../host/base/bytes.js';
import { sha256 } from '../../host/base/sha256.js';
import {
  BeginFlag,
  BeginRequest,
  BeginResponse,
  Begun,
  Capability,
  Check,
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
  HEADER_FORMAT,
  HEADER_MAGIC,
  Header,
  type HelloResponse,
  IdentityFlag,
  Image,
  ImageFlag,
  ImageState,
  MAX_DICTIONARY,
  offsetOf,
  PAGE_SPARE,
  PageFlag,
  PageHead,
  PagesRequest,
  PagesResponse,
  Refusal,
  Rejection,
  SignatureFault,
  Status,
} from '../../protocol/index.js';

export interface Entry {
  readonly header: Uint8Array;
  readonly sequence: number;
  valid: boolean;
  trials: number;
}

interface Page {
  readonly head: PageHead;
  readonly number: number;
  bytes: Uint8Array;
}

interface Session {
  readonly header: Uint8Array;
  entry: Entry | undefined;
  next: number;
  status: number;
  detail: number;
  pages: number;
  page: Page | undefined;
}

interface Rejected {
  readonly reason: number;
  readonly next: number;
}

/** RAM of the part: 20 KB */
const RAM = { base: 0x2000_0000, end: 0x2000_5000 };
const NONE = decode(Image, new Uint8Array(Image.size));

export function refusal(status: number, detail = 0): Uint8Array {
  return encode(Refusal, { status, detail });
}

/** Every method may be replaced by one that is wrong. */
export class SpecimenUpdate {
  readonly info: HelloResponse;
  readonly flash: Uint8Array;
  installed: Entry | undefined;
  session: Session | undefined;
  /** Lowest security counter that is taken */
  floor = 0;
  /** Starts of an image that does not confirm itself */
  mostTrials = 3;
  /** Of a device that takes signed images alone: whether a signature is right */
  genuine: ((header: Uint8Array) => boolean) | undefined;
  /** How long what was just done takes [ms] */
  busyMs = 0;
  #sequence = 0;

  constructor(info: HelloResponse) {
    this.info = info;
    this.flash = new Uint8Array(info.appEnd - info.appBase).fill(0xff);
  }

  page(number: number): Uint8Array {
    return this.flash.subarray(number * this.info.pageSize, (number + 1) * this.info.pageSize);
  }

  /** Bits of what is wrong with the image in flash */
  faults(header: Uint8Array): number {
    const { imageSize, imageSha256, imageCrc32, loadAddress } = decode(Header, header);
    const bytes = this.flash.subarray(0, imageSize);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const stack = view.getUint32(0, true);
    const reset = view.getUint32(4, true);
    const right =
      stack > RAM.base &&
      stack <= RAM.end &&
      stack % 4 === 0 &&
      reset % 2 === 1 &&
      reset > loadAddress &&
      reset < loadAddress + imageSize;
    return (
      (sameBytes(sha256(bytes), imageSha256) ? 0 : Check.SHA256) |
      (crc32(bytes) === imageCrc32 ? 0 : Check.CRC32) |
      (right ? 0 : Check.VECTORS)
    );
  }

  get bootable(): boolean {
    return this.installed?.valid === true && this.faults(this.installed.header) === 0;
  }

  /** Whether the image waits for its confirmation, and was started as often as it may be */
  get trialsUsed(): boolean {
    const { installed } = this;
    return installed !== undefined && unconfirmed(installed) && installed.trials >= this.mostTrials;
  }

  /** An image is about to be started. */
  countTrial(): void {
    if (this.installed && unconfirmed(this.installed)) this.installed.trials++;
  }

  describe(): Image {
    const entry = this.installed;
    if (!entry) return NONE;
    const { imageSize, imageCrc32, imageSha256, version } = decode(Header, entry.header);
    const whole = ImageState.VALID | ImageState.CHECKED | (this.bootable ? ImageState.GOOD : 0);
    return {
      ...NONE,
      state:
        ImageState.PRESENT |
        ImageState.TOUCHED |
        (entry.valid ? whole : 0) |
        (this.trialsUsed ? ImageState.TRIALS_USED : 0),
      trials: entry.trials,
      sequence: entry.sequence,
      size: imageSize,
      crc32: imageCrc32,
      sha256: imageSha256,
      version,
    };
  }

  begin(payload: Uint8Array): Uint8Array {
    const { flags, header } = decode(BeginRequest, payload);
    const refused = this.headerFault(header);
    if (refused) return refused;
    const { session, installed } = this;
    if (session && sameBytes(session.header, header) && !session.entry?.valid) {
      session.page = undefined;
      return begun(Begun.RESUMED, session.next);
    }
    const same = installed !== undefined && sameBytes(installed.header, header);
    if (same && !installed.valid) {
      this.open(header, installed);
      return begun(Begun.RESUMED);
    }
    if (same && this.bootable && (flags & BeginFlag.RENEW) === 0) {
      this.session = undefined;
      return begun(Begun.INSTALLED);
    }
    this.open(header);
    return begun(Begun.STARTED);
  }

  /** The checks of BEGIN, in their order */
  headerFault(bytes: Uint8Array): Uint8Array | undefined {
    const { info } = this;
    const header = decode(Header, bytes);
    const { product, hardwareMin, hardwareMax, uniqueId, imageSize } = header;
    const largest = info.appEnd - info.appBase;
    const known = !isZero(info.product);
    const unsigned = this.genuine === undefined;
    const bad = (field: keyof Header): Uint8Array =>
      refusal(Status.BAD_HEADER, offsetOf(Header, field));
    if (header.magic !== HEADER_MAGIC) return bad('magic');
    if (header.format !== HEADER_FORMAT) return bad('format');
    if (header.headerSize !== Header.size) return bad('headerSize');
    if (isZero(product)) {
      const any = (info.identityFlags & IdentityFlag.ANY_IMAGE) !== 0 && unsigned;
      if (known && !any) return refusal(Status.PACKAGE_ONLY);
    } else if (known && !sameBytes(product, info.product)) return refusal(Status.WRONG_PRODUCT);
    if (known && (info.hardware < hardwareMin || info.hardware > hardwareMax))
      return refusal(Status.WRONG_HARDWARE, info.hardware);
    if (!isZero(uniqueId) && !sameBytes(uniqueId, info.uniqueId))
      return refusal(Status.WRONG_DEVICE);
    if (header.loadAddress !== info.appBase) return refusal(Status.WRONG_ADDRESS, info.appBase);
    if (imageSize < 8 || imageSize > largest) return refusal(Status.WRONG_SIZE, largest);
    if (header.securityCounter < this.floor) return refusal(Status.ROLLBACK, this.floor);
    const confirms = (info.capabilities & Capability.CONFIRM) !== 0;
    const flags = (header.flags & 0xffff_0000 & ~(confirms ? ImageFlag.CONFIRM : 0)) >>> 0;
    const missing = (flags | (header.capabilities & ~info.capabilities)) >>> 0;
    if (missing !== 0) return refusal(Status.NOT_CAPABLE, missing);
    if (unsigned ? header.signatureAlgorithm !== 0 : !this.genuine?.(bytes))
      return refusal(Status.BAD_SIGNATURE, SignatureFault.WRONG);
    return undefined;
  }

  open(header: Uint8Array, entry?: Entry): void {
    this.session = {
      header: header.slice(),
      entry,
      next: 0,
      status: Status.OK,
      detail: 0,
      pages: 0,
      page: undefined,
    };
  }

  /** Gives the session up. */
  abort(): void {
    this.session = undefined;
  }

  data(payload: Uint8Array): Uint8Array | undefined {
    const { number, flags, body } = decode(DataRequest, payload);
    const asks = (flags & DataFlag.ASK) !== 0;
    const { session } = this;
    if (!session || session.entry?.valid) return asks ? refusal(Status.NO_SESSION) : undefined;
    if (body.length > 0 || (flags & DataFlag.HEAD) !== 0) this.take(session, number, flags, body);
    const { status, next, pages, detail } = session;
    return asks ? encode(DataResponse, { status, next, pages, detail }) : undefined;
  }

  take(session: Session, number: number, flags: number, body: Uint8Array): void {
    const step = ((number - session.next) << 16) >> 16;
    if (step < 0) return;
    if (step > 0) {
      if (session.status === Status.OK) session.status = Status.GAP;
      return;
    }
    session.status = Status.OK;
    session.detail = 0;
    const rejected = this.assemble(session, number, flags, body);
    if (!rejected) return;
    session.page = undefined;
    session.next = rejected.next;
    session.status = Status.PAGE_REJECTED;
    session.detail = rejected.reason;
  }

  /** A frame with the right number: why its page is rejected, and where that goes on */
  assemble(
    session: Session,
    number: number,
    flags: number,
    body: Uint8Array,
  ): Rejected | undefined {
    if ((flags & DataFlag.HEAD) !== 0) {
      if (body.length < PageHead.size) return { reason: Rejection.LENGTH, next: number };
      const head = decode(PageHead, body);
      const reason = this.headFault(session, head);
      if (reason !== undefined) return { reason, next: number };
      session.page = { head, number, bytes: new Uint8Array() };
    }
    const { page } = session;
    if (!page) return { reason: Rejection.NO_HEAD, next: number };
    const more = (flags & DataFlag.HEAD) === 0 ? body : body.subarray(PageHead.size);
    page.bytes = concat([page.bytes, more]);
    const { encodedLength } = page.head;
    if (page.bytes.length > encodedLength) return { reason: Rejection.LENGTH, next: page.number };
    session.next = (number + 1) & 0xffff;
    if (page.bytes.length < encodedLength) return undefined;
    session.page = undefined;
    const reason = this.commit(session, page);
    return reason === undefined ? undefined : { reason, next: page.number };
  }

  /** Why a page is rejected at once */
  headFault(session: Session, head: PageHead): number | undefined {
    const { imageSize } = decode(Header, session.header);
    const { pageSize, capabilities } = this.info;
    const { page, encoding, decodedLength, encodedLength } = head;
    if (page >= Math.ceil(imageSize / pageSize)) return Rejection.PAGE;
    const packed = encoding === Encoding.DEFLATE && (capabilities & Capability.DEFLATE) !== 0;
    if (encoding !== Encoding.RAW && !packed) return Rejection.ENCODING;
    const whole = Math.min(pageSize, imageSize - page * pageSize);
    const most = packed ? pageSize + PAGE_SPARE : whole;
    const least = packed ? DeflateHead.size : whole;
    const right = decodedLength === whole && encodedLength >= least && encodedLength <= most;
    return right ? undefined : Rejection.LENGTH;
  }

  /** A complete page: why it is rejected, or into flash with it */
  commit(session: Session, { head, bytes }: Page): number | undefined {
    const { page, encoding, flags } = head;
    const same = crc32(this.page(page)) === head.crc32 && (flags & PageFlag.FORCE) === 0;
    if (!same) {
      const plain = encoding === Encoding.RAW ? bytes : this.inflate(bytes, head.decodedLength);
      if (typeof plain === 'number') return plain;
      const whole = new Uint8Array(this.info.pageSize).fill(0xff);
      whole.set(plain);
      if (crc32(whole) !== head.crc32) return Rejection.CRC;
      this.write(session, page, whole);
    }
    session.pages++;
    return undefined;
  }

  write(session: Session, page: number, bytes: Uint8Array): void {
    this.touch(session);
    this.page(page).set(bytes);
    this.busyMs += 25;
  }

  /** Before the first page is written */
  touch(session: Session): void {
    session.entry ??= this.entry(session.header);
    this.installed = session.entry;
  }

  entry(header: Uint8Array): Entry {
    return { header, sequence: ++this.#sequence, valid: false, trials: 0 };
  }

  /** A stream decoded, or why the page is rejected */
  inflate(encoded: Uint8Array, size: number): Uint8Array | number {
    const { dictionaryEnd: end, dictionaryPages: count } = decode(DeflateHead, encoded);
    const { pageSize, capabilities } = this.info;
    const allowed = (capabilities & Capability.DICTIONARY) !== 0;
    const all = this.flash.length / pageSize;
    const wrong = count > end || end > all || count * pageSize > MAX_DICTIONARY || !allowed;
    if (count > 0 && wrong) return Rejection.DICTIONARY;
    const dictionary = this.flash.slice((end - count) * pageSize, end * pageSize);
    try {
      const stream = encoded.subarray(DeflateHead.size);
      const out = inflated(stream, count > 0 ? dictionary : undefined);
      return out.length === size ? out : Rejection.STREAM;
    } catch {
      return Rejection.STREAM;
    }
  }

  end(payload: Uint8Array): Uint8Array {
    const { count } = decode(EndRequest, payload);
    const { session } = this;
    if (!session) return refusal(Status.NO_SESSION);
    const answer = (status: number, detail = 0): Uint8Array =>
      encode(EndResponse, { status, next: session.next, detail });
    if (session.entry?.valid) return answer(count === session.next ? Status.OK : Status.GAP);
    if (session.status !== Status.OK && session.status !== Status.GAP)
      return answer(session.status, session.detail);
    if (session.page) session.next = session.page.number;
    if (session.page || count !== session.next) {
      session.page = undefined;
      return answer(Status.GAP);
    }
    const faults = this.faults(session.header);
    if (faults !== 0) return answer(Status.VERIFY_FAILED, faults);
    this.touch(session);
    this.validate(session);
    return answer(Status.OK);
  }

  validate({ entry, header }: Session): void {
    if (entry) entry.valid = true;
    this.floor = Math.max(this.floor, decode(Header, header).securityCounter);
  }

  pages(payload: Uint8Array): Uint8Array {
    const { first, count } = decode(PagesRequest, payload);
    const { session } = this;
    const open = session && !session.entry?.valid ? session : undefined;
    if (this.genuine && !open) return refusal(Status.NO_SESSION);
    const header = open?.header ?? this.installed?.header;
    const size = header ? decode(Header, header).imageSize : 0;
    const all = Math.ceil(size / this.info.pageSize);
    const most = Math.floor((this.info.maxPayload - PagesResponse.size) / 4);
    if (first >= all) return refusal(Status.BAD_REQUEST, 0);
    if (count < 1 || count > Math.min(most, all - first)) return refusal(Status.BAD_REQUEST, 2);
    const crcs = Array.from({ length: count }, (_, i) => crc32(this.page(first + i)));
    return encode(PagesResponse, { status: Status.OK, first, count, crc32: crcs });
  }
}

function unconfirmed({ header, valid }: Entry): boolean {
  return valid && (decode(Header, header).flags & ImageFlag.CONFIRM) !== 0;
}

function begun(how: number, next = 0): Uint8Array {
  return encode(BeginResponse, { status: Status.OK, begun: how, next });
}

/** @throws Error if a stream is damaged, or has bytes left over */
function inflated(stream: Uint8Array, dictionary: Uint8Array | undefined): Uint8Array {
  const options = { info: true, ...(dictionary ? { dictionary } : {}) };
  const { buffer, engine } = inflateRawSync(stream, options) as unknown as {
    readonly buffer: Uint8Array;
    readonly engine: { readonly bytesWritten: number };
  };
  if (engine.bytesWritten !== stream.length) throw new Error('bytes left over');
  return new Uint8Array(buffer);
}
