// The port vanishes under "iap flash", and the board with it: what the command says, and that the same command goes on.
import { readFileSync, symlinkSync, unlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Board, built, demoImage, differingPages, PARTS } from '../support/board.js';
import { expectDemo, expectDone, powerUp, quit, start, tempDir } from './bench.js';

const PART = 'stm32f103xb';
const PAGES = 40;

interface Bench {
  readonly port: string;
  readonly file: string;
  readonly image: Uint8Array;
  plugIn(): Promise<Board>;
  unplug(board: Board): Promise<void>;
}

function bench(): Bench {
  const dir = tempDir();
  const factory = new Uint8Array(readFileSync(built('build', PART, 'bootloader.bin')));
  const flash = dir.write('flash.bin', factory);
  const image = demoImage(PART, 1, PAGES * PARTS[PART].pageSize - 77);
  // An adapter that is plugged in again gets its name again; a pty does not.
  const port = `${dir.path}/port`;
  return {
    port,
    file: dir.write('image.bin', image),
    image,
    plugIn: async () => {
      const board = await powerUp(PART, { flash });
      symlinkSync(board.port, port);
      return board;
    },
    unplug: async (board) => {
      await quit(board);
      unlinkSync(port);
    },
  };
}

test('the port vanishes in mid-update: exit 4, told to run it again, and then it sends what is missing', async () => {
  const { port, file, image, plugIn, unplug } = bench();
  const again = 'plug the adapter in again and run the same command again';

  const first = await plugIn();
  const forProgram = start('flash', file, '--port', port, '--json');
  await forProgram.untilDone(0.2);
  await unplug(first);
  const told = await forProgram.done;
  expect(told.code).toBe(4);
  expect(told.result).toMatchObject({
    ok: false,
    code: 'PORT_LOST',
    message: `${port} went away while it was in use`,
    hint: expect.stringContaining(again),
  });

  const nobody = await start('flash', file, '--port', port, '--json').done;
  expect({ code: nobody.code, error: nobody.result?.code }).toEqual({
    code: 4,
    error: 'PORT_NOT_FOUND',
  });

  const second = await plugIn();
  const forPeople = start('flash', file, '--port', port);
  await forPeople.untilOutput(/ [2-9]0 %/);
  await unplug(second);
  const read = await forPeople.done;
  expect(read.code).toBe(4);
  expect(read.stderr).toContain(`${port} went away while it was in use`);
  expect(read.stderr).toContain(again);

  const third = await plugIn();
  const missing = differingPages(PART, await third.flash(), image);
  expect(missing.length).toBeLessThan(0.7 * PAGES);
  expect(missing.length).toBeGreaterThan(0);
  const done = await start('flash', file, '--port', port, '--json').done;
  expectDone(done);
  expect(done.result).toMatchObject({ boot: 'started', pagesSent: missing.length });
  expect(differingPages(PART, await third.flash(), image)).toEqual([]);
  await expectDemo(third, 1, 1);
});

test('with --wait the same command goes on when the port is back', async () => {
  const { port, file, image, plugIn, unplug } = bench();
  const first = await plugIn();
  const program = start('flash', file, '--port', port, '--json', '--wait');
  await program.untilDone(0.2);
  await unplug(first);
  await program.untilOutput(/"reconnecting"/);
  const second = await plugIn();
  const done = await program.done;
  expectDone(done);
  expect(done.result?.pagesSent).toBeLessThan(PAGES);
  expect(differingPages(PART, await second.flash(), image)).toEqual([]);
  await expectDemo(second, 1, 1);
});
