// How long frames are and how much may be on the way: less after a loss, more again after a clean run. Pure.
import {
  DataRequest,
  MAX_PAYLOAD,
  MIN_PAYLOAD_LIMIT,
  MIN_WINDOW,
  PageHead,
} from '../../protocol/index.js';
import { Session } from './session.js';

/** Below this, the frame around the bytes costs more than a lost frame. */
const SHORTEST = 64;
/** This many frames without a loss make them longer again. */
const CLEAN_RUN = 16;
/** Questions after a loss that room is kept for: they count in the window as well (protocol § 6). */
const ASKS = 8;
/** Bytes of these questions, each a burst of its own */
const ASK_RESERVE = ASKS * (Session.wireSize(DataRequest.size) + 1);
/** On the noisiest line still on the way together, so that the answers are waited for in parallel */
const FEWEST_ON_THE_WAY = 3;

export interface PaceLimits {
  /** What the device announces in HELLO */
  readonly maxPayload: number;
  readonly window: number;
  readonly pageSize: number;
}

export class Pace {
  readonly #longest: number;
  readonly #window: number;
  #level = 0;
  #clean = 0;

  constructor({ maxPayload, window, pageSize }: PaceLimits) {
    const wholePage = DataRequest.size + PageHead.size + pageSize;
    const accepted = Math.min(Math.max(maxPayload, MIN_PAYLOAD_LIMIT), MAX_PAYLOAD);
    this.#window = Math.max(window, MIN_WINDOW) - ASK_RESERVE;
    // A frame larger than the window could never be sent, whatever the device says it accepts.
    const sendable = this.#window - (Session.wireSize(accepted) - accepted) - 1;
    this.#longest = Math.min(wholePage, accepted, sendable);
  }

  /** Longest payload of a DATA frame */
  get payload(): number {
    return Math.max(SHORTEST, this.#longest >> this.#level);
  }

  /** Bytes that may be unanswered */
  get window(): number {
    const least = FEWEST_ON_THE_WAY * Session.wireSize(this.payload);
    return Math.min(this.#window, Math.max(least, this.#window >> this.#level));
  }

  /** The device wants to be asked once in so many bytes. */
  get askEvery(): number {
    return this.window / 4;
  }

  /** Of the frames that may be unanswered, these are kept for asking. */
  get reservedFrames(): number {
    return ASKS;
  }

  lost(): void {
    this.#clean = 0;
    if (this.payload > SHORTEST) this.#level++;
  }

  arrived(frames: number): void {
    this.#clean += frames;
    if (this.#clean >= CLEAN_RUN && this.#level > 0) {
      this.#level--;
      this.#clean = 0;
    }
  }
}
