// "iap isp factory --secure" with the supply cut at each of its steps: the same command finishes the unit. IAP_SECURE=full cuts in
// every step and every operation on the option bytes, on an F1 and an F0; otherwise three of the cuts are made.
import { describe, expect, test } from 'vitest';
import type { Board, Part } from '../support/board.js';
import { expectDemo, expectDone, on, untilState } from './bench.js';
import { House } from './house.js';
import { blankPart, type Cut, isp, ROM_CUTS, secured, startSecuring } from './isp-bench.js';

const FULL = process.env.IAP_SECURE === 'full';
const PARTS: readonly Part[] = FULL ? ['stm32f103xb', 'stm32f030x8'] : ['stm32f103xb'];
/** Operations on option bytes of a run: two erases, each with what is programmed again behind it */
const OPTION_OPERATIONS = 18;

const CUTS: readonly Cut[] = [
  ...ROM_CUTS,
  {
    name: 'the application',
    cut: async (board, making) => {
      await making.until('plan');
      await board.command('cut 100');
      await untilState(board, 'off');
    },
  },
  ...Array.from({ length: OPTION_OPERATIONS }, (_, i) => i + 1).map((operation) => ({
    name: `operation ${operation} on the option bytes`,
    arm: (board: Board) => board.command(`cut-option ${operation}`),
    cut: (board: Board) => untilState(board, 'off'),
  })),
];

const SAMPLE = [
  'writing',
  ...[1, 15].map((operation) => `operation ${operation} on the option bytes`),
];

describe.each(PARTS)('%s', (part) => {
  // Cut between the two that take the protection off which another cut left behind.
  test('erased, and write-protected', async () => {
    const house = new House(part);
    await house.keys();
    const unit = await house.unit(await house.package(1, 'release'));
    const board = await blankPart(part, { allowed: ['overruns'] });
    expectDone(
      await isp(
        board,
        'protect',
        '--write',
        '--start',
        '0x08000000',
        '--length',
        '0x7000',
        '--yes',
      ),
    );
    expectDone(await secured(board, unit));
    expectDone(await on(board, 'info', '--require-secure'));
  });

  test.each(FULL ? CUTS : CUTS.filter(({ name }) => SAMPLE.includes(name)))(
    'cut in $name',
    async ({ arm, cut }) => {
      const house = new House(part);
      await house.keys();
      const unit = await house.unit(await house.package(1, 'release'));
      // The application answers from its reception interrupt, and may miss what a host says meanwhile.
      const board = await blankPart(part, { allowed: ['overruns'] });
      await arm?.(board);
      const cutShort = startSecuring(board, unit);
      const ended = cutShort.done.then(({ stdout }) => {
        throw new Error(`it ended before the cut: ${stdout}`);
      });
      await Promise.race([cut(board, cutShort), ended]);
      ended.catch(() => {});
      await cutShort.signal('SIGKILL');

      await board.command('cut off');
      await board.command('power on');
      const done = await secured(board, unit);
      expectDone(done);
      expect(done.result).toMatchObject({ secured: true, device: { mode: 'BOOTLOADER' } });
      expectDone(await on(board, 'info', '--require-secure'));
      await board.command('reset');
      await expectDemo(board, 1);
    },
  );
});
