// Where in flash the bytes of a new page are now: runs of 8 bytes that both have vote for the page they are in.
import type { KnownFlash } from './known-flash.js';

/** Compared at once [bytes] */
const RUN = 8;
/** Old runs begin here: any run of twice their length has one of them. */
const STEP = 8;
/** New runs begin at any half-word, as code does [bytes]. */
export const NEW_STEP = 2;
const HASH_BITS = 16;

/** Votes of one new page: number of an old page → how many runs of it the new page has. */
export type Votes = ReadonlyMap<number, number>;

export class Sources {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #pageSize: number;
  /** Hash of a run → where one with this hash is, plus 1 */
  readonly #places = new Int32Array(1 << HASH_BITS);

  constructor(known: KnownFlash) {
    this.#pageSize = known.pageSize;
    this.#bytes = new Uint8Array(known.end * known.pageSize);
    this.#view = new DataView(this.#bytes.buffer);
    for (const [number, page] of known.entries()) this.#add(number, page);
  }

  #add(number: number, page: Uint8Array): void {
    const base = number * this.#pageSize;
    this.#bytes.set(page, base);
    for (let at = base; at + RUN <= base + page.length; at += STEP) {
      const low = this.#view.getUint32(at, true);
      const high = this.#view.getUint32(at + 4, true);
      if (low !== high) this.#places[hash(low, high)] = at + 1;
    }
  }

  votes(page: Uint8Array): Votes {
    const votes = new Map<number, number>();
    const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
    for (let at = 0; at + RUN <= page.length; at += NEW_STEP) {
      const low = view.getUint32(at, true);
      const high = view.getUint32(at + 4, true);
      const place = (this.#places[hash(low, high)] ?? 0) - 1;
      if (place < 0) continue;
      if (this.#view.getUint32(place, true) !== low) continue;
      if (this.#view.getUint32(place + 4, true) !== high) continue;
      const source = Math.floor(place / this.#pageSize);
      votes.set(source, (votes.get(source) ?? 0) + 1);
    }
    return votes;
  }
}

function hash(low: number, high: number): number {
  return (Math.imul(low, 0x9e37_79b1) ^ Math.imul(high, 0x85eb_ca6b)) >>> (32 - HASH_BITS);
}
