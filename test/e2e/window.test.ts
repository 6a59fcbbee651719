// Applications that can not answer, of the largest size: the listening window after a reset is the way in.
import { expect, test } from 'vitest';
import { BOARD_NAMES, deafImage, demoImage, differingPages, PARTS } from '../support/board.js';
import {
  calling,
  expectDemo,
  expectDone,
  expectStarted,
  flash,
  on,
  powerUp,
  untilCounters,
} from './bench.js';

const FAST = ['--baud', '921600'] as const;

test.each(BOARD_NAMES)(
  '%s: a random image of the largest size; one byte more is refused; then the window',
  async (part) => {
    const { appBase, appSize: limit } = PARTS[part];
    const board = await powerUp(part);
    const tooLarge = await flash(board, deafImage(limit + 1, 'hangs', 1, appBase));
    expect(tooLarge.code).toBe(3);
    expect(tooLarge.result).toMatchObject({
      ok: false,
      code: 'IMAGE_TOO_LARGE',
      details: { size: limit + 1, limit },
    });
    expect((await board.counters()).flashOps).toBe(0);

    const image = deafImage(limit, 'hangs', 1, appBase);
    const first = await flash(board, image, ...FAST);
    expectDone(first);
    const pagesTotal = limit / PARTS[part].pageSize;
    expect(first.result).toMatchObject({ boot: 'started', pagesSent: pagesTotal, pagesTotal });
    expect(differingPages(part, await board.flash(), image)).toEqual([]);

    // It does not answer, and nothing but a reset helps.
    const deaf = await on(board, 'info', '--timeout', '500');
    expect({ code: deaf.code, error: deaf.result?.code }).toEqual({ code: 4, error: 'NO_ANSWER' });

    const second = await calling(board, demoImage(part, 2));
    await board.command('reset');
    await expectStarted(second);
    await expectDemo(board, 2);
  },
);

test('an application that crashes at once is replaced through the window', async () => {
  const part = 'stm32f103xb';
  const board = await powerUp(part, { allowed: ['faults'] });
  expectDone(await flash(board, deafImage(10_000, 'crashes')));
  await untilCounters(board, ({ state }) => state === 'lockup');
  const run = await calling(board, demoImage(part, 1));
  await board.command('power cycle');
  await expectStarted(run);
  await expectDemo(board, 1);
  expect((await board.counters()).state).toBe('running');
});
