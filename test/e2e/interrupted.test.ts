// Updates that do not get to their end the first time: host killed, Ctrl-C, power cut. The next run must finish the job.
import { describe, expect, test } from 'vitest';
import {
  appErases,
  type Board,
  demoImage,
  differingPages,
  PARTS,
  type Part,
} from '../support/board.js';
import type { DeviceJson, IapResult } from '../support/iap.js';
import {
  expectDemo,
  expectDone,
  flash,
  on,
  powerUpInstalled,
  start,
  startFlash,
  untilQuiet,
  untilState,
} from './bench.js';

/** Several parts, one with each page size */
const PAGE_SIZES = ['stm32f103xe', 'stm32f100xb'] as const;

/** A board with a large v1 that has just been switched on, and the v2 to update it to. */
async function runningV1(
  part: Part,
  pages: number,
): Promise<{ board: Board; v1: Uint8Array; v2: Uint8Array }> {
  const size = pages * PARTS[part].pageSize - 77;
  const v1 = demoImage(part, 1, size);
  const board = await powerUpInstalled(part, `v1 ${size}`, v1);
  return { board, v1, v2: demoImage(part, 2, size) };
}

/** The next run sends just the pages that differ, and v2 runs. */
async function expectResumed(board: Board, image: Uint8Array): Promise<IapResult | undefined> {
  const { part } = board;
  await untilQuiet(board);
  const missing = differingPages(part, await board.flash(), image);
  const run = await flash(board, image);
  expectDone(run);
  expect(run.result).toMatchObject({ boot: 'started', bytes: image.length });
  expect(run.result?.pagesSent).toBe(missing.length);
  expect(run.result?.pagesTotal).toBe(Math.ceil(image.length / PARTS[part].pageSize));
  await expectDemo(board, 2, 1);
  expect(differingPages(part, await board.flash(), image)).toEqual([]);
  return run.result;
}

describe.each(PAGE_SIZES)('%s', (part) => {
  test('a host killed in mid-update: the next run sends what is missing', async () => {
    const { board, v2 } = await runningV1(part, 40);
    const differing = differingPages(part, await board.flash(), v2);
    const killed = startFlash(board, v2);
    await killed.untilDone(0.4);
    expect((await killed.signal('SIGKILL')).code).toBeNull();

    // What was on its way is still taken; then the device waits.
    await untilQuiet(board);
    const missing = differingPages(part, await board.flash(), v2);
    expect(missing.length).toBeLessThan(0.61 * differing.length);
    expect(missing.length).toBeGreaterThan(1);
    const result = await expectResumed(board, v2);
    expect(result?.pagesSent).toBeLessThan(0.61 * differing.length);

    // No page was erased twice, and none that was right already.
    const erases = appErases(part, await board.counters());
    expect([...erases].sort(([a], [b]) => a - b)).toEqual(differing.map((page) => [page, 1]));
  });

  test('Ctrl-C in mid-update: exit 130, resumable and said so', async () => {
    const { board, v2 } = await runningV1(part, 24);
    for (const share of [0.05, 0.5]) {
      const run = startFlash(board, v2);
      await run.untilDone(share);
      const { code, result } = await run.signal('SIGINT');
      expect(code).toBe(130);
      expect(result).toMatchObject({
        ok: false,
        code: 'INTERRUPTED',
        details: { resumable: true },
        hint: expect.stringContaining('run the same command again'),
      });
      expect((await on(board, 'info')).result?.device).toMatchObject({ mode: 'BOOTLOADER' });
    }
    await expectResumed(board, v2);
  });
});

test('Ctrl-C before anything is written says that nothing was changed, and v1 starts again', async () => {
  const { board, v1, v2 } = await runningV1('stm32f103xb', 8);
  for (const event of ['found', 'entering']) {
    const run = startFlash(board, v2);
    await run.until(event);
    const { code, result } = await run.signal('SIGINT');
    expect(code).toBe(130);
    expect(result?.message).toContain('nothing was changed');
    expect(differingPages('stm32f103xb', await board.flash(), v1)).toEqual([]);
    expectDone(await on(board, 'boot'));
    await expectDemo(board, 1, 1);
  }
  // While it looks for a device that is not there
  await board.command('unplug');
  const run = startFlash(board, v2, '--wait', '--verbose');
  await run.untilError('type 01');
  const { code, result } = await run.signal('SIGINT');
  expect({ code, ok: result?.ok }).toEqual({ code: 130, ok: false });
  expect(result?.message).toContain('nothing was changed');
  await board.command('replug');
  await expectResumed(board, v2);
});

