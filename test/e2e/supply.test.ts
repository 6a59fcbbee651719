// A supply that sinks: no erase begins below the threshold, nothing is lost, and the update goes on once it has risen.
import { expect, test } from 'vitest';
import { type Board, demoImage, differingPages, PARTS, type Part } from '../support/board.js';
import type { Iap } from '../support/iap.js';
import {
  expectDemo,
  expectDone,
  flash,
  powerUp,
  powerUpInstalled,
  startFlash,
  untilCounters,
} from './bench.js';

/** Below the lowest that flash may be changed at: the board tells of each operation */
const SINKS_TO_MV = 1950;
/** Above the threshold of 2.7 V, but by less than its hysteresis */
const NOT_YET_MV = 2640;
/** Of the board's time: the host has asked again twice [us] */
const A_WHILE_US = 2_500_000;

async function untilTold(run: Iap): Promise<void> {
  await run.until('warning', ({ code }) => code === 'SUPPLY_LOW');
}

/** The device is asked again and again, and changes nothing. */
async function expectRest(board: Board): Promise<void> {
  const before = await board.counters();
  const after = await untilCounters(
    board,
    ({ virtualTimeUs }) => virtualTimeUs - before.virtualTimeUs > A_WHILE_US,
  );
  expect(after.flashOps).toBe(before.flashOps);
  expect(after.uartRx).toBeGreaterThan(before.uartRx);
}

async function runningV1(part: Part): Promise<{ board: Board; v1: Uint8Array; v2: Uint8Array }> {
  const size = 16 * PARTS[part].pageSize - 77;
  const v1 = demoImage(part, 1, size);
  const board = await powerUpInstalled(part, 'v1', v1);
  return { board, v1, v2: demoImage(part, 2, size) };
}

test('too low before BEGIN: nothing is written until it has risen', async () => {
  const { board, v1, v2 } = await runningV1('stm32f103xb');
  const { flashOps } = await board.counters();
  await board.command(`supply ${SINKS_TO_MV}`);
  const run = startFlash(board, v2);
  await untilTold(run);
  await expectRest(board);
  expect((await board.counters()).flashOps).toBe(flashOps);
  expect(differingPages('stm32f103xb', await board.flash(), v1)).toEqual([]);

  await board.command('supply 3300');
  expectDone(await run.done);
  await expectDemo(board, 2, 1);
});

// One of each family
test.each(['stm32f103xb', 'stm32f072xb', 'stm32f303xc'] as const)(
  '%s, too low in mid-update: stops after the page under way, and goes on',
  async (part) => {
    const { board, v2 } = await runningV1(part);
    const run = startFlash(board, v2);
    await run.untilDone(0.2);
    await board.command('supply 2500');
    await untilTold(run);
    await board.command(`supply ${SINKS_TO_MV}`);
    await expectRest(board);
    await board.command(`supply ${NOT_YET_MV}`);
    await expectRest(board);
    expect(differingPages(part, await board.flash(), v2).length).toBeGreaterThan(0);

    await board.command('supply 3300');
    expectDone(await run.done);
    await expectDemo(board, 2, 1);
    expect(differingPages(part, await board.flash(), v2)).toEqual([]);
  },
);

test('given up in mid-update, and resumed by the next host', async () => {
  const { board, v2 } = await runningV1('stm32f103xb');
  const run = startFlash(board, v2);
  await run.untilDone(0.2);
  await board.command('supply 2500');
  await untilTold(run);
  const { code, result } = await run.signal('SIGINT');
  expect({ code, details: result?.details }).toMatchObject({
    code: 130,
    details: { resumable: true },
  });
  const missing = differingPages('stm32f103xb', await board.flash(), v2);
  expect(missing.length).toBeGreaterThan(0);
  await board.command('supply 3300');
  const resumed = await flash(board, v2);
  expectDone(resumed);
  expect(resumed.result?.pagesSent).toBe(missing.length);
  await expectDemo(board, 2, 1);
});

test('a part without a voltage detector knows nothing of it', async () => {
  const board = await powerUp('stm32f030x8');
  await board.command('supply 2400');
  const run = await flash(board, demoImage('stm32f030x8', 1));
  expectDone(run);
  expect(run.events.map(({ event }) => event)).not.toContain('warning');
});
