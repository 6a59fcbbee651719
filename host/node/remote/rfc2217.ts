// An RFC 2217 server's port as a Transport: rate, format and modem lines are set over the network.
import { IapError } from '../../base/errors.js';
import { printable } from '../../base/text.js';
import type { ControlLines, StopOptions, Transport } from '../../link/transport.js';
import type { PortOptions } from '../port-options.js';
import { remoteAddress } from './address.js';
import {
  ComPort,
  EIGHT_BITS,
  lineSetting,
  NO_FLOW_CONTROL,
  ONE_STOP_BIT,
  PURGE_BOTH,
  paritySetting,
  rateSetting,
} from './com-port.js';
import { Connection } from './connection.js';
import { closedAtOnce } from './errors.js';
import { LineLeft } from './line-left.js';
import { Rfc2217Client } from './rfc2217-client.js';

/**
 * Connects to rfc2217://HOST:PORT, and sets its line: rate, eight bits, parity, one stop bit, no flow control. The server must confirm the
 * rate, and a parity that is not none; of the rest it may say nothing.
 * @param answerMs how long an answer that must come is waited for [ms]
 * @throws IapError PORT_…, INTERRUPTED; USAGE for another name
 */
export async function openRfc2217(
  { path, rate, parity = 'none', lines = {}, signal }: PortOptions,
  { answerMs }: { readonly answerMs?: number } = {},
): Promise<Transport> {
  const place = remoteAddress(path);
  if (place?.protocol !== 'rfc2217') {
    throw new IapError('USAGE', `expected rfc2217://HOST:PORT; found ${printable(path)}`);
  }
  const stop: StopOptions = signal ? { signal } : {};
  const client = new Rfc2217Client(await Connection.open(place, signal), path, answerMs);
  try {
    await client.begin(stop);
    const baud = rateSetting(rate);
    const ofParity = paritySetting(parity);
    const needed = parity === 'none' ? [baud] : [baud, ofParity];
    const settings = [EIGHT_BITS, ofParity, ONE_STOP_BIT, NO_FLOW_CONTROL, baud];
    await client.ask(settings, { ...stop, needed });
    // Of whoever had the port before
    client.tell(ComPort.PURGE_DATA, PURGE_BOTH);
    const transport = new Rfc2217Transport(client, rate);
    await transport.setLines(lines);
    return transport;
  } catch (error) {
    await client.close();
    // ser2net agrees to all first, and closes when it finds that the port behind is in use.
    const lost = error instanceof IapError && error.code === 'PORT_LOST';
    throw lost ? closedAtOnce(path, new Uint8Array()) : error;
  }
}

class Rfc2217Transport implements Transport {
  rate: number;
  readonly #client: Rfc2217Client;
  readonly #line = new LineLeft();
  /** As the server was told last; it may be anything before */
  #lines: ControlLines = {};
  /** What the server has made of the last change is not known. */
  #unsure = false;

  constructor(client: Rfc2217Client, rate: number) {
    this.#client = client;
    this.rate = rate;
  }

  get roundTripMs(): number {
    return this.#client.roundTripMs;
  }

  async write(bytes: Uint8Array, options?: StopOptions): Promise<void> {
    this.#line.written(bytes.length, this.rate);
    await this.#client.write(bytes, options);
  }

  onBytes(listener: (bytes: Uint8Array) => void): () => void {
    const client = this.#client;
    client.onBytes = listener;
    return () => {
      if (client.onBytes === listener) client.onBytes = () => {};
    };
  }

  onClose(listener: (error: IapError) => void): () => void {
    const client = this.#client;
    client.onLost = listener;
    return () => {
      if (client.onLost === listener) client.onLost = () => {};
    };
  }

  /** Confirmed, or not made: a server that makes another one is sent back. */
  async setRate(baud: number, options?: StopOptions): Promise<void> {
    if (baud === this.rate && !this.#unsure) return;
    const before = this.rate;
    this.#unsure = true;
    try {
      await this.#setRate(baud, options);
    } catch (error) {
      if (error instanceof IapError && error.code === 'PORT_FAILED' && baud !== before) {
        await this.#setRate(before, options).catch(() => {});
      }
      throw error;
    }
  }

  async #setRate(baud: number, options: StopOptions = {}): Promise<void> {
    const setting = rateSetting(baud);
    await this.#client.ask([setting], { ...options, needed: [setting] });
    this.rate = baud;
    this.#unsure = false;
  }

  drain(options?: StopOptions): Promise<void> {
    return this.#line.wait(options);
  }

  /** Sends what changes. Some servers never answer this, as ser2net for a port that has no such lines: they are asked all the same. */
  async setLines({ dtr = this.#lines.dtr, rts = this.#lines.rts }: ControlLines): Promise<void> {
    const before = this.#lines;
    this.#lines = {
      ...(dtr === undefined ? {} : { dtr }),
      ...(rts === undefined ? {} : { rts }),
    };
    const settings = [
      ...(dtr === undefined || dtr === before.dtr ? [] : [lineSetting('dtr', dtr)]),
      ...(rts === undefined || rts === before.rts ? [] : [lineSetting('rts', rts)]),
    ];
    if (settings.length > 0) await this.#client.ask(settings);
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
