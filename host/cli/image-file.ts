// Image files from disk.
import type { Image } from '../image/image.js';
import { loadImage, loadSegments } from '../image/load.js';
import type { Segment } from '../image/segments.js';
import { readBytes } from './files.js';
import { parseAddress } from './options.js';

export interface ImageArguments {
  readonly image: string;
  readonly base?: string | undefined;
}

export const BASE_OPTION = {
  base: {
    type: 'string',
    requiresArg: true,
    describe: "Where a raw binary is linked; the device's application address if missing",
  },
} as const;

export async function readImage({ image: path, base }: ImageArguments): Promise<Image> {
  const options = base === undefined ? {} : { base: parseAddress('--base', base) };
  return loadImage(await readBytes(path, 'image', 'IMAGE_UNREADABLE'), { name: path, ...options });
}

/** The same for a programmer: every piece at its own address. */
export async function readSegments({ image: path, base }: ImageArguments): Promise<Segment[]> {
  const options = base === undefined ? {} : { base: parseAddress('--base', base) };
  const bytes = await readBytes(path, 'image', 'IMAGE_UNREADABLE');
  return loadSegments(bytes, { name: path, ...options });
}
