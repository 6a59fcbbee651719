// The fastest rate that device, adapter and line hold, found by trying: up from the device's own, and down again when errors rise.
import {
  BaudRequest,
  BaudResponse,
  Capability,
  Command,
  encode,
  RATE_IDLE_MS,
  RATE_PROOF_MS,
} from '../../protocol/index.js';
import { IapError } from '../base/errors.js';
import { answerTime, call, NOBODY } from '../device/connect.js';
import type { Device } from '../device/device.js';
import type { KnownRate, RateMemory } from '../link/rate-memory.js';
import { Session } from '../link/session.js';
import type { Emit, RateChoice } from './events.js';
import { rateObstacle, tryRate } from './rate.js';
import { rungAbove, rungBelow, worthIt } from './rate-ladder.js';
import { rateHolds } from './rate-proof.js';

/** HELLOs that prove a rate for a start; the device goes back when it has heard none for RATE_PROOF_MS. */
const PROOFS = 2;
/** BAUD, until the rate itself is looked at */
const ASKS = 2;
/** A device that was told to has answered and changed by then, where nobody has to wait for its answer [ms]. */
const BACK_MS = 10;
/** Where its answer must be over first, it has begun by then [ms]. */
const BEGUN_MS = 50;
/** A link that is lost once may have been a reset of the device. */
const MOST_LOSSES = 2;

export class AutoRate {
  readonly #device: Device;
  readonly #emit: Emit;
  readonly #memory: RateMemory | undefined;
  /** The bootloader's default rate, where it goes by itself; nothing needs proof there [baud]. */
  readonly #home: number;
  /** The lowest that did not hold */
  #failed = Number.POSITIVE_INFINITY;
  /** What was chosen, once it is */
  #chosen: { readonly rate: number; readonly why: RateChoice } | undefined;
  #losses = 0;
  /** The last one that was proven to hold */
  #proven = 0;

  constructor(device: Device, emit: Emit, memory: RateMemory | undefined) {
    this.#device = device;
    this.#home = device.info.defaultRate || this.#rate;
    this.#emit = emit;
    this.#memory = memory;
  }

