// On a computer that does other things neither the board nor the command is taken for gone: the clock of both stands still.
import { expect, test } from 'vitest';
import { powerUp, start } from './bench.js';

/** Much longer than the command may look for a device, as its own clock has it [ms] */
const STOP_MS = 4000;

test('a board that gets nothing of the computer is waited for', async () => {
  const board = await powerUp('stm32f103xb');
  board.signal('SIGSTOP');
  const run = start('info', '--port', board.port, '--timeout', '1000', '--verbose', '--json');
  await run.untilError('-> @0 type 01');
  await new Promise((resolve) => {
    setTimeout(resolve, STOP_MS);
  });
  board.signal('SIGCONT');
  expect(await run.done).toMatchObject({ code: 0, result: { ok: true } });
  expect((await board.counters()).lostMs).toBeGreaterThan(STOP_MS - 1000);
});

test('a command that gets nothing of the computer still looks for its device', async () => {
  const board = await powerUp('stm32f103xb');
  await board.command('unplug');
  const run = start('info', '--port', board.port, '--timeout', '1000', '--verbose', '--json');
  await run.untilError('-> @0 type 01');
  const stopped = run.stopFor(STOP_MS);
  await board.command('replug');
  await stopped;
  expect(await run.done).toMatchObject({ code: 0, result: { ok: true } });
});

test('time passes where nobody is stopped: a silent device is given up', async () => {
  const board = await powerUp('stm32f103xb');
  await board.command('unplug');
  const run = start('info', '--port', board.port, '--timeout', '1000', '--json');
  expect(await run.done).toMatchObject({ code: 4, result: { code: 'NO_ANSWER' } });
});
