// Virtual time that counts what happens in it, so that a test can do something at every single moment of a run.
import type { Clock } from '../../host/base/clock.js';
import { VirtualClock } from '../../host/testing/virtual-clock.js';

export class TickClock implements Clock {
  readonly #clock = new VirtualClock();
  /** Timers that have run */
  ticks = 0;
  #at: { readonly tick: number; readonly action: () => void } | undefined;

  now(): number {
    return this.#clock.now();
  }

  after(ms: number, callback: () => void): () => void {
    return this.#clock.after(ms, () => {
      this.ticks++;
      if (this.#at && this.#at.tick <= this.ticks) {
        const { action } = this.#at;
        this.#at = undefined;
        action();
      }
      callback();
    });
  }

  /** Does so before timer number `tick` runs. */
  at(tick: number, action: () => void): void {
    this.#at = { tick, action };
  }

  pass(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.after(ms, resolve);
    });
  }
}
