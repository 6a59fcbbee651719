// Images that were sent: found by their hash, else the newest; never more than are kept; nothing that is not what its name says.
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sha256 } from '../../host/base/sha256.js';
import { ImageCache } from '../../host/node/image-cache.js';
import { randomBytes } from '../support/random.js';

const NOBODY = new Uint8Array(32);

function newFolder(): string {
  return join(mkdtempSync(join(tmpdir(), 'iap-')), 'a', 'b');
}

function image(seed: number): Uint8Array {
  return randomBytes(seed, 1000 + seed);
}

/** Kept in this order, a minute from one to the next */
async function filled(folder: string, count: number): Promise<ImageCache> {
  const cache = new ImageCache(folder);
  for (let seed = 1; seed <= count; seed++) {
    await cache.keep(image(seed));
    const name = Buffer.from(sha256(image(seed))).toString('hex');
    const at = Date.now() / 1000 - 60 * (count - seed + 1);
    utimesSync(join(folder, `${name}.bin`), at, at);
  }
  return cache;
}

test('the image of that hash, and no other', async () => {
  const cache = await filled(newFolder(), 5);
  expect(await cache.candidates(sha256(image(2)))).toEqual([image(2)]);
});

test('for an unknown hash the newest few, the newest first; one that was kept again is new', async () => {
  const cache = await filled(newFolder(), 6);
  expect(await cache.candidates(NOBODY)).toEqual([image(6), image(5), image(4), image(3)]);
  await cache.keep(image(1));
  expect(await cache.candidates(NOBODY)).toEqual([image(1), image(6), image(5), image(4)]);
});

test('the oldest are removed', async () => {
  const folder = newFolder();
  const cache = await filled(folder, 32);
  expect(readdirSync(folder)).toHaveLength(32);
  await cache.keep(image(100));
  expect(readdirSync(folder)).toHaveLength(32);
  expect(await cache.candidates(sha256(image(100)))).toEqual([image(100)]);
  expect((await cache.candidates(sha256(image(1)))).map((bytes) => bytes.length)).not.toContain(
    1001,
  );
});

test('an image that is not what its name says is none, and is kept anew', async () => {
  const folder = newFolder();
  const cache = await filled(folder, 1);
  const [name = ''] = readdirSync(folder);
  for (const bytes of [image(2), image(1).subarray(1), new Uint8Array()]) {
    writeFileSync(join(folder, name), bytes);
    expect(await cache.candidates(sha256(image(1)))).toEqual([]);
    await cache.keep(image(1));
    expect(await cache.candidates(sha256(image(1)))).toEqual([image(1)]);
  }
});

test('what else is in the folder is left alone', async () => {
  const folder = newFolder();
  const cache = await filled(folder, 1);
  writeFileSync(join(folder, 'notes.txt'), 'mine');
  for (let seed = 10; seed < 50; seed++) await cache.keep(image(seed));
  expect(readFileSync(join(folder, 'notes.txt'), 'utf8')).toBe('mine');
  expect((await cache.candidates(NOBODY)).length).toBe(4);
});

test.skipIf(process.platform === 'win32')('files and folder belong to the user alone', async () => {
  const folder = newFolder();
  await filled(folder, 1);
  const [name = ''] = readdirSync(folder);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
});

test('a folder that can not be read or made is an empty one', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'iap-')), 'file');
  writeFileSync(file, '');
  const cache = new ImageCache(join(file, 'folder'));
  await cache.keep(image(1));
  expect(await cache.candidates(sha256(image(1)))).toEqual([]);
});
