// iap isp write, and iap isp factory, against stm32flash -w -v: the same model, rate and image, one after the other. Run alone on the machine.
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { BOOTLOADER_BASE } from '../../protocol/index.js';
import { demoImage } from '../support/board.js';
import { tooBusy } from '../support/busy.js';
import { iap } from '../support/iap.js';
import { randomBytes } from '../support/random.js';
import { expectDone, tempDir } from './bench.js';
import { blankPart, boot0, hex, isp, stm32flash } from './isp-bench.js';

const part = 'stm32f103xe';
/** IAP_SPEED=full: as much as a figure is made of. [bytes] */
const FULL = process.env.IAP_SPEED === 'full';
const SIZE = (FULL ? 48 : 12) * 1024;
const UNIT_SIZE = 100 * 1024;
/** Beyond this the board was not in real time, and a figure says nothing about the software. */
const MOST_LAG_MS = 50;
/**
 * Node.js's way from an answer to the next request, twice through its thread pool, six times a block: 0.75 ms more than a
 * program in C needs, here [ms]
 */
const NODE_MS = (6 * 1 * SIZE) / 256;

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;

describe.each([0, 1, 16])('an adapter of %i ms', (latency) => {
  // Again if it fails: another program on this computer may have been in the way.
  test('write and verify is not slower than stm32flash', { retry: 2 }, async ({ skip }) => {
    const args = ['--realtime', '--flash-typical', '--latency', String(latency)];
    const board = await blankPart(part, { args });
    const image = board.dir.write('image.bin', randomBytes(1, SIZE));

    const startedAt = performance.now();
    const theirs = await stm32flash(board, '-w', image, '-v');
    const theirMs = performance.now() - startedAt;
    expect(theirs.code).toBe(0);

    await boot0(board, 'high');
    // What a program in C has not: Node.js and its modules are loaded.
    const start = await isp(board, 'info');
    expectDone(start);

    await boot0(board, 'high');
    const ours = await isp(board, 'write', image, '--base', hex(BOOTLOADER_BASE));
    expectDone(ours);

    const base = ['--base', hex(BOOTLOADER_BASE)];
    const ahead = await isp(board, 'write', image, ...base, '--ahead');
    expectDone(ahead);

    const { maxLagMs, lostMs } = await board.counters();
    const lag = `the board was ${maxLagMs} ms behind at most and lost ${lostMs} ms, load ${loadavg()[0]?.toFixed(1)}`;
    console.log(
      `${SIZE} bytes at 115200, latency ${latency} ms: stm32flash ${seconds(theirMs)}, iap isp ${seconds(ours.ms)}, with --ahead ${seconds(ahead.ms)}, of which ${seconds(start.ms)} to start; ${lag}`,
    );
    // Where answers wait for an adapter's timer, the time of Node.js is hidden, and blocks that fit the timer make up for more.
    const good = ours.ms - start.ms < (latency < 16 ? theirMs * 1.02 + NODE_MS : theirMs);
    const aheadGood = latency < 16 || ahead.ms - start.ms < theirMs * 0.85;
    skip(
      maxLagMs >= MOST_LAG_MS || lostMs > 0 || (tooBusy() && !(good && aheadGood)),
      'no figure: this machine is too busy for real time',
    );
    expect({ good, aheadGood }).toEqual({ good: true, aheadGood: true });
  });

  // A small application is nothing beside the bootloader.
  test.runIf(FULL)('a unit of 100 KB in half of its time', { retry: 2 }, async ({ skip }) => {
    const args = ['--realtime', '--flash-typical', '--latency', String(latency)];
    const dir = tempDir();
    const app = dir.write('app.bin', demoImage(part, 1, UNIT_SIZE));
    const unit = join(dir.path, 'unit.hex');
    expectDone(await iap('factory', app, '--board', part, '-o', unit, '--json'));

    const board = await blankPart(part, { args, allowed: ['overruns'] });
    const startUs = (await board.counters()).virtualTimeUs;
    expect((await stm32flash(board, '-w', app, '-v')).code).toBe(0);
    const theirs = (await board.counters()).virtualTimeUs - startUs;

    const other = await blankPart(part, { args, allowed: ['overruns'] });
    const ourStartUs = (await other.counters()).virtualTimeUs;
    expectDone(await isp(other, 'factory', unit));
    const { virtualTimeUs, maxLagMs, lostMs } = await other.counters();
    const ours = virtualTimeUs - ourStartUs;
    console.log(
      `a unit of ${UNIT_SIZE} bytes, latency ${latency} ms: stm32flash ${seconds(theirs / 1000)}, iap isp factory ${seconds(ours / 1000)}; the board was ${maxLagMs} ms behind at most and lost ${lostMs} ms`,
    );
    const good = ours < theirs / 2;
    skip(!good && tooBusy(), 'no figure: this machine is too busy for real time');
    expect(good).toBe(true);
  });
});
