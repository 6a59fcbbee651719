// A clock whose timers keep their order: those of the browser that are due at nearly the same time change places, and frames with
// them.
import type { Clock } from '../base/clock.js';

export class OrderedClock implements Clock {
  #waiting: { readonly at: number; readonly callback: () => void }[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  now(): number {
    return performance.now();
  }

  after(ms: number, callback: () => void): () => void {
    const entry = { at: this.now() + ms, callback };
    const place = this.#waiting.findIndex(({ at }) => at > entry.at);
    this.#waiting.splice(place < 0 ? this.#waiting.length : place, 0, entry);
    this.#arm();
    return () => {
      this.#waiting = this.#waiting.filter((other) => other !== entry);
    };
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const [first] = this.#waiting;
    if (!first) return;
    this.#timer = setTimeout(() => this.#run(), first.at - this.now());
  }

  #run(): void {
    const now = this.now();
    for (;;) {
      const [first] = this.#waiting;
      if (!first || first.at > now) break;
      this.#waiting.shift();
      first.callback();
    }
    this.#arm();
  }
}
