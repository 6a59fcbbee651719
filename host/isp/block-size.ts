// How many bytes one Read Memory or Write Memory carries, so that an adapter with a latency timer waits as seldom as it can.
import { BITS_PER_BYTE, BLOCK } from './commands.js';

export interface BlockSizes {
  readonly read: number;
  /** A multiple of 4 */
  readonly write: number;
}

/**
 * An FTDI adapter hands a full packet to its host at once, and less only when its timer runs out, by default every 16 ms; on Windows
 * and macOS nobody shortens that for us (FTDI AN232B-04).
 */
const PACKET = 62;
const PERIOD_MS = 16;
/** Answers to a command have waited for the timer; what takes longer is a network, which has no ticks [ms]. */
const HELD_BACK_MS = { least: PERIOD_MS / 2, most: 2 * PERIOD_MS };
/** A half-word of flash, typical (data sheets: 40 to 70 µs) [ms] */
const PROGRAM_MS = 0.0525;
/** What USB and the ROM add to a write, with some to spare [ms] */
const MARGIN_MS = 1.5;

const WHOLE: BlockSizes = { read: BLOCK, write: BLOCK };
/** The ACK and the bytes read fill packets: their end does not wait. */
const READ = 4 * PACKET - 1;

/**
 * @param answerMs what the answer to a command took beyond the line
 * @param rate baud
 */
export function blockSizes(answerMs: number, rate: number): BlockSizes {
  const heldBack = answerMs >= HELD_BACK_MS.least && answerMs <= HELD_BACK_MS.most;
  return heldBack ? { read: READ, write: writeSize(rate) } : WHOLE;
}

/** The most bytes a period, as the ACK of a write comes with the first end of a period after the write. */
function writeSize(rate: number): number {
  const sizes = [256, 240, 224, 208, 192];
  const speed = (size: number): number => {
    const line = ((size + 2) * BITS_PER_BYTE * 1000) / rate;
    const periods = Math.ceil((line + (size / 2) * PROGRAM_MS + MARGIN_MS) / PERIOD_MS);
    return size / (2 + periods); // command and address take one each
  };
  return sizes.reduce((best, size) => (speed(size) > speed(best) ? size : best));
}
