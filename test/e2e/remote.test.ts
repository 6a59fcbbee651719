// Ports on the network: the command, Debian's ser2net and the board, with nothing of ours in between but delays and cuts.
import { expect, test } from 'vitest';
import { demoImage, differingPages } from '../support/board.js';
import { serve } from '../support/ser2net.js';
import { expectDemo, expectDone, powerUp, start } from './bench.js';

const PART = 'stm32f103xb';
const SIZE = 32 * 1024;

test('tcp: an update, and the rate of the line stays as it is', async () => {
  const board = await powerUp(PART);
  const remote = await serve(board.port);
  const image = demoImage(PART, 1, SIZE);
  const file = board.dir.write('image.bin', image);
  const done = await start('flash', file, '--port', remote.tcp, '--baud', '921600', '--json').done;
  expectDone(done);
  expect(done.events).toContainEqual({
    event: 'warning',
    code: 'RATE',
    message: 'this port can not change the rate of its line; going on at 115200 baud',
  });
  expect(done.result).toMatchObject({ rate: 115200, boot: 'started' });
  expect(differingPages(PART, await board.flash(), image)).toEqual([]);
  await remote.stop();
  await expectDemo(board, 1, 1);
});

test('tcp, --baud auto: says why it stays', async () => {
  const board = await powerUp(PART);
  const remote = await serve(board.port);
  const file = board.dir.write('image.bin', demoImage(PART, 1, SIZE));
  const done = await start('flash', file, '--port', remote.tcp, '--baud', 'auto', '--json').done;
  expectDone(done);
  expect(done.events).toContainEqual({ event: 'rate', rate: 115200, chosen: 'fixed' });
});
