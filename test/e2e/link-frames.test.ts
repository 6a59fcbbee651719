// Whole frames between the real host and the real bootloader binary: lost, doubled, late, overtaken, garbled in a row, stalled.
// IAP_LINKS=full tries every frame of every update and prints how many faults of which kind that were.
import { describe, expect, test } from 'vitest';
import { Command, RESPONSE_BIT } from '../../protocol/index.js';
import { type Direction, FrameLine } from '../support/frame-line.js';
import { burst, late, lost, overtaken, stalled, twice } from '../support/line-rules.js';
import { LONGEST_MS, SCENARIOS, type Scenario } from './link-bench.js';
import { type Case, countTo, findings, sample, Tally } from './link-cases.js';

const DIRECTIONS: readonly Direction[] = ['toDevice', 'toHost'];
const tally = new Tally();

interface Clean {
  /** Types of the frames of an update that nothing disturbs */
  readonly types: Readonly<Record<Direction, readonly number[]>>;
  /** Bytes of it */
  readonly bytes: Readonly<Record<Direction, number>>;
}

const cleanRuns = new Map<Scenario, Promise<Clean>>();

/** What passes on the line when nothing goes wrong; seen once. */
function clean(scenario: Scenario): Promise<Clean> {
  const known = cleanRuns.get(scenario);
  if (known) return known;
  const seeing = (async (): Promise<Clean> => {
    const bench = await scenario.powerUp();
    const bytes = { toDevice: 0, toHost: 0 };
    const line = new FrameLine(bench.board.transport, (passing, pass) => {
      bytes[passing.direction] += passing.bytes.length;
      pass(passing.bytes);
    });
    const { error } = await bench.update(scenario.options, { line });
    await bench.stop();
    if (error) throw error;
    return { types: line.types, bytes };
  })();
  cleanRuns.set(scenario, seeing);
  return seeing;
}

const hex = (type: number | undefined): string => `type ${type?.toString(16)}`;

/** Types of the answers that an update gets, each at least once */
function commandsOf({ old }: Scenario): number[] {
  const { HELLO, ENTER, BAUD, BEGIN, PAGES, DATA, END, BOOT } = Command;
  const always = [HELLO, BAUD, BEGIN, PAGES, DATA, END, BOOT];
  return (old ? [...always, ENTER] : always).map((type) => type | RESPONSE_BIT);
}

/** One case for each frame of a direction */
async function eachFrame(
  scenario: Scenario,
  direction: Direction,
  make: (index: number) => NonNullable<Case['rule']>,
  moves = false,
): Promise<Case[]> {
  const { types } = await clean(scenario);
  return types[direction].map((type, index) => ({
    name: `${direction} ${index} (${hex(type)})`,
    rule: make(index),
    moves: moves && direction === 'toDevice',
  }));
}

