// How a page travels, by what device, rate and flash allow; each dictionary is pages that the device has at that moment.
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../host/base/sha256.js';
import type { Compression, Deflate } from '../../host/compress/deflate.js';
import { orderOf, runsLost } from '../../host/compress/order.js';
import { AS_THEY_ARE, type Packer, packerFor } from '../../host/compress/packer.js';
import type { DeviceInfo } from '../../host/device/device.js';
import { type Page, pagesOf } from '../../host/image/pages.js';
import { Capability, crc32, DeflateHead, Encoding, ImageState } from '../../protocol/index.js';
import { Bench } from '../support/bench.js';
import { randomFrom } from '../support/random.js';

const SIZE = 1024;
const BOTH = Capability.DEFLATE | Capability.DICTIONARY;
const GOOD = ImageState.VALID | ImageState.CHECKED | ImageState.GOOD;

function device(capabilities: number, installed?: Uint8Array, size = SIZE): DeviceInfo {
  const info = new Bench({ pageSize: size, info: { capabilities } }).device.info;
  const image = {
    ...info.installed,
    ...(installed
      ? { state: GOOD, size: installed.length, sha256: sha256(installed) }
      : { state: 0 }),
  };
  return { ...info, installed: image };
}

/** Streams of this length, and what they were made against */
class Streams {
  readonly dictionaries: Uint8Array[] = [];
  length: number;

  constructor(length: number) {
    this.length = length;
  }

  readonly deflate: Deflate = (_, dictionary) => {
    this.dictionaries.push(dictionary);
    return new Uint8Array(this.length);
  };
}

function code(pages: number, seed: number, size = SIZE): Uint8Array {
  const random = randomFrom(seed);
  return Uint8Array.from({ length: pages * size }, () => Math.floor(random() * 256));
}

const old = (...images: Uint8Array[]): Pick<Compression, 'old'> => ({
  old: { candidates: async () => images },
});

/** As an update does it: compared with flash, planned, and sent */
function planned(packer: Packer, image: Uint8Array, flash: Uint8Array, size = SIZE): Page[] {
  const pages = pagesOf(image, size);
  const found = pages.map(({ number }) =>
    crc32(flash.subarray(number * size, (number + 1) * size)),
  );
  return packer.plan(
    pages,
    found,
    pages.filter((page, i) => page.crc32 !== found[i]),
  );
}

describe('pages go as they are', () => {
  test.each<[string, number, Compression | undefined]>([
    ['where nobody compresses', BOTH, undefined],
    ['where the device does not', Capability.DICTIONARY, new Streams(1)],
  ])('%s', async (_, capabilities, compression) => {
    expect(await packerFor(device(capabilities), 9600, compression)).toBe(AS_THEY_ARE);
  });

  test('in the order of the image', () => {
    const pages = pagesOf(code(3, 1), SIZE);
    expect(AS_THEY_ARE.delta).toBe(false);
    expect(AS_THEY_ARE.plan(pages, [0, 0, 0], pages.slice(1))).toEqual(pages.slice(1));
    const [first] = pages;
    if (!first) return;
    AS_THEY_ARE.distrust();
    expect(AS_THEY_ARE.encode(first)).toEqual({ encoding: Encoding.RAW, bytes: first.bytes });
  });
});

describe('a compressed page is worth it', () => {
  test.each([
    [115_200, 993, true],
    [115_200, 994, false],
    [250_000, 993, true],
    [250_001, 128, true],
    [250_001, 129, false],
    [921_600, 128, true],
  ])('at %i baud of %i bytes: %s', async (rate, length, worth) => {
    const streams = new Streams(length - DeflateHead.size);
    const packer = await packerFor(device(Capability.DEFLATE), rate, streams);
    expect(packer.delta).toBe(false);
    const [page] = planned(packer, code(1, 1), code(1, 2));
    const { encoding, bytes } = packer.encode(page as Page);
    expect(encoding).toBe(worth ? Encoding.DEFLATE : Encoding.RAW);
    expect(bytes.length).toBe(worth ? length : SIZE);
  });
});

