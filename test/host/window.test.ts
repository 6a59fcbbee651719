// How much an update has on the way, to the byte: what the device announces, less what is kept for questions.
import { expect, test } from 'vitest';
import { Session } from '../../host/link/session.js';
import { Command, DataRequest, decode } from '../../protocol/index.js';
import { appImage } from '../support/images.js';
import { bench, expectInstalled, start } from '../support/one-bench.js';

const PAYLOAD = 272;
const FRAME = Session.wireSize(PAYLOAD);
/** Each is a burst of its own, which begins with a delimiter. */
const EIGHT_QUESTIONS = 8 * (Session.wireSize(DataRequest.size) + 1);

test.each([
  ['and not one frame more than fits', EIGHT_QUESTIONS + 1 + 4 * FRAME, 4],
  ["the burst's delimiter is one byte too many", EIGHT_QUESTIONS + 4 * FRAME, 3],
])('a device that says nothing is sent its window: %s', async (_, window, frames) => {
  start({ pageSize: 2048, info: { maxPayload: PAYLOAD, window } });
  let asked = false;
  let sent = 0;
  bench.device.hook = ({ type, payload }) => {
    if (type !== Command.DATA || asked) return undefined;
    asked = decode(DataRequest, payload).body.length === 0;
    if (!asked) sent++;
    return asked ? undefined : 'drop';
  };
  const image = appImage(10_000);
  expectInstalled(await bench.update(image), image);
  expect(sent).toBe(frames);
});
