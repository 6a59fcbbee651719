// iap isp write against stm32flash -w -v: the same model, rate and image, one after the other. Run alone on the machine.
import { loadavg } from 'node:os';
import { describe, expect, test } from 'vitest';
import { BOOTLOADER_BASE } from '../../protocol/index.js';
import { tooBusy } from '../support/busy.js';
import { randomBytes } from '../support/random.js';
import { expectDone } from './bench.js';
import { blankPart, boot0, hex, isp, stm32flash } from './isp-bench.js';

const part = 'stm32f103xe';
/** IAP_SPEED=full: as much as a figure is made of. [bytes] */
const SIZE = (process.env.IAP_SPEED === 'full' ? 48 : 12) * 1024;
/** Beyond this the board was not in real time, and a figure says nothing about the software. */
const MOST_LAG_MS = 50;
/** Starting Node.js, and its way from a byte that arrived to the next request, six times a block: a program in C has neither [ms] */
const START_MS = 500;
const NODE_MS = START_MS + (6 * 0.5 * SIZE) / 256;

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
    const ours = await isp(board, 'write', image, '--base', hex(BOOTLOADER_BASE));
    expectDone(ours);

    const base = ['--base', hex(BOOTLOADER_BASE)];
    const ahead = await isp(board, 'write', image, ...base, '--ahead');
    expectDone(ahead);

    const { maxLagMs, lostMs } = await board.counters();
    const lag = `the board was ${maxLagMs} ms behind at most and lost ${lostMs} ms, load ${loadavg()[0]?.toFixed(1)}`;
    console.log(
      `${SIZE} bytes at 115200, latency ${latency} ms: stm32flash ${(theirMs / 1000).toFixed(2)} s, iap isp ${(ours.ms / 1000).toFixed(2)} s, with --ahead ${(ahead.ms / 1000).toFixed(2)} s; ${lag}`,
    );
    // Where answers wait for an adapter's timer, the time of Node.js is hidden, and blocks that fit the timer make up for more.
    const good = ours.ms < (latency < 16 ? theirMs * 1.02 + NODE_MS : theirMs + START_MS);
    const aheadGood = latency < 16 || ahead.ms < theirMs * 0.8 + START_MS;
    skip(
      maxLagMs >= MOST_LAG_MS || lostMs > 0 || (tooBusy() && !(good && aheadGood)),
      'no figure: this machine is too busy for real time',
    );
    expect({ good, aheadGood }).toEqual({ good: true, aheadGood: true });
  });
});
