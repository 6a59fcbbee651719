// Compressed pages: fewer bytes where they are fewer, the same flash always, whatever was believed of the device.
import { inflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Compression } from '../../host/compress/deflate.js';
import { orderOf } from '../../host/compress/order.js';
import { deflate } from '../../host/node/deflate.js';
import { Capability, Encoding } from '../../protocol/index.js';
import type { BenchOptions, Outcome } from '../support/bench.js';
import { appImage } from '../support/images.js';
import { bench, expectInstalled, start } from '../support/one-bench.js';

const PAGE = 1024;
const PAGES = 48;
/** Of an image, which have to be right [bytes] */
const VECTORS = 512;

function inflate(stream: Uint8Array, dictionary: Uint8Array): Uint8Array {
  return new Uint8Array(inflateRawSync(stream, dictionary.length > 0 ? { dictionary } : {}));
}

function from(...old: Uint8Array[]): { readonly compression: Compression } {
  return { compression: { deflate, old: { candidates: async () => old } } };
}

const alone = { compression: { deflate } };

/** Bytes that compress no better than code does, and differ with the seed */
function code(seed: number, size: number): Uint8Array {
  return appImage(size, seed).map((byte, i) => (i < VECTORS ? byte : byte & 0x3f));
}

/** Bytes put in at a place: all behind them moves */
function insert(image: Uint8Array, at: number, bytes: Uint8Array): Uint8Array {
  return Uint8Array.from([...image.subarray(0, at), ...bytes, ...image.subarray(at)]);
}

function startWith(options: BenchOptions = {}): void {
  start({ pageSize: PAGE, pages: PAGES, appKit: true, inflate, ...options });
}

async function installed(image: Uint8Array, options: BenchOptions = {}): Promise<void> {
  startWith(options);
  expectInstalled(await bench.update(image), image);
  bench.device.heads.length = 0;
}

/** Bytes in DATA frames of the pages that the device has seen complete */
function carried(): number {
  return bench.device.heads.reduce((sum, { encodedLength }) => sum + encodedLength, 0);
}

/** Nothing that was sent was rejected. */
function expectNoRepeats({ result, events }: Outcome): void {
  expect(bench.device.heads.length).toBe(result?.pagesSent);
  expect(events.filter(({ event }) => event === 'warning')).toEqual([]);
}

const OLD = code(1, 30 * PAGE + 100);

describe.each([
  ['a few bytes changed', OLD.map((byte, i) => (i % 3000 === 2999 ? byte ^ 1 : byte)), 0.1],
  ['a line early, all pages move up', insert(OLD, 700, code(9, 24)), 0.1],
  ['more than a page in front', insert(OLD, VECTORS, code(9, 3 * PAGE)), 0.2],
  ['a few pages less', insert(OLD.subarray(0, VECTORS), VECTORS, OLD.subarray(5 * PAGE)), 0.1],
  [
    'halves changed over',
    insert(
      OLD.subarray(0, VECTORS),
      VECTORS,
      Uint8Array.from([...OLD.subarray(16 * PAGE), ...OLD.subarray(VECTORS, 16 * PAGE)]),
    ),
    0.45,
  ],
  ['nothing in common', code(2, 20 * PAGE + 7), 0.9],
])('%s', (_name, image, share) => {
  test('is sent against the old image', async () => {
    await installed(OLD);
    const outcome = await bench.update(image, from(OLD));
    expectInstalled(outcome, image);
    expectNoRepeats(outcome);
    expect(carried() / image.length).toBeLessThan(share);
    expect(outcome.result?.bytesEncoded).toBe(carried());
  });

  test('a device that must not be read out is not copied from', async () => {
    const capabilities = Capability.BAUD | Capability.DEFLATE;
    await installed(OLD, { info: { capabilities } });
    const outcome = await bench.update(image, from(OLD));
    expectInstalled(outcome, image);
    expectNoRepeats(outcome);
    expect(bench.device.heads.some(({ encoding }) => encoding === Encoding.DEFLATE)).toBe(true);
  });

  test('another old image than the device has makes no difference', async () => {
    await installed(OLD);
    const outcome = await bench.update(image, from(code(3, 20 * PAGE), image.subarray(0, 300)));
    expectInstalled(outcome, image);
    expectNoRepeats(outcome);
  });

  test('stopped in the middle, the next one goes on against what is there', async () => {
    await installed(OLD);
    const stop = new AbortController();
    const outcome = await bench.update(image, { ...from(OLD), signal: stop.signal }, (event) => {
      if (event.event === 'progress' && event.bytesDone > event.bytesTotal / 2) stop.abort();
    });
    expect(outcome.error).toMatchObject({ code: 'INTERRUPTED' });
    bench.device.reset();
    expectInstalled(await bench.update(image, from(OLD)), image);
    expect(carried() / image.length).toBeLessThan(share + 0.15);
  });
});

