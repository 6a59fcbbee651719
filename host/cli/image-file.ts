// Image files from disk.
import { IapError } from '../base/errors.js';
import { hex32, printable } from '../base/text.js';
import type { Image } from '../image/image.js';
import { type LoadOptions, loadImage, loadSegments } from '../image/load.js';
import type { Segment } from '../image/segments.js';
import { readWhole } from '../node/files.js';
import { type ImageArguments, parseAddress } from './options.js';

export async function readImage(args: ImageArguments): Promise<Image> {
  const options = loadOptions(args);
  const image = loadImage(await readWhole(args.image, 'image', 'IMAGE_UNREADABLE'), options);
  checkBase(options, image.base);
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
