// Figures: run alone on the machine, with the board in real time, so that they are what a user would see.
import { loadavg } from 'node:os';
import { describe, expect, test } from 'vitest';
import { type Counters, deafImage, demoImage } from '../support/board.js';
import type { Outcome } from '../support/iap.js';
import { expectDone, flash, powerUp, powerUpInstalled } from './bench.js';

const part = 'stm32f103xe';
/** Beyond this the board was not in real time, and a figure says nothing about the software. */
const MOST_LAG_MS = 50;
const LINE_BYTES_PER_S = 11_520;

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function inRealTime({ maxLagMs, lostMs }: Counters): boolean {
  return maxLagMs < MOST_LAG_MS && lostMs === 0;
}

describe('the same image of 480 KB again: less than a second, nothing written', () => {
  const image = demoImage(part, 1, 480 * 1024);

  test.each([
    ['from the running application', []],
    ['from the bootloader', ['--no-boot']],
  ])('%s', async (where, options) => {
    const board = await powerUpInstalled(part, 'v1 of 480 KB', image, { args: ['--realtime'] });
    // The first run brings the device to where the others find it.
    expectDone(await flash(board, image, ...options));
    const before = await board.counters();
    const runs: Outcome[] = [];
    for (let i = 0; i < 3; i++) runs.push(await flash(board, image, ...options));
    for (const run of runs) {
      expectDone(run);
      expect(run.result).toMatchObject({ changed: false, pagesSent: 0 });
    }
    const { flashOps } = await board.counters();
    expect(flashOps).toBe(before.flashOps);
    const ms = runs.map((run) => run.ms);
    console.log(`same image again ${where}: ${ms.map((time) => time.toFixed(0)).join(', ')} ms`);
    expect(median(ms)).toBeLessThan(1000);
  });
});

test('100 KB of random bytes at 115200', async ({ skip }) => {
  const size = 100 * 1024;
  const board = await powerUp(part, { args: ['--realtime'] });
  const outcome = await flash(board, deafImage(size, 'hangs'));
  const counters = await board.counters();
  const { maxLagMs, lostMs } = counters;
  const lag = `the board was ${maxLagMs} ms behind at most and lost ${lostMs} ms, load ${loadavg()[0]?.toFixed(1)}`;
  skip(!inRealTime(counters), `no figure: this machine is too busy for real time; ${lag}`);
  expectDone(outcome);
  expect(outcome.result).toMatchObject({ pagesSent: 50, pagesTotal: 50 });
  const seconds = outcome.ms / 1000;
  const share = (100 * size) / LINE_BYTES_PER_S / seconds;
  console.log(
    `100 KB at 115200: ${seconds.toFixed(2)} s of the whole command, ${share.toFixed(1)} % of the line rate; ${lag}`,
  );
  // The line alone takes 8.9 s; starting Node.js and the last page with its verification are in the figure.
  expect(seconds).toBeLessThan(11);
});
