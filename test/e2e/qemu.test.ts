// An independent check of boot, jump and interrupts: QEMU, which knows nothing of our virtual board, starts what an update left in flash.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { demoImage, demoLines } from '../support/board.js';
import { expectDone, expectLines, flash, powerUp } from './bench.js';

/** QEMU's stm32vldiscovery: an STM32F100 without FPEC, DMA and clock control, whose ready bits never come */
const PART = 'stm32f100xb';
const LONGEST_MS = 30_000;

test.each([1, 2] as const)(
  'demo v%i from a flash made by an update runs in QEMU',
  async (version) => {
    const board = await powerUp(PART);
    expectDone(await flash(board, demoImage(PART, version, 20_000)));
    const file = board.dir.write('qemu.bin', await board.flash());
    const args = [
      '-M',
      'stm32vldiscovery',
      '-kernel',
      file,
      '-display',
      'none',
      '-monitor',
      'none',
    ];
    const qemu = spawn('qemu-system-arm', [...args, '-serial', 'stdio'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: LONGEST_MS,
    });
    const ended = once(qemu, 'close');
    onTestFinished(async () => {
      qemu.kill('SIGKILL');
      await ended;
    });
    let text = '';
    for await (const bytes of qemu.stdout) {
      text += String(bytes);
      if (demoLines(text).length >= 4) break;
    }
    const lines = demoLines(text);
    expect(lines.length, `received: ${text}`).toBeGreaterThanOrEqual(4);
    // Ticks are the application's SysTick interrupt, from its own vector table.
    expectLines(lines, version);
  },
);
