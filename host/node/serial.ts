// A serial port as a Transport. The only importer of serialport.
import { readdir } from 'node:fs/promises';
import { SerialPort } from 'serialport';
import { IapError } from '../base/errors.js';
import type { ControlLines, StopOptions, Transport } from '../link/transport.js';

export interface SerialOptions {
  readonly path: string;
  /** Baud */
  readonly rate: number;
  /** None if missing; a ROM bootloader wants even */
  readonly parity?: 'none' | 'even';
}

export interface PortInfo {
  readonly path: string;
  /** What is known of the adapter, for people */
  readonly description: string;
  readonly serialNumber: string | undefined;
}

export async function openSerial({
  path,
  rate,
  parity = 'none',
}: SerialOptions): Promise<Transport> {
  const port = new SerialPort({
    path,
    baudRate: rate,
    parity,
    autoOpen: false,
    // DTR and RTS may be wired to reset or BOOT0, and hang-up on close drops them: closing must not reset the board.
    hupcl: false,
  });
  await new Promise<void>((resolve, reject) => {
    port.open((error) => (error ? reject(openError(path, error)) : resolve()));
  });
  await answerAtOnce(port);
  return new SerialTransport(port, path, rate);
}

/**
 * On Linux an FTDI adapter then waits 1 ms instead of 16 ms for more bytes. Other adapters have no such time, and ports without
 * control lines refuse: both work as before.
 */
const LOW_LATENCY = { lowLatency: true };

function answerAtOnce(port: SerialPort): Promise<void> {
  // DTR and RTS as opening has left them: the driver sets all of this in one.
  return new Promise((resolve) => {
    port.set({ dtr: true, rts: true, ...LOW_LATENCY }, () => resolve());
  });
}

class SerialTransport implements Transport {
  rate: number;
  readonly #port: SerialPort;
  readonly #path: string;
  #closing = false;
  /** Calls that the driver has not answered */
  #unfinished = 0;
  #onBytes: (bytes: Uint8Array) => void = () => {};
  #onClose: (error: IapError) => void = () => {};

  constructor(port: SerialPort, path: string, rate: number) {
    this.#port = port;
    this.#path = path;
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

  setLines(lines: ControlLines): Promise<void> {
    return this.#call('setting DTR and RTS', (done) =>
      this.#port.set({ ...lines, ...LOW_LATENCY }, done),
    );
  }

  async close(): Promise<void> {
    this.#closing = true;
    if (!this.#port.isOpen) return;
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
            new IapError('PORT_FAILED', `${what} failed on ${this.#path}: ${error.message}`, {
              details: { path: this.#path },
              cause: error,
            }),
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

/** What drivers say when an adapter is pulled out */
const VANISHED =
  /EIO|ENXIO|ENODEV|input\/output|no such device|not open|bad file descriptor|EBADF/i;

function lost(path: string, cause?: Error): IapError {
  return new IapError('PORT_LOST', `${path} went away while it was in use`, {
    hint: 'plug the adapter in again and run the same command again: it goes on where it stopped',
    details: { path },
    cause,
  });
}

/** The driver's words → what to do. */
export function openError(path: string, error: Error): IapError {
  const details = { path };
  const options = { details, cause: error };
  if (/no such file|ENOENT|not found|ENXIO|ENODEV|no such device/i.test(error.message)) {
    return new IapError('PORT_NOT_FOUND', `there is no port ${path}`, {
      ...options,
      hint: '"iap ports" lists the ports; is the adapter plugged in?',
    });
  }
  if (/permission|EACCES|EPERM|access denied/i.test(error.message)) {
    return new IapError('PORT_PERMISSION', `no permission to open ${path}`, {
      ...options,
      hint:
        process.platform === 'linux'
          ? 'add yourself to the group that owns it, usually: sudo usermod -aG dialout $USER, then log in again; another program may also hold it'
          : 'close other programs that use it',
    });
  }
  if (/lock|busy|EBUSY|temporarily unavailable|EAGAIN/i.test(error.message)) {
    return new IapError('PORT_BUSY', `${path} is in use by another program`, {
      ...options,
      hint: 'close the terminal program or the other updater; "fuser -v PORT" shows it',
    });
  }
  if (/inappropriate ioctl|ENOTTY|is a directory/i.test(error.message)) {
    return new IapError('PORT_FAILED', `${path} is not a serial port`, {
      ...options,
      hint: '"iap ports" lists the ports',
    });
  }
  const why = error.message.replace(/^Error:?\s*/, '');
  return new IapError('PORT_FAILED', `${path} can not be opened: ${why}`, {
    ...options,
    hint: 'unplug the adapter and plug it in again; "iap ports" lists the ports',
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
      description: [manufacturer, vendorId && productId ? `${vendorId}:${productId}` : undefined]
        .filter((part) => part !== undefined)
        .join(' '),
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
