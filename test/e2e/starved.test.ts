// A computer that does other things: the command is stopped, blocked or short of a processor, while the device runs on. It completes, or
// says truthfully why not, and then the device can be updated.
import { spawn } from 'node:child_process';
import { expect, onTestFinished, test } from 'vitest';
import { type IapError, update } from '../../host/index.js';
import { openSerial } from '../../host/node/serial.js';
import { type Board, demoImage, differingPages, hostOptions, PARTS } from '../support/board.js';
import { FrameLine } from '../support/frame-line.js';
import { Iap, type Outcome } from '../support/iap.js';
import { bridged } from '../support/line-rules.js';
import { randomFrom } from '../support/random.js';
import { powerUp, tempDir } from './bench.js';
import { onWire } from './link-bench.js';

/** IAP_STARVED=full: every row of docs/reliability.md, with the device in real time, 40 minutes; otherwise a sample. */
const FULL = process.env.IAP_STARVED === 'full';
const PART = 'stm32f103xb';
const PAGES = 40;
const LONGEST_MS = 3_600_000;
const IMAGES = [1, 2].map((v) => demoImage(PART, v as 1 | 2, PAGES * PARTS[PART].pageSize - 77));

interface Row {
  runs: number;
  completed: number;
  /** Ended with an error that is true, and the next run completed */
  told: number;
  longest: number;
  wrong: string[];
}

function row(): Row {
  return { runs: 0, completed: 0, told: 0, longest: 0, wrong: [] };
}

function conclude(name: string, { runs, completed, told, longest, wrong }: Row): void {
  const figures = `${name}: ${runs} runs, ${completed} completed, ${told} given up, longest ${(longest / 1000).toFixed(1)} s`;
  console.log([figures, ...wrong].join('\n'));
  expect(wrong).toEqual([]);
  expect(completed + told).toBe(runs);
}

class Starved {
  readonly board: Board;
  readonly #files: readonly string[];
  #next = 0;

  private constructor(board: Board, files: readonly string[]) {
    this.board = board;
    this.#files = files;
  }

  static async powerUp(): Promise<Starved> {
    const board = await powerUp(PART, {
      args: FULL ? ['--realtime'] : [],
      // An application that is called without pauses while it starts misses bytes; a board that is stopped itself loses some.
      allowed: ['overruns'],
    });
    const dir = tempDir();
    return new Starved(
      board,
      IMAGES.map((bytes, i) => dir.write(`image-${i}.bin`, bytes)),
    );
  }

