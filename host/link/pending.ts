// Answers that are waited for, in the order in which a device gives them. Pure bookkeeping.
import { type Frame, MAX_UNANSWERED, RESPONSE_BIT } from '../../protocol/index.js';

export interface Pending {
  /** Of the device that answers */
  readonly address: number;
  readonly seq: number;
  readonly type: number;
  /** Frames and bytes sent up to and with this one */
  readonly frames: number;
  readonly bytes: number;
  /** Of the answer on the wire, at most */
  readonly answerBytes: number;
  /** Longest time the device may work on it [ms] */
  readonly workMs: number;
  /** When it must have come, if the device takes all the time it may */
  dueAt: number;
  /** No time is given for it any more */
  readonly forgotten?: true;
  readonly onAnswer: (payload: Uint8Array) => void;
}

export class PendingAnswers {
  #items: Pending[] = [];

  add(pending: Pending): void {
    this.#items.push(pending);
    // Calls for a device go on unanswered for hours; a seq must stay unambiguous.
    if (this.#items.length > MAX_UNANSWERED) this.#items.shift();
  }

  /** The request that this is the answer to, if it is waited for. */
  take({ address, seq, type }: Frame): Pending | undefined {
    const index = this.#items.findIndex(
      (item) => item.address === address && item.seq === seq && (item.type | RESPONSE_BIT) === type,
    );
    const found = this.#items[index];
    // A device answers in order: what it was sent before this frame it will not answer any more.
    this.#items = this.#items.filter((item, i) => i > index || item.address !== address);
    return found;
  }

  /** Answers to these frames still count if they come, but no time is given for them. */
  forget(which: (item: Pending) => boolean): void {
    this.#items = this.#items.map((item) =>
      which(item) ? { ...item, answerBytes: 0, workMs: 0, forgotten: true } : item,
    );
  }

  /** When the last answer that time is given for must have come */
  get dueAt(): number {
    return Math.max(...this.#items.filter(({ forgotten }) => !forgotten).map(({ dueAt }) => dueAt));
  }

  get answerBytes(): number {
    return this.#items.reduce((sum, { answerBytes }) => sum + answerBytes, 0);
  }

  get workMs(): number {
    return this.#items.reduce((sum, { workMs }) => sum + workMs, 0);
  }
}
