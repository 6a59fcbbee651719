// Time that passes only when nobody has anything left to do: hours of waiting take no time, in an order that repeats.
import type { Clock } from '../base/clock.js';

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** A test that waits this long has hung [ms]. */
const HUNG_MS = 24 * 3600 * 1000;

export class VirtualClock implements Clock {
  #now = 0;
  #timers: Timer[] = [];
  #running = false;

  now(): number {
    return this.#now;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.#now + ms, callback };
    const index = this.#timers.findIndex((other) => other.at > timer.at);
    this.#timers.splice(index < 0 ? this.#timers.length : index, 0, timer);
    this.#run();
    return () => {
      const found = this.#timers.indexOf(timer);
      if (found >= 0) this.#timers.splice(found, 1);
    };
  }

  #run(): void {
    if (this.#running) return;
    this.#running = true;
    // An immediate comes after all promises that are ready, so everybody has reacted to the last event.
    setImmediate(() => {
      this.#running = false;
      const timer = this.#timers.shift();
      if (!timer) return;
      this.#now = timer.at;
      if (this.#now > HUNG_MS) throw new Error('the test waits for ever');
      timer.callback();
      if (this.#timers.length > 0) this.#run();
    });
  }
}
