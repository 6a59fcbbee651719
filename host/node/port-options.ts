// How a port is opened, whatever kind of port it is.
import type { ControlLines } from '../link/transport.js';

export interface PortOptions {
  /** A serial port's path, or tcp://HOST:PORT, socket://HOST:PORT (the same), rfc2217://HOST:PORT */
  readonly path: string;
  /** Of the line [baud]; over tcp:// the rate that the line has: nothing sets it */
  readonly rate: number;
  /** None if missing; a ROM bootloader wants even */
  readonly parity?: 'none' | 'even';
  /** What to set DTR and RTS to, as soon as the port is open; missing: left as the system leaves it */
  readonly lines?: ControlLines;
  /** Ends an attempt to reach a server */
  readonly signal?: AbortSignal;
}
