// What an update believes of the flash it finds: pages that read blank, and an image that is said to be installed.
import { describe, expect, test } from 'vitest';
import { isInstalled } from '../../host/device/installed.js';
import { pagesOf } from '../../host/image/pages.js';
import { FakeDevice } from '../../host/testing/fake-device.js';
import { FakeLine } from '../../host/testing/fake-line.js';
import { VirtualClock } from '../../host/testing/virtual-clock.js';
import {
  comparePages,
  differingPages,
  mayDrift,
  pagesNotInstalled,
} from '../../host/update/compare.js';
import { ImageState } from '../../protocol/index.js';
import { appImage } from '../support/images.js';

const PAGE = 2048;
const { info } = new FakeDevice(new VirtualClock(), new FakeLine(new VirtualClock(), 115200));
const page = (number: number) => {
  const found = pagesOf(appImage(10 * PAGE), PAGE)[number];
  if (!found) throw new RangeError(`page ${number}`);
  return found;
};
const withInstalled = (state: number, size = 0, sha256 = new Uint8Array(32)) => ({
  ...info,
  installed: { ...info.installed, state, size, sha256 },
});

describe('a page that reads blank', () => {
  const { PRESENT, VALID } = ImageState;

  test.each([
    ['nothing was ever installed', withInstalled(0, 0), 0, false],
    ['VALID of no image', withInstalled(VALID, 0), 3, false],
    ['an update was not finished', withInstalled(PRESENT, 4 * PAGE), 0, true],
    ['within the installed image', withInstalled(PRESENT | VALID, 4 * PAGE), 3, false],
    ['partly within it', withInstalled(PRESENT | VALID, 4 * PAGE + 1), 4, false],
    ['where the installed image ends', withInstalled(PRESENT | VALID, 4 * PAGE), 4, true],
    ['after it', withInstalled(PRESENT | VALID, 4 * PAGE), 5, true],
  ])('%s', (_, device, number, drifts) => {
    expect(mayDrift(device, page(number))).toBe(drifts);
  });
});

test('an image counts as installed only with all that says so, and with its own hash', () => {
  const { PRESENT, VALID, CHECKED, GOOD, TRIALS_USED } = ImageState;
  const sha256 = Uint8Array.from({ length: 32 }, (_, i) => i);
  const good = PRESENT | VALID | CHECKED | GOOD;
  expect(isInstalled(withInstalled(good, PAGE, sha256), sha256)).toBe(true);
  for (const lacking of [VALID, CHECKED, GOOD])
    expect(isInstalled(withInstalled(good & ~lacking, PAGE, sha256), sha256)).toBe(false);
  expect(isInstalled(withInstalled(good | TRIALS_USED, PAGE, sha256), sha256)).toBe(false);
  for (const at of [0, 31]) {
    const other = sha256.slice();
    other[at] = (other[at] ?? 0) ^ 1;
    expect(isInstalled(withInstalled(good, PAGE, other), sha256)).toBe(false);
  }
});

test('pages differ by their CRC in their own place, or because they are distrusted', async () => {
  const pages = pagesOf(appImage(6 * PAGE), PAGE).slice(2);
  const asked: number[][] = [];
  const device = {
    pages: (first: number, count: number) => {
      asked.push([first, count]);
      return Promise.resolve(pages.map(({ crc32, number }) => (number === 3 ? crc32 ^ 1 : crc32)));
    },
  } as unknown as Parameters<typeof differingPages>[0];
  const found = await differingPages(device, pages, ({ number }) => number === 5);
  expect(found.map(({ number }) => number)).toEqual([3, 5]);
  expect(asked).toEqual([[2, 4]]);
  expect(await comparePages(device, [], () => true)).toEqual({ found: [], differing: [] });
  expect(asked).toHaveLength(1);
});

test('of a device that takes signed images alone no page is asked: what it has verified counts', async () => {
  const pages = pagesOf(appImage(2 * PAGE), PAGE);
  const good = ImageState.PRESENT | ImageState.VALID | ImageState.CHECKED | ImageState.GOOD;
  const installed = withInstalled(good, 2 * PAGE);
  const device = { info: { ...installed, minor: 1, security: {} } } as unknown as Parameters<
    typeof pagesNotInstalled
  >[0];
  const { sha256 } = installed.installed;
  expect(await pagesNotInstalled(device, pages, sha256)).toEqual([]);
  expect(
    await pagesNotInstalled(
      device,
      pages,
      sha256.map((byte) => byte ^ 1),
    ),
  ).toEqual(pages);
});

test.each([
  ['all of them, of an old device', 0, 2 * PAGE, 6, []],
  ['none of an image that is not there', 1, 0, 0, [0, 1, 2, 3, 4, 5]],
  ['those of a smaller image', 1, 2 * PAGE + 1, 3, [3, 4, 5]],
  ['its own of a larger image', 1, 9 * PAGE, 6, []],
])('no update under way: asks for %s', async (_, minor, size, asked, missing) => {
  const pages = pagesOf(appImage(6 * PAGE), PAGE);
  const counts: number[] = [];
  const device = {
    info: { ...withInstalled(ImageState.PRESENT, size), minor },
    pages: (first: number, count: number) => {
      counts.push(count);
      return Promise.resolve(pages.slice(first, first + count).map(({ crc32 }) => crc32));
    },
  } as unknown as Parameters<typeof pagesNotInstalled>[0];
  const found = await pagesNotInstalled(device, pages, new Uint8Array(32));
  expect(found.map(({ number }) => number)).toEqual(missing);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(asked);
});
