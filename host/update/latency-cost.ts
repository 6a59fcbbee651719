// What an adapter that holds bytes back has cost an update, if that is worth to be told. Pure.
import type { RoundTrips } from '../link/round-trips.js';

/** A prompt adapter, its driver and a device that does not hurry need less [ms]. */
const HELD_MS = 5;
const WORTH_TELLING = 0.05;

export interface LatencyCost {
  /** Of each answer */
  readonly heldMs: number;
  /** Of the whole update */
  readonly costMs: number;
}

export function latencyCost(
  { lateMs, waited }: Pick<RoundTrips, 'lateMs' | 'waited'>,
  totalMs: number,
): LatencyCost | undefined {
  if (lateMs === undefined || lateMs < HELD_MS) return undefined;
  const costMs = waited * lateMs;
  if (costMs <= WORTH_TELLING * totalMs) return undefined;
  return { heldMs: Math.round(lateMs), costMs: Math.round(costMs) };
}
