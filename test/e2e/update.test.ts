// The main job on every part: first update, update while the application runs, the same image again.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Stay } from '../../protocol/index.js';
import {
  appErases,
  built,
  demoImage,
  differingPages,
  PART_NAMES,
  PARTS,
} from '../support/board.js';
import { expectDemo, expectDone, flash, on, powerUp, quit, tempDir } from './bench.js';

/** RCC_CSR: PORRSTF and PINRSTF. Nobody clears the flags, so that the application sees them. */
const POWER_ON_FLAGS = 0x0c00_0000;
/** RCC_CSR: SFTRSTF */
const SOFTWARE_FLAG = 0x1000_0000;

describe.each(PART_NAMES)('%s', (part) => {
  const { appBase, pageSize, part: silicon } = PARTS[part];

  test('first update of a factory-fresh board, from each image format', async () => {
    const board = await powerUp(part);
    const before = await on(board, 'info');
    expectDone(before);
    expect(before.result?.device).toMatchObject({
      part: silicon,
      mode: 'BOOTLOADER',
      stay: 'NO_RECORD',
      installed: null,
    });

    const image = demoImage(part, 1);
    const first = await flash(board, built('build', part, 'demo-v1.hex'));
    expectDone(first);
    const pagesTotal = Math.ceil(image.length / pageSize);
    // hex and bin hold the same image but for what is in the gaps between sections, if there are any
    expect(first.result).toMatchObject({
      changed: true,
      boot: 'started',
      pagesSent: pagesTotal,
      pagesTotal,
    });
    const [line] = await expectDemo(board, 1, 3);
    expect(line?.stay).toBe(Stay.NO_RECORD);
    expect(line?.resetFlags).toBe(POWER_ON_FLAGS);
    expect(differingPages(part, await board.flash(), image)).toEqual([]);
    expect(await board.counters()).toMatchObject({ framingErrors: 0, noiseErrors: 0 });
    // Blank pages are not erased.
    expect([...appErases(part, await board.counters())]).toEqual([]);

    // The same application as ELF and as binary is the same image.
    for (const file of ['demo-v1.elf', 'demo-v1.bin']) {
      const again = await flash(board, built('build', part, file));
      expectDone(again);
      expect(again.result).toMatchObject({ changed: false, boot: 'started' });
    }
  });

  test('update to v2 while v1 runs: nobody touches the board', async () => {
    const board = await powerUp(part);
    const size = 8 * pageSize + 501; // the demo application and some pages of noise
    expectDone(await flash(board, demoImage(part, 1, size)));
    await expectDemo(board, 1);
    const before = await board.counters();
    const differing = differingPages(part, await board.flash(), demoImage(part, 2, size));
    expect(differing.length).toBeGreaterThanOrEqual(5);

    const update = await flash(board, demoImage(part, 2, size));
    expectDone(update);
    expect(update.result).toMatchObject({
      changed: true,
      boot: 'started',
      pagesSent: differing.length,
      pagesTotal: 9,
    });
    expect(update.events.map(({ event }) => event)).toContain('entering');
    const [line] = await expectDemo(board, 2);
    expect(line?.stay).toBe(Stay.ASKED);
    expect(line?.resetFlags).toBe(POWER_ON_FLAGS | SOFTWARE_FLAG);
    expect(differingPages(part, await board.flash(), demoImage(part, 2, size))).toEqual([]);

    const after = await board.counters();
    // ENTER and START; no pin, no supply.
    expect(after.resets).toEqual({ ...before.resets, software: before.resets.software + 2 });
    expect([...appErases(part, after)]).toEqual(differing.map((page) => [page, 1]));

    // The running application answers by itself, with its own reception interrupt.
    const info = await on(board, 'info');
    expect(info.result?.device).toMatchObject({ mode: 'APP', part: silicon, installed: { size } });
    expectDone(await on(board, 'verify', board.dir.write('v2.bin', demoImage(part, 2, size))));
  });

  test('the same image again writes nothing, from the application and from the bootloader', async () => {
    const board = await powerUp(part);
    const image = demoImage(part, 1, 5 * pageSize);
    expectDone(await flash(board, image));
    await expectDemo(board, 1);
    const before = await board.counters();

    const running = await flash(board, image);
    expectDone(running);
    expect(running.result).toMatchObject({ changed: false, boot: 'started', pagesSent: 0 });

    const held = await flash(board, image, '--no-boot');
    expectDone(held);
    expect(held.result).toMatchObject({ changed: false, boot: 'no', pagesSent: 0 });
    expect((await on(board, 'info')).result?.device).toMatchObject({ mode: 'BOOTLOADER' });

    const fromBootloader = await flash(board, image);
    expectDone(fromBootloader);
    expect(fromBootloader.result).toMatchObject({ changed: false, boot: 'started', pagesSent: 0 });
    await expectDemo(board, 1);

    const { flashOps, halfWords, erases } = await board.counters();
    expect({ flashOps, halfWords, erases }).toEqual({
      flashOps: before.flashOps,
      halfWords: before.halfWords,
      erases: before.erases,
    });
  });

  test('the same image again repairs a bit that tipped while the application runs', async () => {
    const board = await powerUp(part);
    const image = demoImage(part, 1, 6 * pageSize);
    expectDone(await flash(board, image));
    await expectDemo(board, 1);
    const page = 5; // behind the demo itself, on any board
    await board.tip(appBase + page * pageSize + 100);
    // What the application says of itself is what its bootloader found at this start.
    expect((await on(board, 'info')).result?.device).toMatchObject({
      mode: 'APP',
      installed: { state: expect.arrayContaining(['CHECKED', 'GOOD']) },
    });

    const repair = await flash(board, image);
    expectDone(repair);
    expect(repair.result).toMatchObject({ changed: true, boot: 'started', pagesSent: 1 });
    expect(differingPages(part, await board.flash(), image)).toEqual([]);
    expect([...appErases(part, await board.counters())]).toEqual([[page, 1]]);
    await expectDemo(board, 1);
  });

  test('--flash FILE: the application survives the end of the board program', async () => {
    const dir = tempDir();
    const file = `${dir.path}/flash.bin`;
    dir.write('flash.bin', new Uint8Array(readFileSync(built('build', part, 'bootloader.bin'))));
    const first = await powerUp(part, { flash: file });
    expectDone(await flash(first, demoImage(part, 2)));
    await expectDemo(first, 2);
    await quit(first);

    const second = await powerUp(part, { flash: file });
    await expectDemo(second, 2);
    expect((await second.counters()).flashOps).toBe(0);
  });
});
