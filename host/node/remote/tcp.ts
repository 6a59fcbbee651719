// A raw TCP connection as a Transport: a line whose rate, format and modem lines are its server's to set.
import { IapError } from '../../base/errors.js';
import { printable } from '../../base/text.js';
import type { StopOptions, Transport } from '../../link/transport.js';
import type { PortOptions } from '../port-options.js';
import { remoteAddress } from './address.js';
import { Connection } from './connection.js';
import { LineLeft } from './line-left.js';

/**
 * Connects to tcp://HOST:PORT. Nothing is sent but what is written, and a parity is not set.
 * @param options `rate` is what the line has, for time-outs
 * @throws IapError PORT_…, INTERRUPTED; USAGE for another name, or if lines are to be set
 */
export async function openTcp({ path, rate, lines = {}, signal }: PortOptions): Promise<Transport> {
  const place = remoteAddress(path);
  if (place?.protocol !== 'tcp') {
    throw new IapError('USAGE', `expected tcp://HOST:PORT; found ${printable(path)}`);
  }
  if (lines.dtr !== undefined || lines.rts !== undefined) throw withoutLines(path);
  return new TcpTransport(await Connection.open(place, signal), path, rate);
}

class TcpTransport implements Transport {
  readonly rate: number;
  readonly fixedRate = true;
  readonly #connection: Connection;
  readonly #path: string;
  readonly #line = new LineLeft();

  constructor(connection: Connection, path: string, rate: number) {
    this.#connection = connection;
    this.#path = path;
    this.rate = rate;
  }

  async write(bytes: Uint8Array, options?: StopOptions): Promise<void> {
    this.#line.written(bytes.length, this.rate);
    await this.#connection.write(bytes, options);
  }

  onBytes(listener: (bytes: Uint8Array) => void): () => void {
    const connection = this.#connection;
    connection.onBytes = listener;
    return () => {
      if (connection.onBytes === listener) connection.onBytes = () => {};
    };
  }

  onClose(listener: (error: IapError) => void): () => void {
    const connection = this.#connection;
    connection.onLost = listener;
    return () => {
      if (connection.onLost === listener) connection.onLost = () => {};
    };
  }

  setRate(baud: number): Promise<void> {
    return baud === this.rate ? Promise.resolve() : Promise.reject(rateFixed(this.#path));
  }

  drain(options?: StopOptions): Promise<void> {
    return this.#line.wait(options);
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

const INSTEAD = 'rfc2217://HOST:PORT can, where the server knows RFC 2217';

function rateFixed(path: string): IapError {
  return new IapError('PORT_FAILED', `${printable(path)} can not change the rate of its line`, {
    hint: INSTEAD,
    details: { path },
  });
}

function withoutLines(path: string): IapError {
  return new IapError('USAGE', 'this port has no DTR and RTS outputs', {
    hint: `leave --dtr, --rts and --lines away, and reset by hand; ${INSTEAD}`,
    details: { path },
  });
}
