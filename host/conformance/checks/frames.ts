// Section 1: frames, damaged and whole, and what a device may say to them.
import {
  BURST_START,
  Command,
  encodeFrame,
  FRAME_DELIMITER,
  HelloResponse,
  MAX_PAYLOAD,
  MIN_PAYLOAD_LIMIT,
  Stay,
} from '../../../protocol/index.js';
import { concat } from '../../base/bytes.js';
import { nameOf } from '../../base/text.js';
import { helloRequest } from '../../device/device.js';
import { readAnswer } from '../answers.js';
import type { Bench } from '../bench.js';
import type { Check } from '../check.js';
import { expectEqual, expectTrue } from '../deviation.js';
import { noise } from '../image.js';
import { begin, beginPayload, dataFrame, progress } from '../update.js';

const ROUNDS = 12;
const RUN = 254;
/** Beyond the answer to the last request, a device must stay quiet [ms]. */
const QUIET_MS = 1000;

async function expectHello(bench: Bench, bytes: Uint8Array, seq: number): Promise<void> {
  const frame = bench.frame(Command.HELLO, helloRequest(true), { seq });
  await bench.wire.send(bytes);
  readAnswer(Command.HELLO, await bench.answerTo(frame), HelloResponse);
}

async function afterNoise(bench: Bench): Promise<void> {
  for (let round = 1; round <= ROUNDS; round++) {
    // Any noise, with and without delimiters in it, a whole burst right behind it.
    const frame = bench.frame(Command.HELLO, helloRequest(true));
    const before = noise(round, 1 + ((round * 37) % 300));
    const dense = round % 2 === 0 ? before.map((byte) => byte || 1) : before;
    await bench.wire.send(concat([dense, BURST_START, encodeFrame(frame)]));
    readAnswer(Command.HELLO, await bench.answerTo(frame), HelloResponse);
  }
  const frame = bench.frame(Command.HELLO, helloRequest(true));
  const bytes = concat([BURST_START, BURST_START, encodeFrame(frame)]);
  // In pieces with pauses in between, as a slow adapter delivers it.
  for (const byte of bytes) {
    await bench.wire.send(Uint8Array.of(byte));
    await bench.wire.sleep(3);
  }
  readAnswer(Command.HELLO, await bench.answerTo(frame), HelloResponse);
}

/** A HELLO whose encoded form ends with a block of exactly 254 bytes: with and without the empty block after it. */
async function bothCobsForms(bench: Bench): Promise<void> {
  for (let fill = 1; fill < 255; fill++) {
    const payload = new Uint8Array(RUN).fill(fill);
    payload.set(helloRequest(true));
    payload[3] = 0;
    const frame = bench.frame(Command.HELLO, payload, { seq: 0x55 });
    const encoded = encodeFrame(frame);
    const body = encoded.subarray(0, encoded.length - 1);
    if (body.at(-RUN - 1) !== RUN + 1) continue;
    await expectHello(bench, concat([BURST_START, body, Uint8Array.of(1, FRAME_DELIMITER)]), 0x55);
    await expectHello(bench, concat([BURST_START, encoded]), 0x55);
    return;
  }
  throw new Error('no frame ends with a block of 254 bytes');
}

/** Every bit of a frame, but for the delimiters */
function flipped(encoded: Uint8Array): Uint8Array[] {
  return Array.from({ length: 8 * (encoded.length - 1) }, (_, bit) => {
    const copy = encoded.slice();
    copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return copy;
  });
}

async function damaged(bench: Bench): Promise<void> {
  const before = await bench.hello();
  const enter = encodeFrame(bench.frame(Command.ENTER));
  await inWindows(bench, 'a frame with one wrong bit', flipped(enter));
  const hello = encodeFrame(bench.frame(Command.HELLO, helloRequest(true)));
  const cut = Array.from({ length: hello.length - 1 }, (_, length) =>
    concat([hello.subarray(0, length), BURST_START]),
  );
  await inWindows(bench, 'a frame cut short', cut);
  // A right CRC in the wrong byte order, and the CRC of nothing
  const tail = hello.length - 5;
  const swapped = hello.slice();
  swapped.set([...hello.subarray(tail, tail + 4)].reverse(), tail);
  await inWindows(bench, 'a frame with its CRC reversed', [swapped]);
  // One that would begin an update, if it were taken
  const begin = encodeFrame(bench.frame(Command.BEGIN, beginPayload(bench.image().header)));
  const wrong = begin.slice();
  wrong[wrong.length - 3] = (wrong[wrong.length - 3] ?? 0) ^ 0x40 || 1;
  const after = await bench.expectUnanswered(
    'BEGIN with a wrong CRC',
    concat([BURST_START, wrong]),
  );
  expectEqual('sequence of the pending image', after.pending.sequence, before.pending.sequence);
}

