// Watching a device that comes and goes: requests at short intervals, answered or not.
import { Command, HelloResponse, RESPONSE_BIT, Refusal } from '../../protocol/index.js';
import { helloRequest } from '../device/device.js';
import { ANSWER_MS, type Bench, TURN_MS } from './bench.js';
import { Wire } from './wire.js';

export interface Poll {
  /** When it was sent [ms] */
  readonly at: number;
  readonly seq: number;
  answer: Uint8Array | undefined;
}

/** A type that no device knows: refused in a few bytes, and holds nobody in the bootloader. */
export const UNKNOWN_TYPE = 0x7f;
export const POLL_MS = 5;
/** An answer to a poll comes so fast, or not at all [ms]. */
const LATE_MS = 150;

export interface PollOptions {
  readonly type?: number;
  readonly payload?: Uint8Array;
  readonly everyMs?: number;
}

/** What frames the answer, and the request [bytes] */
const MORE = 30;

/** No faster than the line carries the answers [ms] */
function pace({ wire }: Bench, leastMs: number, answer: number): number {
  return Math.max(leastMs, 1.5 * wire.lineTime(answer + MORE));
}

/** HELLO without HOLD, which counts for nothing. */
export function helloPoll(bench: Bench): PollOptions {
  const everyMs = pace(bench, 25, HelloResponse.size);
  return { type: Command.HELLO, payload: helloRequest(false), everyMs };
}

/** Polls until `done` says so, at the latest for `ms`. Polls before it that are still on their way count as answered only if `done` was told. */
export async function poll(
  bench: Bench,
  ms: number,
  done: (polls: readonly Poll[]) => boolean,
  options: PollOptions = {},
): Promise<Poll[]> {
  const { type = UNKNOWN_TYPE, payload = new Uint8Array() } = options;
  const { everyMs = pace(bench, POLL_MS, Refusal.size) } = options;
  const polls: Poll[] = [];
  const { wire } = bench;
  const end = wire.clock.now() + ms;
  let due = wire.clock.now();
  while (wire.clock.now() < end && !done(polls)) {
    const frame = bench.frame(type, payload);
    polls.push({ at: wire.clock.now(), seq: frame.seq, answer: undefined });
    await wire.post(frame);
    if (bench.halfDuplex) {
      await inTurn(bench, polls, type);
      continue;
    }
    // A host that was kept from working does not catch up: polls closer together than the line can carry help nobody.
    due = Math.max(due + everyMs, wire.clock.now() + everyMs / 2);
    await collect(bench, polls, due, type);
  }
  await collect(bench, polls, wire.clock.now() + LATE_MS, type);
  return polls;
}

/** Until the newest poll is answered, or can not be any more: only then the pair is free for the next one. */
async function inTurn(bench: Bench, polls: readonly Poll[], type: number): Promise<void> {
  const { wire } = bench;
  const answered = (): boolean => polls.at(-1)?.answer !== undefined;
  const longest = ANSWER_MS + wire.lineTime(Wire.size(HelloResponse.size));
  await collect(bench, polls, wire.freeAt + longest, type, answered);
  await wire.sleep(TURN_MS);
}

async function collect(
  bench: Bench,
  polls: readonly Poll[],
  until: number,
  type: number,
  enough: () => boolean = () => false,
): Promise<void> {
  while (!enough()) {
    const arrival = await bench.wire.receive(until);
    if (!arrival) return;
    if (arrival.kind !== 'frame' || arrival.frame.type !== (type | RESPONSE_BIT)) continue;
    const { seq, payload } = arrival.frame;
    const poll = polls.findLast((p) => p.seq === seq);
    if (poll) poll.answer = payload;
  }
}

/** A stretch of polls that were all answered, or all not */
export interface Stretch {
  readonly answered: boolean;
  readonly first: number;
  readonly last: number;
  /** When the poll before it and the one after it were sent: it is shorter than the time between [ms] */
  readonly before: number | undefined;
  readonly after: number | undefined;
}

export function stretches(polls: readonly Poll[]): Stretch[] {
  const out: Stretch[] = [];
  let from = 0;
  polls.forEach((poll, i) => {
    const next = polls[i + 1];
    const answered = poll.answer !== undefined;
    if (next && (next.answer !== undefined) === answered) return;
    out.push({
      answered,
      first: polls[from]?.at ?? poll.at,
      last: poll.at,
      before: polls[from - 1]?.at,
      after: next?.at,
    });
    from = i + 1;
  });
  return out;
}
