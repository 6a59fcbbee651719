// Time as an object, so that tests run without waiting; and the real one, of the time in which this program runs.

export interface Clock {
  /** Milliseconds since some fixed moment; never goes back */
  now(): number;
  /** Calls `callback` once, `ms` from now. Returns how to cancel it. */
  after(ms: number, callback: () => void): () => void;
}

/** A clock looks up so often while somebody waits [ms]. */
const BEAT_MS = 50;
/** Longer without a turn, the program was held up: stopped, suspended, blocked, or short of a processor [ms]. */
const HELD_UP_MS = 200;
/** A timer so late may be ahead of what has arrived meanwhile [ms]. */
const LATE_MS = 20;
/** What has arrived is read in this time [ms]. */
const READ_MS = 50;
/** Where every timer is late, it is late at last. */
const MOST_GRACES = 3;
/** What setTimeout can count to [ms] */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Time in which the program got no turn does not count, and Node.js runs timers before it reads what has arrived: so a timer of
 * this clock comes after what was there to read when it was due.
 */
class RunningClock implements Clock {
  /** Left out so far [ms] */
  #out = 0;
  #holdUps = 0;
  #beatAt = 0;
  #beat: ReturnType<typeof setInterval> | undefined;
  #waiting = 0;
  #idleBeats = 0;

  now(): number {
    this.#startBeat();
    return this.#look();
  }

  #look(): number {
    const at = performance.now();
    const gap = at - this.#beatAt;
    if (gap > HELD_UP_MS) {
      this.#out += gap;
      this.#holdUps++;
    }
    this.#beatAt = at;
    return at - this.#out;
  }

  after(ms: number, callback: () => void): () => void {
    this.#waiting++;
    let due = this.now() + ms;
    let holdUps = this.#holdUps;
    let graces = 0;
    let open = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const wait = (left: number): void => {
      timer = setTimeout(() => afterReads(fire), Math.min(LONGEST_MS, left));
    };
    const fire = (): void => {
      if (!open) return;
      const at = this.now();
      const late = at - due > LATE_MS || holdUps !== this.#holdUps;
      holdUps = this.#holdUps;
      if (late && graces++ < MOST_GRACES) due = Math.max(due, at + READ_MS);
      if (at < due) {
        wait(due - at);
        return;
      }
      close();
      callback();
    };
    const close = (): void => {
      if (!open) return;
      open = false;
      this.#waiting--;
      clearTimeout(timer);
    };
    wait(ms);
    return close;
  }

  /** Goes on a little after the last wait or look: what follows may block. */
  #startBeat(): void {
    this.#idleBeats = 0;
    if (this.#beat !== undefined) return;
    this.#beatAt = performance.now();
    this.#beat = setInterval(() => {
      this.#look();
      this.#idleBeats = this.#waiting > 0 ? 0 : this.#idleBeats + 1;
      if (this.#idleBeats < 2) return;
      clearInterval(this.#beat);
      this.#beat = undefined;
    }, BEAT_MS);
    (this.#beat as { unref?: () => void }).unref?.(); // in Node.js it must not keep the program alive
  }
}

type Immediate = (callback: () => void) => unknown;

/** Two turns of the event loop of Node.js: in the first the port is found readable, in the second it is read. */
function afterReads(callback: () => void): void {
  const { setImmediate } = globalThis as { setImmediate?: Immediate };
  if (setImmediate) setImmediate(() => setImmediate(callback));
  else setTimeout(callback, 0);
}

export const realClock: Clock = new RunningClock();
