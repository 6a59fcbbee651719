// Other baud rates, and the way back when nobody is there any more.
import { describe, expect, test } from 'vitest';
import { BOARD_NAMES, demoImage, differingPages, PARTS } from '../support/board.js';
import { expectDemo, expectDone, flash, on, powerUp, startFlash } from './bench.js';

describe.each(BOARD_NAMES)('%s', (part) => {
  const { maxRate } = PARTS[part];
  test.each([maxRate / 2, maxRate])('an update at %i baud', async (rate) => {
    const board = await powerUp(part);
    const image = demoImage(part, 1, 30_001);
    const outcome = await flash(board, image, '--baud', String(rate));
    expectDone(outcome);
    expect(outcome.events.filter(({ event }) => event === 'rate')).toMatchObject([{ rate }]);
    await expectDemo(board, 1);
    expect(differingPages(part, await board.flash(), image)).toEqual([]);
    // The application is at its own rate, and from there it goes on.
    expectDone(await flash(board, demoImage(part, 2), '--baud', String(rate)));
    await expectDemo(board, 2, 1);
  });
});

const part = 'stm32f103xe';
/** The device's seconds are longer than the wall's on a busy machine; their true length is tested in lockstep. */
const PATIENT = ['--timeout', '30000'] as const;

test('a slow rate', async () => {
  const board = await powerUp('stm32f100xb');
  const outcome = await flash(board, demoImage('stm32f100xb', 1), '--baud', '9600');
  expectDone(outcome);
  expect(outcome.events.filter(({ event }) => event === 'rate')).toMatchObject([{ rate: 9600 }]);
  await expectDemo(board, 1, 1);
});

// The highest there is; and one that the divider of 16 bits does not reach.
test.each(['2000000', '800'])(
  '%s baud, which the device can not make: said, and done at the first rate',
  async (rate) => {
    const board = await powerUp(part);
    const outcome = await flash(board, demoImage(part, 1), '--baud', rate);
    expectDone(outcome);
    expect(outcome.events.filter(({ event }) => event === 'warning')).toMatchObject([
      { code: 'RATE', message: expect.stringMatching(/921600.*going on at 115200/) },
    ]);
    await expectDemo(board, 1);
  },
);

test('a host killed at 921600 leaves a device that the next one finds at 115200', async () => {
  // Until the device is back at its default rate, the next host's calls are noise to it.
  const board = await powerUp(part, { allowed: ['overruns'] });
  const image = demoImage(part, 1, 200_000);
  const killed = startFlash(board, image, '--baud', '921600');
  await killed.untilDone(0.3);
  await killed.signal('SIGKILL');
  const next = await flash(board, image, '--baud', '921600', ...PATIENT);
  expectDone(next);
  const { pagesSent = 0, pagesTotal = 0 } = next.result ?? {};
  expect(pagesSent).toBeGreaterThan(0);
  expect(pagesSent).toBeLessThanOrEqual(0.71 * pagesTotal);
  expect(differingPages(part, await board.flash(), image)).toEqual([]);
  await expectDemo(board, 1);
});

test('Ctrl-C at 921600: the device is found again', async () => {
  const board = await powerUp(part, { allowed: ['overruns'] });
  const image = demoImage(part, 1, 200_000);
  const run = startFlash(board, image, '--baud', '921600');
  await run.untilDone(0.3);
  expect((await run.signal('SIGINT')).code).toBe(130);
  expectDone(await on(board, 'info', ...PATIENT));
});
