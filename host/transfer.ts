// Pages to the device: numbered DATA frames in a window, back to what is missing after a loss.
import {
  Command,
  DataFlag,
  DataRequest,
  DataResponse,
  Encoding,
  encode,
  PageFlag,
  PageHead,
  Rejection,
  Status,
} from '../protocol/index.js';
import { badAnswer, type Device, decodeAnswer, statusName } from './device.js';
import { IapError } from './errors.js';
import { Pace } from './pace.js';
import { type Outgoing, Session } from './session.js';
import { hex32, nameOf } from './text.js';

/** One flash page of the image. */
export interface Page {
  /** 0 at APP_BASE */
  readonly number: number;
  /** Image bytes in it; fewer than a page only in the image's last */
  readonly bytes: Uint8Array;
  /** Of the page in flash, padded with 0xFF */
  readonly crc32: number;
}

/** A frame that was sent, kept until its page is in flash: a page that fails is sent again from its head. */
interface Sent {
  readonly number: number;
  readonly page: number;
  readonly offset: number;
  readonly completes: boolean;
}

/** What DATA and END answer alike */
interface Report {
  readonly status: number;
  readonly next: number;
  readonly detail: number;
}

/** A page that fails this often will not get better. */
const MOST_FAILURES = 3;

/** Going back this often without one frame taken: the line carries nothing. */
const MOST_FRUITLESS = 30;

/** Difference of two frame numbers, which count modulo 65536. */
function distance(from: number, to: number): number {
  return ((to - from) << 16) >> 16;
}

export class Transfer {
  readonly pace: Pace;
  readonly #device: Device;
  readonly #session: Session;
  readonly #pages: readonly Page[];
  readonly #force: boolean;
  readonly #onProgress: (pagesDone: number, bytesDone: number) => void;
  /** Number of the next new frame, and where in the pages it starts */
  #number: number;
  #page = 0;
  #offset = 0;
  #sent: Sent[] = [];
  /** Sent since the last frame that asks */
  #unasked = 0;
  /** Counts the times gone back; answers to frames from before say nothing new. */
  #epoch = 0;
  #answers: { readonly epoch: number; readonly payload: Uint8Array }[] = [];
  #acknowledged: number;
  #pagesDone = 0;
  #bytesDone = 0;
  #fruitless = 0;
  readonly #failures = new Map<number, number>();

  /** @param next number that BEGIN says comes next */
  constructor(
    device: Device,
    pages: readonly Page[],
    next: number,
    force: boolean,
    onProgress: (pagesDone: number, bytesDone: number) => void,
  ) {
    this.#device = device;
    this.#session = device.session;
    this.#pages = pages;
    this.#number = next;
    this.#acknowledged = next;
    this.#force = force;
    this.#onProgress = onProgress;
    this.pace = new Pace(device.info);
  }

  /** Number of the DATA frame that would come next: what END is to be told. */
  get next(): number {
    return this.#number;
  }

