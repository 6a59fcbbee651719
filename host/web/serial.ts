/// <reference lib="esnext.disposable" preserve="true" />
// A browser's serial port as a Transport, in a page or in a worker. DTR and RTS are never set; closing lets go of both.
import { IapError } from '../base/errors.js';
import type { StopOptions, Transport } from '../link/transport.js';
import { type FailedPort, failed, lost, openError, rateError } from './port-errors.js';

/** A SerialPort, as far as it is used here: so whoever imports this needs no types of Web Serial. */
export interface WebSerialPort extends FailedPort {
  readonly readable: ReadableStream<Uint8Array> | null;
  readonly writable: WritableStream<Uint8Array> | null;
  open(options: { readonly baudRate: number; readonly bufferSize: number }): Promise<void>;
  close(): Promise<void>;
  addEventListener(type: 'disconnect', listener: () => void): void;
  removeEventListener(type: 'disconnect', listener: () => void): void;
}

export interface WebSerialOptions {
  /** Baud */
  readonly rate: number;
}

/** Of reception; with the 255 bytes that are usual it is six times as slow [bytes]. */
const BUFFER_SIZE = 64 * 1024;

/** For a port to send what it has, and to close [ms] */
const STOP_MS = 2000;

/**
 * Opens a port that the user has chosen, with 8 data bits, 1 stop bit and no parity. A port is opened by one page at a time.
 * @throws IapError PORT_BUSY, PORT_NOT_FOUND, PORT_FAILED
 */
export async function openWebSerial(
  port: WebSerialPort,
  { rate }: WebSerialOptions,
): Promise<Transport> {
  try {
    await openAt(port, rate);
  } catch (error) {
    throw openError(port, error);
  }
  return new WebSerialTransport(port, rate);
}

function openAt(port: WebSerialPort, baudRate: number): Promise<void> {
  return port.open({ baudRate, bufferSize: BUFFER_SIZE });
}

class WebSerialTransport implements Transport {
  rate: number;
  readonly #port: WebSerialPort;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  /** Ends when nothing is read any more */
  #reading: Promise<void> = Promise.resolve();
  #writer: WritableStreamDefaultWriter<Uint8Array> | undefined;
  /** Calls one after the other: a stream has one writer at a time, and none while the port is closed for another rate. */
  #queue: Promise<void> = Promise.resolve();
  /** Calls in the queue */
  #unfinished = 0;
  /** Reading ends because somebody wants it to */
  #stopReading = false;
  #broken: IapError | undefined;
  #closing = false;
  #closed: Promise<void> | undefined;
  #onBytes: (bytes: Uint8Array) => void = () => {};
  #onClose: (error: IapError) => void = () => {};

