import type { KnownRate, RateMemory } from '../../host/link/rate-memory.js';

/** What is known of the rates of one line, and what it was asked and told */
export class RatesInMemory implements RateMemory {
  known: KnownRate | undefined;
  /** Parts */
  readonly asked: string[] = [];
  /** With their parts */
  readonly told: [part: string, known: KnownRate][] = [];

  constructor(known?: KnownRate) {
    this.known = known;
  }

  get kept(): KnownRate[] {
    return this.told.map(([, known]) => known);
  }

  recall(part: string): Promise<KnownRate | undefined> {
    this.asked.push(part);
    return Promise.resolve(this.known);
  }

  keep(part: string, known: KnownRate): Promise<void> {
    this.known = known;
    this.told.push([part, known]);
    return Promise.resolve();
  }
}