  /** Returns when all pages are in flash. */
  async run(): Promise<void> {
    while (!this.#done) {
      await this.#fill();
      if (!(await this.#answered())) await this.#query();
      for (const { epoch, payload } of this.#answers.splice(0)) {
        this.#take(decodeAnswer('DATA', payload, DataResponse), epoch);
      }
    }
  }

  /** Takes END's report of a missing frame or a failed page; run() then sends what is missing. */
  resume(report: Report): void {
    this.#take(report, this.#epoch);
    if (this.#done) throw badAnswer('END', `${statusName(report.status)} with nothing missing`);
  }

  get #done(): boolean {
    return this.#page === this.#pages.length && this.#sent.length === 0;
  }

  /** Sends all that the window has room for. */
  async #fill(): Promise<void> {
    const burst: Outgoing[] = [];
    let size = 1;
    let room = this.#room();
    while (this.#page < this.#pages.length && this.#fits(room, size)) {
      const payload = this.pace.payload;
      const body = this.#cut(payload - DataRequest.size);
      const bytes = Session.wireSize(DataRequest.size + body.bytes.length);
      size += bytes;
      this.#unasked += bytes;
      room = { ...room, frames: room.frames - 1 };
      const last = this.#page === this.#pages.length || !this.#fits(room, size);
      const ask = last || this.#unasked + Session.wireSize(payload) > this.pace.askEvery;
      burst.push(this.#frame(body, ask));
    }
    if (burst.length > 0) await this.#session.post(burst);
  }

  #room(): { readonly bytes: number; readonly frames: number } {
    const frames = this.#session.framesAllowed - this.pace.reservedFrames;
    return { bytes: this.pace.window - this.#session.bytesUnanswered, frames };
  }

  #fits(room: { readonly bytes: number; readonly frames: number }, size: number): boolean {
    return room.frames > 0 && size + Session.wireSize(this.pace.payload) <= room.bytes;
  }

  /** Takes the next bytes of the current page, and moves on. */
  #cut(limit: number): { readonly bytes: Uint8Array; readonly head: boolean } {
    const page = this.#pages[this.#page];
    if (!page) throw new RangeError('nothing left to cut');
    const head = this.#offset === 0;
    const space = head ? limit - PageHead.size : limit;
    const piece = page.bytes.subarray(this.#offset, this.#offset + space);
    const completes = this.#offset + piece.length === page.bytes.length;
    this.#sent.push({ number: this.#number, page: this.#page, offset: this.#offset, completes });
    this.#offset = completes ? 0 : this.#offset + piece.length;
    if (completes) this.#page++;
    return { bytes: head ? join(this.#head(page), piece) : piece, head };
  }

  #head(page: Page): Uint8Array {
    return encode(PageHead, {
      page: page.number,
      encoding: Encoding.RAW,
      flags: this.#force ? PageFlag.FORCE : 0,
      decodedLength: page.bytes.length,
      encodedLength: page.bytes.length,
      crc32: page.crc32,
    });
  }

  #frame(body: { readonly bytes: Uint8Array; readonly head: boolean }, ask: boolean): Outgoing {
    const flags = (ask ? DataFlag.ASK : 0) | (body.head ? DataFlag.HEAD : 0);
    const payload = encode(DataRequest, { number: this.#number, flags, body: body.bytes });
    this.#number = (this.#number + 1) & 0xffff;
    if (!ask) return { type: Command.DATA, payload };
    this.#unasked = 0;
    const epoch = this.#epoch;
    const onAnswer = (answer: Uint8Array): void => {
      this.#answers.push({ epoch, payload: answer });
    };
    return { type: Command.DATA, payload, answerSize: DataResponse.size, onAnswer };
  }

  /** Waits for an answer; false if none comes although all that was sent must have been worked through. */
  async #answered(): Promise<boolean> {
    const session = this.#session;
    const work = this.#device.info.pageMs * Math.max(1, this.#pagesOnTheWay);
    const deadline = session.answersAt + work + session.margin;
    while (this.#answers.length === 0 && session.clock.now() < deadline) {
      await session.pause(deadline);
    }
    return this.#answers.length > 0;
  }

  get #pagesOnTheWay(): number {
    return this.#sent.filter(({ completes }) => completes).length;
  }

  /** Asks where the device is. All that was sent is worked through or lost by then, so the rest is sent again. */
  async #query(): Promise<void> {
    const report = await this.#device.progress(this.#number, this.#pagesOnTheWay);
    // An answer that was only late is older than this one.
    this.#answers = [];
    this.#unasked = 0;
    this.#take(report, this.#epoch);
    if (report.next !== this.#number) this.#goBack(report);
  }

  #take(report: Report, epoch: number): void {
    this.#acknowledge(report.next);
    if (report.status === Status.OK || epoch !== this.#epoch) return;
    switch (report.status) {
      case Status.GAP:
        break;
      case Status.PAGE_REJECTED:
      case Status.FLASH_FAILED:
        this.#count(report);
        break;
      default:
        throw badAnswer('DATA', `status ${statusName(report.status)}`);
    }
    this.#goBack(report);
  }

  #acknowledge(next: number): void {
    const taken = this.#sent.findLastIndex(
      ({ number, completes }) => completes && distance(number, next) > 0,
    );
    const news = distance(this.#acknowledged, next);
    if (news > 0) {
      this.pace.arrived(news);
      this.#fruitless = 0;
    }
    this.#acknowledged = next;
    const done = this.#sent.splice(0, taken + 1).filter(({ completes }) => completes);
    for (const { page } of done) {
      this.#pagesDone++;
      this.#bytesDone += this.#pages[page]?.bytes.length ?? 0;
    }
    if (done.length > 0) this.#onProgress(this.#pagesDone, this.#bytesDone);
  }

  /** Everything from `next` on is sent again, cut as the line is now. */
  #goBack({ next, status }: Report): void {
    if (next === this.#number) return;
    const index = this.#sent.findIndex(({ number }) => number === next);
    const from = this.#sent[index];
    if (!from)
      throw badAnswer('DATA', `it expects frame ${next}, which it has or which was never sent`);
    this.#sent.splice(index);
    this.#number = next;
    this.#page = from.page;
    this.#offset = from.offset;
    this.#epoch++;
    if (status === Status.PAGE_REJECTED || status === Status.FLASH_FAILED) return;
    this.pace.lost();
    if (++this.#fruitless > MOST_FRUITLESS) throw tooNoisy();
  }

  /** Counts the failures of a page, and gives up in time. */
  #count({ next, status, detail }: Report): void {
    const page = this.#pages[this.#sent.find(({ number }) => number === next)?.page ?? -1];
    if (!page) return;
    const failures = (this.#failures.get(page.number) ?? 0) + 1;
    this.#failures.set(page.number, failures);
    if (failures < MOST_FAILURES) return;
    const address = this.#device.info.appBase + page.number * this.#device.info.pageSize;
    const reason =
      status === Status.FLASH_FAILED
        ? `flash fails at ${hex32(detail)}`
        : `it is rejected (${nameOf(Rejection, detail)})`;
    throw new IapError(
      'PAGE_FAILED',
      `the page at ${hex32(address)} could not be written in ${failures} attempts: ${reason}`,
      {
        hint: 'the flash may be worn out or write-protected there; the device stays in the bootloader and can be updated again',
        details: { page: page.number, address, status: statusName(status), detail },
      },
    );
  }
}

function tooNoisy(): IapError {
  return new IapError('LINK_LOST', 'the line loses every data frame, although the device answers', {
    hint: 'try a lower --baud, a shorter cable, a common ground; the device can be updated again',
  });
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
