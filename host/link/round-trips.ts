// What answers wait for on their way besides the line: an adapter that holds bytes back, measured with answers that a device gives at once.

/** A shorter answer waits for any part of an adapter's timer; with a full packet before its end the timer has begun anew [bytes]. */
const LEAST_ANSWER = 64;
/** One alone may be this computer's fault. */
const FEWEST = 2;

export class RoundTrips {
  /** Answers that were waited for, with nothing else to do */
  waited = 0;
  #samples: number[] = [];

  /** @param ms beyond the time on the line @param bytes of the answer */
  add(ms: number, bytes: number): void {
    if (bytes >= LEAST_ANSWER) this.#samples.push(Math.max(0, ms));
  }

  /** How late an answer usually is [ms]; undefined if too few were measured */
  get lateMs(): number | undefined {
    if (this.#samples.length < FEWEST) return undefined;
    const sorted = this.#samples.toSorted((a, b) => a - b);
    return sorted[(sorted.length - 1) >> 1];
  }
}
