// Image files from disk.
import { readFile, stat } from 'node:fs/promises';
import { IapError } from '../errors.js';
import type { Image } from '../image/image.js';
import { LARGEST_FILE } from '../image/limits.js';
import { loadImage } from '../image/load.js';
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
  return loadImage(await read(path), { name: path, ...options });
}

async function read(path: string): Promise<Uint8Array> {
  try {
    const info = await stat(path);
    if (!info.isFile()) throw unreadable(path, 'it is not a file');
    if (info.size > LARGEST_FILE) throw unreadable(path, `it has ${info.size} bytes`);
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if (error instanceof IapError || !(error instanceof Error)) throw error;
    throw unreadable(path, error.message, error);
  }
}

function unreadable(path: string, why: string, cause?: Error): IapError {
  return new IapError('IMAGE_UNREADABLE', `the image ${path} can not be read: ${why}`, {
    hint: 'check the path',
    details: { path },
    cause,
  });
}
