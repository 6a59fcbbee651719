// Which rates are tried, one after the other, and when trying is worth it. Pure.
import { FLASH_MS_A_KB } from '../compress/packer.js';
import type { DeviceInfo } from '../device/device.js';
import { lineMs } from '../link/transport.js';

/** What adapters make, each about twice the one before [baud] */
const RUNGS = [9600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800, 921_600, 2e6, 3e6] as const;

/** In this share of the time that flash takes the line need not be faster: it is not what an update waits for. */
const FAST_ENOUGH = 1 / 2;
/** What a rate costs that does not work: until the device is back (RATE_PROOF_MS), and until it is found again [ms] */
const FAILURE_MS = 1200;
/** To change to a rate and to prove it [ms] */
const CHANGE_MS = 100;

/** Round trips over a network: of a change and its proof, and of the way up from 115200 to 921600 */
const CHANGE_TRIPS = 4;
const CLIMB_TRIPS = 11;

/** The next rate to try above this one; undefined if the device can not make it, or flash gains nothing by it. */
export function rungAbove(rate: number, { maxRate }: DeviceInfo): number | undefined {
  if (lineMs(1024, rate) < FAST_ENOUGH * FLASH_MS_A_KB) return undefined;
  return RUNGS.find((rung) => rung > rate && rung <= maxRate);
}

/** The next rate below this one, `least` at last. */
export function rungBelow(rate: number, least: number): number {
  return Math.max(least, RUNGS.findLast((rung) => rung < rate) ?? least);
}

/**
 * Whether bytes are enough for a faster rate to save more time than the way there may cost.
 * @param known it held before, and is gone to at once
 * @param roundTripMs of a network in between [ms]
 */
export function worthIt(bytes: number, rate: number, known: boolean, roundTripMs = 0): boolean {
  const saved = lineMs(bytes, rate) - (FLASH_MS_A_KB * bytes) / 1024;
  const cost = known
    ? CHANGE_MS + CHANGE_TRIPS * roundTripMs
    : FAILURE_MS + CLIMB_TRIPS * roundTripMs;
  return saved > cost;
}
