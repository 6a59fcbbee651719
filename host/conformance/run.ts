// A whole run: find the device, learn what the checks need, run them one by one, leave the device with something sensible.
import {
  Capability,
  Command,
  decode,
  type HelloResponse,
  Refusal,
  Status,
  Stay,
} from '../../protocol/index.js';
import type { Clock } from '../base/clock.js';
import { IapError } from '../base/errors.js';
import { PromisedWork, type Tell } from '../base/work.js';
import { restoreRate } from '../link/restore-rate.js';
import type { Transport } from '../link/transport.js';
import { Bench, type SignHeader } from './bench.js';
import type { Check } from './check.js';
import { CHECKS } from './checks/index.js';
import { Deviation, NotTestable } from './deviation.js';
import type { Power } from './power.js';
import { begin, beginPayload, sendPage } from './update.js';
import { Wire } from './wire.js';

export type Verdict = 'pass' | 'fail' | 'not testable';

export interface CheckResult {
  readonly id: string;
  readonly requirements: readonly string[];
  readonly title: string;
  readonly verdict: Verdict;
  readonly ms: number;
  /** Why it is not testable */
  readonly reason?: string;
  readonly expected?: string;
  readonly found?: string;
  /** The newest frames on the wire before a failure, in hex */
  readonly frames?: readonly string[];
}

export interface ConformOptions {
  readonly clock: Clock;
  readonly address: number;
  /** The line is a half-duplex pair: known before the device says so */
  readonly halfDuplex?: boolean;
  readonly signal?: AbortSignal;
  readonly power?: Power;
  /** How long to call for a device at first [ms]; Infinity for ever */
  readonly findMs?: number;
  /** Also checks that can not be undone */
  readonly permanent?: boolean;
  /** Signs image headers; needed where the device takes signed images alone */
  readonly sign?: SignHeader;
  /** Ids of the checks to run; all unless given */
  readonly only?: readonly string[];
  readonly trace?: (line: string) => void;
}

export type ConformanceEvent =
  | { readonly event: 'found'; readonly device: HelloResponse }
  | { readonly event: 'check'; readonly result: CheckResult };

export interface Conformance {
  readonly device: HelloResponse;
  readonly results: readonly CheckResult[];
  /** How the device was left */
  readonly left: 'unfinished' | 'unknown';
  readonly ms: number;
}

/** Runs the checks against whatever answers on a transport. Throws only if nobody answers at all, or the port breaks. */
export function conform(
  transport: Transport,
  options: ConformOptions,
): PromisedWork<ConformanceEvent, Conformance> {
  return new PromisedWork(async (tell, signal) => {
    const { clock, address, halfDuplex = false, power, permanent = false, sign } = options;
    const wire = new Wire(transport, clock, signal, options.trace);
    const { rate } = transport;
    const bench = new Bench({ wire, rate, address, halfDuplex, power, permanent, sign });
    const results: CheckResult[] = [];
    try {
      return await runChecks(bench, options, results, tell);
    } catch (error) {
      const powered = await bench.power?.restore();
      await restoreRate(transport, clock, bench.rate);
      const interrupted = error instanceof IapError && error.code === 'INTERRUPTED';
      throw interrupted ? brokenOff(error, wire.begun, results.length, powered) : error;
    }
  }, options);
}

async function runChecks(
  bench: Bench,
  { only, findMs }: ConformOptions,
  results: CheckResult[],
  tell: Tell<ConformanceEvent>,
): Promise<Conformance> {
  const { clock } = bench;
  const startedAt = clock.now();
  await bench.acquire(findMs);
  const device = bench.info;
  tell({ event: 'found', device });
  await learn(bench);
  for (const check of CHECKS) {
    if (only && !only.includes(check.id)) continue;
    const result = await judge(bench, check);
    results.push(result);
    tell({ event: 'check', result });
  }
  const left = await leave(bench);
  return { device, results, left, ms: clock.now() - startedAt };
}

/** @param powered whether its power, which was off, is on again */
function brokenOff(
  cause: IapError,
  begun: boolean,
  checks: number,
  powered: boolean | undefined,
): IapError {
  const done = `interrupted after ${checks} checks`;
  const state = begun
    ? 'the application of the device may be overwritten'
    : 'nothing was written to the device';
  const switched = powered ? '; its power is on again' : '; its power may be off';
  const power = powered === undefined ? '' : switched;
  return new IapError('INTERRUPTED', `${done}; ${state}${power}`, {
    ...(begun ? { hint: 'install an application with "iap flash"' } : {}),
    details: { checks, resumable: false },
    cause,
  });
}

/** The security counter that images need, and whether the device takes our images at all */
async function learn(bench: Bench): Promise<void> {
  if ((bench.info.capabilities & Capability.SIGNATURE) !== 0 && !bench.sign) {
    bench.closed = 'the device takes signed images only, and no key is given';
    return;
  }
  try {
    const payload = beginPayload(bench.image({ seed: 99 }).header);
    const answer = await bench.ask(Command.BEGIN, payload, { limitMs: bench.info.beginMs });
    if (answer[0] === Status.ROLLBACK) bench.counter = decode(Refusal, answer).detail;
    await bench.abort();
  } catch (error) {
    if (!isVerdict(error)) throw error;
  }
}

async function judge(bench: Bench, check: Check): Promise<CheckResult> {
  const { id, requirements, title } = check;
  const { clock } = bench;
  const startedAt = clock.now();
  bench.wire.takeLog();
  const result = (verdict: Verdict, more: Partial<CheckResult> = {}): CheckResult => {
    return { id, requirements, title, verdict, ms: clock.now() - startedAt, ...more };
  };
  try {
    await bench.ready();
    const before = bench.info.stay;
    await check.run(bench);
    const { stay } = await bench.hello();
    if (stay === Stay.FAULT && before !== stay) throw new Deviation('no fault', 'stay FAULT');
    return result('pass');
  } catch (error) {
    if (error instanceof NotTestable) return result('not testable', { reason: error.message });
    if (!(error instanceof Deviation)) throw error;
    const { expected, found } = error;
    return result('fail', { expected, found, frames: bench.wire.takeLog() });
  }
}

/** It is about the device, not about the port or this program. */
function isVerdict(error: unknown): boolean {
  return error instanceof Deviation || error instanceof NotTestable;
}

/** An unfinished image: the device waits in its bootloader for the next update, whatever happens to its supply. */
async function leave(bench: Bench): Promise<Conformance['left']> {
  try {
    await bench.ready();
    const image = bench.image({ seed: 100, size: bench.info.pageSize + 8 });
    await begin(bench, image);
    await sendPage(bench, image, 1, 0);
    await bench.abort();
    return 'unfinished';
  } catch (error) {
    if (isVerdict(error)) return 'unknown';
    throw error;
  }
}

/** Ids that --only takes */
export function checkIds(): string[] {
  return CHECKS.map(({ id }) => id);
}
