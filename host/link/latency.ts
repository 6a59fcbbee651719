// How long answers take beyond what line and device account for: USB adapters, drivers, a busy host.

/** However fast the line was, a host's scheduler may hold things up this long [ms]. */
const LEAST = 60;
const MOST = 2000;

/** Smoothed mean and deviation, as TCP does it (RFC 6298 § 2). */
export class LatencyEstimate {
  #mean: number | undefined;
  #deviation = 0;
  readonly #initial: number;

  /** @param initial margin before anything was measured [ms] */
  constructor(initial: number) {
    this.#initial = initial;
  }

  add(measured: number): void {
    const sample = Math.max(0, measured);
    if (this.#mean === undefined) {
      this.#mean = sample;
      this.#deviation = sample / 2;
      return;
    }
    this.#deviation += (Math.abs(sample - this.#mean) - this.#deviation) / 4;
    this.#mean += (sample - this.#mean) / 8;
  }

  get margin(): number {
    if (this.#mean === undefined) return this.#initial;
    return Math.min(MOST, Math.max(LEAST, this.#mean + 4 * this.#deviation));
  }
}