test('Ctrl-C without --json is told to a person', async () => {
  const { board, v2 } = await runningV1('stm32f103xb', 24);
  const run = start('flash', board.dir.write('v2.bin', v2), '--port', board.port);
  await run.untilOutput(/ [1-9]0 %/);
  const { code, stderr } = await run.signal('SIGINT');
  expect(code).toBe(130);
  expect(stderr).toContain('interrupted in mid-update');
  expect(stderr).toContain('run the same command again: it goes on where it stopped');
  await expectResumed(board, v2);
});

/** What the device does when nobody holds it */
async function untilDecided(board: Board): Promise<DeviceJson> {
  for (let i = 0; i < 20; i++) {
    const { result } = await on(board, 'info');
    const device = result?.device;
    if (device?.mode === 'APP' || (device && device.stay !== 'NONE')) return device;
  }
  throw new Error('the device does not decide');
}

/** Cuts at flash operations counted from the start of an update of v1 to v2 */
describe('power cut', () => {
  const part = 'stm32f103xe';
  const pages = 6;

  /** An update that is cut at flash operation `at`, the power back, and what is there before anybody acts */
  async function cutAt(at: number, seed: number, runs?: 1 | 2): Promise<void> {
    const { board, v1, v2 } = await runningV1(part, pages);
    await board.command(`cut ${at} ${seed}`);
    const cut = startFlash(board, v2);
    await untilState(board, 'off');
    await cut.signal('SIGKILL');

    await board.command('power on');
    const { mode, stay } = await untilDecided(board);
    const flashNow = await board.flash();
    const whole = [v1, v2].some((image) => differingPages(part, flashNow, image).length === 0);
    expect({ at, mode, stay }).toMatchObject(
      runs ? { mode: 'APP' } : { mode: 'BOOTLOADER', stay: 'IN_PROGRESS' },
    );
    // An application that is not whole is never what runs.
    if (runs) {
      expect(whole).toBe(true);
      await expectDemo(board, runs, 1);
    }
    const run = await flash(board, v2);
    expectDone(run);
    await expectDemo(board, 2, 1);
    expect(differingPages(part, await board.flash(), v2)).toEqual([]);
    for (const [page, times] of appErases(part, await board.counters()))
      expect({ page, times: times <= 2 }).toEqual({ page, times: true });
  }

  const ENTRY = 130; // 288 bytes, but for half-words that are 0xFFFF
  test.each([
    ['the first half-word of the record entry', 1, 1],
    ['in the record entry', 60, 1],
    ['in the first page', ENTRY + 300, undefined],
    ['in the third page', ENTRY + 2 * 1025 + 500, undefined],
    ['in the last page', ENTRY + 4 * 1025 + 900, undefined],
  ] as const)(
    '%s (operation %i): never an unverified start, and the next run completes',
    async (_, at, runs) => {
      await cutAt(at, at, runs);
    },
  );

  test('SEALED, the last operation: the new application starts by itself', async () => {
    const { board, v2 } = await runningV1(part, pages);
    expectDone(await flash(board, v2, '--no-boot'));
    const { flashOps } = await board.counters();
    await cutAt(flashOps, 1, 2);
  });

  test('and the power back while the host still runs: the same command goes on', async () => {
    const { board, v2 } = await runningV1(part, pages);
    await board.command(`cut ${ENTRY + 2 * 1025 + 500} 3`);
    const run = startFlash(board, v2);
    await untilState(board, 'off');
    await board.command('power on');
    const outcome = await run.done;
    expectDone(outcome);
    expect(outcome.events.map(({ event }) => event)).toContain('reconnecting');
    await expectDemo(board, 2, 1);
    expect(differingPages(part, await board.flash(), v2)).toEqual([]);
  });
});