describe('what is copied from', () => {
  const IMAGE = code(4, 1);
  const OLD = Uint8Array.from([...code(3, 2), ...IMAGE.subarray(3 * SIZE), ...code(2, 3)]);
  const part = (bytes: Uint8Array, from: number, to: number): Uint8Array =>
    bytes.subarray(from * SIZE, to * SIZE);

  async function dictionaries(
    capabilities: number,
    candidates: readonly Uint8Array[],
    info: Partial<DeviceInfo['installed']> = {},
  ): Promise<{ readonly delta: boolean; readonly first: Uint8Array[] }> {
    const streams = new Streams(100);
    const said = device(capabilities, OLD);
    const installed = { ...said.installed, ...info };
    const compression = { deflate: streams.deflate, ...old(...candidates) };
    const packer = await packerFor({ ...said, installed }, 9600, compression);
    const [page] = planned(packer, IMAGE, OLD);
    expect(page?.number).toBe(0);
    packer.encode(page as Page);
    return { delta: packer.delta, first: streams.dictionaries };
  }

  test('all of an old image that is in flash, with what is right already', async () => {
    const { delta, first } = await dictionaries(BOTH, [code(6, 9), OLD]);
    expect(delta).toBe(true);
    // Up to the page itself, as it still is; and around it
    expect(first).toEqual([part(OLD, 0, 1), OLD]);
  });

  test('without it what is right already, where that is near', async () => {
    const { delta, first } = await dictionaries(BOTH, [code(6, 9)]);
    expect(delta).toBe(true);
    expect(first).toEqual([part(OLD, 3, 4)]);
  });

  test.each<[string, Partial<DeviceInfo['installed']>]>([
    ['that was written over', { state: GOOD | ImageState.TRIALS_USED }],
    ['of another size', { size: OLD.length - 1 }],
  ])('behind the new image nothing of one %s', async (_, info) => {
    const { first } = await dictionaries(BOTH, [OLD], info);
    expect(first).toEqual([part(OLD, 0, 1), part(OLD, 0, 4)]);
  });

  test('no page that is there in part only', async () => {
    const streams = new Streams(100);
    const compression = { ...streams, ...old(OLD.subarray(0, 5 * SIZE + 100)) };
    const said = device(BOTH, OLD.subarray(0, 5 * SIZE + 100));
    const packer = await packerFor(said, 9600, compression);
    const [page] = planned(packer, IMAGE, OLD);
    packer.encode(page as Page);
    expect(streams.dictionaries).toEqual([part(OLD, 0, 1), part(OLD, 0, 5)]);
  });

  test('not the end of the image, if that is right already', async () => {
    const streams = new Streams(100);
    const packer = await packerFor(device(BOTH), 9600, streams);
    const image = IMAGE.subarray(0, 2 * SIZE - 24);
    const flash = new Uint8Array(2 * SIZE).fill(0xff);
    flash.set(image.subarray(SIZE), SIZE);
    const pages = planned(packer, image, flash);
    expect(pages.map(({ number }) => number)).toEqual([0]);
    packer.encode(pages[0] as Page);
    expect(streams.dictionaries).toEqual([new Uint8Array()]);
  });

  test('nothing, where no old image is known', async () => {
    const { delta } = await dictionaries(BOTH, []);
    expect(delta).toBe(false);
  });

  test('nothing, on a device that must not be read out', async () => {
    const { delta, first } = await dictionaries(Capability.DEFLATE, [OLD]);
    expect(delta).toBe(false);
    expect(first).toEqual([new Uint8Array()]);
  });

  test('nothing any more, once it has turned out to be wrong', async () => {
    const streams = new Streams(100);
    const packer = await packerFor(device(BOTH, OLD), 9600, { ...streams, ...old(OLD) });
    const [page] = planned(packer, IMAGE, OLD);
    packer.distrust();
    packer.encode(page as Page);
    expect(streams.dictionaries).toEqual([new Uint8Array()]);
  });

  test('each page that was sent, padded as flash is', async () => {
    const streams = new Streams(100);
    const packer = await packerFor(device(BOTH), 9600, streams);
    const image = IMAGE.subarray(0, 2 * SIZE - 24);
    const pages = planned(packer, image, code(2, 5));
    for (const page of pages) packer.encode(page);
    packer.encode({ number: 2, bytes: code(1, 8), crc32: 0 });
    const padded = Uint8Array.from([...image, ...new Uint8Array(24).fill(0xff)]);
    expect(streams.dictionaries).toEqual([new Uint8Array(), part(IMAGE, 0, 1), padded]);
  });

  test('an old image that ends in a page says nothing of all of it', async () => {
    const streams = new Streams(100);
    const short = OLD.subarray(0, 2 * SIZE - 1);
    const packer = await packerFor(device(BOTH), 9600, { ...streams, ...old(short) });
    const pages = planned(packer, IMAGE, short);
    packer.encode(pages[1] as Page);
    expect(streams.dictionaries[0]).toEqual(part(OLD, 0, 1));
  });
});

describe('the order', () => {
  /** All moves up by a page: each one's old content is wanted by the one behind it, and no two runs of it have one hash. */
  const OLD = code(3, 9);
  const IMAGE = Uint8Array.from([...code(1, 5), ...OLD]);
  const numbers = async (rate: number, image = IMAGE): Promise<number[]> => {
    const packer = await packerFor(device(BOTH, OLD), rate, { ...new Streams(9), ...old(OLD) });
    return planned(packer, image, OLD).map(({ number }) => number);
  };

  test('from the top down, where that costs less than it saves', async () => {
    expect(await numbers(9600)).toEqual([3, 2, 1, 0]);
  });

  test('from the first page on, where the line carries more than is lost while flash takes a page', async () => {
    // Three pages of four are lost, 128 runs each; half of 30 ms at 128 kbaud are 192 bytes a page.
    expect(await numbers(128_000)).toEqual([0, 1, 2, 3]);
    expect(await numbers(127_999)).toEqual([3, 2, 1, 0]);
  });

  test('runs of pages before it are lost, those of itself and behind are not', () => {
    const votes = new Map([
      [0, 5],
      [1, 7],
      [2, 11],
      [3, 13],
    ]);
    expect(runsLost({ number: 2, votes })).toBe(12);
    expect(runsLost({ number: 0, votes })).toBe(0);
  });

  test('of pages that nobody wants the lowest goes first, and what it wants itself holds nobody up', () => {
    const of = (number: number, ...votes: [number, number][]) => ({
      number,
      votes: new Map(votes),
    });
    const order = (pages: Parameters<typeof orderOf>[0]) => orderOf(pages).map((p) => p.number);
    expect(order([of(0), of(1), of(2)])).toEqual([0, 1, 2]);
    expect(order([of(0, [0, 9]), of(1)])).toEqual([0, 1]);
    expect(order([of(0), of(1, [0, 4], [2, 1]), of(2)])).toEqual([1, 0, 2]);
    expect(order([])).toEqual([]);
  });
});
