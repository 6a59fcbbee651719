// Figures: the whole command in real time, run alone on the machine; the rate of an update in the board's own time.
import { describe, expect, onTestFinished, test } from 'vitest';
import { update } from '../../host/index.js';
import { PROGRAMS } from '../bench/cases.js';
import { Lockstep } from '../conformance/lockstep.js';
import { built } from '../support/board.js';
import { tooBusy } from '../support/busy.js';
import type { Outcome } from '../support/iap.js';
import { expectDone, flash, on, powerUpInstalled } from './bench.js';

const part = 'stm32f103xe';
const LINE_BYTES_PER_S = 11_520;

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

describe('the same image of 480 KB again: less than a second beside the start of Node.js, nothing written', () => {
  const image = PROGRAMS['random-480']().bytes;

  test.for([
    ['from the running application', []],
    ['from the bootloader', ['--no-boot']],
  ] as const)('%s', async ([where, options], { skip }) => {
    const board = await powerUpInstalled(part, 'v1 of 480 KB', image, { args: ['--realtime'] });
    // The first run brings the device to where the others find it.
    expectDone(await flash(board, image, ...options));
    const before = await board.counters();
    // What any command takes: a computer's Node.js, and one answer.
    const start = await on(board, 'info');
    expectDone(start);
    const runs: Outcome[] = [];
    for (let i = 0; i < 3; i++) runs.push(await flash(board, image, ...options));
    for (const run of runs) {
      expectDone(run);
      expect(run.result).toMatchObject({ changed: false, pagesSent: 0 });
    }
    const { flashOps } = await board.counters();
    expect(flashOps).toBe(before.flashOps);
    const ms = runs.map((run) => run.ms);
    console.log(
      `same image again ${where}: ${ms.map((time) => time.toFixed(0)).join(', ')} ms, of which ${start.ms.toFixed(0)} to start`,
    );
    const more = median(ms) - start.ms;
    skip(more >= 1000 && tooBusy(), 'no figure: this machine is too busy');
    expect(more).toBeLessThan(1000);
  });
});

test('100 KB of random bytes at 115200, over an older image: hardly slower than the line', async () => {
  const size = 100 * 1024;
  const board = new Lockstep({
    board: built('build', 'board', 'iap-board'),
    part,
    bootloader: built('build', part, 'bootloader.bin'),
  });
  onTestFinished(() => board.stop());
  const install = async (bytes: Uint8Array): Promise<number> => {
    const startedAt = board.clock.now();
    const image = { base: undefined, bytes };
    const run = update(board.transport, image, { clock: board.clock, boot: false });
    const whole = async (): Promise<void> => {
      for (;;) if ((await run.next()).done) return;
    };
    await board.during(whole());
    return (board.clock.now() - startedAt) / 1000;
  };
  await install(PROGRAMS['random-100-other']().bytes);
  const seconds = await install(PROGRAMS['random-100']().bytes);
  const share = (100 * size) / LINE_BYTES_PER_S / seconds;
  console.log(`100 KB at 115200: ${seconds.toFixed(2)} s, ${share.toFixed(1)} % of the line rate`);
  // In the board's time, so without starting Node.js; the line alone takes 8.9 s, with frames 9.04 s.
  expect(seconds).toBeLessThan(9.3);
});
