// Section 9: a device on one pair for both directions. What it drives shows in whether its neighbours are understood.
import {
  Capability,
  Command,
  DataFlag,
  DataRequest,
  EnterResponse,
  encode,
  HelloResponse,
  Status,
} from '../../../protocol/index.js';
import { helloRequest } from '../../device/device.js';
import { readAnswer } from '../answers.js';
import { ANSWER_MS, type Bench, TURN_MS } from '../bench.js';
import type { Check } from '../check.js';
import { UNKNOWN_TYPE } from '../polls.js';

const ROUNDS = 20;
/** Of a request: on the line for longer than any turn-round time, at the usual rates [bytes] */
const LONG = 240;
/** Longer than an answer may take [ms] */
const NOISE_MS = 2 * ANSWER_MS;
const NO_DELIMITER = 0x55;

/** Short answers and long ones, each followed by a request at the first moment at which one is allowed. */
async function requestsInTurn(bench: Bench): Promise<void> {
  bench.needCapability(Capability.HALF_DUPLEX, 'HALF_DUPLEX');
  const ask = encode(DataRequest, { number: 0, flags: DataFlag.ASK, body: new Uint8Array() });
  for (let i = 0; i < ROUNDS; i++) {
    await bench.answer(Command.HELLO, helloRequest(true), HelloResponse);
    await bench.wire.sleep(TURN_MS);
    await bench.refused(Status.UNKNOWN_COMMAND, UNKNOWN_TYPE);
    await bench.wire.sleep(TURN_MS);
    readAnswer(Command.ENTER, await bench.ask(Command.ENTER), EnterResponse);
    await bench.wire.sleep(TURN_MS);
    await bench.refused(Status.NO_SESSION, Command.DATA, ask);
    await bench.wire.sleep(TURN_MS);
  }
}

/** One request on the heels of another: the host waits for nothing but the second one's answer, and two devices that were asked so may begin at the same moment. */
async function requestsBehindEachOther(bench: Bench): Promise<void> {
  const first = bench.frame(UNKNOWN_TYPE);
  const second = bench.frame(UNKNOWN_TYPE, new Uint8Array(Math.min(LONG, bench.info.maxPayload)));
  await bench.wire.post(first, second);
  await bench.answerTo(second);
  await bench.wire.sleep(TURN_MS);
}

/** What comes in delays an answer until it would come too late, and then there is none. */
async function noiseBehindRequest(bench: Bench): Promise<void> {
  await bench.wire.post(bench.frame(UNKNOWN_TYPE));
  await bench.wire.send(
    new Uint8Array(Math.ceil(NOISE_MS / bench.wire.lineTime(1))).fill(NO_DELIMITER),
  );
  await bench.silence('behind a request and 100 ms of noise', ANSWER_MS);
  await bench.hello();
  await bench.wire.sleep(TURN_MS);
}

export const HALF_DUPLEX_CHECKS: readonly Check[] = [
  {
    id: 'half-duplex',
    requirements: ['B-100', 'B-101', 'B-102', 'B-103'],
    title:
      'on a half-duplex pair each request is answered, 1 ms after the answer before it, but for one that another follows, or that would be answered late',
    run: async (bench) => {
      await requestsInTurn(bench);
      await requestsBehindEachOther(bench);
      await noiseBehindRequest(bench);
    },
  },
];
