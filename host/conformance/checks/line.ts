// Section 2: HELLO, rates, pages.
import {
  BaudRequest,
  BaudResponse,
  Capability,
  Command,
  DataFlag,
  encode,
  HelloResponse,
  MIN_WINDOW,
  Mode,
  PagesRequest,
  PagesResponse,
  RATE_IDLE_MS,
  RATE_PROOF_MS,
  RESPONSE_BIT,
  Status,
} from '../../../protocol/index.js';
import { helloRequest } from '../../device/device.js';
import { readAnswer } from '../answers.js';
import { ANSWER_MS, type Bench } from '../bench.js';
import type { Check } from '../check.js';
import { Deviation, expectEqual, expectTrue } from '../deviation.js';
import { begin, dataFrame, pages, sendPage } from '../update.js';
import { Wire } from '../wire.js';

/** Of several times, the shortest: what an adapter or a busy computer adds is never less than nothing. */
const TRIES = 6;
/** Even then an adapter may hold an answer back for so long [ms]. */
const ADAPTER_MS = 20;
/** The device changes after its answer's last bit (protocol, section 5) [ms]. */
const SETTLE_MS = 5;
/** A device may be so much late, or early, with what it does after a time-out [ms]. */
const SLACK_MS = 250;
/** After that it is broken [ms]. */
const LATE_MS = 1000;

async function answersFast(bench: Bench, state: string): Promise<void> {
  let shortest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < TRIES; i++) {
    const frame = bench.frame(Command.HELLO, helloRequest(true));
    await bench.wire.post(frame);
    const sent = bench.wire.freeAt;
    const answer = await bench.answerTo(frame);
    readAnswer(Command.HELLO, answer, HelloResponse);
    const own = bench.wire.clock.now() - sent - bench.wire.lineTime(Wire.size(answer.length) - 2);
    shortest = Math.min(shortest, own);
  }
  if (shortest > ANSWER_MS + ADAPTER_MS) {
    throw new Deviation(
      `HELLO ${state} answered within ${ANSWER_MS} ms`,
      `${shortest.toFixed(0)} ms`,
    );
  }
}

function plausible(info: HelloResponse): void {
  const size = info.appEnd - info.appBase;
  const { pageSize, appBase, appEnd, window, holdMs, maxRate, defaultRate } = info;
  expectEqual('mode', info.mode, Mode.BOOTLOADER);
  expectTrue(
    'a page size that is a power of two from 128',
    pageSize >= 128 && (pageSize & (pageSize - 1)) === 0,
    String(pageSize),
  );
  expectTrue(
    'an application area of whole pages',
    size > 0 && size % pageSize === 0 && appBase % pageSize === 0,
    `${appBase} to ${appEnd}`,
  );
  expectTrue('a window of at least MIN_WINDOW', window >= MIN_WINDOW, String(window));
  expectTrue('hold_ms above 0', holdMs > 0, String(holdMs));
  expectTrue(
    'max_rate not below default_rate',
    maxRate >= defaultRate && defaultRate > 0,
    `${maxRate}, ${defaultRate}`,
  );
}

async function hello(bench: Bench): Promise<void> {
  plausible(await bench.hello());
  await answersFast(bench, 'without a session');
  if (bench.closed !== undefined) return;
  const image = bench.image({ seed: 7, size: bench.info.pageSize + 8 });
  await begin(bench, image);
  await answersFast(bench, 'after BEGIN');
  await sendPage(bench, image, 0, 0);
  await answersFast(bench, 'in an update');
  plausible(await bench.hello());
  await bench.abort();
  await answersFast(bench, 'after ABORT');
}

async function baudRefused(bench: Bench): Promise<void> {
  bench.needRates();
  const { maxRate } = bench.info;
  for (const rate of [0, maxRate + 1, 2 * maxRate, 0xffff_ffff]) {
    if (rate > 0xffff_ffff) continue;
    const detail = await bench.refused(
      Status.RATE_UNAVAILABLE,
      Command.BAUD,
      encode(BaudRequest, { rate }),
    );
    expectEqual('detail of RATE_UNAVAILABLE, the highest rate,', detail, maxRate);
  }
  await bench.hello();
  // Rates near the highest are the hardest to make; a device may refuse them, but not miss them.
  for (const rate of [Math.floor(maxRate * 0.97), Math.floor(maxRate * 0.91)]) {
    const answer = await bench.ask(Command.BAUD, encode(BaudRequest, { rate }));
    if (answer[0] === Status.RATE_UNAVAILABLE) continue;
    const real = readAnswer(Command.BAUD, answer, BaudResponse).rate;
    const off = Math.abs(real - rate) / rate;
    expectTrue(`a rate within 2 % of ${rate}, or RATE_UNAVAILABLE`, off <= 0.02, String(real));
    await bench.wire.sleep(RATE_PROOF_MS + SLACK_MS);
    await backAtDefault(bench, `${RATE_PROOF_MS} ms after BAUD without a proof`);
  }
}

