// From the running application to the bootloader and back, in the board's own time: what is said, and what is waited for.
import { expect, onTestFinished, test } from 'vitest';
import { update } from '../../host/index.js';
import { Command } from '../../protocol/index.js';
import { Lockstep } from '../conformance/lockstep.js';
import { built, demoImage } from '../support/board.js';

/** Until the demo application answers [ms] */
const STARTED_MS = 500;

test('the same image again: no call to a bootloader that has begun to answer', async () => {
  const part = 'stm32f103xe';
  const board = new Lockstep({
    board: built('build', 'board', 'iap-board'),
    part,
    bootloader: built('build', part, 'bootloader.bin'),
  });
  onTestFinished(() => board.stop());
  const image = { base: undefined, bytes: demoImage(part, 1) };
  const { clock } = board;
  await board.during(update(board.transport, image, { clock }).result);
  const started = new Promise<void>((resolve) => {
    clock.after(STARTED_MS, resolve);
  });
  await board.during(started);

  const startedAt = clock.now();
  const said: string[] = [];
  const again = update(board.transport, image, {
    clock,
    trace: (event) => {
      const ms = (event.at - startedAt).toFixed(1);
      if (event.direction !== 'dropped')
        said.push(`${ms} ms ${event.direction} ${event.frame.type.toString(16)}`);
    },
  });
  const { changed } = await board.during(again.result);
  const ms = clock.now() - startedAt;
  console.log(`the same image again: ${ms.toFixed(1)} ms on the line\n${said.join('\n')}`);
  expect(changed).toBe(false);
  // The application, and its bootloader twice while it starts: an answer takes longer than the 20 ms between two calls.
  const hello = new RegExp(` sent ${Command.HELLO}$`);
  expect(said.filter((line) => hello.test(line))).toHaveLength(3);
});
