// How far a port is, where a network lies in between.
import type { Transport } from './transport.js';

/** A network whose round trip nobody has measured yet: what a satellite needs is less [ms]. */
export const UNKNOWN_MS = 1500;

type Port = Pick<Transport, 'roundTripMs' | 'fixedRate'>;

/** There is a network, and its transport does not know how far it is. */
export function isUnknownFar({ roundTripMs, fixedRate = false }: Port): boolean {
  return roundTripMs === undefined && fixedRate;
}

/** Every answer comes later by a round trip of the network, and a second one if that is having a slow moment [ms]. */
export function farMs(port: Port): number {
  return isUnknownFar(port) ? UNKNOWN_MS : 2 * (port.roundTripMs ?? 0);
}
