// Virtual time that counts what happens in it, so that a test can do something at every single moment of a run.
import type { Clock } from '../../host/base/clock.js';
import { VirtualClock } from '../../host/testing/virtual-clock.js';

export type When = 'before' | 'after';

const SOON_MS = 0.001;

export class TickClock implements Clock {
  readonly #clock = new VirtualClock();
  /** Timers that have run */
  ticks = 0;
  #at: { readonly tick: number; readonly when: When; readonly action: () => void } | undefined;

  now(): number {
    return this.#clock.now();
  }

  after(ms: number, callback: () => void): () => void {
    return this.#clock.after(ms, () => {
      this.ticks++;
      const at = this.#at && this.#at.tick <= this.ticks ? this.#at : undefined;
      if (at) this.#at = undefined;
      if (at?.when === 'before') at.action();
      callback();
      // Whoever the timer woke waits for the next one by then.
      if (at?.when === 'after') this.#clock.after(SOON_MS, at.action);
    });
  }

  /** Does so when timer number `tick` runs. */
  at(tick: number, action: () => void, when: When = 'before'): void {
    this.#at = { tick, when, action };
  }

  pass(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.after(ms, resolve);
    });
  }
}