describe.each(SCENARIOS.map((one) => [one.name, one] as const))('%s', (_, scenario) => {
  test(
    'every answer lost once, after the device has done what was asked',
    async () => {
      const cases = await eachFrame(scenario, 'toHost', (index) => (_, did) => {
        return lost('toHost', index, did);
      });
      const { types } = await clean(scenario);
      expect(new Set(types.toHost)).toEqual(new Set(commandsOf(scenario)));
      const some = sample(cases, scenario);
      expect(await findings(tally, 'one answer lost', scenario, some)).toEqual([]);
    },
    LONGEST_MS,
  );

  test(
    'every request lost once',
    async () => {
      const cases = await eachFrame(scenario, 'toDevice', (index) => (_, did) => {
        return lost('toDevice', index, did);
      });
      const some = sample(cases, scenario, 5);
      expect(await findings(tally, 'one request lost', scenario, some)).toEqual([]);
    },
    LONGEST_MS,
  );

  test(
    'every frame twice, one at a time and all of them',
    async () => {
      const cases: Case[] = [];
      for (const direction of DIRECTIONS) {
        const each = await eachFrame(
          scenario,
          direction,
          (index) => (_, did) => twice(direction, index, did),
          true,
        );
        cases.push(...each);
      }
      const all: Case = { name: 'all', moves: true, rule: (_, did) => twice('both', 'each', did) };
      const some = [all, ...sample(cases, scenario, 4)];
      expect(await findings(tally, 'one frame twice, or every frame', scenario, some)).toEqual([]);
    },
    LONGEST_MS,
  );

  test(
    'answers that come after the host has asked again',
    async () => {
      const cases = [250, 700, 1500].flatMap((delay) =>
        [DIRECTIONS, ['toHost'] as const, ['toDevice'] as const].map((directions) => ({
          name: `${directions.join(' and ')} ${delay} ms late`,
          moves: directions.some((direction) => direction === 'toDevice'),
          rule: ((clock, did) => late(directions, delay, clock, did)) satisfies Case['rule'],
        })),
      );
      const options = { mayGiveUp: true };
      const some = sample(cases, scenario, 1);
      expect(await findings(tally, 'every frame late', scenario, some, options)).toEqual([]);
    },
    LONGEST_MS,
  );

  test(
    'frames that arrive after the next one, or the one after it',
    async () => {
      const cases: Case[] = [];
      for (const behind of [1, 2]) {
        for (const direction of DIRECTIONS) {
          const each = await eachFrame(
            scenario,
            direction,
            (index) => (_, did) => overtaken(direction, index, behind, did),
            true,
          );
          cases.push(...each.map((one) => ({ ...one, name: `${one.name} by ${behind}` })));
        }
      }
      const some = sample(cases, scenario, 6);
      expect(await findings(tally, 'one frame overtaken', scenario, some)).toEqual([]);
    },
    LONGEST_MS,
  );

  test(
    'bytes garbled in a row, from one to several frames',
    async () => {
      const { bytes } = await clean(scenario);
      const places = [0.02, 0.1, 0.25, 0.4, 0.6, 0.8, 0.97];
      const lengths = {
        toDevice: [1, 3, 20, 150, 1100, 2500, 5000],
        toHost: [1, 3, 10, 50, 250, 800],
      };
      const cases = DIRECTIONS.flatMap((direction) =>
        lengths[direction].flatMap((length, i) =>
          places.map((place, k): Case => {
            const from = Math.floor(place * bytes[direction]);
            const where = { direction, from, length, seed: 8 * i + k };
            return {
              name: `${length} bytes ${direction} from ${from}`,
              rule: (clock, did) => burst(where, clock, did),
            };
          }),
        ),
      );
      const some = sample(cases, scenario, 6);
      expect(await findings(tally, 'garbled bytes in a row', scenario, some)).toEqual([]);
    },
    LONGEST_MS,
  );

  // 5 s is how long a host looks for a device: then it may be gone just before the line moves again.
  test.each([
    ['0.5 to 2 s', [500, 2000], 1, false],
    ['5 s', [5000], 3, true],
  ] as const)(
    'a stall of %s, after which everything comes at once',
    async (kind, stalls, every, mayGiveUp) => {
      const { types } = await clean(scenario);
      const cases = stalls.flatMap((ms) =>
        countTo(Math.ceil(types.toDevice.length / every)).map((i): Case => {
          const index = i * every;
          return {
            name: `${ms} ms from frame ${index} (${hex(types.toDevice[index])})`,
            moves: true,
            rule: (clock, did) => {
              const here = (passing: { direction: Direction; index: number }): boolean =>
                passing.direction === 'toDevice' && passing.index === index;
              return stalled(here, ms, clock, did);
            },
          };
        }),
      );
      const some = sample(cases, scenario, mayGiveUp ? 1 : 2);
      const options = { mayGiveUp };
      expect(await findings(tally, `a stall of ${kind}`, scenario, some, options)).toEqual([]);
    },
    LONGEST_MS,
  );
});