async function backAtDefault(bench: Bench, when: string): Promise<void> {
  const end = bench.clock.now() + LATE_MS;
  // At another rate these are no frames for the device, and prove nothing.
  while (bench.clock.now() < end) {
    await bench.wire.post(bench.frame(Command.HELLO, helloRequest(true)));
    const arrival = await bench.wire.receive(bench.wire.freeAt + SLACK_MS);
    if (arrival?.kind !== 'frame' || arrival.frame.type !== (Command.HELLO | RESPONSE_BIT))
      continue;
    return bench.drain();
  }
  throw new Deviation(`HELLO answered at ${bench.rate} baud ${when}`, 'nothing');
}

/** Another rate that adapters and devices can make. */
function otherRate(bench: Bench): number {
  const { maxRate } = bench.info;
  const rates = [230_400, 57_600, 460_800, 38_400, 19_200];
  const rate = rates.find((r) => r <= maxRate && r !== bench.rate);
  return rate ?? Math.floor(bench.rate / 2);
}

async function changeRate(bench: Bench, rate: number): Promise<void> {
  const answer = await bench.answer(Command.BAUD, encode(BaudRequest, { rate }), BaudResponse);
  expectEqual('status of BAUD', answer.status, Status.OK);
  await bench.wire.drain();
  await bench.wire.setRate(rate);
  await bench.wire.sleep(SETTLE_MS);
}

async function baudReturns(bench: Bench): Promise<void> {
  bench.needRates();
  const rate = otherRate(bench);
  const image = bench.image({ seed: 7 });
  if (bench.closed === undefined) await begin(bench, image);

  await changeRate(bench, rate);
  await bench.wire.setRate(bench.rate);
  await bench.wire.sleep(RATE_PROOF_MS + SLACK_MS);
  await backAtDefault(bench, `${RATE_PROOF_MS} ms after BAUD without a proof`);

  await changeRate(bench, rate);
  await bench.wire.sleep(RATE_PROOF_MS - SLACK_MS);
  await proven(bench, `HELLO answered at ${rate} baud just before RATE_PROOF_MS`);
  // The device counts from the request that came in, not from its answer's last byte.
  const answerMs = bench.wire.lineTime(Wire.size(HelloResponse.size));
  await bench.wire.sleep(RATE_IDLE_MS - SLACK_MS - answerMs);
  await proven(bench, `HELLO answered at ${rate} baud just before RATE_IDLE_MS`);
  await bench.wire.sleep(RATE_IDLE_MS + SLACK_MS);
  await bench.wire.setRate(bench.rate);
  await backAtDefault(bench, `${RATE_IDLE_MS} ms after the last frame`);
  if (bench.closed !== undefined) return;
  const ask = dataFrame(bench, 0, DataFlag.ASK);
  await bench.wire.post(ask);
  const answer = await bench.answerTo(ask, bench.info.pageMs);
  expectEqual('status of DATA after the rate returned', answer[0], Status.OK);
  await bench.abort();
}

async function proven(bench: Bench, what: string): Promise<void> {
  try {
    await bench.hello();
  } catch (error) {
    if (error instanceof Deviation) throw new Deviation(what, error.found);
    throw error;
  }
}

async function pagesRange(bench: Bench): Promise<void> {
  const { appBase, appEnd, pageSize } = bench.info;
  const area = appEnd - appBase;
  // An image of all there is, and one of two pages: what is behind an image is nobody's business.
  for (const size of bench.closed === undefined ? [area, pageSize + 8] : []) {
    await begin(bench, bench.image({ seed: 4, header: { imageSize: size } }));
    await pagesAre(bench, Math.ceil(size / pageSize));
  }
  await bench.abort();
  const { installed, capabilities } = await bench.hello();
  if ((capabilities & Capability.SIGNATURE) === 0)
    await pagesAre(bench, Math.ceil(installed.size / pageSize));
}

/** The device answers for so many pages, and refuses all others. */
async function pagesAre(bench: Bench, all: number): Promise<void> {
  const most = Math.min(Math.floor((bench.info.maxPayload - PagesResponse.size) / 4), 0xffff);
  if (all > 0) await pages(bench, 0, 1);
  if (all > 0) await pages(bench, all - 1, 1);
  if (all > 0) await pages(bench, Math.max(0, all - most), Math.min(all, most));
  const last = Math.max(0, all - 1);
  const wrong: (readonly [number, number])[] = [
    [all, 1],
    [last, 2],
    [0, 0],
    [all, 0],
    [0, Math.min(0xffff, Math.max(all, most) + 1)],
    [0xffff, 1],
    [0xffff, 0xffff],
    [1, 0xffff],
    [last, 0xffff],
  ];
  if (most < all) wrong.push([0, most + 1]);
  for (const [first, count] of wrong) {
    await bench.refused(Status.BAD_REQUEST, Command.PAGES, encode(PagesRequest, { first, count }), {
      limitMs: bench.info.pagesMs,
    });
  }
}

export const LINE_CHECKS: readonly Check[] = [
  {
    id: 'hello',
    requirements: ['B-20'],
    title: 'HELLO is answered fast in every state, and makes sense',
    run: hello,
  },
  {
    id: 'baud-refused',
    requirements: ['B-23'],
    title: 'rates that can not be made are refused',
    run: baudRefused,
  },
  {
    id: 'baud-returns',
    requirements: ['B-24'],
    title: 'a changed rate returns by itself, keeping the update',
    run: baudReturns,
  },
  {
    id: 'pages-range',
    requirements: ['B-25'],
    title: 'PAGES answers for the application area only',
    run: pagesRange,
  },
];
