// A device does not change its flash while its supply is too low (protocol § 6). Nothing is lost by waiting: the supply may rise.
import type { Session } from '../link/session.js';
import type { Emit } from './events.js';

/** Often enough to keep the device in its bootloader [ms] */
const ASK_EVERY_MS = 1000;
/** Without one more page in flash [ms] */
const LONGEST_MS = 30_000;

/** One update's waiting. */
export class SupplyWait {
  readonly #session: Session;
  readonly #emit: Emit;
  #since: number | undefined;
  #pages = 0;

  constructor(session: Session, emit: Emit) {
    this.#session = session;
    this.#emit = emit;
  }

  /** Until it is worth to begin again. @throws `refusal` when that was of no use for too long */
  async next(refusal: unknown, pagesSent: number): Promise<void> {
    const now = this.#session.clock.now();
    if (this.#since === undefined || pagesSent > this.#pages) {
      this.#since = now;
      this.#pages = pagesSent;
      const message = `the device's supply is too low to change flash; waiting up to ${LONGEST_MS / 1000} s for it to rise`;
      this.#emit({ event: 'warning', code: 'SUPPLY_LOW', message });
    }
    if (now - this.#since >= LONGEST_MS) throw refusal;
    await this.#session.sleep(ASK_EVERY_MS);
  }
}
