// SRAM parity, which an option byte of the STM32F0 and F3 turns on: reading what nobody has written since power came raises
// NMI, and the mailbox is read first of all.
import { describe, expect, test } from 'vitest';
import { demoImage, PART_NAMES, PARTS } from '../support/board.js';
import { expectDemo, expectDone, flash, on, powerUp } from './bench.js';

const WITH_PARITY = PART_NAMES.filter((name) => PARTS[name].family !== 'stm32f1');

describe.each(WITH_PARITY)('%s', (part) => {
  test('a board whose RAM holds anything comes up, is updated, and comes up again', async () => {
    const board = await powerUp(part, { args: ['--ram-parity'] });
    const fresh = await on(board, 'info');
    expectDone(fresh);
    // Not FAULT: nothing is wrong with the bootloader.
    expect(fresh.result?.device).toMatchObject({ mode: 'BOOTLOADER', stay: 'NO_RECORD' });
    expect((await board.counters()).resets).toMatchObject({ power: 1, software: 1 });

    expectDone(await flash(board, demoImage(part, 1)));
    await expectDemo(board, 1);
    await board.command('power cycle');
    await expectDemo(board, 1);
    // One by the NMI at each power-up, and one at each start of the application.
    expect((await board.counters()).resets).toMatchObject({ power: 2, software: 4 });
  });
});
