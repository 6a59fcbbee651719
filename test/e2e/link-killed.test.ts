// A host that is gone after any frame of an update, or in the middle of one: killed, or its adapter unplugged; with and
// without a reset or a power cut of the device. The next host completes, and sends nothing again that is in flash.
// IAP_LINKS=full stops after every frame, and prints the counts.
import { describe, expect, test } from 'vitest';
import { IapError, type UpdateOptions } from '../../host/index.js';
import { FrameLine } from '../support/frame-line.js';
import {
  faultsOfStart,
  faultsOfSuccess,
  type LinkBench,
  LONGEST_MS,
  type Outcome,
  rest,
  SCENARIOS,
  type Scenario,
} from './link-bench.js';
import { countTo, sample, Tally } from './link-cases.js';

const tally = new Tally();

/** What happens to the device when its host is gone */
const AFTERWARDS = ['nothing', 'a reset', 'a power cut at once'] as const;

interface Stop {
  readonly how: 'killed' | 'unplugged';
  /** Whole frames that get through */
  readonly frames: number;
  /** And half of the next one */
  readonly half: boolean;
  readonly then: (typeof AFTERWARDS)[number];
}

/** The device keeps its rate, so that nobody has to wait until it has come back. */
const AT_ONE_RATE = { rate: 115_200 } as const;

const unplugged = new IapError('PORT_LOST', 'the adapter is gone');

async function stopped(
  bench: LinkBench,
  options: UpdateOptions | undefined,
  { how, frames, half }: Stop,
): Promise<Outcome> {
  const abort = new AbortController();
  let gone = false;
  const line = new FrameLine(bench.board.transport, ({ direction, index, bytes }, pass) => {
    if (direction === 'toDevice' && index === frames && !gone) {
      if (half) pass(bytes.subarray(0, bytes.length / 2));
      gone = true;
      // What this host writes and hears from now on is lost, as if it were not there; the signal only ends its promises.
      if (how === 'killed') abort.abort();
      else line.vanish(unplugged);
    }
    if (!gone) pass(bytes);
  });
  return bench.update({ ...options, ...AT_ONE_RATE, signal: abort.signal }, { line });
}

async function faultsAfter(bench: LinkBench, scenario: Scenario, stop: Stop): Promise<string[]> {
  const first = await stopped(bench, scenario.options, stop);
  const found = first.line.checker.violations.map((text) => `on the wire: ${text}`);
  const code = first.error instanceof IapError ? first.error.code : 'no error';
  if (code !== (stop.how === 'killed' ? 'INTERRUPTED' : 'PORT_LOST'))
    found.push(`ends with ${code}`);
  if (stop.then === 'a power cut at once') await bench.board.command('power cycle');
  else await rest(bench);
  if (stop.then === 'a reset') await bench.board.command('reset');
  if (stop.then !== 'nothing') found.push(...(await faultsOfStart(bench, scenario)));

  const missing = await bench.missing();
  const next = await bench.update({ ...scenario.options, ...AT_ONE_RATE });
  if (next.error) return [...found, `the next host: ${String(next.error)}`];
  if (next.result?.pagesSent !== missing.length)
    found.push(`${next.result?.pagesSent} pages sent, ${missing.length} were missing`);
  const cuts = stop.then === 'a power cut at once' ? 1 : 0;
  return [
    ...found,
    ...(await faultsOfSuccess(bench, next, scenario, { resets: cuts, resumed: true })),
  ];
}

async function frameCount(scenario: Scenario): Promise<number> {
  const bench = await scenario.powerUp();
  const { line, error } = await bench.update({ ...scenario.options, ...AT_ONE_RATE });
  await bench.stop();
  if (error) throw error;
  return line.counts.toDevice;
}

describe.each(SCENARIOS.map((one) => [one.name, one] as const))('%s', (_, scenario) => {
  test.each(['killed', 'unplugged'] as const)(
    'a host %s at any frame: the next one sends what is missing',
    async (how) => {
      const count = await frameCount(scenario);
      expect(count).toBeGreaterThan(10);
      const stops = countTo(count).flatMap((frames) =>
        [false, true].flatMap((half) =>
          AFTERWARDS.map((then): Stop => ({ how, frames, half, then })),
        ),
      );
      const row = tally.row(scenario, `host ${how} after n frames, or within one`);
      const found: string[] = [];
      for (const stop of sample(stops, scenario, how === 'killed' ? 8 : 3)) {
        const bench = await scenario.powerUp();
        const wrong = await faultsAfter(bench, scenario, stop);
        row.seconds = Math.max(row.seconds, bench.board.clock.now() / 1000);
        await bench.stop();
        row.runs++;
        row.faults += stop.then === 'nothing' ? 1 : 2;
        row.completed += wrong.length === 0 ? 1 : 0;
        row.wrong += wrong.filter((text) => /WRONG BYTES|UNVERIFIED/.test(text)).length;
        found.push(...wrong.map((text) => `${JSON.stringify(stop)}: ${text}`));
      }
      expect(found).toEqual([]);
    },
    LONGEST_MS,
  );
});
