// Whether a line has become so bad that half its rate would carry as much. Pure.

/** The newest frames that count */
const FRAMES = 36;
/** One in six: with what is on the way behind it, each loss sends at least three frames again. */
const MOST_ERRORS = 6;

export class ErrorShare {
  /** The newest first: true is an error. */
  #frames: boolean[] = [];

  arrived(frames: number): void {
    this.#add(Math.min(FRAMES, frames), false);
  }

  failed(frames: number): void {
    this.#add(Math.min(FRAMES, frames), true);
  }

  get high(): boolean {
    return this.#frames.filter((error) => error).length >= MOST_ERRORS;
  }

  #add(count: number, error: boolean): void {
    this.#frames = [...Array<boolean>(count).fill(error), ...this.#frames].slice(0, FRAMES);
  }
}
