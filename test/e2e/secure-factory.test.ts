// From keys to a unit in the field, and back into the house: everything as typed, on a board of each family.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Board, built, type Part } from '../support/board.js';
import { iap } from '../support/iap.js';
import { expectDemo, expectDone, flash, on, tempDir } from './bench.js';
import { House } from './house.js';
import { blankPart, boot0, secured, startSecuring } from './isp-bench.js';

const FAMILIES: readonly Part[] = ['stm32f103xb', 'stm32f030x8', 'stm32f303xc'];

async function expectRefused(board: Board, image: string): Promise<void> {
  const { flashOps } = await board.counters();
  const { result } = await flash(board, image);
  expect(result).toMatchObject({ ok: false, code: 'IMAGE_SIGNATURE' });
  expect((await board.counters()).flashOps).toBe(flashOps);
}

describe.each(FAMILIES)('%s', (part) => {
  test('keys, a unit, its protection, updates, a key that leaks', async () => {
    const house = new House(part);
    await house.keys();
    const unit = await house.unit(await house.package(1, 'release'));
    // The application answers from its reception interrupt, and may miss what a host says meanwhile.
    const board = await blankPart(part, { allowed: ['overruns'] });

    const log = join(tempDir().path, 'units.jsonl');
    const made = await secured(board, unit, '--log', log);
    expectDone(made);
    expect(made.result).toMatchObject({ secured: true, device: { mode: 'BOOTLOADER' } });
    expectDone(await on(board, 'info', '--require-secure'));

    // Once more, as after a cut: nothing is written, all is proven.
    await boot0(board, 'high');
    expectDone(await secured(board, unit, '--log', log));
    const entries = readFileSync(log, 'utf8').trimEnd().split('\n');
    expect(entries.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { command: 'isp factory', result: 'installed', secured: true },
      { command: 'isp factory', result: 'unchanged', secured: true },
    ]);

    await board.command('reset');
    await expectDemo(board, 1);
    const two = await house.package(2, 'spare');
    expectDone(await flash(board, two));
    await expectDemo(board, 2);

    // The release key leaks: root revokes it, the spare goes on, and the leaked one is refused for ever.
    expectDone(await flash(board, await house.package(1, 'root', '--revoke', '1')));
    await expectDemo(board, 1);
    await expectRefused(board, await house.package(2, 'release'));
    await expectRefused(board, two);
    expectDone(await flash(board, await house.package(2, 'spare', '--revoke', '1')));
    await expectDemo(board, 2);
    await expectRefused(board, await house.package(1, 'release'));
  });
});

test('an image without keys is not made a secure unit', async () => {
  const board = await blankPart('stm32f103xb');
  const unit = join(tempDir().path, 'unit.hex');
  const app = built('build', 'stm32f103xb', 'demo-v1.bin');
  expectDone(await iap('factory', app, '--board', 'stm32f103xb', '-o', unit, '--json'));
  const { result, code } = await startSecuring(board, unit).done;
  expect(code).toBe(2);
  expect(result).toMatchObject({ code: 'KEY_WRONG', details: { problem: 'missing' } });
  expect((await board.counters()).flashOps).toBe(0);
  expect(readFileSync(unit).length).toBeGreaterThan(1000);
});
