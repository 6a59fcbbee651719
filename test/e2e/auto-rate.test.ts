// --baud auto with the real bootloader: as far as device and line hold, remembered with the adapter, and down again on the way.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type UpdateEvent, type UpdateResult, update } from '../../host/index.js';
import { Lockstep } from '../conformance/lockstep.js';
import {
  type Board,
  bootloaderFile,
  built,
  type Counters,
  demoImage,
  differingPages,
  hostOptions,
  mistakes,
} from '../support/board.js';
import { type Direction, FrameLine } from '../support/frame-line.js';
import { Iap, type Outcome } from '../support/iap.js';
import { expectDemo, expectDone, flash, powerUp, tempDir } from './bench.js';

describe('the command', () => {
  const part = 'stm32f103xe';

  function flashAuto(board: Board, cache: string, image: Uint8Array): Promise<Outcome> {
    const file = board.dir.write('image.bin', image);
    const link = ['--port', board.port, ...hostOptions(board.part)];
    const run = new Iap(['flash', file, ...link, '--baud', 'auto', '--json'], {
      env: { IAP_CACHE_DIR: cache },
    });
    onTestFinished(async () => {
      await run.signal('SIGKILL');
    });
    return run.done;
  }

  const rates = ({ events }: Outcome): unknown[] => events.filter(({ event }) => event === 'rate');

  test('climbs, and begins there next time; a damaged memory only costs the climb', async () => {
    const board = await powerUp(part);
    const cache = tempDir().path;
    const one = demoImage(part, 1, 60_001);
    const first = await flashAuto(board, cache, one);
    expectDone(first);
    expect(rates(first)).toEqual([{ event: 'rate', rate: 921_600, chosen: 'fastest' }]);
    expect(first.result).toMatchObject({ rate: 921_600 });
    await expectDemo(board, 1);
    const second = await flashAuto(board, cache, demoImage(part, 2, 60_001));
    expectDone(second);
    expect(rates(second)).toEqual([{ event: 'rate', rate: 921_600, chosen: 'remembered' }]);
    writeFileSync(join(cache, 'rates.json'), '{"port');
    const third = await flashAuto(board, cache, one);
    expectDone(third);
    expect(rates(third)).toEqual([{ event: 'rate', rate: 921_600, chosen: 'fastest' }]);
    await expectDemo(board, 1);
    expect(differingPages(part, await board.flash(), one)).toEqual([]);
  });
});

test('an adapter that holds bytes for 16 ms: told, where it costs much', async () => {
  const board = await powerUp('stm32f103xe', { args: ['--realtime', '--latency', '16'] });
  const told: number[] = [];
  // Where in the timer's period the few answers of an update fall is chance.
  for (let run = 0; told.length === 0 && run < 6; run++) {
    const outcome = await flash(board, demoImage(board.part, run % 2 === 0 ? 1 : 2), '--no-cache');
    expectDone(outcome);
    const events = outcome.events.filter(({ event }) => event === 'latency');
    expect(events.length).toBeLessThan(2);
    told.push(...events.map(({ heldMs }) => Number(heldMs)));
  }
  expect(told).toHaveLength(1);
  expect(told[0]).toBeGreaterThanOrEqual(5);
});

/** In lockstep: what is tested is no question of the computer's speed. */
describe('a line', () => {
  const part = 'stm32f100xb';
  const image = demoImage(part, 2, 40_000);

  async function run(
    damaged: (rate: number, direction: Direction, done: number) => boolean,
  ): Promise<{
    readonly result: UpdateResult;
    readonly events: UpdateEvent[];
    readonly ms: number;
  }> {
    const board = new Lockstep({
      board: built('build', 'board', 'iap-board'),
      part,
      bootloader: bootloaderFile(part),
    });
    try {
      let done = 0;
      const line = new FrameLine(board.transport, ({ direction, bytes }, pass) => {
        if (!damaged(line.rate, direction, done)) pass(bytes);
        else pass(bytes.map((byte, i) => (i === bytes.length >> 1 ? byte ^ 0x10 || 1 : byte)));
      });
      const events: UpdateEvent[] = [];
      const { clock } = board;
      const startedAt = clock.now();
      const work = update(line, { base: undefined, bytes: image }, { clock, rate: 'auto' });
      for (;;) {
        const step = await board.during(work.next());
        if (step.done) {
          expect(mistakes((await board.counters()) as Counters)).toEqual([]);
          expect(line.checker.violations).toEqual([]);
          return { result: step.value, events, ms: clock.now() - startedAt };
        }
        events.push(step.value);
        if (step.value.event === 'found') line.checker.window = step.value.device.window;
        if (step.value.event === 'progress') done = step.value.bytesDone;
      }
    } finally {
      await board.stop();
    }
  }

  const rates = (events: readonly UpdateEvent[]): unknown[] =>
    events.filter(({ event }) => event === 'rate');

  test.each<Direction[][]>([[['toDevice']], [['toHost']], [['toDevice', 'toHost']]])(
    'that fails above 230400: %s',
    async (directions) => {
      const { result, events } = await run(
        (rate, direction) => rate > 230_400 && directions.includes(direction),
      );
      expect(rates(events)).toEqual([
        { event: 'rate', rate: 230_400, chosen: 'fastest', failed: 460_800 },
      ]);
      expect(result).toMatchObject({ changed: true, boot: 'started', rate: 230_400 });
    },
  );

  test.each<Direction>(['toDevice', 'toHost'])(
    'that damages each third frame at 921600 from the middle on, %s',
    async (way) => {
      let count = 0;
      const { result, events } = await run(
        (rate, direction, done) =>
          rate > 500_000 && direction === way && done > 10_000 && ++count % 3 === 0,
      );
      expect(rates(events)).toMatchObject([
        { rate: 921_600, chosen: 'fastest' },
        { rate: 460_800, chosen: 'lowered', failed: 921_600 },
      ]);
      expect(result).toMatchObject({ changed: true, boot: 'started', rate: 460_800 });
    },
  );
});
