// What a core without a vector table offset register brings: the application's vectors are in SRAM.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { BOOTLOADER_BASE } from '../../protocol/index.js';
import { built, deafImage, demoImage, PART_NAMES, PARTS } from '../support/board.js';
import { MOST_VECTORS } from '../support/images.js';
import {
  calling,
  expectDemo,
  expectDone,
  expectStarted,
  flash,
  powerUp,
  untilState,
  withOutput,
} from './bench.js';

const WITHOUT_VTOR = PART_NAMES.filter((name) => PARTS[name].core === 'cortex-m0');

/**
 * An application that was linked with its RAM at the start of SRAM: it clears its .bss, which is where its vectors are, and
 * then takes an exception. ARMv6-M.
 */
function overlapping(base: number): Uint8Array {
  const code = [
    0x2101_2000, // movs r0, #0; movs r1, #1
    0x2230_0749, // lsls r1, r1, #29 (SRAM); movs r2, #48
    0x3a01_c101, // next: stmia r1!, {r0}; subs r2, #1
    0xdf00_d1fc, // bne next; svc 0
    0xe7fe_e7fe, // b .
  ];
  const image = deafImage(3000, 'hangs', 1, base);
  const view = new DataView(image.buffer);
  code.forEach((word, i) => {
    view.setUint32(4 * (MOST_VECTORS + i), word, true);
  });
  return image;
}

describe.each(WITHOUT_VTOR)('%s', (part) => {
  const { appBase, vectors } = PARTS[part];

  test('an application that overwrites its own vectors is replaced at the next reset', async () => {
    const board = await powerUp(part, { allowed: ['faults', 'state'] });
    expectDone(await flash(board, overlapping(appBase)));
    await untilState(board, 'lockup');
    expect(await board.command(`peek 0x${vectors.toString(16)} 192`)).toMatchObject({
      hex: '00'.repeat(192),
    });
    const run = await calling(board, demoImage(part, 1));
    await board.command('reset');
    await expectStarted(run);
    await expectDemo(board, 1);
  });

  test('the bootloader copies 48 vectors and shows them at address 0', async () => {
    const board = await powerUp(part);
    const image = demoImage(part, 1);
    expectDone(await flash(board, image));
    // Tick and reception come through the copy: the demo counts, and answered when asked.
    await expectDemo(board, 1);
    const table = Buffer.from(image.subarray(0, 192)).toString('hex');
    expect(await board.command(`peek 0x${vectors.toString(16)} 192`)).toMatchObject({ hex: table });
  });

  test('an application that a debugger starts puts its vectors in force itself', async () => {
    const demo = new Uint8Array(readFileSync(built('build', part, 'demo-v1.bin')));
    // Stack pointer and reset vector of the application, where the core looks for them after a reset; no bootloader.
    const start = new Uint8Array(1024).fill(0xff);
    start.set(demo.subarray(0, 8));
    const load = new Map([
      [BOOTLOADER_BASE, start],
      [appBase, demo],
    ]);
    const board = await powerUp(part, { load });
    const lines = await withOutput(board, (output) => output.lines(3));
    expect(lines.map(({ vectors: found }) => found)).toEqual([0, 0, 0]);
    expect(lines[2]?.tick).toBeGreaterThanOrEqual(1000);
  });
});
