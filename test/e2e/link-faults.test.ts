// Bad lines between the real host and the real bootloader binary, in virtual time: every update completes or is given up
// honestly, and no wrong byte gets into flash. IAP_LINKS=full takes more seeds and prints the counts.
import { describe, expect, test } from 'vitest';
import { update } from '../../host/index.js';
import { Command, DataRequest, decode } from '../../protocol/index.js';
import { demoImage } from '../support/board.js';
import { faulty, type LineFaults } from '../support/faulty.js';
import { FrameLine } from '../support/frame-line.js';
import { faultsOfSuccess, LONGEST_MS, ON_EACH_WIRING, RATE, type Scenario } from './link-bench.js';
import { type Case, countTo, type Expectation, findings, sample, Tally } from './link-cases.js';

const tally = new Tally();
const SEEDS = countTo(8).map((i) => i + 1);

/** One update a seed */
function noisy(
  scenario: Scenario,
  kind: string,
  faults: LineFaults,
  seeds: number,
  expectation?: Expectation,
): Promise<string[]> {
  const cases = sample(SEEDS, scenario, seeds).map(
    (seed): Case => ({
      name: `seed ${seed}`,
      moves: faults.twice !== undefined,
      wrap: (transport, did) => faulty(transport, faults, seed, did),
    }),
  );
  return findings(tally, kind, scenario, cases, expectation);
}

/** From the first progress on nothing gets through for so long. */
async function deadFor(scenario: Scenario, ms: number) {
  const bench = await scenario.powerUp();
  const { board } = bench;
  let deadUntil = 0;
  const dead = (): boolean => board.clock.now() < deadUntil;
  const line = new FrameLine(faulty(board.transport, { dead }, 1));
  const outcome = await bench.update(undefined, {
    line,
    onEvent: ({ event }) => {
      if (event === 'progress' && deadUntil === 0) deadUntil = board.clock.now() + ms;
    },
  });
  return { bench, outcome };
}

describe.each(ON_EACH_WIRING.map((all) => [all.wiring.name, all] as const))(
  '%s',
  (_, { wiring, fresh, running, compressed }) => {
    describe('an update completes, and flash holds every byte of it', () => {
      const lines: readonly (readonly [string, LineFaults])[] = [
        ['one byte in a thousand flipped', { flipped: 1e-3 }],
        ['one byte in a thousand lost', { lost: 1e-3 }],
        ['one byte in a thousand inserted', { inserted: 1e-3 }],
        ['one byte in a thousand of each', { flipped: 1e-3, lost: 1e-3, inserted: 1e-3 }],
        ['one chunk in ten twice', { twice: 0.1 }],
      ];
      test.each(lines)(
        '%s',
        async (kind, faults) => {
          // On a pair, answers that are longer than one each time look like those of several devices.
          const mayGiveUp = wiring.pair && faults.twice !== undefined;
          expect(await noisy(fresh, kind, faults, 2, { mayGiveUp })).toEqual([]);
        },
        LONGEST_MS,
      );

      test.each(['reset', 'power cycle'])(
        // On a pair a burst may hold all that is left: then there is no third time.
        '%s in mid-update, up to three times',
        async (command) => {
          const bench = await fresh.powerUp();
          let resets = 0;
          const outcome = await bench.update(undefined, {
            onEvent: ({ event }) => {
              if (event === 'progress' && resets < 3) {
                resets++;
                void bench.board.command(command);
              }
            },
          });
          expect(resets).toBeGreaterThanOrEqual(wiring.pair ? 1 : 3);
          expect(await faultsOfSuccess(bench, outcome, fresh, { resets })).toEqual([]);
        },
        LONGEST_MS,
      );
    });

    test(
      'a line that is dead for two seconds: the update goes on',
      async () => {
        const { bench, outcome } = await deadFor(running, 2000);
        expect(await faultsOfSuccess(bench, outcome, running)).toEqual([]);
      },
      LONGEST_MS,
    );

    test(
      'a line that dies for good is given up; the next update goes on where it stopped',
      async () => {
        const { bench, outcome } = await deadFor(fresh, Number.POSITIVE_INFINITY);
        expect(outcome.error).toMatchObject({ code: 'LINK_LOST' });
        const missing = await bench.missing();
        expect(missing.length).toBeLessThan(wiring.newer.length / wiring.pageSize);
        const next = await bench.update();
        expect(next.result?.pagesSent).toBe(missing.length);
        expect(await faultsOfSuccess(bench, next, fresh, { resumed: true })).toEqual([]);
      },
      LONGEST_MS,
    );

    describe('a line that carries nearly nothing is given up, or not, but never believed', () => {
      test.each<readonly [string, LineFaults]>([
        // An answer to HELLO is 42 chunks long at the default rate: one in nine gets through.
        // On a pair that a device answers at once there are few of them.
        wiring.pair
          ? ['one chunk in five gone', { gone: 0.2 }]
          : ['one chunk in twenty gone', { gone: 0.05 }],
        ['one byte in twenty flipped', { flipped: 0.05 }],
      ])(
        '%s',
        async (kind, faults) => {
          expect(await noisy(fresh, kind, faults, 1, { mayGiveUp: true })).toEqual([]);
        },
        LONGEST_MS,
      );
    });

    test(
      'one byte in a thousand of each, over compressed pages',
      async () => {
        const bench = await compressed.powerUp();
        const undisturbed = await bench.update(compressed.options);
        // Where pages have 2 KB most are the demo's filling, which is random.
        const most = wiring.newer.length / (wiring.pageSize > 1024 ? 1 : 2);
        expect(undisturbed.result?.bytesEncoded).toBeLessThan(most);
        const faults = { flipped: 1e-3, lost: 1e-3, inserted: 1e-3 };
        expect(await noisy(compressed, '… of each, compressed', faults, 2)).toEqual([]);
      },
      LONGEST_MS,
    );

    test(
      'frames are shortened while the line is bad, and as long as before when it is good again',
      async () => {
        const bench = await fresh.powerUp();
        const { clock, transport } = bench.board;
        const lengths: number[] = [];
        let spoilt = 0;
        const line = new FrameLine(transport, ({ direction, bytes, frame }, pass) => {
          const isData = direction === 'toDevice' && frame.type === Command.DATA;
          const { body } = isData ? decode(DataRequest, frame.payload) : { body: [] };
          if (body.length > 0) lengths.push(frame.payload.length);
          // Frames of more than 200 bytes do not get through, until the line is good again.
          if (bytes.length < 200 || !isData || spoilt >= 12) return void pass(bytes);
          spoilt++;
          pass(bytes.map((byte, i) => (i === 100 ? byte ^ 1 || 2 : byte)));
        });
        const image = { base: undefined, bytes: demoImage(wiring.part, 2, 30_000) };
        const run = update(line, image, { clock, rate: RATE, boot: false });
        const step = async () => bench.board.during(run.next());
        let next = await step();
        while (!next.done) next = await step();
        expect(next.value).toMatchObject({ changed: true });

        const [longest = 0] = lengths;
        expect(longest).toBeGreaterThan(250);
        expect(spoilt).toBe(12);
        expect(Math.min(...lengths)).toBeLessThan(200);
        // Of the last page or two
        expect(Math.max(...lengths.slice(-8))).toBe(longest);
        expect(line.checker.violations).toEqual([]);
      },
      LONGEST_MS,
    );
  },
);