  get #rate(): number {
    return this.#device.session.transport.rate;
  }

  #worthIt(bytes: number, known: boolean): boolean {
    return worthIt(bytes, this.#rate, known, this.#device.session.transport.roundTripMs);
  }

  /** There is a slower rate to go on at. */
  get raised(): boolean {
    return this.#rate > this.#home;
  }

  /** Before `bytes` are sent, with nothing on the way: changes to the rate for them, and says which. */
  async settle(bytes: number): Promise<void> {
    const chosen = this.#chosen;
    if (chosen) {
      if (this.#rate === chosen.rate || !this.#worthIt(bytes, true)) return;
      await this.#hold(chosen.rate);
      await this.#choose(chosen.why);
      return;
    }
    const { info } = this.#device;
    if (rateObstacle(this.#device.session.transport)) return this.#say('fixed');
    if ((info.capabilities & Capability.BAUD) === 0) return this.#say('only');
    const known = await this.#recall();
    if (!this.#worthIt(bytes, known !== undefined)) return this.#say('little');
    this.#failed = Math.min(this.#failed, known?.failed ?? this.#failed);
    const before = known?.rate ?? this.#rate;
    if (before !== this.#rate) await this.#hold(before);
    await this.#climb();
    await this.#choose(known?.rate === this.#rate ? 'remembered' : 'fastest');
  }

  /** Errors have risen, and nothing is on the way any more. */
  async lower(): Promise<void> {
    const from = this.#rate;
    const rate = rungBelow(from, this.#home);
    this.#failed = from;
    this.#losses = 0;
    this.#chosen = { rate, why: 'lowered' };
    await this.#hold(rate);
    await this.#choose('lowered');
  }

  /** The link was lost at this rate, and the device found again at its own. */
  async lost(rate: number): Promise<void> {
    if (this.#chosen?.rate !== rate || rate <= this.#home) return;
    this.#losses++;
    if (this.#losses < MOST_LOSSES) return;
    this.#losses = 0;
    this.#failed = rate;
    const lower = rungBelow(rate, this.#home);
    this.#chosen = { rate: lower, why: 'lowered' };
    await this.#memory?.keep(this.#device.info.part, { rate: lower, failed: rate });
  }

  async #recall(): Promise<KnownRate | undefined> {
    const known = await this.#memory?.recall(this.#device.info.part);
    if (!known || known.rate > this.#device.info.maxRate || known.rate < this.#home)
      return undefined;
    return known;
  }

  /** One step after the other with a short proof each, then a long one of the highest. */
  async #climb(): Promise<void> {
    let best = this.#rate;
    for (;;) {
      const next = rungAbove(best, this.#device.info);
      if (next === undefined || next >= this.#failed) break;
      if (!(await this.#go(next))) {
        this.#failed = next;
        break;
      }
      best = next;
    }
    if (this.#rate !== best || best !== this.#proven) await this.#hold(best);
  }

  /** At `rate` if it holds, or as far below as it takes. */
  async #hold(rate: number): Promise<void> {
    let rung = rate;
    for (; rung > this.#home; rung = rungBelow(rung, this.#home)) {
      if ((await this.#go(rung)) && (await rateHolds(this.#device))) {
        this.#proven = rung;
        return;
      }
      this.#failed = rung;
    }
    await this.#go(rung);
  }

  /** False: not at `rate`, but where both were before or at the device's own rate. */
  async #go(rate: number): Promise<boolean> {
    const from = this.#rate;
    if (from === rate) return true;
    const failure = await tryRate(
      this.#device,
      rate,
      () => PROOFS,
      () => this.#ask(rate),
    );
    if (!failure) return true;
    if (failure.code === 'REFUSED') return false;
    await this.#goHome();
    // Down from a rate at which nothing is understood any more, that was no proof against the slower one.
    return from > rate && this.#go(rate);
  }

  /** Not answered, it has perhaps been heard all the same: only the new rate tells. */
  async #ask(rate: number): Promise<void> {
    try {
      await this.#device.baud(rate, ASKS);
    } catch (error) {
      if (!(error instanceof IapError) || error.code !== 'LINK_LOST') throw error;
    }
  }

  /**
   * A device that hears and is not heard goes at once when it is told to; one that hears nothing after RATE_PROOF_MS; one that has
   * heard only some of it after RATE_IDLE_MS.
   */
  async #goHome(): Promise<void> {
    const { session } = this.#device;
    if (this.#rate !== this.#home) {
      const payload = encode(BaudRequest, { rate: this.#home });
      await session.post([{ type: Command.BAUD, payload }]);
      await session.drain();
      const answered = BEGUN_MS + session.lineTime(Session.wireSize(BaudResponse.size));
      await session.setRate(this.#home);
      await session.sleep(session.halfDuplex ? answered : BACK_MS);
    }
    const longest = RATE_IDLE_MS + RATE_PROOF_MS;
    try {
      this.#device.info = await call(session, true, answerTime(session), longest);
    } catch (error) {
      if (!(error instanceof IapError) || !NOBODY.has(error.code)) throw error;
      throw new IapError('LINK_LOST', 'the device does not come back from a rate that was tried', {
        cause: error,
      });
    }
  }

  async #choose(why: RateChoice): Promise<void> {
    const rate = this.#rate;
    const failed = Number.isFinite(this.#failed) ? { failed: this.#failed } : {};
    if (this.#chosen?.rate !== rate) this.#losses = 0;
    this.#chosen = { rate, why };
    this.#emit({ event: 'rate', rate, chosen: why, ...failed });
    await this.#memory?.keep(this.#device.info.part, { rate, ...failed });
  }

  #say(chosen: RateChoice): void {
    this.#emit({ event: 'rate', rate: this.#rate, chosen });
  }
}
