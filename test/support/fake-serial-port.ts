// A SerialPort as the specification of Web Serial has it, with its stream errors and fatal errors, on nothing.
import type { WebSerialPort } from '../../host/web/serial.js';

type Named = Error & { name: string };

export function domError(name: string, message: string): Named {
  return Object.assign(new Error(message), { name });
}

export class FakeSerialPort implements WebSerialPort {
  connected = true;
  /** What was asked of it, in this order */
  readonly calls: string[] = [];
  /** Rates that the adapter does not do [baud] */
  readonly wrongRates = new Set<number>();
  /** Why it does not open */
  refuses: Error | undefined;
  /** It takes no bytes, as behind a line that says wait. */
  stalled = false;
  readonly written: number[] = [];
  #open = false;
  #fatal = false;
  #readable: ReadableStream<Uint8Array> | undefined;
  #writable: WritableStream<Uint8Array> | undefined;
  #source: ReadableStreamDefaultController<Uint8Array> | undefined;
  #sink: WritableStreamDefaultController | undefined;
  #release: () => void = () => {};
  readonly #listeners = new Set<() => void>();

  getInfo(): { usbVendorId: number; usbProductId: number } {
    return { usbVendorId: 0x0403, usbProductId: 0x6001 };
  }

  open({ baudRate, bufferSize }: { baudRate: number; bufferSize: number }): Promise<void> {
    this.calls.push(`open ${baudRate} ${bufferSize}`);
    if (this.#open)
      return Promise.reject(domError('InvalidStateError', 'The port is already open.'));
    if (this.refuses) return Promise.reject(this.refuses);
    if (this.wrongRates.has(baudRate) || !this.connected) {
      return Promise.reject(domError('NetworkError', 'Failed to open serial port.'));
    }
    this.#open = true;
    this.#fatal = false;
    return Promise.resolve();
  }

  async close(): Promise<void> {
    this.calls.push('close');
    if (!this.#open) throw domError('InvalidStateError', 'The port is already closed.');
    await this.#readable?.cancel();
    await this.#writable?.abort();
    this.#readable = undefined;
    this.#writable = undefined;
    this.#open = false;
  }

  get readable(): ReadableStream<Uint8Array> | null {
    if (!this.#open || this.#fatal) return null;
    this.#readable ??= new ReadableStream({
      start: (controller) => {
        this.#source = controller;
      },
      cancel: () => {
        this.#readable = undefined;
      },
    });
    return this.#readable;
  }

  get writable(): WritableStream<Uint8Array> | null {
    if (!this.#open || this.#fatal) return null;
    this.#writable ??= new WritableStream({
      start: (controller) => {
        this.#sink = controller;
      },
      write: (bytes) => this.#take(() => this.written.push(...bytes)),
      close: () =>
        this.#take(() => {
          this.calls.push('sent');
          this.#writable = undefined;
        }),
      abort: () => {
        this.#writable = undefined;
      },
    });
    return this.#writable;
  }

  /** As soon as it takes bytes; an abort ends the wait. */
  async #take(done: () => void): Promise<void> {
    if (this.stalled) {
      await new Promise<void>((resolve, reject) => {
        this.#release = resolve;
        // Types of Node.js 20 have no signal here.
        const { signal } = this.#sink as unknown as { signal: AbortSignal };
        signal.addEventListener('abort', () => {
          this.calls.push('abort');
          reject(new Error('aborted'));
        });
      });
    }
    done();
  }

  /** The line that said wait says go on. */
  goOn(): void {
    this.stalled = false;
    this.#release();
  }

  receive(...bytes: number[]): void {
    this.#source?.enqueue(Uint8Array.from(bytes));
  }

  /** Noise, a break, an overrun: only this stream ends. */
  disturb(name: string): void {
    const source = this.#source;
    this.#readable = undefined;
    source?.error(domError(name, 'a line error'));
  }

  /** The device is gone. */
  lose(): void {
    this.connected = false;
    this.#fatal = true;
    const gone = domError('NetworkError', 'The device has been lost.');
    this.#source?.error(gone);
    this.#sink?.error(gone);
    this.#readable = undefined;
    this.#writable = undefined;
  }

  /** Only the event; the streams live on. */
  disconnect(): void {
    this.connected = false;
    for (const listener of this.#listeners) listener();
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  addEventListener(_type: 'disconnect', listener: () => void): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_type: 'disconnect', listener: () => void): void {
    this.#listeners.delete(listener);
  }
}
