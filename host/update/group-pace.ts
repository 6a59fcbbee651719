// How much may be on its way to devices that are not asked about each frame: what one of them must have worked off by now is counted
// as done. Pure.

/** What HELLO says that counts */
export interface PacedDevice {
  readonly pageMs: number;
  readonly beginMs: number;
}

/** What one device has said: up to where it has worked off what was sent, and when that was known [ms] */
export interface WorkedOff {
  readonly bytes: number;
  readonly at: number;
}

interface Work {
  /** Encoded bytes sent up to its end */
  readonly bytes: number;
  /** When its last byte is there [ms] */
  readonly arrives: number;
  /** The longest that it takes from then on [ms] */
  readonly takes: number;
}

export class GroupPace {
  readonly #pageMs: number;
  /** The first page makes the update's entry in the boot record. */
  #entryMs: number;
  #work: readonly Work[] = [];

  constructor(devices: readonly PacedDevice[]) {
    this.#pageMs = Math.max(...devices.map(({ pageMs }) => pageMs));
    this.#entryMs = Math.max(...devices.map(({ beginMs }) => beginMs));
  }

  /**
   * A frame was sent.
   * @param bytes encoded, up to its end
   * @param arrives when its last byte has left the host [ms]
   * @param completes a page
   */
  sent(bytes: number, arrives: number, completes: boolean): void {
    const takes = completes ? this.#pageMs + this.#entryMs : 0;
    if (completes) this.#entryMs = 0;
    this.#work = [...this.#work, { bytes, arrives, takes }];
  }

  /** All have said so: nothing before counts any more. */
  forget(bytes: number): void {
    this.#work = this.#work.filter((work) => work.bytes > bytes);
  }

  /** When it has worked off all that was sent, if it takes all the time it may [ms] */
  busyUntil(one: WorkedOff): number {
    return this.#after(one).at(-1)?.at ?? one.at;
  }

  /** Encoded bytes that it must have worked off by now */
  done(one: WorkedOff, now: number): number {
    return this.#after(one).findLast(({ at }) => at <= now)?.bytes ?? one.bytes;
  }

  /** When that will be more [ms]; undefined: it is all */
  next(one: WorkedOff, now: number): number | undefined {
    return this.#after(one).find(({ at }) => at > now)?.at;
  }

  /** When it is done with each frame since */
  #after({ bytes, at }: WorkedOff): WorkedOff[] {
    let busy = at;
    return this.#work
      .filter((work) => work.bytes > bytes)
      .map((work) => {
        busy = Math.max(busy, work.arrives) + work.takes;
        return { bytes: work.bytes, at: busy };
      });
  }
}
