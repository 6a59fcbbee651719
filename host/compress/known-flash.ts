// What the host knows of a device's flash, page by page: what it has written, and old pages whose CRC-32 the device has confirmed.
import { MAX_DICTIONARY } from '../../protocol/index.js';
import { concat } from '../base/bytes.js';

/** Pages of flash that a compressed page may copy from (protocol, deflate_head) */
export interface Dictionary {
  /** Number of the page behind it */
  readonly end: number;
  readonly pages: number;
  readonly bytes: Uint8Array;
}

export const NO_DICTIONARY: Dictionary = { end: 0, pages: 0, bytes: new Uint8Array() };

export class KnownFlash {
  readonly pageSize: number;
  readonly #pages = new Map<number, Uint8Array>();

  constructor(pageSize: number) {
    this.pageSize = pageSize;
  }

  /** @param bytes a whole page */
  set(number: number, bytes: Uint8Array): void {
    this.#pages.set(number, bytes);
  }

  entries(): Iterable<[number, Uint8Array]> {
    return this.#pages.entries();
  }

  /** The page behind the last one that is known */
  get end(): number {
    return Math.max(-1, ...this.#pages.keys()) + 1;
  }

  /** The longest dictionary of known pages alone that ends at `end`, or at most `slack` pages before. */
  endingAt(end: number, slack = 0): Dictionary {
    if (slack > 0 && !this.#pages.has(end - 1)) return this.endingAt(end - 1, slack - 1);
    const found: Uint8Array[] = [];
    const most = MAX_DICTIONARY / this.pageSize;
    while (found.length < most) {
      const page = this.#pages.get(end - found.length - 1);
      if (!page) break;
      found.push(page);
    }
    return { end, pages: found.length, bytes: concat(found.reverse()) };
  }
}
