// An update is a comparison: which pages of the image are not in flash yet.
import { ImageState } from '../../protocol/index.js';
import type { Device, DeviceInfo } from '../device/device.js';
import { isInstalled } from '../device/installed.js';
import type { Page } from '../image/pages.js';

/** From this minor version on a device answers PAGES for the image under way, or else the installed one, alone (protocol § 8). */
const MINOR_OF_IMAGES = 1;

/**
 * The pages of an image that differ on a device with no update under way. Pages behind its installed image do: nobody knows them. A
 * device that takes signed images alone tells of no page then, but it has verified the image that it says is installed.
 */
export async function pagesNotInstalled(
  device: Device,
  pages: readonly Page[],
  digest: Uint8Array,
): Promise<Page[]> {
  const { installed, pageSize, minor, security } = device.info;
  if (security) return isInstalled(device.info, digest) ? [] : [...pages];
  const known = minor < MINOR_OF_IMAGES ? pages.length : Math.ceil(installed.size / pageSize);
  const differing = await differingPages(device, pages.slice(0, known), () => false);
  return [...differing, ...pages.slice(known)];
}

/** The pages, of a range without gaps, whose content in flash differs or is not to be trusted. */
export async function differingPages(
  device: Device,
  pages: readonly Page[],
  distrusted: (page: Page) => boolean,
): Promise<Page[]> {
  return (await comparePages(device, pages, distrusted)).differing;
}

/** The same, with the CRC-32 of each of the pages in flash */
export async function comparePages(
  device: Device,
  pages: readonly Page[],
  distrusted: (page: Page) => boolean,
): Promise<{ readonly found: readonly number[]; readonly differing: Page[] }> {
  const [first] = pages;
  const found = first ? await device.pages(first.number, pages.length) : [];
  const differing = pages.filter((page, i) => page.crc32 !== found[i] || distrusted(page));
  return { found, differing };
}

/**
 * Whether a page that reads blank may be one whose erase power cut, and drift: after an update that was not finished, and where no
 * installed image vouches for it (protocol § 13, H-12).
 */
export function mayDrift({ installed, pageSize }: DeviceInfo, { number }: Page): boolean {
  if ((installed.state & ImageState.PRESENT) === 0) return false;
  return (installed.state & ImageState.VALID) === 0 || number * pageSize >= installed.size;
}
