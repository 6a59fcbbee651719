// What a group is sent: every page that one of them lacks, and compressed only as all of them can decode it.
import { Capability } from '../../protocol/index.js';
import { sameBytes } from '../base/bytes.js';
import type { Compression } from '../compress/deflate.js';
import { AS_THEY_ARE, type Packer, packerFor } from '../compress/packer.js';
import type { Device, DeviceInfo } from '../device/device.js';
import { isBlank } from '../image/areas.js';
import type { Page } from '../image/pages.js';
import { comparePages, mayDrift } from './compare.js';

export interface Compared {
  readonly info: DeviceInfo;
  /** CRC-32 of each page in flash */
  readonly found: readonly number[];
  readonly differing: ReadonlySet<Page>;
  /** Pages that read blank and may drift: to be written all the same */
  readonly distrusted: ReadonlySet<Page>;
}

export async function compareMember(device: Device, pages: readonly Page[]): Promise<Compared> {
  const { info } = device;
  const distrusted = new Set(pages.filter((page) => isBlank(page.bytes) && mayDrift(info, page)));
  const { found, differing } = await comparePages(device, pages, (page) => distrusted.has(page));
  return { info, found, differing: new Set(differing), distrusted };
}

export interface GroupPlan {
  readonly pages: readonly Page[];
  readonly packer: Packer;
  readonly force: (page: Page) => boolean;
}

/**
 * Compressed pages copy from flash only where all members have the same in it; else they copy from nothing, and where one member does
 * not take compressed pages, they are sent as they are.
 */
export async function planPages(
  pages: readonly Page[],
  members: readonly Compared[],
  rate: number,
  compression: Compression | undefined,
): Promise<GroupPlan> {
  const wanted = pages.filter((page) => members.some(({ differing }) => differing.has(page)));
  const force = (page: Page): boolean => members.some(({ distrusted }) => distrusted.has(page));
  const [first] = members;
  if (!first) return { pages: wanted, packer: AS_THEY_ARE, force };
  const common = members.reduce((all, { info }) => all & info.capabilities, ~0) >>> 0;
  const same = members.every((one) => hasSameFlash(one, first));
  const capabilities = same ? common : common & ~Capability.DICTIONARY;
  const packer = await packerFor({ ...first.info, capabilities }, rate, compression);
  return { pages: packer.plan(pages, first.found, wanted), packer, force };
}

function hasSameFlash(one: Compared, other: Compared): boolean {
  return (
    one.found.every((crc, i) => crc === other.found[i]) &&
    one.differing.size === other.differing.size &&
    one.info.installed.state === other.info.installed.state &&
    sameBytes(one.info.installed.sha256, other.info.installed.sha256)
  );
}
