// Firmware of real size, linked with linker/app.ld: it runs, and an edit of its own code changes few pages.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loadImage } from '../../host/image/load.js';
import { BURST_START, Command, encodeFrame } from '../../protocol/index.js';
import { type Board, built, type Part, type SteppedBoard } from '../support/board.js';
import { iap } from '../support/iap.js';
import { expectDone, flash, powerUp, powerUpStepped, tempDir } from './bench.js';

const PART: Part = 'stm32f103xe';
const RUN_US = 1_000_000;

function firmware(name: string): string {
  return built('build', 'firmware', `${name}.elf`);
}

/** A board that has this firmware, checked and packed, by an update, and has not run it yet. */
async function updated(name: string): Promise<SteppedBoard> {
  const board = await powerUp(PART);
  const packed = `${board.dir.path}/${name}.iap`;
  const checked = await iap('check', firmware(name), '--board', PART, '--json');
  expect(checked.events[0]).toMatchObject({ event: 'image', ok: true, findings: [] });
  expect((await iap('pack', firmware(name), '-o', packed, '--version', '1.0.0')).code).toBe(0);
  expectDone(await flash(board, packed, '--no-boot'));
  const file = tempDir().write('flash.bin', await board.flash());
  return powerUpStepped(PART, { flash: file });
}

/** What it prints up to and with this line; virtual time is bounded, and the model counts what firmware must not do. */
async function printed(board: SteppedBoard, last: RegExp, limitS: number): Promise<string> {
  let text = '';
  for (let s = 0; s < limitS && !last.test(text); s++) {
    text += Buffer.from((await board.run(RUN_US)).bytes).toString('latin1');
  }
  expect(text).toMatch(last);
  return text;
}

/** Minutes of virtual time: longer than other tests on a busy machine. */
const TEST_MS = 300_000;

describe('runs', { timeout: TEST_MS }, () => {
  test('newlib computes known results', async () => {
    const board = await updated('newlib');
    const text = await printed(board, /newlib: \d+ checks, \d+ wrong\r\n/, 10);
    expect(text).not.toMatch(/wrong:|BAD/);
    expect(text).toContain('newlib: 123 checks, 0 wrong');
  });

  test("BearSSL's own tests pass, 290 KB", async () => {
    const { bytes } = loadImage(new Uint8Array(readFileSync(firmware('crypto'))));
    expect(bytes.length).toBeGreaterThan(280 * 1024);
    const text = await printed(await updated('crypto'), /crypto: end, \d+\r\n|exit \d+/, 60);
    expect(text).toContain('crypto: end, 0');
    expect(text.match(/done\./g)).toHaveLength(5);
  });

  test('C++: constructors, exceptions, variables of threads, and the app kit', async () => {
    const board = await updated('cxx');
    const text = await printed(board, /42 1\r\n/, 3);
    expect(text).toBe('C++: 3\r\nC++: caught no three, 42 1\r\n');
    await board.send(BURST_START);
    await board.send(
      encodeFrame({ address: 0, type: Command.ENTER, seq: 1, payload: new Uint8Array() }),
    );
    expect((await board.run(RUN_US)).resets).toEqual(['software']);
  });
});

/** Pages that an update from `before` to `after` sends, and how many there are */
async function sent(board: Board, before: string, after: string): Promise<[number, number]> {
  expectDone(await flash(board, firmware(before), '--no-boot', '--baud', '460800'));
  const update = await flash(board, firmware(after), '--no-boot', '--baud', '460800');
  expectDone(update);
  return [Number(update.result?.pagesSent), Number(update.result?.pagesTotal)];
}

test.each([
  { name: 'newlib', ownPages: 0.2, of: 57 },
  { name: 'crypto', ownPages: 0.55, of: 146 },
])('an added line changes only pages of its own code: $name', async ({ name, ownPages, of }) => {
  const board = await powerUp(PART);
  const [ordered, total] = await sent(board, name, `${name}-edited`);
  const [plain] = await sent(board, `${name}-plain`, `${name}-edited-plain`);
  console.log(`${name}: ${ordered} of ${total} pages differ; in plain order ${plain}`);
  expect(total).toBe(of);
  expect(ordered).toBeLessThan(ownPages * total);
  expect(plain).toBeGreaterThan(0.9 * total);
});
