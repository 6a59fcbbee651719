// Loaded before the command (node --import): its clock stands still while the board or the command itself gets nothing of
// the computer. A virtual board is slow on a busy one, and nothing that is measured in wall time would be about the software.
import { openSync, readSync } from 'node:fs';

/** A board that sleeps looks up so often, and a computer needs a moment to wake it [ms]. */
const SLACK_MS = 5;
/** Silent for so long, the board is gone [ms]. */
const GONE_MS = 20_000;
const BEAT_MS = 20;
/** So long between two beats: something else had the processor [ms]. */
const STALL_MS = 60;

const file = openSync(process.env.IAP_BOARD_CLOCK ?? '', 'r');
const { setTimeout: realTimeout, clearTimeout: realClear } = globalThis;
const real = (): number => Number(process.hrtime.bigint()) / 1e6;

let reached = 0n;
let reachedAt = real();
let beatAt = real();
let stalled = 0;
let last = 0;

function now(): number {
  const at = real();
  if (at - beatAt > STALL_MS) stalled += at - beatAt - BEAT_MS;
  beatAt = at;
  const words = new BigUint64Array(2);
  readSync(file, words, 0, words.byteLength, 0);
  const [come = 0n, lost = 0n] = words;
  if (come !== reached) {
    reached = come;
    reachedAt = at;
  }
  const board = at - reachedAt > GONE_MS ? at : Math.min(at, Number(come) / 1e6 + SLACK_MS);
  last = Math.max(last, board - Number(lost) / 1e6 - stalled);
  return last;
}

type Timer = ReturnType<typeof setTimeout>;
const armed = new WeakMap<Timer, Timer>();

function later(callback: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): Timer {
  const due = now() + ms;
  const timer: Timer = realTimeout(fire, ms);
  function fire(): void {
    const left = due - now();
    if (left > 0) armed.set(timer, realTimeout(fire, Math.max(1, left)));
    else callback(...args);
  }
  return timer;
}

performance.now = now;
globalThis.setTimeout = Object.assign(later, realTimeout) as typeof setTimeout;
globalThis.clearTimeout = (timer) => {
  realClear(timer);
  const other = armed.get(timer as Timer);
  if (other) realClear(other);
};
setInterval(now, BEAT_MS).unref();