/** Sends what must not be answered, never more than the window at once. */
async function inWindows(bench: Bench, what: string, frames: readonly Uint8Array[]): Promise<void> {
  let burst: Uint8Array[] = [BURST_START];
  let size = 1;
  for (const frame of frames) {
    if (size + frame.length > bench.info.window / 2) {
      await bench.expectUnanswered(what, concat(burst));
      burst = [BURST_START];
      size = 1;
    }
    burst.push(frame);
    size += frame.length;
  }
  await bench.expectUnanswered(what, concat(burst));
}

async function tooLong(bench: Bench): Promise<void> {
  const { stay } = bench.info;
  // A session lives in the device's RAM: it shows whether anything was harmed.
  const image = bench.image({ seed: 2 });
  if (bench.closed === undefined) await begin(bench, image);
  await sendTooLong(bench);
  expectEqual('stay', nameOf(Stay, bench.info.stay), nameOf(Stay, stay));
  if (bench.closed !== undefined) return;
  const { status, next } = await progress(bench);
  expectEqual('status of the session and next', `${status}, ${next}`, '0, 0');
  await bench.abort();
}

async function sendTooLong(bench: Bench): Promise<void> {
  const payload = noise(3, MAX_PAYLOAD);
  payload.set(helloRequest(true));
  const longest = encodeFrame(bench.frame(Command.HELLO, payload));
  // As one frame with a right CRC no encoder makes it; a damaged one shows the same: more than anybody accepts.
  const frames = [
    concat([
      longest.subarray(0, longest.length - 1),
      noise(4, 64).map((byte) => byte || 1),
      BURST_START,
    ]),
    concat([new Uint8Array(3 * MAX_PAYLOAD).fill(0xff), BURST_START]),
    concat([new Uint8Array(3 * MAX_PAYLOAD).fill(0x01), BURST_START]),
  ];
  for (const frame of frames)
    await bench.expectUnanswered('a frame of more than 4096 bytes', frame);
  if (bench.info.maxPayload >= MAX_PAYLOAD) return;
  const over = new Uint8Array(Math.min(MAX_PAYLOAD, bench.info.maxPayload + 1024)).fill(0x5a);
  over.set(helloRequest(true));
  const frame = encodeFrame(bench.frame(Command.HELLO, over));
  await bench.expectUnanswered('a frame longer than max_payload', concat([BURST_START, frame]));
}

async function onlyOneAnswer(bench: Bench): Promise<void> {
  for (const seq of [0, 1, 0x7f, 0x80, 0xff]) await bench.hello(true, { seq });
  const { maxPayload } = bench.info;
  const ask = dataFrame(bench, 0, 0);
  await bench.wire.post(ask);
  await bench.expectQuiet('a DATA frame that does not ask');
  await bench.ask(Command.ENTER);
  await bench.ask(Command.PAGES, Uint8Array.of(0, 0, 1, 0), { limitMs: bench.info.pagesMs });
  await bench.ask(Command.HELLO, new Uint8Array(Math.min(64, maxPayload)));
  await bench.silence(`after the answer to HELLO within ${QUIET_MS} ms`, QUIET_MS);
  await bench.hello();
  await bench.silence(`after the answer to HELLO within ${QUIET_MS} ms`, QUIET_MS);
}

async function payloadLimit(bench: Bench): Promise<void> {
  const { maxPayload } = bench.info;
  expectTrue(
    'max_payload of at least MIN_PAYLOAD_LIMIT',
    maxPayload >= MIN_PAYLOAD_LIMIT,
    String(maxPayload),
  );
  expectTrue('max_payload of at most MAX_PAYLOAD', maxPayload <= MAX_PAYLOAD, String(maxPayload));
  for (const size of [MIN_PAYLOAD_LIMIT, maxPayload - 1, maxPayload]) {
    for (const fill of [0, 0x5a, 0xff]) {
      const payload = new Uint8Array(size).fill(fill);
      payload.set(helloRequest(true));
      const answer = await bench.ask(Command.HELLO, payload);
      readAnswer(Command.HELLO, answer, HelloResponse);
    }
  }
}

export const FRAME_CHECKS: readonly Check[] = [
  {
    id: 'noise',
    requirements: ['B-1'],
    title: 'frames are found after noise and in pieces',
    run: afterNoise,
  },
  {
    id: 'cobs-forms',
    requirements: ['B-1'],
    title: 'both forms of a final block of 254 bytes are taken',
    run: bothCobsForms,
  },
  {
    id: 'bad-crc',
    requirements: ['B-2'],
    title: 'damaged and shortened frames are not acted on',
    run: damaged,
  },
  {
    id: 'too-long',
    requirements: ['B-3'],
    title: 'frames that are too long do no harm',
    run: tooLong,
  },
  {
    id: 'silent',
    requirements: ['B-4'],
    title: 'one answer a request, and nothing else',
    run: onlyOneAnswer,
  },
  {
    id: 'payload-limit',
    requirements: ['B-9'],
    title: 'payloads up to the announced limit are taken',
    run: payloadLimit,
  },
];
