// How each page travels: as it is, or compressed with what flash holds at that moment, whichever is shortest.
import { DeflateHead, Encoding, encode, MAX_DICTIONARY } from '../../protocol/index.js';
import { concat } from '../base/bytes.js';
import { BLANK } from '../image/areas.js';
import type { Page } from '../image/pages.js';
import type { Deflate } from './deflate.js';
import { type Dictionary, type KnownFlash, NO_DICTIONARY } from './known-flash.js';
import type { Votes } from './sources.js';

/** What DATA frames carry of a page */
export interface EncodedPage {
  readonly encoding: number;
  readonly bytes: Uint8Array;
}

export interface EncoderOptions {
  readonly deflate: Deflate;
  /** Kept up to date with each page that is encoded: the device decodes it when those before are in flash */
  readonly known: KnownFlash;
  /** Whether the device lets pages copy from flash */
  readonly dictionaries: boolean;
  /** A compressed page is worth it up to this share of the raw one */
  readonly worth: number;
}

export function rawPage(page: Page): EncodedPage {
  return { encoding: Encoding.RAW, bytes: page.bytes };
}

export class PageEncoder {
  readonly #options: EncoderOptions;
  #dictionaries: boolean;

  constructor(options: EncoderOptions) {
    this.#options = options;
    this.#dictionaries = options.dictionaries;
  }

  /** What was known of the flash is not so. */
  distrust(): void {
    this.#dictionaries = false;
  }

  /** To be called once a page, in the order in which they are sent. */
  encode(page: Page, votes: Votes): EncodedPage {
    const { known, worth } = this.#options;
    const raw = rawPage(page);
    let best = raw;
    for (const dictionary of this.#candidates(page, votes)) {
      const encoded = this.#compress(page, dictionary);
      const short = encoded.bytes.length <= worth * raw.bytes.length;
      if (short && encoded.bytes.length < best.bytes.length) best = encoded;
    }
    known.set(page.number, padded(page.bytes, known.pageSize));
    return best;
  }

  #compress(page: Page, { end, pages, bytes }: Dictionary): EncodedPage {
    const head = encode(DeflateHead, { dictionaryEnd: end, dictionaryPages: pages });
    const stream = this.#options.deflate(page.bytes, bytes);
    return { encoding: Encoding.DEFLATE, bytes: concat([head, stream]) };
  }

  /** Ending with this page, as it still is; around it; around what has most of it; and none. */
  #candidates({ number }: Page, votes: Votes): Dictionary[] {
    if (!this.#dictionaries) return [NO_DICTIONARY];
    const { known } = this.#options;
    const half = MAX_DICTIONARY / 2 / known.pageSize;
    const found = [
      known.endingAt(number + 1, 1),
      known.endingAt(number + half, half),
      known.endingAt(richest(votes, 2 * half)),
    ];
    const ends = new Map(found.map((dictionary) => [dictionary.end, dictionary]));
    const some = [...ends.values()].filter(({ pages }) => pages > 0);
    return some.length > 0 ? some : [NO_DICTIONARY];
  }
}

/** The page behind the `size` pages with the most votes; 0 if there are none. */
function richest(votes: Votes, size: number): number {
  let best = 0;
  let most = 0;
  for (const last of votes.keys()) {
    let sum = 0;
    for (const [page, runs] of votes) if (page <= last && page > last - size) sum += runs;
    if (sum > most) {
      most = sum;
      best = last + 1;
    }
  }
  return best;
}

function padded(bytes: Uint8Array, size: number): Uint8Array {
  const page = new Uint8Array(size).fill(BLANK);
  page.set(bytes);
  return page;
}
