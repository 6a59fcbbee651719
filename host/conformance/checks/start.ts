// Section 5: when the application is started, and when it is not. The test images give the device back by a reset.
import {
  ADDRESS_BROADCAST,
  Command,
  encode,
  HelloResponse,
  LISTEN_MS,
  Mode,
  PagesRequest,
  Status,
  Stay,
} from '../../../protocol/index.js';
import { nameOf } from '../../base/text.js';
import { readAnswer } from '../answers.js';
import { ANSWER_MS, type Bench } from '../bench.js';
import type { Check } from '../check.js';
import { Deviation, expectEqual, expectTrue } from '../deviation.js';
import { LEAST_PAUSE_MS } from '../image.js';
import { helloPoll, type Poll, poll, type Stretch, stretches } from '../polls.js';
import { begin, expectStatus, home, install, sendPage } from '../update.js';

/** The test image's pause at 8 MHz, and a start and a window, with room [ms] */
export const CYCLE_MS = 4000;
/** After BOOT's answer the application must be running so soon: reset, start, second pass [ms]. */
const STARTED_MS = 60;
/** A clock may be off by so much: an RC oscillator over temperature. */
const CLOCK_SHARE = 0.03;
/** A poll may be so much longer on its way than the one before it [ms]. */
const JITTER_MS = 20;
/** Late beyond a time-out: adapters, polls, a look at the image [ms] */
const LATE_MS = 1500;

export async function boot(bench: Bench): Promise<void> {
  const answer = await bench.ask(Command.BOOT, undefined, { limitMs: bench.info.beginMs });
  expectStatus('BOOT', answer[0] ?? 0xff, Status.OK);
}

/** Until the device has come back from the application and gone there again */
function cycled(polls: readonly Poll[]): boolean {
  const quiet = stretches(settled(polls)).filter(({ answered }) => !answered);
  return quiet.length >= 2;
}

/** Without the newest polls, whose answers may still come */
function settled(polls: readonly Poll[]): readonly Poll[] {
  const newest = polls.at(-1)?.at ?? 0;
  return polls.filter(({ at }) => at < newest - 60);
}

interface Cycle {
  /** The application's silence */
  readonly silence: Stretch;
  /** The listening window after it */
  readonly window: Stretch;
}

/** Polls a device that was just started through the application's silence and the window after its reset. */
async function cycle(bench: Bench): Promise<Cycle> {
  const polls = await poll(bench, CYCLE_MS, cycled);
  // Where the first answers are still the bootloader's own, they belong to no window.
  const all = stretches(polls).filter((stretch, i) => i > 0 || !stretch.answered);
  const [silence, window] = all;
  if (!silence)
    throw new Deviation(
      'the test image started, which is silent',
      `answers for ${CYCLE_MS} ms, of the bootloader or of another application`,
    );
  if (!window) {
    throw new Deviation(
      'the device back after the test image reset it',
      `nothing for ${CYCLE_MS} ms`,
    );
  }
  return { silence, window };
}

async function bootCheck(bench: Bench): Promise<void> {
  bench.needUpdates();
  const unfinished = bench.image({ seed: 49, size: bench.info.pageSize + 8 });
  await begin(bench, unfinished);
  await sendPage(bench, unfinished, 1, 0);
  await bench.refused(Status.NOT_BOOTABLE, Command.BOOT, undefined, {
    limitMs: bench.info.beginMs,
  });
  await home(bench);
  await boot(bench);
  const answeredAt = bench.clock.now();
  const { silence } = await cycle(bench);
  const late = silence.first - answeredAt;
  expectTrue(
    `no answers later than ${STARTED_MS} ms after BOOT's (no listening window)`,
    late <= STARTED_MS,
    `answers for ${late.toFixed(0)} ms`,
  );
  await bench.acquire();
  expectEqual('stay after the reset', nameOf(Stay, bench.info.stay), 'HOST');
}

/** The test image resets at once unless it was entered as from a reset, with its vector table in force. */
async function entry(bench: Bench): Promise<void> {
  await home(bench);
  await boot(bench);
  const { silence } = await cycle(bench);
  const ms = (silence.after ?? silence.last) - (silence.before ?? silence.first);
  expectTrue(
    `a silence of at least ${LEAST_PAUSE_MS} ms (stack pointer, SVC through its own vectors, no interrupt, no tick)`,
    ms >= LEAST_PAUSE_MS,
    `${ms.toFixed(0)} ms`,
  );
  await bench.acquire();
}

/** Common practice in applications that know no better way, and what a stray pointer does. */
async function jump(bench: Bench): Promise<void> {
  bench.needUpdates();
  await install(bench, bench.image({ seed: 51, jumps: true }));
  await boot(bench);
  await cycle(bench);
  await bench.acquire();
  expectEqual('stay after the jump', nameOf(Stay, bench.info.stay), 'HOST');
  await home(bench);
}

async function broadcastBoot(bench: Bench): Promise<void> {
  await home(bench);
  await bench.wire.post(bench.frame(Command.BOOT, undefined, { address: ADDRESS_BROADCAST }));
  await bench.silence('after BOOT to address 255', ANSWER_MS);
  await cycle(bench);
  await bench.acquire();
}

