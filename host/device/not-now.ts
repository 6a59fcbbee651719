// An application may refuse to be left at a bad moment (protocol § 7), and be asked again.
import { IapError } from '../base/errors.js';
import type { Session } from '../link/session.js';

/** Seldom enough not to disturb what it does [ms] */
const ASK_EVERY_MS = 1000;

/** The waiting of one search for a device. */
export class NotNowWait {
  readonly #session: Session;
  readonly #until: number | undefined;
  readonly #onNotNow: (detail: number) => void;
  #since: number | undefined;
  #told: number | undefined;

  /** @param until when to give up; undefined: at the first refusal */
  constructor(session: Session, until: number | undefined, onNotNow: (detail: number) => void) {
    this.#session = session;
    this.#until = until;
    this.#onNotNow = onNotNow;
  }

  /** Whether it was refused, and waited for */
  get begun(): boolean {
    return this.#since !== undefined;
  }

  /** Until it may be asked again. @throws `refusal` when it is not to be waited for, or was for long enough */
  async next(refusal: IapError): Promise<void> {
    if (this.#until === undefined) throw refusal;
    const now = this.#session.clock.now();
    this.#since ??= now;
    if (now >= this.#until) throw givenUp(refusal, now - this.#since);
    const detail = Number(refusal.details.detail);
    if (detail !== this.#told) {
      this.#told = detail;
      this.#onNotNow(detail);
    }
    await this.#session.sleep(Math.min(ASK_EVERY_MS, this.#until - now));
  }
}

function givenUp(refusal: IapError, ms: number): IapError {
  const { code, message, details } = refusal;
  return new IapError(code, `${message}, and did not within ${(ms / 1000).toFixed(1)} s`, {
    hint: 'run the same command again later, or with a longer --timeout; nothing was changed on the device',
    details: { ...details, waitedMs: Math.round(ms) },
    cause: refusal,
  });
}
