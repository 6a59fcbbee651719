// Power lost in a flash operation under the real host: the device never starts what is not verified, and the same host, or the next
// one, completes. IAP_LINKS=full cuts at many operations, and prints the counts; test/explore cuts in each, under a host of its own.
import { describe, expect, test } from 'vitest';
import { IapError } from '../../host/index.js';
import {
  faultsOfStart,
  faultsOfSuccess,
  type LinkBench,
  LONGEST_MS,
  type Outcome,
  SCENARIOS,
  type Scenario,
} from './link-bench.js';
import { countTo, sample, Tally } from './link-cases.js';

const tally = new Tally();
/** Evenly spread over an update */
const POINTS = 60;
/** At its beginning and its end each one: entry, TOUCHED, the first page; the last half-words, VALID, SEALED. */
const ENDS = 6;

/** What the host does when power is gone */
const HOSTS = ['goes on', 'is killed'] as const;

interface Cut {
  /** Of the update's flash operations, from 1; torn by this seed, too */
  readonly operation: number;
  readonly host: (typeof HOSTS)[number];
}

/** Flash operations of an update that nothing disturbs */
async function operationsOf(scenario: Scenario): Promise<number> {
  const bench = await scenario.powerUp();
  const { flashOps } = await bench.counters();
  const { error } = await bench.update(scenario.options);
  if (error) throw error;
  const all = (await bench.counters()).flashOps - flashOps;
  await bench.stop();
  return all;
}

/** The operations to cut at */
function pointsOf(all: number): number[] {
  const ends = countTo(ENDS).flatMap((i) => [1 + i, all - i]);
  const spread = countTo(POINTS).map((i) => 1 + Math.floor(((i + 0.5) * all) / POINTS));
  return [...new Set([...ends, ...spread])].sort((a, b) => a - b);
}

async function updateUntilCut(
  bench: LinkBench,
  { options }: Scenario,
  { host }: Cut,
): Promise<{ readonly outcome: Outcome; readonly lost: number }> {
  const abort = new AbortController();
  let lost = 0;
  const onEvent = ({ event }: { readonly event: string }): void => {
    if (event !== 'reconnecting') return;
    lost++;
    if (host === 'is killed') abort.abort();
    else void bench.board.command('power on');
  };
  const outcome = await bench.update({ ...options, signal: abort.signal }, { onEvent });
  return { outcome, lost };
}

async function faultsOfCut(bench: LinkBench, scenario: Scenario, cut: Cut): Promise<string[]> {
  const { operation, host } = cut;
  await bench.board.command(`cut ${operation} ${operation}`);
  const { outcome, lost } = await updateUntilCut(bench, scenario, cut);
  const found = lost === 1 ? [] : [`power was noticed to be gone ${lost} times`];
  const history = { resets: 1, resumed: true };
  if (host === 'goes on') {
    if (outcome.error) return [...found, `given up: ${String(outcome.error)}`];
    return [...found, ...(await faultsOfSuccess(bench, outcome, scenario, history))];
  }
  const code = outcome.error instanceof IapError ? outcome.error.code : 'no error';
  if (code !== 'INTERRUPTED') found.push(`ends with ${code}`);
  await bench.board.command('power on');
  found.push(...(await faultsOfStart(bench, scenario)));
  const next = await bench.update(scenario.options);
  if (next.error) return [...found, `the next host: ${String(next.error)}`];
  return [...found, ...(await faultsOfSuccess(bench, next, scenario, history))];
}

describe.each(SCENARIOS.map((one) => [one.name, one] as const))('%s', (_, scenario) => {
  test.each(HOSTS)(
    'power lost in any flash operation, and the host %s',
    async (host) => {
      const points = pointsOf(await operationsOf(scenario));
      const row = tally.row(scenario, `power cut in a flash operation, the host ${host}`);
      const found: string[] = [];
      for (const operation of sample(points, scenario, scenario.wiring.pair ? 12 : 2)) {
        const bench = await scenario.powerUp();
        const begun = bench.board.clock.now();
        const wrong = await faultsOfCut(bench, scenario, { operation, host });
        row.seconds = Math.max(row.seconds, (bench.board.clock.now() - begun) / 1000);
        await bench.stop();
        row.runs++;
        row.faults++;
        row.completed += wrong.length === 0 ? 1 : 0;
        row.wrong += wrong.filter((text) => /WRONG BYTES|UNVERIFIED/.test(text)).length;
        found.push(...wrong.map((text) => `operation ${operation}: ${text}`));
      }
      expect(found).toEqual([]);
    },
    LONGEST_MS,
  );
});
