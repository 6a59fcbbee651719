// A serial port as a Transport. The only importer of serialport.
import { readdir } from 'node:fs/promises';
import { SerialPort } from 'serialport';
import { IapError } from '../base/errors.js';
import { printable } from '../base/text.js';
import type { ControlLines, StopOptions, Transport } from '../link/transport.js';
import { ADAPTERS, holdsBytesBack } from './latency-timer.js';
import { busyWith, lost, openError, VANISHED } from './port-errors.js';
import { holderOf } from './port-holder.js';
import type { PortOptions } from './port-options.js';

export type SerialOptions = PortOptions;

export interface PortInfo {
  readonly path: string;
  /** What is known of the adapter, for people */
  readonly description: string;
  readonly serialNumber: string | undefined;
}

/** What differs from one computer to the next; tests give their own. */
export interface System {
  readonly platform: string;
  /** Where Linux shows the settings of adapters */
  readonly adapters: string;
}

export async function openSerial(
  { path, rate, parity = 'none', lines = {} }: SerialOptions,
  system: System = { platform: process.platform, adapters: ADAPTERS },
): Promise<Transport> {
  const holder = await holderOf(path);
  if (holder) throw busyWith(path, holder);
  const port = new SerialPort({
    path,
    baudRate: rate,
    parity,
    autoOpen: false,
    // On Windows this leaves DTR off, as RTS is. On Unix it changes nothing: the binding sets HUPCL if this is true, and never clears it.
    hupcl: false,
  });
  await new Promise<void>((resolve, reject) => {
    port.open((error) => (error ? reject(openError(path, error)) : resolve()));
  });
  const transport = new SerialTransport(port, path, rate, linesAfterOpen(system));
  if (lines.dtr !== undefined || lines.rts !== undefined) {
    try {
      await transport.setLines(lines);
    } catch (error) {
      await transport.close();
      throw error;
    }
  } else if (await holdsBytesBack(path, system.adapters)) {
    // Both lines stay as they are.
    await transport.setLines({}).catch(() => {});
  }
  return transport;
}

/**
 * What open() has done to DTR and RTS. Nothing tells it afterwards, and the binding sets both in one: what is not asked for must be
 * given as it is. Linux and macOS assert both on every open; Windows does what the binding asks for, which is neither.
 */
function linesAfterOpen({ platform }: System): Required<ControlLines> {
  const asserted = platform !== 'win32';
  return { dtr: asserted, rts: asserted };
}

/**
 * On Linux an FTDI adapter then waits 1 ms instead of 16 ms for more bytes. Other adapters have no such time, and work as before.
 * serialport takes it only together with the lines, and clears it if it is left away.
 */
const LOW_LATENCY = { lowLatency: true };

class SerialTransport implements Transport {
  rate: number;
  readonly #port: SerialPort;
  readonly #path: string;
  /** As they are now */
  #lines: Required<ControlLines>;
  #closing = false;
  /** Calls that the driver has not answered */
  #unfinished = 0;
  #onBytes: (bytes: Uint8Array) => void = () => {};
  #onClose: (error: IapError) => void = () => {};

