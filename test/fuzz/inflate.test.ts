// Streams of Node.js' zlib into the device's inflate: the same bytes, whatever the level, the strategy and the dictionary. Damaged
// ones: never more than zlib makes of them, and no finding of the sanitizers.
import { readFileSync } from 'node:fs';
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { PAGE_SPARE } from '../../protocol/index.js';
import { demoImage } from '../support/board.js';
import { filter } from '../support/filter.js';
import { randomBytes, randomFrom } from '../support/random.js';

/** IAP_INFLATE=full: as many as docs/reliability.md says */
const FULL = process.env.IAP_INFLATE === 'full';
const DAMAGED = FULL ? 200_000 : 2000;
const SIZES = [1024, 2048];

interface Case {
  readonly size: number;
  readonly room: number;
  readonly dictionary: Uint8Array;
  readonly stream: Uint8Array;
}

const ask = filter('inflate-stream');

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** What the device decodes each to; undefined where it refuses */
async function inflate(cases: readonly Case[]): Promise<(Uint8Array | undefined)[]> {
  const answers = await ask(
    cases.map(
      ({ size, room, dictionary, stream }) =>
        `${size} ${room} ${hex(dictionary) || '-'} ${hex(stream) || '-'}\n`,
    ),
  );
  return answers.map((answer) =>
    answer === '-' ? undefined : Buffer.from(answer.slice(0, -1), 'hex'),
  );
}

/** Pages with something to compress: code, text, runs, noise, and a few bytes changed of what is in the dictionary */
function pages(size: number): { readonly bytes: Uint8Array; readonly dictionary: Uint8Array }[] {
  const code = demoImage('stm32f103xe', 1);
  const other = demoImage('stm32f103xe', 2);
  const noise = randomBytes(size, 4 * size);
  const text = Buffer.from('the quick brown fox jumps over the lazy dog 0123456789\n'.repeat(200));
  const empty = new Uint8Array();
  const found = [];
  for (const source of [code, other, noise, text]) {
    for (let at = 0; at + size <= source.length && at < 4 * size; at += size) {
      const bytes = source.subarray(at, at + size);
      const edited = bytes.map((byte, i) => (i % 97 === 0 ? byte ^ 1 : byte));
      for (const dictionary of [empty, code, noise, edited, edited.subarray(0, 100)]) {
        found.push({ bytes, dictionary });
      }
    }
  }
  for (const value of [0, 0xff]) {
    found.push({ bytes: new Uint8Array(size).fill(value), dictionary: empty });
  }
  found.push(
    { bytes: code.subarray(0, 777), dictionary: other },
    { bytes: code.subarray(0, 1), dictionary: empty },
  );
  return found;
}

const STRATEGIES = [
  constants.Z_DEFAULT_STRATEGY,
  constants.Z_FILTERED,
  constants.Z_HUFFMAN_ONLY,
  constants.Z_RLE,
  constants.Z_FIXED,
];

function streams(size: number): (Case & { readonly bytes: Uint8Array })[] {
  return pages(size).flatMap(({ bytes, dictionary }) =>
    STRATEGIES.flatMap((strategy) =>
      [0, 1, 9].map((level) => {
        const options = { level, strategy, ...(dictionary.length > 0 ? { dictionary } : {}) };
        const stream = deflateRawSync(bytes, options);
        return { bytes, size: bytes.length, room: 3 * size, dictionary, stream };
      }),
    ),
  );
}

interface Vector {
  readonly name: string;
  readonly size: number;
  readonly dictionary: string;
  readonly stream: string;
  readonly page?: string;
  readonly rejected?: 'STREAM';
}

const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));

const file = new URL('../../protocol/compressed.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf8')) as readonly Vector[];

test.each(vectors)('golden vector: $name', async ({ size, page, rejected, ...texts }) => {
  const [dictionary, stream] = [bytesOf(texts.dictionary), bytesOf(texts.stream)];
  const [decoded] = await inflate([{ size, room: size + stream.length, dictionary, stream }]);
  expect(decoded && hex(decoded)).toBe(page);
  expect(rejected).toBe(page === undefined ? 'STREAM' : undefined);
  if (page === undefined) return;
  const options = dictionary.length > 0 ? { dictionary } : {};
  expect(hex(inflateRawSync(stream, options))).toBe(page);
});

describe.each(SIZES)('pages of %i bytes', (size) => {
  test('each stream decodes to its page', async () => {
    const cases = streams(size);
    const decoded = await inflate(cases);
    cases.forEach(({ bytes }, i) => {
      expect(hex(decoded[i] ?? new Uint8Array())).toBe(hex(bytes));
    });
  });

  test('in the room of a page and PAGE_SPARE it decodes to its page, or not at all', async () => {
    const cases = streams(size)
      .filter(({ stream }) => stream.length <= size + PAGE_SPARE)
      .map((one) => ({ ...one, room: size + PAGE_SPARE }));
    const decoded = await inflate(cases);
    const refused = cases.filter((_, i) => decoded[i] === undefined);
    cases.forEach(({ bytes }, i) => {
      if (decoded[i]) expect(hex(decoded[i])).toBe(hex(bytes));
    });
    console.log(`${cases.length} streams, ${refused.length} without room`);
    expect(refused.length).toBeLessThan(cases.length / 20);
  });

  test('a damaged stream decodes to what zlib makes of it, or not at all', async () => {
    const random = randomFrom(size);
    const below = (end: number): number => Math.floor(random() * end);
    const good = streams(size);
    const cases = Array.from({ length: DAMAGED }, () => {
      const one = good[below(good.length)];
      if (!one) throw new Error('no streams');
      const stream = one.stream.slice(0, below(8) === 0 ? below(one.stream.length) : undefined);
      for (let flips = below(4); flips >= 0 && stream.length > 0; flips--) {
        const at = below(stream.length);
        stream[at] = (stream[at] ?? 0) ^ (1 << below(8));
      }
      return { ...one, stream };
    });
    const decoded = await inflate(cases);
    let taken = 0;
    let theirsToo = 0;
    cases.forEach(({ stream, dictionary }, i) => {
      const found = decoded[i];
      if (!found) return;
      taken++;
      const theirs = zlib(stream, dictionary);
      if (!theirs) return;
      expect(hex(found)).toBe(hex(theirs));
      theirsToo++;
    });
    console.log(
      `${cases.length} damaged streams of pages of ${size} bytes: ${taken} decode all the same, ${theirsToo} with zlib as well`,
    );
    expect(theirsToo).toBeGreaterThan(0);
  });
});

function zlib(stream: Uint8Array, dictionary: Uint8Array): Uint8Array | undefined {
  try {
    return inflateRawSync(stream, dictionary.length > 0 ? { dictionary } : {});
  } catch {
    return undefined;
  }
}
