// Runs many updates with one fault each, judges every one, and counts.
import { afterAll } from 'vitest';
import type { Clock, Transport } from '../../host/index.js';
import { FrameLine, type Rule } from '../support/frame-line.js';
import {
  FULL,
  faultsOfSuccess,
  type LinkBench,
  type Outcome,
  rest,
  type Scenario,
  strange,
} from './link-bench.js';

export interface Case {
  readonly name: string;
  /** What becomes of frames */
  readonly rule?: (clock: Clock, did: () => void) => Rule;
  /** The line moves or doubles what the host sends: on a half-duplex pair others speak then. */
  readonly moves?: boolean;
  /** What becomes of bytes */
  readonly wrap?: (transport: Transport, did: () => void) => Transport;
}

interface Row {
  runs: number;
  faults: number;
  completed: number;
  givenUp: number;
  wrong: number;
  /** On a half-duplex pair, by what the line moved */
  collisions: number;
  /** The longest update, in the line's time */
  seconds: number;
}

/** Counts by wiring and kind of fault; printed at the end of a full run for docs/reliability.md. */
export class Tally {
  readonly #rows = new Map<string, Row>();

  constructor() {
    afterAll(() => {
      if (FULL) console.log(this.#table());
    });
  }

  row({ wiring }: Scenario, fault: string): Row {
    const kind = `${wiring.name}: ${fault}`;
    const row = this.#rows.get(kind) ?? {
      runs: 0,
      faults: 0,
      completed: 0,
      givenUp: 0,
      wrong: 0,
      collisions: 0,
      seconds: 0,
    };
    this.#rows.set(kind, row);
    return row;
  }

  #table(): string {
    const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
    return [
      line([
        'line',
        'runs',
        'faults injected',
        'completed',
        'given up honestly',
        'wrong bytes',
        'collisions by the line',
        'longest',
      ]),
      line(Array(8).fill('---')),
      ...[...this.#rows].map(([kind, row]) => {
        const { runs, faults, completed, givenUp, wrong, collisions, seconds } = row;
        const counts = [runs, faults, completed, givenUp, wrong, collisions];
        return line([kind, ...counts, `${seconds.toFixed(1)} s`]);
      }),
    ].join('\n');
  }
}

/** All in a full run, otherwise so many of them or the wiring's share of that, evenly spread and always the same. */
export function sample<T>(
  all: readonly T[],
  { wiring }: Scenario,
  most = all.length,
): readonly T[] {
  const count = Math.ceil(wiring.share * Math.min(most, all.length));
  if (FULL || all.length <= count) return all;
  return Array.from({ length: count }, (_, i) => {
    return all[Math.floor(((i + 0.5) * all.length) / count)] as T;
  });
}

export function countTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

export interface Expectation {
  /** An update that ends with an error is no finding, as long as the device is what it was, or can be updated. */
  readonly mayGiveUp?: boolean;
}

/** Returns what was found wrong, by case; empty if nothing. */
export async function findings(
  tally: Tally,
  kind: string,
  scenario: Scenario,
  cases: readonly Case[],
  { mayGiveUp = false }: Expectation = {},
): Promise<string[]> {
  const row = tally.row(scenario, kind);
  const found: string[] = [];
  for (const { name, rule, wrap, moves = false } of cases) {
    const bench = await scenario.powerUp();
    const { clock, transport } = bench.board;
    let faults = 0;
    const did = (): void => {
      faults++;
    };
    const line = new FrameLine(wrap ? wrap(transport, did) : transport, rule?.(clock, did));
    const outcome = await bench.update(scenario.options, { line });
    const wrong = await judged(bench, outcome, scenario, moves);
    if (moves) row.collisions += (await bench.counters()).hostCollisions ?? 0;
    if (faults === 0) wrong.push('the fault was never injected');
    if (outcome.error && !mayGiveUp) wrong.push(`given up: ${String(outcome.error)}`);
    row.runs++;
    row.faults += faults;
    row.seconds = Math.max(row.seconds, outcome.seconds);
    row[outcome.result ? 'completed' : 'givenUp']++;
    row.wrong += wrong.filter((text) => text.includes('WRONG BYTES')).length;
    found.push(...wrong.map((text) => `${name}: ${text}`));
    await bench.stop();
  }
  return found;
}

/** Done means done; given up means nothing wrong, and that the next update completes. */
async function judged(
  bench: LinkBench,
  outcome: Outcome,
  scenario: Scenario,
  moved: boolean,
): Promise<string[]> {
  if (outcome.result) return faultsOfSuccess(bench, outcome, scenario, { moved });
  await rest(bench);
  const wrong = await wrongBytes(bench, scenario);
  const next = await bench.update(scenario.options);
  if (next.error) return [...wrong, `the next update: ${String(next.error)}`];
  // What was sent before may be all there is to send.
  if (!next.result?.changed) return [...wrong, ...(await wrongBytes(bench, scenario))];
  return [...wrong, ...(await faultsOfSuccess(bench, next, scenario, { moved }))];
}

async function wrongBytes(bench: LinkBench, scenario: Scenario): Promise<string[]> {
  return (await strange(bench, scenario)).map((page) => `WRONG BYTES in ${page}`);
}
