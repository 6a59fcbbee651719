// Image files from disk.
import { gapFinding } from '../check/place.js';
import { IapError } from '../errors.js';
import { printable } from '../image/file-error.js';
import type { Image } from '../image/image.js';
import { type LoadOptions, loadFile, loadSegments } from '../image/load.js';
import type { Segment } from '../image/segments.js';
import { hex32 } from '../text.js';
import { readWhole } from './files.js';
import { parseAddress } from './options.js';
import type { Output } from './output.js';

export interface ImageArguments {
  readonly image: string;
  readonly base?: string | undefined;
}

/** @param output told what the file leaves out, by commands that write it */
export async function readImage(args: ImageArguments, output?: Output): Promise<Image> {
  const options = loadOptions(args);
  const { image, gaps } = loadFile(
    await readWhole(args.image, 'image', 'IMAGE_UNREADABLE'),
    options,
  );
  checkBase(options, image.base);
  const gap = gapFinding(gaps);
  if (gap) output?.warning(`${gap.message}; ${gap.hint}`);
  return image;
}

/** @throws IapError USAGE */
export function loadOptions({ image: name, base }: ImageArguments): LoadOptions {
  return { name, ...(base === undefined ? {} : { base: parseAddress('--base', base) }) };
}

/**
 * The same for a programmer: every piece at its own address.
 * @param rawBase where a raw binary belongs if --base does not say
 */
export async function readSegments(args: ImageArguments, rawBase?: number): Promise<Segment[]> {
  const options = loadOptions(args);
  const bytes = await readWhole(args.image, 'image', 'IMAGE_UNREADABLE');
  const assumed = rawBase === undefined ? {} : { base: rawBase };
  const segments = loadSegments(bytes, { ...assumed, ...options });
  checkBase(options, segments[0]?.address);
  return segments;
}

/**
 * A file with addresses of its own is not moved, which whoever gives another one expects.
 * @throws IapError USAGE
 */
export function checkBase({ name, base }: LoadOptions, begin: number | undefined): void {
  if (base === undefined || begin === undefined || base === begin) return;
  throw new IapError(
    'USAGE',
    `--base ${hex32(base)} is for raw binaries; ${printable(name ?? '')} has addresses of its own, from ${hex32(begin)} on`,
    { hint: 'leave --base away, or give the .bin' },
  );
}
