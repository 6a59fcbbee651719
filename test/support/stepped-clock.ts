// A clock of boards that run in steps: time passes only while somebody waits for it.
import type { Clock } from '../../host/base/clock.js';

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

export interface Steps {
  /** What the boards have been told is done */
  settled(): Promise<unknown>;
  /** Lets the boards run, so long at most [us]; says by passed() what time it is then. */
  run(us: number): Promise<unknown>;
  /** Nothing runs any more */
  failed?(error: unknown): void;
}

export class SteppedClock implements Clock {
  readonly #steps: Steps;
  #timers: Timer[] = [];
  #now = 0;
  #running = false;
  #stopped = false;

  constructor(steps: Steps) {
    this.#steps = steps;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, ms), callback };
    const index = this.#timers.findIndex(({ at }) => at > timer.at);
    this.#timers.splice(index < 0 ? this.#timers.length : index, 0, timer);
    this.#start();
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** The boards have come so far [ms]. */
  passed(now: number): void {
    this.#now = now;
  }

  stop(): void {
    this.#stopped = true;
    this.#timers = [];
  }

  #start(): void {
    if (this.#running || this.#stopped) return;
    this.#running = true;
    this.#run()
      .catch((error: unknown) => this.#steps.failed?.(error))
      .finally(() => {
        this.#running = false;
        if (this.#timers.length > 0) this.#start();
      });
  }

  async #run(): Promise<void> {
    for (;;) {
      // An immediate comes after all promises that are ready, so everybody has reacted to the last event.
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      await this.#steps.settled();
      const timer = this.#timers[0];
      if (!timer || this.#stopped) return;
      if (timer.at <= this.#now) {
        this.#timers.shift();
        timer.callback();
        continue;
      }
      await this.#steps.run((timer.at - this.#now) * 1000);
    }
  }
}