test('a device without the capability is sent pages as they are', async () => {
  start({ pageSize: PAGE, pages: PAGES });
  expectInstalled(await bench.update(OLD, alone), OLD);
  expect(new Set(bench.device.heads.map(({ encoding }) => encoding))).toEqual(
    new Set([Encoding.RAW]),
  );
});

test('what does not get shorter is sent as it is', async () => {
  startWith();
  const noise = appImage(10 * PAGE, 4);
  expectInstalled(await bench.update(noise, alone), noise);
  const compressed = bench.device.heads.filter(({ encoding }) => encoding !== Encoding.RAW);
  expect(compressed.map(({ page }) => page)).toEqual([0]); // the vectors
});

test('above 250 kbaud only what gets much shorter is compressed', async () => {
  startWith({ rate: 921_600 });
  const image = code(5, 12 * PAGE).map((byte, i) => (i > 6 * PAGE ? 0xa5 : byte));
  expectInstalled(await bench.update(image, alone), image);
  const { heads } = bench.device;
  expect(heads.filter(({ encoding }) => encoding === Encoding.DEFLATE).length).toBe(6);
});

describe('a device that decodes something else', () => {
  const image = insert(OLD, 700, code(9, 24));

  test('each page comes out wrong: all are sent as they are, and it is done', async () => {
    await installed(OLD, {
      inflate: (stream, dictionary) => inflate(stream, dictionary).map((b) => b ^ 1),
    });
    expectInstalled(await bench.update(image, from(OLD)), image);
  });

  test('it refuses each: the same', async () => {
    await installed(OLD, {
      inflate: () => {
        throw new Error('no room');
      },
    });
    expectInstalled(await bench.update(image, from(OLD)), image);
  });

  test('a dictionary that is not what the host believes: without one from then on', async () => {
    await installed(OLD, {
      inflate: (stream, dictionary) =>
        inflate(
          stream,
          dictionary.map((b) => b ^ 1),
        ),
    });
    expectInstalled(await bench.update(image, from(OLD)), image);
    const raw = bench.device.heads.filter(({ encoding }) => encoding === Encoding.RAW).length;
    expect(raw).toBeLessThan(bench.device.heads.length / 2);
  });
});

test.for([0, 1, 2, 3])('frames and answers lost, seed %i: the same flash', async (seed) => {
  const image = insert(OLD, 700, code(9, 24));
  await installed(OLD, { faults: { seed, byteErrors: 1e-4 } });
  expectInstalled(await bench.update(image, from(OLD)), image);
});

describe('the order of pages', () => {
  const votes = (entries: readonly [number, number][]): ReadonlyMap<number, number> =>
    new Map(entries);

  test('what others want is written over last', () => {
    // All moved up by a page: from the top down. Moved down: from the bottom up.
    const up = [0, 1, 2, 3].map((number) => ({ number, votes: votes([[number - 1, 10]]) }));
    expect(orderOf(up).map(({ number }) => number)).toEqual([3, 2, 1, 0]);
    const down = [0, 1, 2, 3].map((number) => ({ number, votes: votes([[number + 1, 10]]) }));
    expect(orderOf(down).map(({ number }) => number)).toEqual([0, 1, 2, 3]);
  });

  test('in a circle the one that costs least goes first', () => {
    const circle = [
      { number: 0, votes: votes([[1, 10]]) },
      { number: 1, votes: votes([[2, 3]]) },
      { number: 2, votes: votes([[0, 7]]) },
    ];
    expect(orderOf(circle).map(({ number }) => number)).toEqual([2, 0, 1]);
  });
});
