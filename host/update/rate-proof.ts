// Whether a rate holds: long frames back to back in both directions, with what a bad line is likely to get wrong.
import { Command, HelloRequest, MIN_WINDOW } from '../../protocol/index.js';
import { concat } from '../base/bytes.js';
import { type Device, HELLO_ANSWER_SIZE, helloRequest } from '../device/device.js';
import { type Outgoing, Session } from '../link/session.js';

/** About a page towards the device, and nearly as much back */
const FRAMES = 8;
/** Every bootloader takes as much (MIN_PAYLOAD_LIMIT) [bytes]. */
const PAYLOAD = 256;
/** For one of them, line time apart [ms] */
const WORK_MS = 20;
/** Noise that hits any rate must not cost a good one. */
const ATTEMPTS = 2;

/** True if all of these frames arrive, and the answers to all of them. */
export async function rateHolds(device: Device): Promise<boolean> {
  for (let i = 0; i < ATTEMPTS; i++) {
    if (await allAnswered(device)) return true;
  }
  return false;
}

async function allAnswered({ session, info }: Device): Promise<boolean> {
  const window = Math.max(info.window, MIN_WINDOW);
  const size = Session.wireSize(PAYLOAD);
  for (let sent = 0; sent < FRAMES; ) {
    const room = Math.floor((window - session.bytesUnanswered - 1) / size);
    // What was lost before stays in the window until a newer frame is answered.
    const most = session.halfDuplex ? 1 : FRAMES;
    const count = Math.min(most, FRAMES - sent, Math.max(1, room));
    let answers = 0;
    let last = false;
    await session.post(
      Array.from({ length: count }, (_, i): Outgoing => {
        const onAnswer = (): void => {
          answers++;
          last = i === count - 1;
        };
        const answer = { answerSize: HELLO_ANSWER_SIZE, workMs: WORK_MS, onAnswer };
        return { type: Command.HELLO, payload: REQUEST, ...answer };
      }),
    );
    await session.until(session.answersAt + session.margin, () => last);
    if (answers < count) return false;
    sent += count;
  }
  return true;
}

/** A HELLO that holds; what is behind its fields is not looked at (protocol § 3). */
const REQUEST = concat([helloRequest(true), pattern(PAYLOAD - HelloRequest.size)]);

/** As many edges as there can be, none but the start bits, single bits, and something of everything */
function pattern(size: number): Uint8Array {
  const single = [0x01, 0x80, 0x7f, 0xfe];
  let state = 1;
  return Uint8Array.from({ length: size }, (_, i) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    switch (Math.floor((4 * i) / size)) {
      case 0:
        return 0x55;
      case 1:
        return 0xff;
      case 2:
        return single[i % single.length] ?? 0;
      default:
        return state >>> 24;
    }
  });
}
