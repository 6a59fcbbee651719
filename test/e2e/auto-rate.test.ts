// --baud auto on the virtual board: up to the highest rate, past what the line or the device does not hold, and the note on a slow adapter.
import { expect, test } from 'vitest';
import { demoImage, differingPages } from '../support/board.js';
import { expectDemo, expectDone, flash, powerUp } from './bench.js';

const part = 'stm32f103xe';

test('climbs to the highest rate', async () => {
  const board = await powerUp(part);
  const image = demoImage(part, 1, 100_001);
  const outcome = await flash(board, image, '--baud', 'auto', '--no-cache');
  expectDone(outcome);
  expect(outcome.events.filter(({ event }) => event === 'rate')).toMatchObject([
    { rate: 921_600, chosen: 'fastest' },
  ]);
  expect(outcome.result).toMatchObject({ rate: 921_600 });
  await expectDemo(board, 1);
  expect(differingPages(part, await board.flash(), image)).toEqual([]);
});
