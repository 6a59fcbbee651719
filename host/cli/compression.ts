// How a command's pages travel: compressed, against what this computer knows of the device's flash.
import { join } from 'node:path';
import { Capability } from '../../protocol/index.js';
import type { Compression, OldImages } from '../compress/deflate.js';
import type { DeviceInfo } from '../device/device.js';
import { loadImage } from '../image/load.js';
import { cacheFolder } from '../node/cache-folder.js';
import { readWhole } from '../node/files.js';
import type { ImageCache } from '../node/image-cache.js';
import type { ArgumentsOf } from './option.js';

export const COMPRESSION_OPTIONS = {
  from: {
    type: 'string',
    many: true,
    requiresArg: true,
    complete: 'file',
    describe: 'Image that may be on the device now, to copy from; may be given again',
  },
  compress: {
    type: 'boolean',
    default: true,
    describe: 'Send pages compressed where that is faster; --no-compress sends them as they are',
  },
  cache: {
    type: 'boolean',
    default: true,
    describe:
      'Keep what was sent, and which rate held, on this computer for the next update; --no-cache neither keeps nor looks',
  },
} as const;

export type CompressionArguments = ArgumentsOf<typeof COMPRESSION_OPTIONS>;

/** How an image is sent, and what is kept of it afterwards */
export interface Sending {
  readonly compression?: Compression;
  /** Once the image is on this device. Only where the next update may copy from it: it is a plain firmware in a file. */
  installed(device: DeviceInfo): Promise<void>;
}

/** Node.js' zlib and the cache are loaded only where they are needed. */
export async function sendingOf(args: CompressionArguments, image: Uint8Array): Promise<Sending> {
  if (!args.compress) return { installed: async () => {} };
  const named = await Promise.all((args.from ?? []).map(readOld));
  const cache = args.cache ? await openCache() : undefined;
  const old: OldImages = {
    candidates: async (sha256) => [...named, ...((await cache?.candidates(sha256)) ?? [])],
  };
  const { deflate } = await import('../node/deflate.js');
  return {
    compression: { deflate, old },
    installed: async ({ capabilities }) => {
      if ((capabilities & Capability.DICTIONARY) !== 0) await cache?.keep(image);
    },
  };
}

async function readOld(path: string): Promise<Uint8Array> {
  return loadImage(await readWhole(path, 'image', 'IMAGE_UNREADABLE'), { name: path }).bytes;
}

async function openCache(): Promise<ImageCache | undefined> {
  const folder = cacheFolder(process.env, process.platform);
  if (folder === undefined) return undefined;
  const { ImageCache } = await import('../node/image-cache.js');
  return new ImageCache(join(folder, 'images'));
}