  constructor(port: WebSerialPort, rate: number) {
    this.#port = port;
    this.rate = rate;
    // A port can go away without an error of its streams.
    port.addEventListener('disconnect', this.#disconnected);
    this.#startReading();
  }

  write(bytes: Uint8Array, options?: StopOptions): Promise<void> {
    return this.#call('writing', () => this.#withWriter((writer) => writer.write(bytes)), options);
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

  /** A port can not change its rate while it is open: the same rate again is left alone, because DTR and RTS would drop. */
  setRate(baud: number, options?: StopOptions): Promise<void> {
    const change = async (): Promise<void> => {
      if (baud !== this.rate) await this.#reopen(baud);
    };
    return this.#call('changing the rate', change, options);
  }

  drain(options?: StopOptions): Promise<void> {
    return this.#call('sending', () => this.#sendAll(), options);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  readonly #disconnected = (): void => {
    this.#lose();
  };

  /** Who was interrupted does not wait; what was begun goes on, until the port is closed. */
  #call(what: string, start: () => Promise<void>, { signal }: StopOptions = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = (): void => reject(new IapError('INTERRUPTED', 'interrupted'));
      if (signal?.aborted) {
        stop();
        return;
      }
      signal?.addEventListener('abort', stop, { once: true });
      this.#unfinished++;
      this.#queue = this.#queue.then(async () => {
        try {
          this.#check();
          if (!signal?.aborted) await start();
          resolve();
        } catch (error) {
          reject(this.#explained(what, error));
        } finally {
          this.#unfinished--;
          signal?.removeEventListener('abort', stop);
        }
      });
    });
  }

  #check(): void {
    if (this.#broken) throw this.#broken;
    if (this.#closing) throw lost(this.#port);
  }

  #explained(what: string, error: unknown): IapError {
    if (error instanceof IapError) return error;
    if (this.#broken) return this.#broken;
    if (this.#closing) return lost(this.#port, error);
    if ((error as Error).name !== 'NetworkError') return failed(this.#port, what, error);
    return this.#lose(error);
  }

  async #withWriter(
    use: (writer: WritableStreamDefaultWriter<Uint8Array>) => Promise<void>,
  ): Promise<void> {
    const { writable } = this.#port;
    if (!writable) throw this.#lose();
    const writer = writable.getWriter();
    this.#writer = writer;
    try {
      await use(writer);
    } finally {
      this.#writer = undefined;
      writer.releaseLock();
    }
  }

  /** Only a stream that is closed has sent everything; the next one that the port gives goes on. */
  #sendAll(): Promise<void> {
    return this.#withWriter((writer) => writer.close());
  }

  async #reopen(baud: number): Promise<void> {
    await this.#sendAll();
    await this.#endReading();
    try {
      await this.#port.close();
      this.#check();
      await openAt(this.#port, baud);
      this.rate = baud;
    } catch (error) {
      this.#check();
      // Perhaps the adapter does not take the rate: as it was before
      await openAt(this.#port, this.rate).catch((gone: unknown) => {
        throw this.#lose(gone);
      });
      throw rateError(this.#port, baud, error);
    } finally {
      if (!this.#closing) this.#startReading();
    }
  }

  #startReading(): void {
    this.#stopReading = false;
    this.#reading = this.#read();
  }

  async #endReading(): Promise<void> {
    this.#stopReading = true;
    await this.#reader?.cancel().catch(() => {});
    await this.#reading;
  }

  async #read(): Promise<void> {
    let cause: unknown;
    // After noise on the line, or an overrun, the port gives a new stream; when it has broken, none.
    for (;;) {
      const { readable } = this.#port;
      if (this.#stopReading) return;
      if (!readable) break;
      const reader = readable.getReader();
      this.#reader = reader;
      try {
        for (;;) {
          const { value, done } = await reader.read();
          if (done) break;
          this.#onBytes(value);
        }
      } catch (error) {
        cause = error;
      } finally {
        this.#reader = undefined;
        reader.releaseLock();
      }
    }
    this.#lose(cause);
  }

  /** Tells it once. The browser must let go of what is left of the port, or it could not be opened when it is back. */
  #lose(cause?: unknown): IapError {
    if (this.#broken) return this.#broken;
    const error = lost(this.#port, cause);
    if (this.#closing) return error;
    this.#broken = error;
    this.#closed = this.#close();
    this.#onClose(error);
    return error;
  }

  async #close(): Promise<void> {
    this.#closing = true;
    this.#port.removeEventListener('disconnect', this.#disconnected);
    if (!this.#broken && this.#unfinished === 0) {
      this.#queue = this.#sendAll().catch(() => {});
      await atMost(STOP_MS, this.#queue);
    }
    // What the port has not taken by now is lost.
    this.#writer?.abort().catch(() => {});
    await atMost(STOP_MS, this.#letGo());
  }

  async #letGo(): Promise<void> {
    await this.#queue;
    await this.#endReading();
    await this.#port.close();
  }
}

/** Until it is done, well or badly, or for so long [ms]. */
function atMost(ms: number, work: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    work.then(done, done);
  });
}
