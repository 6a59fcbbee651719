// The model of ST's ROM bootloader, judged by a client that we did not write: Debian's stm32flash.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { BOOTLOADER_BASE } from '../../protocol/index.js';
import { type Board, bootloaderFile, PARTS, type Part } from '../support/board.js';
import { randomBytes } from '../support/random.js';
import { expectDone, on, tempDir } from './bench.js';
import { blankPart, boot0, hex, isp, stm32flash, stm32flashOnce } from './isp-bench.js';

const IDS: Readonly<Record<string, string>> = {
  stm32f103xe: '0x0414',
  stm32f103xb: '0x0410',
  stm32f100xb: '0x0420',
  stm32f030x8: '0x0440',
  stm32f072xb: '0x0448',
  stm32f303xc: '0x0422',
};
const PARTS_TESTED = Object.keys(IDS) as Part[];

/** With all it said in the message if it failed */
const DONE = { code: 0, text: expect.not.stringContaining('Failed') };

function file(bytes: Uint8Array): { readonly path: string; readonly out: string } {
  const dir = tempDir().path;
  const path = join(dir, 'image.bin');
  writeFileSync(path, bytes);
  return { path, out: join(dir, 'out.bin') };
}

function same(a: string, b: Uint8Array): boolean {
  return Buffer.compare(readFileSync(a), b) === 0;
}

describe.each(PARTS_TESTED)('%s', (part) => {
  test('info, write, verify, read, erase', async () => {
    const board = await blankPart(part);
    const info = await stm32flash(board);
    expect(info.text).toContain(`Device ID    : ${IDS[part]}`);
    expect(info.text).toContain(`Version      : ${part.startsWith('stm32f1') ? '0x22' : '0x31'}`);

    const image = randomBytes(1, 5001);
    const { path, out } = file(image);
    const written = await stm32flash(board, '-w', path, '-v', '-n', '0');
    expect(written).toMatchObject({ code: 0, text: expect.stringContaining('(100.00%) Done') });
    expect(Buffer.compare((await board.flash()).subarray(0, 5001), image)).toBe(0);

    const range = `${hex(BOOTLOADER_BASE)}:5001`;
    expect(await stm32flash(board, '-r', out, '-S', range)).toMatchObject(DONE);
    expect(same(out, image)).toBe(true);

    const { pageSize } = PARTS[part];
    const second = `${hex(BOOTLOADER_BASE + pageSize)}:${pageSize}`;
    expect(await stm32flash(board, '-o', '-S', second)).toMatchObject(DONE);
    const left = await board.flash();
    expect(left.subarray(pageSize, 2 * pageSize).every((byte) => byte === 0xff)).toBe(true);
    expect(Buffer.compare(left.subarray(0, pageSize), image.subarray(0, pageSize))).toBe(0);

    expect(await stm32flash(board, '-o')).toMatchObject(DONE);
    expect((await board.flash()).every((byte) => byte === 0xff)).toBe(true);
  });

  test('read-out protection: nothing is read, and undoing it erases everything', async () => {
    const board = await blankPart(part);
    const { path, out } = file(randomBytes(2, 1000));
    await stm32flash(board, '-w', path);
    expect(await stm32flash(board, '-j')).toMatchObject(DONE);
    const range = `${hex(BOOTLOADER_BASE)}:1000`;
    const refused = await stm32flashOnce(board, '-r', out, '-S', range);
    expect(refused.code).not.toBe(0);
    expect(refused.text).toContain('Failed to read memory');
    expect(await stm32flash(board, '-k')).toMatchObject(DONE);
    expect(await stm32flash(board, '-r', out, '-S', range)).toMatchObject(DONE);
    expect(same(out, new Uint8Array(1000).fill(0xff))).toBe(true);
  });

  test('write protection: nothing is written, and no error is reported but by reading back', async () => {
    const board = await blankPart(part, { allowed: ['wrprtErrors'] });
    const image = randomBytes(3, 1000);
    const { path } = file(image);
    expect((await stm32flash(board, '-w', path, '-v')).code).toBe(0);
    // stm32flash can take write protection off only; the first 4 KB are protected here as a debugger would.
    await protectFirstSector(board);
    const other = file(randomBytes(4, 1000));
    const refused = await stm32flashOnce(board, '-w', other.path, '-v', '-n', '0');
    expect(refused.code).not.toBe(0);
    expect(Buffer.compare((await board.flash()).subarray(0, 1000), image)).toBe(0);
    expect(await stm32flash(board, '-u')).toMatchObject(DONE);
    expect(await stm32flash(board, '-w', other.path, '-v')).toMatchObject(DONE);
  });

  test('go: the IAP bootloader starts, whatever the ROM left behind, and answers', async () => {
    const board = await blankPart(part);
    expect(await stm32flash(board, '-w', bootloaderFile(part), '-v', '-g', '0x0')).toMatchObject(
      DONE,
    );
    expect((await board.counters()).rom).toBe(false);
    const info = await on(board, 'info');
    expectDone(info);
    expect(info.result?.device).toMatchObject({ mode: 'BOOTLOADER', stay: 'NO_RECORD' });
  });
});

async function protectFirstSector(board: Board): Promise<void> {
  const range = ['--start', hex(BOOTLOADER_BASE), '--length', '0x1000'];
  expectDone(await isp(board, 'protect', '--write', ...range, '--yes'));
}

test('a first byte other than 7Fh gives a wrong rate: nobody answers until the next reset', async () => {
  const board = await blankPart('stm32f103xe');
  // HELLO begins with 00h.
  expect((await on(board, 'info', '--timeout', '300')).code).toBe(4);
  expect((await stm32flashOnce(board)).code).not.toBe(0);
  await boot0(board, 'high');
  expect((await stm32flash(board)).code).toBe(0);
});
