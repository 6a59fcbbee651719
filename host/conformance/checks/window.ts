// Section 1: the window, filled to its last byte while the device is busy with its flash.
import {
  BURST_START,
  DataFlag,
  encodeFrame,
  FRAME_DELIMITER,
  type Frame,
  MAX_UNANSWERED,
  MIN_WINDOW,
  PageFlag,
  Status,
} from '../../../protocol/index.js';
import { concat } from '../../base/bytes.js';
import type { Bench } from '../bench.js';
import type { Check } from '../check.js';
import { expectEqual, expectTrue } from '../deviation.js';
import type { TestImage } from '../image.js';
import { dataFrame, expectStatus, pageCrc, pageFrames, pages, readData } from '../update.js';
import { Wire } from '../wire.js';
import { begun } from './data.js';

/** Frames with the last page, as short as a page can be: each keeps the device busy for a whole erase. */
function slowFrames(bench: Bench, image: TestImage, whole: number, count: number): Frame[] {
  return Array.from({ length: count }, (_, i) => i).flatMap((i) =>
    pageFrames(bench, image, whole, i, { flags: PageFlag.FORCE, ask: false }),
  );
}

/** An erase may be so fast [ms]; it is waited for nowhere else. */
const ERASE_MS = 20;

async function window(bench: Bench): Promise<void> {
  bench.needUpdates();
  const { info } = bench;
  expectTrue('a window of at least MIN_WINDOW', info.window >= MIN_WINDOW, String(info.window));
  const area = (info.appEnd - info.appBase) / info.pageSize;
  const whole = Math.min(area - 1, Math.ceil(info.window / info.pageSize) + 1);
  const image = await begun(bench, 24, whole);
  // While the device works on these, all the rest of the window arrives.
  const slow = Math.min(64, Math.ceil(bench.wire.lineTime(info.window) / ERASE_MS) + 2);
  const frames = slowFrames(bench, image, whole, slow);
  const longestAsk = Wire.size(3);
  let size = 1 + frames.reduce((sum, frame) => sum + encodeFrame(frame).length, 0);
  let sent = 0;
  for (let page = 0; page < whole; page++) {
    const next = pageFrames(bench, image, page, frames.length, { ask: false });
    const more = next.reduce((sum, frame) => sum + encodeFrame(frame).length, 0);
    if (size + more + longestAsk > info.window || frames.length + next.length >= MAX_UNANSWERED)
      break;
    frames.push(...next);
    size += more;
    sent++;
  }
  const asked = dataFrame(bench, frames.length, DataFlag.ASK);
  const last = encodeFrame(asked);
  const padding = new Uint8Array(Math.max(0, info.window - size - last.length)).fill(
    FRAME_DELIMITER,
  );
  const burst = concat([BURST_START, ...frames.map(encodeFrame), padding, last]);
  expectEqual('bytes of the burst', burst.length, info.window);
  await bench.wire.send(burst);
  const answer = readData(await bench.answerTo(asked, (slow + sent + 1) * info.pageMs));
  expectStatus(
    `the answer after a full window of ${info.window} bytes`,
    answer.status,
    Status.OK,
    answer.detail,
  );
  expectEqual(`next after a full window of ${info.window} bytes`, answer.next, frames.length);
  expectEqual('pages completed', answer.pages, slow + sent);
  const wanted = Array.from({ length: sent }, (_, page) => pageCrc(bench, image, page));
  if (sent > 0)
    expectEqual('CRC-32 of the pages', String(await pages(bench, 0, sent)), String(wanted));
  await bench.abort();
}

export const WINDOW_CHECKS: readonly Check[] = [
  {
    id: 'window',
    requirements: ['B-10'],
    title: 'a full window is held while the flash is busy',
    run: window,
  },
];
