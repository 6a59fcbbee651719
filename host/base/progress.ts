// Rate and time left, from what is in flash and not from what is in some buffer.
import type { Clock } from './clock.js';

interface Point {
  readonly at: number;
  readonly bytes: number;
}

/** The rate is that of the last points, so that it follows a line that gets worse. */
const POINTS = 16;

export class ProgressMeter {
  readonly #clock: Clock;
  readonly #points: Point[];

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#points = [{ at: clock.now(), bytes: 0 }];
  }

  at(
    bytesDone: number,
    bytesTotal: number,
  ): {
    readonly bytesDone: number;
    readonly bytesTotal: number;
    readonly rate: number;
    readonly secondsLeft: number;
  } {
    const at = this.#clock.now();
    this.#points.push({ at, bytes: bytesDone });
    if (this.#points.length > POINTS) this.#points.shift();
    const first = this.#points[0] ?? { at, bytes: 0 };
    const elapsed = (at - first.at) / 1000;
    const rate = elapsed > 0 ? Math.max(0, bytesDone - first.bytes) / elapsed : 0;
    const secondsLeft = rate > 0 ? (bytesTotal - bytesDone) / rate : 0;
    return { bytesDone, bytesTotal, rate, secondsLeft };
  }
}
