// Compressed pages as the checks send them: the smallest encoder that makes all that they need.
import { DeflateHead, encode } from '../../protocol/index.js';
import { concat } from '../base/bytes.js';

const LONGEST_COPY = 258;
const SHORTEST_COPY = 3;
/** Of the fixed codes (RFC 1951, 3.2.6) */
const LONGEST = { code: 0xc0 + 285 - 280, bits: 8 };
const END_OF_BLOCK = { code: 0, bits: 7 };

/** Lengths from 3 to 10 have the symbols from 257 on (3.2.5). */
function copyOf(length: number): { readonly code: number; readonly bits: number } {
  return { code: length - SHORTEST_COPY + 1, bits: 7 };
}

/** Bits of a stream, the first in the lowest bit */
class Bits {
  readonly #bits: number[] = [];

  put(value: number, count: number): this {
    for (let i = 0; i < count; i++) this.#bits.push((value >>> i) & 1);
    return this;
  }

  /** A Huffman code: its highest bit comes first. */
  code({ code, bits }: { readonly code: number; readonly bits: number }): this {
    for (let i = bits - 1; i >= 0; i--) this.#bits.push((code >>> i) & 1);
    return this;
  }

  /** From a distance of 1 on (3.2.5) */
  distance(distance: number): this {
    let symbol = 0;
    let first = 1;
    let extra = 0;
    while (distance - first >= 1 << extra) {
      first += 1 << extra;
      symbol++;
      extra = Math.max(0, (symbol >> 1) - 1);
    }
    return this.code({ code: symbol, bits: 5 }).put(distance - first, extra);
  }

  bytes(): Uint8Array {
    const out = new Uint8Array(Math.ceil(this.#bits.length / 8));
    this.#bits.forEach((bit, i) => {
      out[i >> 3] = (out[i >> 3] ?? 0) | (bit << (i & 7));
    });
    return out;
  }
}

/** One stored block */
export function storedStream(bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  const head = [1, length & 0xff, length >> 8, ~length & 0xff, (~length >> 8) & 0xff];
  return concat([Uint8Array.from(head), bytes]);
}

/** One block of fixed codes: so many bytes, three at least, copied from so far back */
export function copiedStream(distance: number, size: number): Uint8Array {
  const bits = new Bits().put(1, 1).put(1, 2);
  let left = size;
  for (; left >= LONGEST_COPY + SHORTEST_COPY || left === LONGEST_COPY; left -= LONGEST_COPY) {
    bits.code(LONGEST).distance(distance);
  }
  for (; left >= 2 * SHORTEST_COPY; left -= SHORTEST_COPY)
    bits.code(copyOf(SHORTEST_COPY)).distance(distance);
  if (left > 0) bits.code(copyOf(left)).distance(distance);
  return bits.code(END_OF_BLOCK).bytes();
}

/** What a block that no stream has begins with */
export const NO_BLOCK = Uint8Array.of(7);

/** A page as DATA frames carry it: the head, then the stream */
export function packed(stream: Uint8Array, dictionaryEnd = 0, dictionaryPages = 0): Uint8Array {
  return concat([encode(DeflateHead, { dictionaryEnd, dictionaryPages }), stream]);
}
