// Pages to the device: numbered DATA frames in a window, back to what is missing after a loss.
import {
  Command,
  DataFlag,
  DataRequest,
  DataResponse,
  Encoding,
  encode,
  PageHead,
  Rejection,
  Status,
} from '../../protocol/index.js';
import { concat, sizeOf } from '../base/bytes.js';
import { IapError } from '../base/errors.js';
import type { Packer } from '../compress/packer.js';
import { type EncodedPage, rawPage } from '../compress/page-encoder.js';
import { badAnswer, badField, type Device, decodeAnswer, statusName } from '../device/device.js';
import type { Page } from '../image/pages.js';
import { ErrorShare } from '../link/error-share.js';
import { Pace } from '../link/pace.js';
import { type Outgoing, Session } from '../link/session.js';
import { PageFailures } from './page-failures.js';
import { pageHead } from './page-head.js';

/** A frame that was sent, kept until its page is in flash: a page that fails is sent again from its head. */
interface Sent {
  readonly number: number;
  readonly page: number;
  readonly offset: number;
  readonly completes: boolean;
}

export interface TransferProgress {
  /** In flash */
  readonly pages: number;
  readonly bytes: number;
  /** What these bytes were sent as */
  readonly bytesEncoded: number;
  /** Of the pages added so far */
  readonly bytesTotal: number;
  readonly open: boolean;
}

/** What DATA answers of where the device is */
type Report = Pick<DataResponse, 'status' | 'next' | 'detail'>;

/** Compressed pages are so short that a window holds many: each is asked for in time, so that people see it go on. */
const MOST_UNASKED_PAGES = 2;
/** The same on a half-duplex pair, where a burst ends with each question. */
const MOST_PAGES_A_BURST = 8;

/** Going back this often without one frame taken: the line carries nothing. */
const MOST_FRUITLESS = 30;

/** A failure told so often, with the frame that opens the page sent each time, is another one. */
const MOST_TOLD_AGAIN = 10;

/** Of a page, which is then sent again from its head */
function isFailure(status: number): boolean {
  return status === Status.PAGE_REJECTED || status === Status.FLASH_FAILED;
}

/** Of two frame numbers, which count modulo 65536 */
function distance(from: number, to: number): number {
  return ((to - from) << 16) >> 16;
}

export class Transfer {
  readonly pace: Pace;
  /** Asked for while errors are many: true ends the transfer with {@link TooManyErrors}. */
  givesUp: () => boolean = () => false;
  readonly #errors = new ErrorShare();
  #damaged: number;
  readonly #device: Device;
  readonly #session: Session;
  /** More pages may be added. */
  open = false;
  readonly #pages: Page[] = [];
  readonly #force: (page: Page) => boolean;
  readonly #onProgress: (done: TransferProgress) => void;
  /** Number of the next new frame, and where in the pages it starts */
  #number: number;
  /** The highest number that comes next, by all that was ever sent */
  #ahead: number;
  #page = 0;
  #offset = 0;
  #sent: Sent[] = [];
  /** How each page travels that was begun, by its place in the pages */
  readonly #encoded: EncodedPage[] = [];
  /** Bytes and whole pages sent since the last frame that asks */
  #unasked = 0;
  #unaskedPages = 0;
  /** Counts the times gone back; answers to frames from before say nothing new. */
  #epoch = 0;
  #answers: { readonly epoch: number; readonly payload: Uint8Array }[] = [];
  #acknowledged: number;
  #pagesDone = 0;
  #bytesDone = 0;
  #bytesEncoded = 0;
  #bytesTotal = 0;
  #abandoned: { readonly error: unknown } | undefined;
  #fruitless = 0;
  /** The failure that was counted last, until the frame is taken that opens its page again; and how often it was told again */
  #failure: { readonly report: Report; readonly again: number } | undefined;
  readonly #failures: PageFailures;
  readonly #packer: Packer;
  /** What the next page may take beyond others [ms]: the first one of an update makes its entry in the boot record. */
  #entryMs: number;

  /** @param next number that BEGIN says comes next */
  constructor(
    device: Device,
    next: number,
    packer: Packer,
    force: (page: Page) => boolean,
    onProgress: (done: TransferProgress) => void,
  ) {
    this.#device = device;
    this.#session = device.session;
    this.#number = next;
    this.#acknowledged = next;
    this.#ahead = next;
    this.#packer = packer;
    this.#force = force;
    this.#onProgress = onProgress;
    this.pace = new Pace(device.info);
    this.#failures = new PageFailures(device.info);
    this.#entryMs = device.info.beginMs;
    this.#damaged = device.session.stats.answersDamaged;
  }

  /** Number of the DATA frame that would come next: what END is to be told. */
  get next(): number {
    return this.#number;
  }

  add(pages: readonly Page[]): void {
    this.#pages.push(...pages);
    this.#bytesTotal += sizeOf(pages);
    this.#session.wake();
  }

