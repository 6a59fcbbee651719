// Compressed updates on the real bootloader of each core: against the image that is on the device, known from a file or from this
// computer's cache; and what happens where none of it may be used.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type Board,
  bootloaderFile,
  demoImage,
  differingPages,
  hostOptions,
  PARTS,
  type Part,
} from '../support/board.js';
import { Iap, type Outcome } from '../support/iap.js';
import { randomBytes } from '../support/random.js';
import { expectDemo, expectDone, powerUp, tempDir } from './bench.js';

const CORES: readonly Part[] = ['stm32f030x8', 'stm32f103xb', 'stm32f303xc'];
const SIZE = 24 * 1024;

/** The demo application, then what compresses as code does; `moved` bytes later than in another one */
function program(part: Part, version: 1 | 2, moved = 0): Uint8Array {
  const app = demoImage(part, version);
  const rest = randomBytes(7, SIZE).map((byte) => byte & 0x3f);
  return Uint8Array.from([...app, ...new Uint8Array(moved), ...rest]);
}

/** The command with a cache of its own; `cache` undefined: with none */
function flash(
  board: Board,
  image: Uint8Array,
  cache: string | undefined,
  ...args: string[]
): Promise<Outcome> {
  const file = board.dir.write('image.bin', image);
  const run = new Iap(
    ['flash', file, '--port', board.port, ...hostOptions(board.part), '--json', ...args],
    { env: { IAP_CACHE_DIR: cache ?? '' } },
  );
  onTestFinished(async () => {
    await run.signal('SIGKILL');
  });
  return run.done;
}

async function expectRuns(board: Board, version: 1 | 2, image: Uint8Array): Promise<void> {
  await expectDemo(board, version);
  expect(differingPages(board.part, await board.flash(), image)).toEqual([]);
}

/** Of the image, what was sent */
function share({ result }: Outcome, image: Uint8Array): number {
  return Number(result?.bytesEncoded) / image.length;
}

describe.each(CORES)('%s', (part) => {
  const one = program(part, 1);
  const two = program(part, 2, 40);

  test('everything moved: a few per cent are sent, forwards and back, from the cache', async () => {
    const board = await powerUp(part);
    const cache = join(tempDir().path, 'cache');
    const first = await flash(board, one, cache);
    expectDone(first);
    expect(share(first, one)).toBeLessThan(0.9);
    await expectRuns(board, 1, one);
    for (const [version, image] of [
      [2, two],
      [1, one],
    ] as const) {
      const update = await flash(board, image, cache);
      expectDone(update);
      expect(share(update, image)).toBeLessThan(0.2);
      await expectRuns(board, version, image);
    }
  });

  test('--from names the image; a wrong one makes no difference but in time', async () => {
    const board = await powerUp(part);
    const old = tempDir().write('old.bin', one);
    expectDone(await flash(board, one, undefined, '--no-compress'));
    const update = await flash(board, two, undefined, '--from', old);
    expectDone(update);
    expect(share(update, two)).toBeLessThan(0.2);
    await expectRuns(board, 2, two);
    const other = tempDir().write('other.bin', randomBytes(1, SIZE));
    expectDone(await flash(board, one, undefined, '--from', other));
    await expectRuns(board, 1, one);
  });

  test('flash that must not be read out is not copied from', async () => {
    const dir = tempDir();
    const blank = new Uint8Array(PARTS[part].flashSize).fill(0xff);
    blank.set(readFileSync(bootloaderFile(part)));
    const file = dir.write('flash.bin', blank);
    // RDP is not A5: level 1. USER and data as erased, no write protection.
    dir.write('flash.bin.opt', Buffer.from('00ffff00ff00ff00ff00ff00ff00ff00', 'hex'));
    const board = await powerUp(part, { flash: file });
    const cache = join(dir.path, 'cache');
    expectDone(await flash(board, one, cache));
    const update = await flash(board, two, cache);
    expectDone(update);
    expect(share(update, two)).toBeGreaterThan(0.5);
    expect(existsSync(join(cache, 'images'))).toBe(false); // a plain firmware, for nothing
    await expectRuns(board, 2, two);
  });
});

describe('a cache', () => {
  const part: Part = 'stm32f103xb';
  const one = program(part, 1);
  const two = program(part, 2, 40);

  test.for([
    ['is empty', () => {}],
    [
      'has a damaged image',
      (folder: string) => {
        for (const name of readdirSync(folder)) writeFileSync(join(folder, name), two);
      },
    ],
    [
      'has half an image',
      (folder: string) => {
        for (const name of readdirSync(folder)) {
          writeFileSync(join(folder, name), one.subarray(0, 5000));
        }
      },
    ],
  ] as const)('that %s only makes it slower', async ([, spoil]) => {
    const board = await powerUp(part);
    const cache = join(tempDir().path, 'cache');
    expectDone(await flash(board, one, cache));
    spoil(join(cache, 'images'));
    expectDone(await flash(board, two, cache));
    await expectRuns(board, 2, two);
  });

  test('--no-cache leaves nothing behind; a folder that can not be made is none', async () => {
    const board = await powerUp(part);
    const dir = tempDir();
    expectDone(await flash(board, one, join(dir.path, 'cache'), '--no-cache'));
    expect(existsSync(join(dir.path, 'cache', 'images'))).toBe(false);
    const file = dir.write('a-file', 'not a folder');
    expectDone(await flash(board, two, join(file, 'cache')));
    await expectRuns(board, 2, two);
  });
});
