// An independent check of boot, jump and interrupts: QEMU starts what an update left in flash.
import { test } from 'vitest';
import { demoImage } from '../support/board.js';
import { expectDone, flash, powerUp } from './bench.js';
import { expectDemoInQemu } from './qemu.js';

const PART = 'stm32f100xb';

test.each([1, 2] as const)(
  'demo v%i from a flash made by an update runs in QEMU',
  async (version) => {
    const board = await powerUp(PART);
    expectDone(await flash(board, demoImage(PART, version, 20_000)));
    await expectDemoInQemu(board.dir.write('qemu.bin', await board.flash()), version);
  },
);
