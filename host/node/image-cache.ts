// Images that were sent to devices, kept on this computer: the next update of such a device sends only what it can not copy from them.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OldImages } from '../compress/deflate.js';

/** The oldest of more are removed. */
const MOST_IMAGES = 32;
/** Tried page by page where the device does not name one that is here */
const MOST_CANDIDATES = 4;

const NAME = /^[0-9a-f]{64}\.bin$/;

/** A folder of images, each by its SHA-256. What is not there, or is damaged, only makes an update slower: nothing here throws. */
export class ImageCache implements OldImages {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async candidates(sha256: Uint8Array): Promise<readonly Uint8Array[]> {
    const named = await this.#read(nameOf(sha256));
    if (named) return [named];
    const found: Uint8Array[] = [];
    for (const name of (await this.#names()).slice(0, MOST_CANDIDATES)) {
      const bytes = await this.#read(name);
      if (bytes) found.push(bytes);
    }
    return found;
  }

  /** Keeps an image; the folder and its files belong to the user alone. */
  async keep(bytes: Uint8Array): Promise<void> {
    const name = nameOf(digest(bytes));
    const path = join(this.#folder, name);
    try {
      if (await this.#read(name)) {
        const now = new Date();
        await utimes(path, now, now);
        return;
      }
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      const unfinished = `${path}.${process.pid}`;
      await writeFile(unfinished, bytes, { mode: 0o600 });
      await rename(unfinished, path);
      for (const name of (await this.#names()).slice(MOST_IMAGES))
        await rm(join(this.#folder, name));
    } catch {
      // A cache that can not be written is none.
    }
  }

  /** The newest first */
  async #names(): Promise<string[]> {
    try {
      const names = (await readdir(this.#folder)).filter((name) => NAME.test(name));
      const dated = await Promise.all(
        names.map(async (name) => ({
          name,
          at: (await stat(join(this.#folder, name))).mtimeMs,
        })),
      );
      return dated.sort((a, b) => b.at - a.at).map(({ name }) => name);
    } catch {
      return [];
    }
  }

  /** Undefined if it is not there, or is not what its name says. */
  async #read(name: string): Promise<Uint8Array | undefined> {
    try {
      const bytes = new Uint8Array(await readFile(join(this.#folder, name)));
      return nameOf(digest(bytes)) === name ? bytes : undefined;
    } catch {
      return undefined;
    }
  }
}

function digest(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}

function nameOf(sha256: Uint8Array): string {
  return `${Buffer.from(sha256).toString('hex')}.bin`;
}