  constructor(port: SerialPort, path: string, rate: number, lines: Required<ControlLines>) {
    this.#port = port;
    this.#path = path;
    this.#lines = lines;
    this.rate = rate;
    // Without a listener an error event would end the process; writing and closing report it where it matters.
    port.on('error', () => {});
    port.on('data', (chunk: Buffer) => {
      this.#onBytes(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    });
    port.on('close', () => {
      if (!this.#closing) this.#onClose(lost(path));
    });
  }

  write(bytes: Uint8Array, options?: StopOptions): Promise<void> {
    const start = (done: (error: Error | null) => void): void => {
      this.#port.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), (error) =>
        done(error ?? null),
      );
    };
    return this.#call('writing', start, options);
  }

  onBytes(listener: (bytes: Uint8Array) => void): () => void {
    this.#onBytes = listener;
    return () => {
      if (this.#onBytes === listener) this.#onBytes = () => {};
    };
  }

  onClose(listener: (error: IapError) => void): () => void {
    this.#onClose = listener;
    return () => {
      if (this.#onClose === listener) this.#onClose = () => {};
    };
  }

  async setRate(baud: number, options?: StopOptions): Promise<void> {
    const start = (done: (error: Error | null) => void): void =>
      this.#port.update({ baudRate: baud }, done);
    await this.#call('changing the rate', start, options);
    this.rate = baud;
  }

  drain(options?: StopOptions): Promise<void> {
    return this.#call('sending', (done) => this.#port.drain(done), options);
  }

  async setLines({ dtr = this.#lines.dtr, rts = this.#lines.rts }: ControlLines): Promise<void> {
    this.#lines = { dtr, rts };
    try {
      await this.#call('setting DTR and RTS', (done) =>
        this.#port.set({ dtr, rts, ...LOW_LATENCY }, done),
      );
    } catch (error) {
      throw error instanceof IapError && NO_LINES.test(error.message) ? withoutLines(error) : error;
    }
  }

  async close(): Promise<void> {
    this.#closing = true;
    // What a stalled port has not sent, its driver waits for, and so would closing it.
    if (this.#unfinished > 0) await atMost(STOP_MS, (done) => this.#port.flush(done));
    await atMost(STOP_MS, (done) => this.#port.close(done));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #call(
    what: string,
    start: (done: (error: Error | null) => void) => void,
    { signal }: StopOptions = {},
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.#port.isOpen) {
        reject(lost(this.#path));
        return;
      }
      const stop = (): void => reject(new IapError('INTERRUPTED', 'interrupted'));
      if (signal?.aborted) {
        stop();
        return;
      }
      signal?.addEventListener('abort', stop, { once: true });
      this.#unfinished++;
      start((error) => {
        this.#unfinished--;
        signal?.removeEventListener('abort', stop);
        if (!error) resolve();
        else if (this.#port.isOpen && !VANISHED.test(error.message)) {
          reject(
            new IapError(
              'PORT_FAILED',
              `${what} failed on ${printable(this.#path)}: ${error.message}`,
              {
                details: { path: this.#path },
                cause: error,
              },
            ),
          );
        } else reject(lost(this.#path, error));
      });
    });
  }
}

/** For a driver to let go of a port [ms] */
const STOP_MS = 2000;

/** Until it is done, or for so long [ms]. */
function atMost(ms: number, start: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    start(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Of a pseudo terminal, a network port */
const NO_LINES = /inappropriate ioctl|ENOTTY|not a tty|invalid argument/i;

function withoutLines({ details, cause }: IapError): IapError {
  return new IapError('USAGE', 'this port has no DTR and RTS outputs', {
    hint: 'leave --dtr, --rts and --lines away, and reset by hand',
    details,
    cause,
  });
}

/** The serial ports of this machine. */
export async function listPorts(): Promise<PortInfo[]> {
  let ports: Awaited<ReturnType<typeof SerialPort.list>>;
  try {
    ports = await SerialPort.list();
  } catch {
    // On Linux the list comes from udev, which containers and small gateways do not have.
    return listAdapterNodes();
  }
  return ports
    .filter(({ vendorId, manufacturer, path }) => vendorId ?? manufacturer ?? !BUILT_IN.test(path))
    .map(({ path, manufacturer, vendorId, productId, serialNumber }) => ({
      path,
      // The maker's name is what the adapter says.
      description: printable(
        [manufacturer, vendorId && productId ? `${vendorId}:${productId}` : undefined]
          .filter((part) => part !== undefined)
          .join(' '),
      ),
      serialNumber,
    }));
}

async function listAdapterNodes(): Promise<PortInfo[]> {
  const names = await readdir('/dev').catch(() => []);
  return names
    .filter((name) => ADAPTER_NODE.test(name))
    .sort()
    .map((name) => ({ path: `/dev/${name}`, description: '', serialNumber: undefined }));
}

const ADAPTER_NODE = /^tty(USB|ACM)\d+$/;
/** Linux lists these for every machine, whether there is a connector or not. */
const BUILT_IN = /^\/dev\/ttyS\d+$/;
