// Pages to many devices at once: each DATA frame once for all, to address 0 and without ASK; each device is asked in turn how far it
// is, and all go back to what one of them misses. Those that are ahead ignore repeats.
import {
  ADDRESS_ONLY,
  Command,
  DataFlag,
  DataRequest,
  DataResponse,
  Encoding,
  encode,
  Rejection,
  Status,
} from '../../protocol/index.js';
import { sizeOf } from '../base/bytes.js';
import { IapError } from '../base/errors.js';
import { badAnswer, badField, type Device, decodeAnswer, statusName } from '../device/device.js';
import { Pace } from '../link/pace.js';
import { type Outgoing, Session } from '../link/session.js';
import { holdsUp, rejects, silent, tooNoisy } from './group-errors.js';
import { GroupPace } from './group-pace.js';
import { Pieces, type PiecesOptions } from './group-pieces.js';
import { LONGEST_WAIT_MS } from './group-rate.js';
import { type Receiver, receiverAt } from './group-receiver.js';

/** Longest payload of a frame, a quarter of a page of 2 KB with its head: one that is lost costs all of them. */
const LONGEST_PAYLOAD = 518;
/** Another device is asked once in so many bytes; its answer comes beside those of the next frames. */
const ASK_BYTES = 1024;
/** A frame is handed to the port when the line has no more than this left to send [ms]. */
const AHEAD_MS = 100;
/** All hear something so often [ms] */
const KEEP_ALIVE_MS = 500;
/** For the rest of an answer that has begun in time [ms] */
const ARRIVAL_MS = 100;
/** Questions in a row that a device does not answer */
const MOST_SILENT = 3;
/** Going back this often for one device without a frame that it takes */
const MOST_FRUITLESS = 30;

/** A compressed page that was rejected: nothing is sent until it is known whether all stand before it. */
interface Doubt {
  /** Its first */
  readonly piece: number;
  readonly asked: Set<Receiver>;
}

interface Ask {
  readonly of: Receiver;
  /** Pieces sent before it */
  readonly sent: number;
  /** Encoded bytes sent up to its end, once it is sent */
  bytes: number;
  deadline: number;
}

export interface GroupTransferOptions extends PiecesOptions {
  readonly session: Session;
  readonly members: readonly { readonly address: number; readonly device: Device }[];
  /** All of them hear something that nobody answers, if that was longer ago than this [ms]. */
  readonly keepAlive: (agoMs: number) => Promise<void>;
  /** @param pages that all have in flash @param encoded what they were sent as [bytes] */
  readonly onProgress: (pages: number, encoded: number) => void;
  /** This one is left behind: the others go on without it. */
  readonly onLeave: (address: number, error: IapError) => void;
}

export class GroupTransfer {
  readonly #session: Session;
  readonly #options: GroupTransferOptions;
  #receivers: readonly Receiver[];
  readonly #pace: Pace;
  /** That all of them have [bytes] */
  readonly #window: number;
  readonly #work: GroupPace;
  readonly #pieces: Pieces;
  /** Piece that is sent next, and page at which it ends */
  #cursor = 0;
  #until = 0;
  /** When all of them heard something [ms] */
  #heardAt = Number.NEGATIVE_INFINITY;
  #unasked = 0;
  #ask: Ask | undefined;
  /** Of the receivers, who is asked next */
  #turn = 0;
  #answers: { readonly ask: Ask; readonly payload: Uint8Array }[] = [];
  #doubt: Doubt | undefined;
  #pagesDone = 0;

