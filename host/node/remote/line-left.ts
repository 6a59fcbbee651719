// When the last byte that was written has left the line behind a server. Nobody tells; its rate does.
import { IapError } from '../../base/errors.js';
import { lineMs, type StopOptions } from '../../link/transport.js';

export class LineLeft {
  #freeAt = 0;

  /** @param rate [baud] */
  written(bytes: number, rate: number): void {
    this.#freeAt = Math.max(this.#freeAt, performance.now()) + lineMs(bytes, rate);
  }

  /** @throws IapError INTERRUPTED */
  wait({ signal }: StopOptions = {}): Promise<void> {
    // Timers take whole milliseconds, and cut off the rest.
    const ms = Math.ceil(this.#freeAt - performance.now());
    if (ms <= 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(timer);
        reject(new IapError('INTERRUPTED', 'interrupted'));
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', stop);
        resolve();
      }, ms);
      if (signal?.aborted) stop();
      else signal?.addEventListener('abort', stop, { once: true });
    });
  }
}