  /** No pages will be added, because of an error: run() throws it. */
  abandon(error: unknown): void {
    this.#abandoned = { error };
    this.#session.wake();
  }

  /** Returns when all pages are in flash. */
  async run(): Promise<void> {
    while (!this.#done) {
      if (this.#abandoned) throw this.#abandoned.error;
      await this.#fill();
      // Nothing to send and nothing on the way: more pages are being compared, if not that ended meanwhile. (Gone back,
      // there may be nothing on the way and no room either: then the window must be asked free.)
      const idle = this.#sent.length === 0 && this.#page === this.#pages.length;
      if (!idle) {
        if (!(await this.#answered())) await this.#query();
      } else if (this.open && !this.#abandoned) {
        await this.#session.pause(Number.POSITIVE_INFINITY);
      }
      for (const { epoch, payload } of this.#answers.splice(0)) {
        this.#take(decodeAnswer('DATA', payload, DataResponse), epoch);
      }
      await this.#countErrors();
    }
  }

  async #countErrors(): Promise<void> {
    const { answersDamaged } = this.#session.stats;
    this.#errors.failed(answersDamaged - this.#damaged);
    this.#damaged = answersDamaged;
    if (!this.#errors.high || !this.givesUp()) return;
    // What is on the way is worked off first, so that nothing is sent to a device that is busy.
    const { answersAt, margin } = this.#session;
    await this.#session.until(answersAt + margin, () => this.#session.bytesUnanswered === 0);
    throw new TooManyErrors();
  }

  get #done(): boolean {
    return !this.open && this.#page === this.#pages.length && this.#sent.length === 0;
  }

  /** Sends all that the window has room for. */
  async #fill(): Promise<void> {
    const burst: Outgoing[] = [];
    let size = 1;
    let room = this.#room();
    const alone = this.#session.halfDuplex;
    const full = (): boolean => alone && this.#unaskedPages >= MOST_PAGES_A_BURST;
    while (this.#page < this.#pages.length && this.#fits(room, size)) {
      const payload = this.pace.payload;
      const reopens = this.#number === this.#failure?.report.next;
      const body = this.#cut(payload - DataRequest.size, reopens);
      const bytes = Session.wireSize(DataRequest.size + body.bytes.length);
      size += bytes;
      this.#unasked += bytes;
      room = { ...room, frames: room.frames - 1 };
      const last =
        this.#page === this.#pages.length || !this.#fits(room, size) || full() || reopens;
      const due =
        this.#unasked + Session.wireSize(payload) > this.pace.askEvery ||
        this.#unaskedPages >= MOST_UNASKED_PAGES;
      // One question a burst, at its end: an answer in the middle of it nobody would hear.
      const ask = last || (due && !alone);
      burst.push(this.#frame(body, ask));
      if (last) break;
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

  /**
   * Takes the next bytes of the current page, and moves on.
   * @param reopens the page failed: it is opened by a frame that does not complete it, and asks. The device keeps its status until that
   *   frame comes, so that only what it says afterwards is another failure.
   */
  #cut(limit: number, reopens: boolean): { readonly bytes: Uint8Array; readonly head: boolean } {
    const page = this.#pages[this.#page];
    if (!page) throw new RangeError('nothing left to cut');
    const head = this.#offset === 0;
    const encoded = this.#encode(page);
    const most = reopens ? Math.ceil(encoded.bytes.length / 2) : limit;
    const space = Math.min(most, head ? limit - PageHead.size : limit);
    const piece = encoded.bytes.subarray(this.#offset, this.#offset + space);
    const completes = this.#offset + piece.length === encoded.bytes.length;
    this.#sent.push({ number: this.#number, page: this.#page, offset: this.#offset, completes });
    if (completes) this.#unaskedPages++;
    this.#offset = completes ? 0 : this.#offset + piece.length;
    if (completes) this.#page++;
    return {
      bytes: head ? concat([pageHead(page, encoded, this.#force(page)), piece]) : piece,
      head,
    };
  }

  /** Once a page: what it may copy from is another page soon. */
  #encode(page: Page): EncodedPage {
    this.#encoded[this.#page] ??= this.#packer.encode(page);
    return this.#encoded[this.#page] ?? rawPage(page);
  }

  #frame(body: { readonly bytes: Uint8Array; readonly head: boolean }, ask: boolean): Outgoing {
    const flags = (ask ? DataFlag.ASK : 0) | (body.head ? DataFlag.HEAD : 0);
    const payload = encode(DataRequest, { number: this.#number, flags, body: body.bytes });
    this.#number = (this.#number + 1) & 0xffff;
    if (distance(this.#ahead, this.#number) > 0) this.#ahead = this.#number;
    if (!ask) return { type: Command.DATA, payload };
    let workMs = this.#unaskedPages * this.#device.info.pageMs;
    if (this.#unaskedPages > 0) {
      workMs += this.#entryMs;
      this.#entryMs = 0;
    }
    this.#unasked = 0;
    this.#unaskedPages = 0;
    const epoch = this.#epoch;
    const onAnswer = (answer: Uint8Array): void => {
      this.#answers.push({ epoch, payload: answer });
    };
    return { type: Command.DATA, payload, answerSize: DataResponse.size, workMs, onAnswer };
  }

  /** Waits for an answer; false if none comes although all that was sent must have been worked through. */
  async #answered(): Promise<boolean> {
    const session = this.#session;
    const deadline = session.answersAt + session.margin;
    return session.until(deadline, () => this.#answers.length > 0);
  }

  /** Asks where the device is. All that was sent is worked through or lost by then, so the rest is sent again. */
  async #query(): Promise<void> {
    this.#session.forget(Command.DATA);
    const report = await this.#device.progress(this.#number);
    // What came late is older than the answer to this question: it says what is in flash, not where to go on.
    for (const { payload } of this.#answers.splice(0)) {
      this.#acknowledge(decodeAnswer('DATA', payload, DataResponse).next);
    }
    this.#unasked = 0;
    this.#take(report, this.#epoch);
    if (report.next !== this.#number) this.#goBack(report);
  }

  #take(report: Report, epoch: number): void {
    this.#acknowledge(report.next);
    if (report.status === Status.OK || epoch !== this.#epoch) return;
    const failed = isFailure(report.status);
    if (!failed && report.status !== Status.GAP)
      throw badAnswer('DATA', `status ${statusName(report.status)}`);
    const again = failed && this.#countToldAgain(report);
    if (failed && !again) this.#countFailure(report);
    this.#goBack(again ? { ...report, status: Status.GAP } : report);
  }

  /**
   * Whether it is the failure that was counted last: the frame that opens the page once more was lost. Told too often, it is that frame
   * which is rejected, time and again.
   */
  #countToldAgain({ next, status, detail }: Report): boolean {
    const { report, again } = this.#failure ?? { report: undefined, again: 0 };
    if (report?.next !== next || report.status !== status || report.detail !== detail) return false;
    this.#failure = { report, again: again + 1 };
    return again < MOST_TOLD_AGAIN;
  }

  #acknowledge(next: number): void {
    if (distance(this.#ahead, next) > 0) {
      throw badField('DATA', 'next', next, `at most ${this.#ahead}, which was not sent yet`);
    }
    const taken = this.#sent.findLastIndex(
      ({ number, completes }) => completes && distance(number, next) > 0,
    );
    const news = distance(this.#acknowledged, next);
    if (news > 0) {
      this.pace.arrived(news);
      this.#errors.arrived(news);
      this.#fruitless = 0;
      this.#failure = undefined;
    }
    this.#acknowledged = next;
    const done = this.#sent.splice(0, taken + 1).filter(({ completes }) => completes);
    for (const { page } of done) {
      this.#pagesDone++;
      this.#bytesDone += this.#pages[page]?.bytes.length ?? 0;
      this.#bytesEncoded += this.#encoded[page]?.bytes.length ?? 0;
    }
    if (done.length === 0) return;
    this.#onProgress({
      pages: this.#pagesDone,
      bytes: this.#bytesDone,
      bytesEncoded: this.#bytesEncoded,
      bytesTotal: this.#bytesTotal,
      open: this.open,
    });
  }

  #countFailure(report: Report): void {
    const { next, status, detail } = report;
    const index = this.#sent.find(({ number }) => number === next)?.page ?? -1;
    const page = this.#pages[index];
    if (!page) return;
    this.#failure = { report, again: 0 };
    if (status === Status.PAGE_REJECTED && this.#encoded[index]?.encoding !== Encoding.RAW) {
      this.#sendAsItIs(index, page, detail);
    } else {
      this.#failures.add(page.number, status, detail);
    }
  }

  /** A page that was compressed and is rejected: raw it needs no dictionary, and no room to decode it in. */
  #sendAsItIs(index: number, page: Page, detail: number): void {
    this.#encoded[index] = rawPage(page);
    if (detail === Rejection.STREAM) return;
    // Flash is not what the host believes: the others are compressed anew.
    this.#packer.distrust();
    this.#encoded.length = index + 1;
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
    const again = isFailure(status);
    this.#page = from.page;
    this.#offset = again ? 0 : from.offset;
    this.#epoch++;
    this.#entryMs = this.#pagesDone === 0 ? this.#device.info.beginMs : 0;
    if (again) return;
    this.pace.lost();
    this.#errors.failed(1);
    if (++this.#fruitless > MOST_FRUITLESS) throw tooNoisy();
  }
}

/** The line loses so much that a slower rate is no loss; all that was sent is worked off. */
export class TooManyErrors extends IapError {
  constructor() {
    super('LINK_LOST', 'the line damages too much at this rate');
  }
}

function tooNoisy(): IapError {
  return new IapError('LINK_LOST', 'the line loses every data frame, although the device answers', {
    hint: 'try a lower --baud, a shorter cable, a common ground; the device can be updated again',
  });
}
