/// <reference lib="esnext.disposable" preserve="true" />
// A byte pipe with a rate: all the library needs of a serial port.
import type { IapError } from '../base/errors.js';

/** Modem control outputs; true is asserted, which is a low level at the pin of a TTL adapter. Missing: left as it is. */
export interface ControlLines {
  readonly dtr?: boolean;
  readonly rts?: boolean;
}

/** Start bit, eight data bits, stop bit */
const BITS_PER_BYTE = 10;

/** Time of bytes on the line [ms] */
export function lineMs(bytes: number, rate: number): number {
  return (bytes * BITS_PER_BYTE * 1000) / rate;
}

/** How a port is told not to go on with what it has not finished. Older implementations do not look at it. */
export interface StopOptions {
  readonly signal?: AbortSignal;
}

export interface Transport {
  /** Baud; ten bit times a byte */
  readonly rate: number;
  /** The rate is set at the other end, and `rate` only tells it: setRate() to another one fails. */
  readonly fixedRate?: boolean;
  /** To the port and back over a network, where that is known; as long as setRate() takes [ms] */
  readonly roundTripMs?: number;
  /** Resolves when the bytes are handed to the operating system, which may be long before they are on the line. */
  write(bytes: Uint8Array, options?: StopOptions): Promise<void>;
  /** One listener, the newest; called with whatever arrived, in any chunking. May return how to remove it. */
  // biome-ignore lint/suspicious/noConfusingVoidType: implementations that return nothing stay right
  onBytes(listener: (bytes: Uint8Array) => void): (() => void) | void;
  /** One listener, the newest; called once when the pipe breaks by itself, not after close(). May return how to remove it. */
  // biome-ignore lint/suspicious/noConfusingVoidType: as above
  onClose(listener: (error: IapError) => void): (() => void) | void;
  setRate(baud: number, options?: StopOptions): Promise<void>;
  /** Resolves when all that was written is on the line, as far as the operating system knows. */
  drain(options?: StopOptions): Promise<void>;
  /** Sets modem control outputs, where there are any. */
  setLines?(lines: ControlLines): Promise<void>;
  /** Ends soon, even if the port takes nothing: what it has not taken is lost. */
  close(): Promise<void>;
  /** As close() */
  [Symbol.asyncDispose]?(): Promise<void>;
}