  /** Another image in each run, so that all of it is written */
  async run(
    into: Row,
    args: readonly string[],
    disturb: (run: Iap) => Promise<void>,
    nice?: number,
  ): Promise<void> {
    const image = IMAGES[this.#next % 2] ?? new Uint8Array();
    const file = this.#files[this.#next % 2] ?? '';
    this.#next++;
    const all = ['flash', file, '--port', this.board.port, ...hostOptions(PART), '--json', ...args];
    const run = new Iap(all, { ownClock: true, ...(nice === undefined ? {} : { nice }) });
    onTestFinished(async () => {
      await run.signal('SIGKILL');
    });
    await Promise.all([disturb(run), run.done]);
    const outcome = await run.done;
    into.runs++;
    into.longest = Math.max(into.longest, outcome.ms);
    if (outcome.code === 0) {
      into.completed++;
      if (differingPages(PART, await this.board.flash(), image).length > 0)
        into.wrong.push('WRONG BYTES');
      return;
    }
    const story = `${outcome.code} ${outcome.result?.code}: ${outcome.result?.message} ${JSON.stringify(outcome.result?.details)}${outcome.stderr}`;
    console.log(story);
    if (!honest(outcome)) into.wrong.push(story);
    const again = await new Iap(all, { ownClock: true }).done;
    if (again.code === 0) into.told++;
    else into.wrong.push(`the next run: ${again.result?.message}`);
  }
}

/** Pages were written: then it says that the same command goes on. */
function honest({ code, result, events }: Outcome): boolean {
  const writing = events.some(({ event }) => event === 'plan');
  return code === 4 && (!writing || result?.details?.resumable === true);
}

const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

test('a search that is stopped while the answer comes takes it', async () => {
  const board = await powerUp(PART);
  for (let i = 0; i < (FULL ? 10 : 2); i++) {
    const run = new Iap(
      ['info', '--port', board.port, '--timeout', '1000', '--verbose', '--json'],
      { ownClock: true },
    );
    await run.untilError('-> @0 type 01');
    await run.stopFor(2500);
    expect(await run.done).toMatchObject({ code: 0, result: { ok: true } });
    const file = tempDir().write('image.bin', IMAGES[i % 2] ?? '');
    const flash = new Iap(['flash', file, '--port', board.port, '--verbose', '--json'], {
      ownClock: true,
    });
    await flash.untilError('-> @0 type 01');
    await flash.stopFor(6000);
    expect(await flash.done).toMatchObject({ code: 0, result: { ok: true } });
  }
});

test.each([115_200, 921_600])(
  'stopped at any moment, at %i baud',
  async (rate) => {
    const starved = await Starved.powerUp();
    const random = randomFrom(rate);
    const into = row();
    const sample = rate === 115_200 ? [500, 4000, 6500] : [4000];
    for (let i = 0; i < (FULL ? 20 : sample.length); i++) {
      const stopMs = FULL ? 500 * 40 ** random() : (sample[i] ?? 0);
      const when = random();
      await starved.run(into, ['--baud', String(rate)], async (run) => {
        // Before it finds its device, at each of its steps, and anywhere in between
        if (when < 0.2) await sleep(1500 * random());
        else if (when < 0.3) await run.until('found');
        else if (when < 0.4) await run.until('comparing');
        else await run.untilDone(random() * 0.95).catch(() => {});
        await run.stopFor(stopMs);
      });
    }
    conclude(`stopped for 0.5 to 20 s, ${rate} baud`, into);
  },
  LONGEST_MS,
);

test.each(
  FULL ? ['found', 'entering', 'comparing', 'verifying', 'progress'] : ['entering', 'progress'],
)(
  'a reader of the events that blocks the event loop at %s',
  async (at) => {
    const board = await powerUp(PART, { args: FULL ? ['--realtime'] : [], allowed: ['overruns'] });
    const into = row();
    const blocks = FULL ? [3000, 6000, 15_000] : [6500];
    for (const [i, ms] of [0, ...blocks].entries()) {
      const bytes = IMAGES[i % 2] ?? new Uint8Array();
      const transport = await openSerial({ path: board.port, rate: 115_200 });
      const startedAt = performance.now();
      let blocked = ms === 0;
      try {
        const run = update(transport, { base: undefined, bytes }, { rate: 921_600, waitApp: true });
        for (let step = await run.next(); !step.done; step = await run.next()) {
          if (step.value.event !== at || blocked) continue;
          blocked = true;
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
        }
        into.completed++;
        if (differingPages(PART, await board.flash(), bytes).length > 0) into.wrong.push('WRONG');
      } catch (error) {
        into.wrong.push(`${ms} ms: ${(error as IapError).code} ${String(error)}`);
      } finally {
        await transport.close();
      }
      into.runs++;
      into.longest = Math.max(into.longest, performance.now() - startedAt);
    }
    conclude(`blocked at ${at}`, into);
  },
  LONGEST_MS,
);

test('a reader of standard output that reads nothing for a while', async () => {
  const starved = await Starved.powerUp();
  const into = row();
  await starved.run(into, ['--verbose'], async (run) => {
    await run.until('comparing');
    await run.unreadFor(FULL ? 20_000 : 2000);
  });
  conclude('standard output not read', into);
});

test('a bridge that really runs at 9600 baud: as long as the line needs', async () => {
  const { fresh, wiring } = onWire;
  const bench = await fresh.powerUp();
  const line = new FrameLine(bench.board.transport, bridged(9600, bench.board.clock));
  const { error, result, seconds } = await bench.update({ rate: 115_200 }, { line });
  expect(error).toBeUndefined();
  expect(result?.changed).toBe(true);
  expect(await bench.missing()).toEqual([]);
  const least = ((wiring.newer.length + wiring.pageSize) * 10) / 9600;
  console.log(`bridge at 9600 baud: ${seconds.toFixed(1)} s, the line needs ${least.toFixed(1)} s`);
  expect(seconds).toBeLessThan(2 * least);
});

test.runIf(FULL)(
  'suspended for a minute',
  async () => {
    const starved = await Starved.powerUp();
    const into = row();
    for (const rate of ['115200', '921600']) {
      await starved.run(into, ['--baud', rate], async (run) => {
        await run.untilDone(0.3);
        await run.stopFor(60_000);
      });
    }
    conclude('suspended for 60 s', into);
  },
  LONGEST_MS,
);

test.runIf(FULL)(
  'at nice 19 beside eight programs that want all of the computer',
  async () => {
    const busy = Array.from({ length: 8 }, () =>
      spawn('nice', ['-n', '5', process.execPath, '-e', 'for(;;);']),
    );
    onTestFinished(() => {
      for (const child of busy) child.kill('SIGKILL');
    });
    const starved = await Starved.powerUp();
    const into = row();
    for (let i = 0; i < 4; i++) await starved.run(into, [], async () => {}, 19);
    conclude('nice 19 at load 8', into);
  },
  LONGEST_MS,
);
