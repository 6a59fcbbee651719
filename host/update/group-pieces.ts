// Pages cut into DATA frames, once and for all: a number must mean the same to those that are ahead.
import { DataFlag, DataRequest, encode } from '../../protocol/index.js';
import { concat } from '../base/bytes.js';
import type { Packer } from '../compress/packer.js';
import { rawPage } from '../compress/page-encoder.js';
import type { Page } from '../image/pages.js';
import { pageHead } from './page-head.js';

export interface Piece {
  /** Of the pages that are sent, from 0 */
  readonly page: number;
  readonly encoding: number;
  /** It is the last of its page */
  readonly completes: boolean;
  readonly payload: Uint8Array;
}

export interface PiecesOptions {
  /** Number of the first DATA frame, the same for all */
  readonly start: number;
  readonly pages: readonly Page[];
  readonly packer: Packer;
  readonly force: (page: Page) => boolean;
}

export class Pieces {
  readonly #options: PiecesOptions;
  readonly #pieces: Piece[] = [];
  /** Bytes of each page that was cut, as it travels */
  readonly #encoded: number[] = [];
  /** Pages that are not sent compressed any more */
  readonly #raw = new Set<number>();

  constructor(options: PiecesOptions) {
    this.#options = options;
  }

  /** So far */
  get count(): number {
    return this.#pieces.length;
  }

  /** Pages that were cut so far */
  get pages(): number {
    return this.#encoded.length;
  }

  at(piece: number): Piece | undefined {
    return this.#pieces[piece];
  }

  pageOf(piece: number): Page | undefined {
    return this.#options.pages[this.at(piece)?.page ?? -1];
  }

  number(piece: number): number {
    return (this.#options.start + piece) & 0xffff;
  }

  /** @param number of a DATA frame */
  pieceOf(number: number): number {
    return (number - this.#options.start) & 0xffff;
  }

  /** Payload of these frames together [bytes] */
  size(from: number, to: number): number {
    return this.#pieces.slice(from, to).reduce((sum, { payload }) => sum + payload.length, 0);
  }

  /** Pages that are whole in the first `count`, and what they were sent as [bytes] */
  pagesIn(count: number): { readonly pages: number; readonly encoded: number } {
    const pages = this.#pieces.slice(0, count).filter(({ completes }) => completes).length;
    const encoded = this.#encoded.slice(0, pages).reduce((sum, size) => sum + size, 0);
    return { pages, encoded };
  }

  /**
   * All pieces of the next page, of about the same length: short frames would be answered by applications on the line.
   * @param payload the longest of a frame [bytes]
   */
  cut(payload: number): void {
    const { pages, packer, force } = this.#options;
    const index = this.#encoded.length;
    const page = pages[index];
    if (!page) return;
    const encoded = this.#raw.has(index) ? rawPage(page) : packer.encode(page);
    this.#encoded.push(encoded.bytes.length);
    const all = concat([pageHead(page, encoded, force(page)), encoded.bytes]);
    const count = Math.ceil(all.length / (payload - DataRequest.size));
    const size = Math.ceil(all.length / count);
    for (let i = 0; i < count; i++) {
      const number = this.number(this.#pieces.length);
      const body = all.subarray(i * size, (i + 1) * size);
      const flags = i === 0 ? DataFlag.HEAD : 0;
      this.#pieces.push({
        page: index,
        encoding: encoded.encoding,
        completes: i + 1 === count,
        payload: encode(DataRequest, { number, flags, body }),
      });
    }
  }

  /** This page, whose first piece nobody has taken, and all behind it are cut anew, this page as it is. */
  cutRaw(piece: number): void {
    const { pages } = this.pagesIn(piece);
    this.#raw.add(pages);
    this.#pieces.length = piece;
    this.#encoded.length = pages;
  }
}
