// Boards as others make them: other clocks, pins and silicon than the ones that are shipped. What the generator takes must
// work, and what can not work it must refuse.
import { beforeAll, describe, expect, it } from 'vitest';
import { conform } from '../../host/conformance/run.js';
import { Workshop } from '../support/workshop.js';
import { Lockstep } from './lockstep.js';

const BUILD_MS = 300_000;
const RUN_MS = 300_000;
/** An update, its repairs, and what a start and a jump do */
const CHECKS = ['hello', 'update', 'page-crc', 'baud-returns', 'entry', 'jump', 'power-cut'];

interface Custom {
  readonly name: string;
  readonly like: string;
  readonly board: Readonly<Record<string, unknown>>;
  /** Options of the virtual board that make it this one */
  readonly args: readonly string[];
}

const CUSTOM: readonly Custom[] = [
  {
    name: 'slow-clone',
    like: 'stm32f103xb',
    board: { part: 'gd32f103xb' },
    args: ['--clone'],
  },
];

describe('custom boards', () => {
  const workshop = new Workshop('custom-boards');

  beforeAll(async () => {
    for (const { name, like, board } of CUSTOM) workshop.add('boards', name, like, board);
    expect(await workshop.generate()).toEqual({ ok: true, text: '' });
    await workshop.virtualBoard();
  }, BUILD_MS);

  it.each(CUSTOM)(
    '$name works',
    async ({ name, board, like, args }) => {
      const step = new Lockstep({
        board: await workshop.virtualBoard(),
        part: String(board.part ?? like),
        bootloader: await workshop.bootloader(name),
        args,
      });
      const { clock, power, transport } = step;
      try {
        const options = { clock, power, address: 0, permanent: true, only: CHECKS };
        const { results } = await step.during(conform(transport, options));
        expect(results.filter(({ verdict }) => verdict !== 'pass')).toEqual([]);
        expect(results.length).toBe(CHECKS.length);
        expect(await step.counters()).toMatchObject({ state: 'running', violations: 0, faults: 0 });
      } finally {
        await step.stop();
      }
    },
    RUN_MS,
  );
});
