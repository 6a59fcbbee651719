// What a group is sent: what one of them lacks, written over where flash is not to be trusted, compressed as all can decode it.
import { describe, expect, test } from 'vitest';
import type { Compression } from '../../host/compress/deflate.js';
import { AS_THEY_ARE } from '../../host/compress/packer.js';
import type { Device, DeviceInfo } from '../../host/device/device.js';
import { pagesOf } from '../../host/image/pages.js';
import { FakeDevice } from '../../host/testing/fake-device.js';
import { FakeLine } from '../../host/testing/fake-line.js';
import { VirtualClock } from '../../host/testing/virtual-clock.js';
import { type Compared, compareMember, planPages } from '../../host/update/group-pages.js';
import { Capability, ImageState } from '../../protocol/index.js';
import { appImage } from '../support/images.js';

const PAGE = 2048;
const { info: INFO } = new FakeDevice(
  new VirtualClock(),
  new FakeLine(new VirtualClock(), 115_200),
);
/** The third page reads blank. */
const IMAGE = appImage(4 * PAGE).fill(0xff, 2 * PAGE, 3 * PAGE);
const PAGES = pagesOf(IMAGE, PAGE);
const RIGHT = PAGES.map(({ crc32 }) => crc32);
const BOTH = Capability.DEFLATE | Capability.DICTIONARY;

interface Is extends Partial<DeviceInfo> {
  /** Pages that are wrong */
  readonly lacks?: readonly number[];
  /** CRC-32 of what is there instead */
  readonly reads?: number;
  readonly state?: number;
  readonly sha256?: Uint8Array;
}

function device({
  lacks = [],
  reads = 0,
  state = 0,
  sha256 = new Uint8Array(32),
  ...other
}: Is): Device {
  const installed = { ...INFO.installed, state, sha256, size: 4 * PAGE };
  const found = RIGHT.map((crc, i) => (lacks.includes(i) ? reads : crc));
  return {
    info: { ...INFO, installed, ...other },
    pages: (first: number, count: number) => Promise.resolve(found.slice(first, first + count)),
  } as Device;
}

const compared = (...all: Is[]): Promise<Compared[]> =>
  Promise.all(all.map((is) => compareMember(device(is), PAGES)));

const numbers = (pages: Iterable<{ readonly number: number }>): number[] =>
  Array.from(pages, ({ number }) => number);

describe('one of them is compared', () => {
  test('what differs, what flash has, and nothing to distrust where all is verified', async () => {
    const state = ImageState.PRESENT | ImageState.VALID;
    const [one] = await compared({ lacks: [1, 3], state });
    expect(one).toMatchObject({
      found: [RIGHT[0], 0, RIGHT[2], 0],
      info: { installed: { state } },
    });
    expect(numbers(one?.differing ?? [])).toEqual([1, 3]);
    expect(one?.distrusted.size).toBe(0);
  });

  test('a page that reads blank after an unfinished update differs, and is distrusted', async () => {
    const [one] = await compared({ lacks: [3], state: ImageState.PRESENT });
    expect(numbers(one?.differing ?? [])).toEqual([2, 3]);
    expect(numbers(one?.distrusted ?? [])).toEqual([2]);
  });
});

describe('what is sent', () => {
  test('what one of them lacks; with force what one of them must not trust', async () => {
    const members = await compared({ lacks: [1] }, { lacks: [3], state: ImageState.PRESENT });
    const plan = await planPages(PAGES, members, 115_200, undefined);
    expect(numbers(plan.pages)).toEqual([1, 2, 3]);
    expect(numbers(PAGES.filter(plan.force))).toEqual([2]);
    expect(plan.packer).toBe(AS_THEY_ARE);
  });

  test('nothing to nobody', async () => {
    const plan = await planPages(PAGES, [], 115_200, undefined);
    expect(plan.pages).toEqual([]);
    expect(plan.packer).toBe(AS_THEY_ARE);
  });
});

describe('compressed', () => {
  /** Whether pages are compressed, and against an old image */
  async function how(...all: Is[]): Promise<'raw' | 'deflated' | 'against what is there'> {
    const old = appImage(4 * PAGE, 9);
    const compression: Compression = {
      deflate: () => Promise.resolve(new Uint8Array()),
      old: { candidates: () => Promise.resolve([old]) },
    } as unknown as Compression;
    const { packer } = await planPages(PAGES, await compared(...all), 115_200, compression);
    if (packer === AS_THEY_ARE) return 'raw';
    return packer.delta ? 'against what is there' : 'deflated';
  }
  const all = { capabilities: BOTH };
  const PRESENT = { state: ImageState.PRESENT | ImageState.VALID };

  test.each<[string, Is[], Awaited<ReturnType<typeof how>>]>([
    ['all have the same', [all, all], 'against what is there'],
    ['one alone', [{ ...all, lacks: [1] }], 'against what is there'],
    [
      'the same is wrong in all',
      [
        { ...all, lacks: [1] },
        { ...all, lacks: [1] },
      ],
      'against what is there',
    ],
    [
      'they have other things in a page that both lack',
      [
        { ...all, lacks: [1] },
        { ...all, lacks: [1], reads: 5 },
      ],
      'deflated',
    ],
    ['one does not copy', [all, { capabilities: Capability.DEFLATE }], 'deflated'],
    ['one does not decode', [all, { capabilities: Capability.DICTIONARY }], 'raw'],
    ['the first does not decode', [{ capabilities: 0 }, all], 'raw'],
    ['one has another page', [all, { ...all, lacks: [0] }], 'deflated'],
    [
      'one distrusts what reads the same',
      [
        { ...all, ...PRESENT },
        { ...all, ...PRESENT, installed: { ...INFO.installed, ...PRESENT, size: PAGE } },
      ],
      'deflated',
    ],
    [
      'one has the same pages of an image in another state',
      [all, { ...all, ...PRESENT }],
      'deflated',
    ],
    [
      'one says that it is another image',
      [all, { ...all, sha256: new Uint8Array(32).fill(1) }],
      'deflated',
    ],
  ])('%s', async (_, members, expected) => {
    expect(await how(...members)).toBe(expected);
  });
});
