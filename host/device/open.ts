// A session on a transport, with the options that every command to a device has.
import { type Clock, realClock } from '../base/clock.js';
import { Session, type TraceEvent } from '../link/session.js';
import type { Transport } from '../link/transport.js';

export interface LinkOptions {
  readonly clock?: Clock;
  /** Bus address; 0 for the only device on the line */
  readonly address?: number;
  /** The line is a half-duplex pair, as of RS-485; a device that knows says so itself */
  readonly halfDuplex?: boolean;
  /** Call without pauses until a device answers, to catch one that is about to be reset */
  readonly wait?: boolean;
  /** How long to look for a device [ms] */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly trace?: (event: TraceEvent) => void;
}

export function openSession(transport: Transport, options: LinkOptions): Session {
  const { clock = realClock, address, halfDuplex, signal, trace } = options;
  return new Session(transport, {
    clock,
    ...(address === undefined ? {} : { address }),
    ...(halfDuplex === undefined ? {} : { halfDuplex }),
    ...(signal === undefined ? {} : { signal }),
    ...(trace === undefined ? {} : { trace }),
  });
}
