// Image files from disk.
import type { Image } from '../image/image.js';
import { type LoadOptions, loadImage, loadSegments } from '../image/load.js';
import type { Segment } from '../image/segments.js';
import { readBytes } from './files.js';
import { parseAddress } from './options.js';

export interface ImageArguments {
  readonly image: string;
  readonly base?: string | undefined;
}

export async function readImage(args: ImageArguments): Promise<Image> {
  return loadImage(await readBytes(args.image, 'image', 'IMAGE_UNREADABLE'), loadOptions(args));
}

/** @throws IapError USAGE */
export function loadOptions({ image: name, base }: ImageArguments): LoadOptions {
  return { name, ...(base === undefined ? {} : { base: parseAddress('--base', base) }) };
}

/** The same for a programmer: every piece at its own address. */
export async function readSegments(args: ImageArguments): Promise<Segment[]> {
  return loadSegments(await readBytes(args.image, 'image', 'IMAGE_UNREADABLE'), loadOptions(args));
}