  constructor(options: GroupTransferOptions) {
    const { session, members } = options;
    this.#session = session;
    this.#options = options;
    this.#pieces = new Pieces(options);
    const infos = members.map(({ device }) => device.info);
    const least = (values: readonly number[]): number => Math.min(...values);
    this.#pace = new Pace({
      maxPayload: least([LONGEST_PAYLOAD, ...infos.map(({ maxPayload }) => maxPayload)]),
      window: least(infos.map(({ window }) => window)),
      pageSize: least(infos.map(({ pageSize }) => pageSize)),
    });
    this.#window = this.#pace.window;
    this.#work = new GroupPace(infos);
    const workedOff = { bytes: session.stats.bytesSent, at: session.clock.now() };
    this.#receivers = members.map(({ address, device }) => receiverAt(address, device, workedOff));
  }

  /** Number of the DATA frame that would come next: what END is to be told. */
  get next(): number {
    return this.#pieces.number(this.#pieces.count);
  }

  /**
   * Returns when all pages are in flash on all that are left.
   * @param pages up to this one, if not all
   */
  async run(pages = this.#options.pages.length): Promise<void> {
    const { clock, stats } = this.#session;
    this.#until = pages;
    // Whatever was asked in between is answered.
    const workedOff = { bytes: stats.bytesSent, at: clock.now() };
    for (const one of this.#receivers) one.workedOff = workedOff;
    for (;;) {
      this.#takeAnswers();
      this.#judgeSilence();
      this.#settleDoubt();
      if (this.#done) return;
      if (this.#mayPost) await this.#post();
      else if (this.#asksAlone) await this.#askAlone();
      else await this.#session.pause(Math.max(clock.now(), this.#nextEvent));
    }
  }

  get #allSent(): boolean {
    return this.#cursor === this.#pieces.count && this.#pieces.pages >= this.#until;
  }

  /** Nobody is left, or whoever is has all of it. */
  get #done(): boolean {
    return this.#receivers.every(({ taken }) => this.#allSent && taken === this.#pieces.count);
  }

  get #asksAlone(): boolean {
    return !this.#ask && (this.#allSent || this.#doubt !== undefined);
  }

  get #mayPost(): boolean {
    if (this.#allSent || this.#doubt) return false;
    const { clock, lineFreeAt } = this.#session;
    if (this.#busyUntil - clock.now() > LONGEST_WAIT_MS) return false;
    return lineFreeAt - clock.now() <= AHEAD_MS && this.#room >= this.#frameSize;
  }

  /** On a half-duplex pair all of them wait for the answer. */
  get #askEvery(): number {
    return this.#session.halfDuplex ? Math.max(ASK_BYTES, this.#window / 2) : ASK_BYTES;
  }

  get #frameSize(): number {
    const next = this.#pieces.at(this.#cursor);
    const payload = next ? next.payload.length : this.#pace.payload;
    return 1 + Session.wireSize(payload) + Session.wireSize(DataRequest.size);
  }

  /** Encoded bytes that the fullest of them has room for */
  get #room(): number {
    const { stats, clock } = this.#session;
    const now = clock.now();
    const done = this.#receivers.map(({ workedOff }) => this.#work.done(workedOff, now));
    return this.#window - (stats.bytesSent - Math.min(...done));
  }

  /** When the last of them has worked off all of it, if each takes all the time it may [ms] */
  get #busyUntil(): number {
    return Math.max(...this.#receivers.map(({ workedOff }) => this.#work.busyUntil(workedOff)));
  }

  get #nextEvent(): number {
    const { lineFreeAt } = this.#session;
    const times = [
      this.#ask ? this.#answeredBy(this.#ask) : Number.POSITIVE_INFINITY,
      this.#allSent || this.#doubt
        ? Number.POSITIVE_INFINITY
        : Math.max(lineFreeAt - AHEAD_MS, this.#busyUntil - LONGEST_WAIT_MS, this.#workEnds),
    ];
    return Math.min(...times);
  }

  /** When there may be room again, as far as time alone makes it */
  get #workEnds(): number {
    if (this.#room >= this.#frameSize) return 0;
    const now = this.#session.clock.now();
    const ends = this.#receivers.map(
      ({ workedOff }) => this.#work.next(workedOff, now) ?? Number.POSITIVE_INFINITY,
    );
    return Math.min(...ends);
  }

  /** The next piece to all of them, and a question to one if it is time. */
  async #post(): Promise<void> {
    if (this.#cursor === this.#pieces.count) this.#pieces.cut(this.#pace.payload);
    const piece = this.#pieces.at(this.#cursor);
    if (!piece) return;
    this.#cursor++;
    const { payload } = piece;
    const frame = { type: Command.DATA, payload, address: ADDRESS_ONLY };
    this.#unasked += Session.wireSize(payload.length);
    const due = this.#unasked >= this.#askEvery || this.#allSent;
    if (due && !this.#ask) await this.#question([frame]);
    else await this.#session.post([frame]);
    const { stats, lineFreeAt, clock } = this.#session;
    this.#heardAt = clock.now();
    this.#work.sent(stats.bytesSent, lineFreeAt, piece.completes);
  }

  /** The others keep a changed rate, however many are asked or silent. */
  async #askAlone(): Promise<void> {
    const { clock } = this.#session;
    if (clock.now() - this.#heardAt >= KEEP_ALIVE_MS) {
      this.#heardAt = clock.now();
      await this.#options.keepAlive(0);
    }
    await this.#question([]);
  }

  /** Asks the next one behind `frames`. One at a time: two answers would garble each other. */
  async #question(frames: readonly Outgoing[]): Promise<void> {
    const of = this.#whoseTurn();
    if (!of) return;
    const session = this.#session;
    const sent = this.#cursor;
    const payload = encode(DataRequest, {
      number: this.#pieces.number(sent),
      flags: DataFlag.ASK,
      body: NOTHING,
    });
    this.#unasked = 0;
    const ask: Ask = { of, sent, bytes: 0, deadline: Number.POSITIVE_INFINITY };
    const onAnswer = (answer: Uint8Array): void => {
      this.#answers.push({ ask, payload: answer });
    };
    // The last piece may complete a page.
    const busyUntil = this.#work.busyUntil(of.workedOff);
    const workMs = Math.max(0, busyUntil - session.lineFreeAt) + of.device.info.pageMs;
    const question = { type: Command.DATA, payload, address: of.address, onAnswer, workMs };
    this.#ask = ask;
    await session.post([...frames, { ...question, answerSize: DataResponse.size }]);
    ask.bytes = session.stats.bytesSent;
    if (frames.length === 0) this.#work.sent(ask.bytes, session.lineFreeAt, false);
    ask.deadline = session.answersAt + session.margin;
  }

  #whoseTurn(): Receiver | undefined {
    const some = this.#receivers;
    const waiting = (one: Receiver): boolean =>
      this.#doubt ? !this.#doubt.asked.has(one) : !this.#allSent || one.taken < this.#pieces.count;
    for (let i = 0; i < some.length; i++) {
      const index = (this.#turn + i) % some.length;
      const one = some[index];
      if (!one || !waiting(one)) continue;
      this.#turn = index;
      return one;
    }
    return undefined;
  }

  #takeAnswers(): void {
    for (const { ask, payload } of this.#answers.splice(0)) {
      if (ask === this.#ask) {
        this.#ask = undefined;
        this.#turn++;
      }
      const { of } = ask;
      if (!this.#receivers.includes(of)) continue;
      of.silent = 0;
      if (ask.bytes > of.workedOff.bytes) {
        of.workedOff = { bytes: ask.bytes, at: this.#session.clock.now() };
        this.#work.forget(Math.min(...this.#receivers.map((one) => one.workedOff.bytes)));
      }
      try {
        this.#take(of, ask, decodeAnswer('DATA', payload, DataResponse));
      } catch (error) {
        this.#leave(of, error);
      }
    }
  }

  #take(of: Receiver, ask: Ask, report: DataResponse): void {
    const { status, next, detail } = report;
    const taken = this.#pieces.pieceOf(next);
    if (taken > this.#pieces.count) {
      throw badField('DATA', 'next', next, `at most ${this.next}, which was not sent yet`);
    }
    const news = taken - of.taken;
    of.taken = taken;
    if (news > 0) {
      of.fruitless = 0;
      this.#pace.arrived(1);
      this.#tellProgress();
    }
    switch (status) {
      case Status.OK:
      case Status.GAP:
        if (taken < ask.sent) this.#pace.lost();
        break;
      case Status.PAGE_REJECTED:
      case Status.FLASH_FAILED: {
        const piece = this.#pieces.at(taken);
        if (status === Status.PAGE_REJECTED && piece && piece.encoding !== Encoding.RAW) {
          if (detail !== Rejection.STREAM) this.#options.packer.distrust();
          this.#doubt ??= { piece: taken, asked: new Set() };
          this.#doubt.asked.add(of);
          return;
        }
        const page = this.#pieces.pageOf(taken);
        if (page && taken < ask.sent) of.failures.add(page.number, status, detail);
        break;
      }
      default:
        throw badAnswer('DATA', `status ${statusName(status)}`);
    }
    this.#doubt?.asked.add(of);
    if (taken < ask.sent) this.#goBack(of, taken);
  }

  /**
   * Once all have been asked: where none is behind the rejected page, it and all after it are cut anew, this page as it is. Where
   * others have taken it, those that reject it are left behind: for these others a number has a meaning already.
   */
  #settleDoubt(): void {
    const doubt = this.#doubt;
    if (!doubt || this.#receivers.some((one) => !doubt.asked.has(one))) return;
    this.#doubt = undefined;
    const { piece } = doubt;
    if (this.#receivers.some(({ taken }) => taken > piece)) {
      const stuck = this.#receivers.filter(({ taken }) => taken === piece);
      for (const one of stuck) this.#leave(one, rejects());
      return;
    }
    this.#pieces.cutRaw(piece);
    this.#cursor = Math.min(this.#cursor, piece);
  }

  /** Everything from this piece on is sent again, to all. */
  #goBack(of: Receiver, piece: number): void {
    if (piece >= this.#cursor) return;
    of.cost += this.#pieces.size(piece, this.#cursor);
    if (++of.fruitless > MOST_FRUITLESS) throw tooNoisy();
    const others = this.#receivers.length > 1;
    if (others && of.cost > this.#alone) throw holdsUp();
    this.#cursor = piece;
  }

  /** What it would cost to update one device by itself [bytes] */
  get #alone(): number {
    return sizeOf(this.#options.pages);
  }

  #judgeSilence(): void {
    const ask = this.#ask;
    const session = this.#session;
    if (!ask || session.clock.now() < this.#answeredBy(ask)) return;
    this.#ask = undefined;
    session.forget(Command.DATA);
    if (++ask.of.silent >= MOST_SILENT) this.#leave(ask.of, silent());
  }

  /** An answer that has begun is let come in. */
  #answeredBy({ deadline }: Ask): number {
    return this.#session.incoming > 0 ? deadline + ARRIVAL_MS : deadline;
  }

  #leave(one: Receiver, error: unknown): void {
    if (!(error instanceof IapError)) throw error;
    this.#receivers = this.#receivers.filter((other) => other !== one);
    this.#options.onLeave(one.address, error);
    this.#tellProgress();
  }

  #tellProgress(): void {
    if (this.#receivers.length === 0) return;
    const fewest = Math.min(...this.#receivers.map(({ taken }) => taken));
    const { pages, encoded } = this.#pieces.pagesIn(fewest);
    if (pages <= this.#pagesDone) return;
    this.#pagesDone = pages;
    this.#options.onProgress(pages, encoded);
  }
}

const NOTHING = new Uint8Array();