/** Longest time that a stretch of answers can have lasted [ms] */
function longest({ before, after, first, last }: Stretch): number {
  return (after ?? last) - (before ?? first);
}

async function listeningWindow(bench: Bench): Promise<void> {
  await home(bench);
  await boot(bench);
  const shortest = LISTEN_MS * (1 - CLOCK_SHARE) - JITTER_MS;
  for (let round = 0; round < 2; round++) {
    const { window } = await cycle(bench);
    expectTrue(
      `answers for at least ${LISTEN_MS} ms after a reset`,
      longest(window) >= shortest,
      `${longest(window).toFixed(0)} ms at most`,
    );
  }
  // A call in the window keeps the device; a call without HOLD did not, or the window would not have ended.
  await bench.acquire();
  await bench.wire.sleep(5 * LISTEN_MS);
  await bench.hello();
  if (!bench.power) return;
  await bench.powerOff();
  const on = bench.power.on();
  on.catch(() => {}); // awaited below, if polling does not fail first
  const polls = await poll(
    bench,
    CYCLE_MS,
    (p) => cycled(p) && stretches(settled(p)).some(({ answered }) => answered),
  );
  await on;
  const afterPower = stretches(polls).find(({ answered }) => answered);
  if (!afterPower) throw new Deviation('answers after power came back', 'none');
  expectTrue(
    `answers for at least ${LISTEN_MS} ms after power came back`,
    longest(afterPower) >= shortest,
    `${longest(afterPower).toFixed(0)} ms at most`,
  );
  await bench.acquire();
}

/** Until the device is somewhere else */
async function leaves(bench: Bench, ms: number): Promise<number | undefined> {
  const polls = await poll(bench, ms, gone, helloPoll(bench));
  const index = goneAt(polls);
  return index === undefined ? undefined : polls[index]?.at;
}

/** The first poll that is not answered, with one more after it, or answered after another start */
function goneAt(polls: readonly Poll[]): number | undefined {
  const index = polls.findIndex(({ answer }, i) => {
    if (answer) {
      const { stay, mode } = readAnswer(Command.HELLO, answer, HelloResponse);
      return stay === Stay.NONE || mode === Mode.APP;
    }
    return polls[i + 1] !== undefined && polls[i + 1]?.answer === undefined;
  });
  return index < 0 ? undefined : index;
}

function gone(polls: readonly Poll[]): boolean {
  return goneAt(settled(polls)) !== undefined;
}

function expectLeft(what: string, since: number, left: number | undefined, holdMs: number): void {
  if (left === undefined)
    throw new Deviation(`${what} ${holdMs} ms after the last frame that counts`, 'still there');
  const ms = left - since;
  const least = holdMs * (1 - CLOCK_SHARE) - 60;
  if (ms < least)
    throw new Deviation(
      `${what} ${holdMs} ms after the last frame that counts`,
      `${ms.toFixed(0)} ms`,
    );
}

async function idle(bench: Bench): Promise<void> {
  await home(bench);
  const { holdMs } = await bench.hello();
  await bench.wire.sleep(1500);
  // Any valid frame counts from then on, not only HELLO.
  await bench.ask(Command.PAGES, encode(PagesRequest, { first: 0, count: 1 }), {
    limitMs: bench.info.pagesMs,
  });
  const since = bench.clock.now();
  await bench.wire.sleep(holdMs * (1 - CLOCK_SHARE) - 200);
  const left = await leaves(bench, holdMs * 2 * CLOCK_SHARE + 200 + LATE_MS);
  expectLeft('gone', since, left, holdMs);
  await bench.acquire();
}

async function helloDoesNotHold(bench: Bench): Promise<void> {
  await home(bench);
  const { holdMs } = await bench.hello();
  const since = bench.clock.now();
  for (let ms = 0; ms < holdMs - 1500; ms += 1000) {
    await bench.wire.sleep(1000);
    await bench.hello(false);
  }
  const left = await leaves(
    bench,
    since + holdMs * (1 + CLOCK_SHARE) + LATE_MS - bench.clock.now(),
  );
  expectLeft('gone in spite of HELLO without HOLD', since, left, holdMs);
  await bench.acquire();
}

export const START_CHECKS: readonly Check[] = [
  { id: 'boot', requirements: ['B-69'], title: 'BOOT starts a good image at once', run: bootCheck },
  {
    id: 'entry',
    requirements: ['B-65'],
    title: 'the application is entered as from a reset',
    run: entry,
  },
  {
    id: 'jump',
    requirements: ['B-72'],
    title: 'an application that jumps to the bootloader with an interrupt running does no harm',
    run: jump,
  },
  {
    id: 'broadcast-boot',
    requirements: ['B-6'],
    title: 'BOOT to all starts the application, unanswered',
    run: broadcastBoot,
  },
  {
    id: 'listening-window',
    requirements: ['B-63'],
    title: 'every reset is followed by a listening window',
    run: listeningWindow,
  },
  {
    id: 'idle',
    requirements: ['B-64'],
    title: 'a held device leaves after hold_ms without a frame',
    run: idle,
  },
  {
    id: 'hello-does-not-hold',
    requirements: ['B-21'],
    title: 'HELLO without HOLD does not keep the device',
    run: helloDoesNotHold,
  },
];
