// QEMU's stm32vldiscovery, which knows nothing of our virtual board: an STM32F100 without FPEC, DMA and clock control, whose
// ready bits never come.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished } from 'vitest';
import { demoLines } from '../support/board.js';
import { expectLines } from './bench.js';

/** A busy computer only needs longer. */
const LONGEST_MS = 500_000;
const LINES = 4;

/** Boots this flash; the demo application of this version must run, its tick interrupt from its own vector table. */
export async function expectDemoInQemu(flashFile: string, version: number): Promise<void> {
  const args = ['-M', 'stm32vldiscovery', '-kernel', flashFile, '-display', 'none'];
  const qemu = spawn('qemu-system-arm', [...args, '-monitor', 'none', '-serial', 'stdio'], {
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
    if (demoLines(text).length >= LINES) break;
  }
  const lines = demoLines(text);
  expect(lines.length, `received: ${text}`).toBeGreaterThanOrEqual(LINES);
  expectLines(lines, version);
}
