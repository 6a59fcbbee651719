// A TCP connection to a server of serial ports: bytes in both directions, and why it ended.
import { connect, type Socket } from 'node:net';
import { concat } from '../../base/bytes.js';
import { IapError } from '../../base/errors.js';
import type { StopOptions } from '../../link/transport.js';
import type { RemoteAddress } from './address.js';
import { connectError, connectionLost, type NetworkFault } from './errors.js';

/** A server far away, after a packet or two were lost [ms] */
const CONNECT_MS = 10_000;
/** Of a name with several addresses each gets so long; Node.js gives 250 ms, which a slow network needs alone [ms]. */
const ADDRESS_MS = 3000;
/** Silent for so long, the other end is asked whether it is still there [ms]. */
const KEEPALIVE_MS = 10_000;
/** To hand over what was written last [ms] */
const CLOSE_MS = 2000;
/** A server's last words are not longer [bytes]. */
const SAID = 80;

export class Connection {
  /** All that came, if that is little: a server's own words, not those of a device */
  said: Uint8Array = new Uint8Array();
  onBytes: (bytes: Uint8Array) => void = () => {};
  /** Called once, not after close() */
  onLost: (error: IapError) => void = () => {};
  readonly #socket: Socket;
  readonly #path: string;
  #closing = false;
  #lost: IapError | undefined;

  private constructor(socket: Socket, path: string) {
    this.#socket = socket;
    this.#path = path;
    let fault: NetworkFault | undefined;
    let received = 0;
    socket.on('error', (error: NetworkFault) => {
      fault = error;
    });
    socket.on('data', (chunk: Buffer) => {
      const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      received += bytes.length;
      this.said = received > SAID ? new Uint8Array() : concat([this.said, bytes]);
      this.onBytes(bytes);
    });
    socket.on('close', () => {
      if (this.#closing) return;
      this.#lost = connectionLost(path, this.said, fault);
      this.onLost(this.#lost);
    });
  }

  /** @throws IapError PORT_NOT_FOUND, PORT_PERMISSION, PORT_FAILED, INTERRUPTED */
  static open(place: RemoteAddress, signal?: AbortSignal): Promise<Connection> {
    const { host, port, path } = place;
    return new Promise((resolve, reject) => {
      const socket = connect({
        host,
        port,
        noDelay: true,
        keepAlive: true,
        keepAliveInitialDelay: KEEPALIVE_MS,
        autoSelectFamilyAttemptTimeout: ADDRESS_MS,
      });
      const fail = (error: IapError): void => {
        settle();
        socket.on('error', () => {}); // of what is being given up
        socket.destroy();
        reject(error);
      };
      const failed = (fault: NetworkFault): void => fail(connectError(place, fault));
      const aborted = (): void =>
        fail(new IapError('INTERRUPTED', 'interrupted; nothing was changed'));
      const connected = (): void => {
        settle();
        resolve(new Connection(socket, path));
      };
      const timer = setTimeout(
        () => failed({ code: 'ETIMEDOUT', message: 'no answer' }),
        CONNECT_MS,
      );
      const settle = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', aborted);
        socket.off('error', failed);
        socket.off('connect', connected);
      };
      socket.once('error', failed);
      socket.once('connect', connected);
      if (signal?.aborted) aborted();
      else signal?.addEventListener('abort', aborted, { once: true });
    });
  }

  /**
   * Resolves when the operating system has taken the bytes.
   * @throws IapError PORT_LOST, INTERRUPTED
   */
  write(bytes: Uint8Array, { signal }: StopOptions = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#lost || this.#socket.destroyed) {
        reject(this.#lost ?? connectionLost(this.#path, this.said));
        return;
      }
      const stop = (): void => reject(new IapError('INTERRUPTED', 'interrupted'));
      if (signal?.aborted) {
        stop();
        return;
      }
      signal?.addEventListener('abort', stop, { once: true });
      // The socket keeps what it can not send at once; whoever wrote it may write something else into it meanwhile.
      this.#socket.write(bytes.slice(), (fault) => {
        signal?.removeEventListener('abort', stop);
        if (fault) reject(connectionLost(this.#path, this.said, fault));
        else resolve();
      });
    });
  }

  /** Hands over what was written, and ends soon. */
  async close(): Promise<void> {
    this.#closing = true;
    if (this.#socket.destroyed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, CLOSE_MS);
      this.#socket.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      this.#socket.end();
    });
    this.#socket.destroy();
  }
}
