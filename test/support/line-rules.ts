// What a line may do to frames, one rule each. `did` is called for each fault that was really injected.
import type { Clock } from '../../host/base/clock.js';
import type { Direction, PassingFrame, Rule } from './frame-line.js';
import { randomFrom } from './random.js';

export type Did = () => void;

/** One frame never arrives. */
export function lost(direction: Direction, index: number, did: Did): Rule {
  return (passing, pass) => {
    if (passing.direction === direction && passing.index === index) did();
    else pass(passing.bytes);
  };
}

/** One frame arrives twice; without an index, every frame of both directions. */
export function twice(direction: Direction | 'both', index: number | 'each', did: Did): Rule {
  return (passing, pass) => {
    pass(passing.bytes);
    if (direction !== 'both' && passing.direction !== direction) return;
    if (index !== 'each' && passing.index !== index) return;
    did();
    pass(passing.bytes);
  };
}

/** Every frame of these directions arrives so much later, the order kept. */
export function late(
  directions: readonly Direction[],
  delayMs: number,
  clock: Clock,
  did: Did,
): Rule {
  return ({ direction, bytes }, pass) => {
    if (!directions.includes(direction)) return pass(bytes);
    did();
    clock.after(delayMs, () => pass(bytes));
  };
}

/** The line between runs at this rate, whatever both ends believe; what comes faster is kept and passed on in order. */
export function bridged(rate: number, clock: Clock): Rule {
  const freeAt: Record<Direction, number> = { toDevice: 0, toHost: 0 };
  return ({ direction, bytes }, pass) => {
    freeAt[direction] = Math.max(freeAt[direction], clock.now()) + (bytes.length * 10_000) / rate;
    clock.after(freeAt[direction] - clock.now(), () => pass(bytes));
  };
}

/** One frame arrives only after `behind` later ones. */
export function overtaken(direction: Direction, index: number, behind: number, did: Did): Rule {
  let release = (): void => {};
  return (passing, pass) => {
    if (passing.direction !== direction) return pass(passing.bytes);
    if (passing.index === index) {
      did();
      release = () => pass(passing.bytes);
      return;
    }
    pass(passing.bytes);
    if (passing.index === index + behind) release();
  };
}

/** A burst ends after so long, even if fewer bytes came than it was to garble: it is no dead line [ms]. */
const LONGEST_BURST_MS = 500;

export interface Burst {
  readonly direction: Direction;
  /** First garbled byte of that direction */
  readonly from: number;
  /** Bytes */
  readonly length: number;
  readonly seed: number;
}

/** Bytes in a row are garbled, whatever frames they belong to. */
export function burst({ direction, from, length, seed }: Burst, clock: Clock, did: Did): Rule {
  const random = randomFrom(seed);
  let end = Number.POSITIVE_INFINITY;
  const hit = (at: number): boolean => at >= from && at < from + length;
  return ({ direction: way, offset, bytes }, pass) => {
    const over = clock.now() > end;
    if (over || way !== direction || !bytes.some((_, i) => hit(offset + i))) return pass(bytes);
    end = Math.min(end, clock.now() + LONGEST_BURST_MS);
    did();
    pass(
      bytes.map((byte, i) => (hit(offset + i) ? byte ^ (1 + Math.floor(random() * 255)) : byte)),
    );
  };
}

/** From one frame on nothing moves for a while, in both directions; then all of it comes at once, in order. */
export function stalled(
  at: (passing: PassingFrame) => boolean,
  stallMs: number,
  clock: Clock,
  did: Did,
): Rule {
  let until: number | undefined;
  return (passing, pass) => {
    if (until === undefined && at(passing)) until = clock.now() + stallMs;
    if (until === undefined || clock.now() >= until) return pass(passing.bytes);
    did();
    clock.after(until - clock.now(), () => pass(passing.bytes));
  };
}
