// Section 3: DATA. What is taken, what is refused, and that only whole and right pages reach the flash.
import {
  DataFlag,
  type DataResponse,
  type Frame,
  ImageState,
  PageFlag,
  type PageHead,
  Rejection,
  Status,
} from '../../../protocol/index.js';
import { concat } from '../../base/bytes.js';
import { nameOf } from '../../base/text.js';
import type { Bench } from '../bench.js';
import type { Check } from '../check.js';
import { Deviation, expectEqual, expectTrue } from '../deviation.js';
import type { TestImage } from '../image.js';
import {
  begin,
  dataFrame,
  end,
  expectPages,
  expectStatus,
  home,
  pageCrc,
  pageFrames,
  pages,
  progress,
  sendData,
  sendPage,
} from '../update.js';

/** A begun image of whole pages and eight bytes more, no page of it written */
export async function begun(bench: Bench, seed: number, whole = 2): Promise<TestImage> {
  bench.needUpdates();
  const image = bench.image({ seed, size: whole * bench.info.pageSize + 8 });
  await begin(bench, image);
  return image;
}

export function expectRejected(
  what: string,
  answer: DataResponse,
  reason: Rejection | undefined,
  next: number,
): void {
  expectStatus(what, answer.status, Status.PAGE_REJECTED, answer.detail);
  if (reason !== undefined && answer.detail !== reason) {
    throw new Deviation(
      `${what}: rejected for ${nameOf(Rejection, reason)}`,
      nameOf(Rejection, answer.detail),
    );
  }
  expectEqual(`${what}: next`, answer.next, next);
}

async function gap(bench: Bench): Promise<void> {
  const image = await begun(bench, 20);
  let next = await sendPage(bench, image, 0, 0);
  // Lower numbers are repeats: whatever they carry, nothing of it is used.
  const repeat = await sendData(bench, pageFrames(bench, image, 1, 0));
  expectStatus('a frame with a lower number', repeat.status, Status.OK);
  expectEqual('next after a frame with a lower number', repeat.next, next);
  for (const number of [next + 1, next + 100, next + 0x7fff]) {
    const ahead = await sendData(bench, pageFrames(bench, image, 1, number));
    expectStatus(`a frame with number ${number} where ${next} is due`, ahead.status, Status.GAP);
    expectEqual(`next after number ${number}`, ahead.next, next);
  }
  const behind = await sendData(bench, pageFrames(bench, image, 1, (next + 0x8001) & 0xffff));
  expectEqual('next after a number 32767 below', behind.next, next);
  expectStatus(
    'the status until the expected frame is taken',
    (await progress(bench)).status,
    Status.GAP,
  );
  const missing = await end(bench, next + 1);
  expectStatus('END with a frame missing', missing.status, Status.GAP);
  expectEqual('next in END with a frame missing', missing.next, next);
  next = await sendPage(bench, image, 1, next);
  const { status, pages: count } = await progress(bench);
  expectStatus('the status after the expected frame', status, Status.OK);
  expectEqual('pages completed', count, 2);
  expectEqual(
    'CRC-32 of the pages',
    String(await pages(bench, 0, 2)),
    String([pageCrc(bench, image, 0), pageCrc(bench, image, 1)]),
  );
  await bench.abort();
}

async function pageCrcs(bench: Bench): Promise<void> {
  await home(bench);
  const installed = bench.info.installed.sequence;
  const image = await begun(bench, 21);
  const before = await pages(bench, 0, 2);
  const wrong = pageCrc(bench, image, 0) ^ 0x8000_0000;
  const untouched = async (what: string): Promise<void> => {
    expectEqual(`pages in flash after ${what}`, String(await pages(bench, 0, 2)), String(before));
    expectEqual(
      `installed entry after ${what}`,
      (await bench.hello()).installed.sequence,
      installed,
    );
  };
  const frames = pageFrames(bench, image, 0, 0, { head: { crc32: wrong >>> 0 } });
  expectRejected('a page with a wrong CRC-32', await sendData(bench, frames), Rejection.CRC, 0);
  await untouched('a page with a wrong CRC-32');

  // A page that is not complete is not written, and END counts it as missing.
  const parts = pageFrames(bench, image, 0, 0, { chunk: Math.min(128, bench.info.pageSize / 4) });
  const most = parts.slice(0, -1);
  await bench.wire.post(...most);
  const half = await sendData(bench, [dataFrame(bench, 0, DataFlag.ASK)]);
  expectStatus('an incomplete page', half.status, Status.OK);
  expectEqual('next in an incomplete page', half.next, most.length);
  const early = await end(bench, most.length);
  expectStatus('END in an incomplete page', early.status, Status.GAP);
  await untouched('an incomplete page');
  await begin(bench, image);
  await sendPage(bench, image, 0, (await progress(bench)).next);
  expectEqual('CRC-32 of the page', (await pages(bench, 0, 1))[0], pageCrc(bench, image, 0));
  await bench.abort();
}

async function pageHeads(bench: Bench): Promise<void> {
  await home(bench);
  const { pageSize, appBase, appEnd } = bench.info;
  const all = (appEnd - appBase) / pageSize;
  const installed = bench.info.installed.sequence;
  const image = await begun(bench, 22);
  const before = await pages(bench, 0, 3);
  const cases: readonly (readonly [string, Partial<PageHead>, Rejection])[] = [
    ['the page after the last of the image', { page: 3 }, Rejection.PAGE],
    ['the page after the last of the area', { page: all }, Rejection.PAGE],
    ['page 65535', { page: 0xffff }, Rejection.PAGE],
    ['an unknown encoding', { encoding: 0x7f }, Rejection.ENCODING],
    [
      'a page that is too long',
      { decodedLength: pageSize + 1, encodedLength: pageSize + 1 },
      Rejection.LENGTH,
    ],
    [
      'a page that is too short',
      { decodedLength: pageSize - 1, encodedLength: pageSize - 1 },
      Rejection.LENGTH,
    ],
    ['a page without bytes', { decodedLength: 0, encodedLength: 0 }, Rejection.LENGTH],
    ['two lengths that differ', { encodedLength: pageSize - 1 }, Rejection.LENGTH],
    ['the longest page', { decodedLength: 0xffff, encodedLength: 0xffff }, Rejection.LENGTH],
    ['a last page longer than what is left', { page: 2 }, Rejection.LENGTH],
  ];
  for (const [what, head, reason] of cases) {
    const [first] = pageFrames(bench, image, 0, 0, { head, chunk: 64 }) as [Frame, ...Frame[]];
    const flags = DataFlag.HEAD | DataFlag.ASK;
    const answer = await sendData(bench, [dataFrame(bench, 0, flags, first.payload.subarray(3))]);
    expectRejected(what, answer, reason, 0);
  }
  const bytes = await sendData(bench, [dataFrame(bench, 0, DataFlag.ASK, new Uint8Array(64))]);
  expectRejected('bytes without a head', bytes, Rejection.NO_HEAD, 0);
  const short = await sendData(bench, [
    dataFrame(bench, 0, DataFlag.HEAD | DataFlag.ASK, new Uint8Array(5)),
  ]);
  expectRejected('a head cut short', short, undefined, 0);
  // The last page has eight bytes: a frame with nine carries more than the page still needs.
  const [last] = pageFrames(bench, image, 2, 0) as [Frame];
  const nine = concat([last.payload.subarray(3), Uint8Array.of(0xff)]);
  const over = await sendData(bench, [dataFrame(bench, 0, DataFlag.HEAD | DataFlag.ASK, nine)]);
  expectRejected('a frame with more than its page needs', over, Rejection.LENGTH, 0);
  expectEqual('pages in flash', String(await pages(bench, 0, 3)), String(before));
  expectEqual('installed entry', (await bench.hello()).installed.sequence, installed);
  // A head in the middle of a page drops what was assembled of it.
  const [half] = pageFrames(bench, image, 0, 0, { chunk: 64, ask: false }) as [Frame, ...Frame[]];
  await bench.wire.post(half);
  await sendPage(bench, image, 1, 1);
  expectEqual('CRC-32 of page 1', (await pages(bench, 1, 1))[0], pageCrc(bench, image, 1));
  await bench.abort();
}

/** What is right already costs no erase; seen from outside: nothing is TOUCHED. */
async function samePage(bench: Bench): Promise<void> {
  const image = await home(bench);
  const installed = bench.info.installed.sequence;
  const twin = bench.image({
    seed: 1,
    size: image.bytes.length,
    header: { buildId: new Uint8Array(20).fill(7) },
  });
  await begin(bench, twin);
  await sendPage(bench, twin, 0, 0);
  const same = await bench.hello();
  expectEqual(
    'installed entry after a page that is right already',
    same.installed.sequence,
    installed,
  );
  await sendPage(bench, twin, 0, 1, { flags: PageFlag.FORCE });
  const forced = await bench.hello();
  expectTrue(
    'the new entry installed after a page with FORCE',
    forced.installed.sequence > installed,
    `entry ${forced.installed.sequence}`,
  );
  expectTrue(
    'TOUCHED',
    (forced.installed.state & ImageState.TOUCHED) !== 0,
    `state ${forced.installed.state}`,
  );
  await bench.abort();
}

async function nextMeansFlash(bench: Bench): Promise<void> {
  const image = await begun(bench, 23);
  const chunk = Math.min(200, bench.info.pageSize / 4);
  const wrong = pageFrames(bench, image, 0, 0, {
    chunk,
    head: { crc32: (pageCrc(bench, image, 0) ^ 1) >>> 0 },
  });
  const back = await sendData(bench, wrong);
  expectRejected('a page in several frames with a wrong CRC-32', back, Rejection.CRC, 0);
  expectEqual('pages completed', back.pages, 0);
  expectStatus(
    'the status until the head is taken again',
    (await progress(bench)).status,
    Status.PAGE_REJECTED,
  );
  let next = 0;
  for (const page of [0, 1]) {
    next = await sendPage(bench, image, page, next, { chunk });
    expectEqual(
      `CRC-32 of page ${page} once next is beyond it`,
      (await pages(bench, page, 1))[0],
      pageCrc(bench, image, page),
    );
  }
  if (bench.power) {
    next = await sendPage(bench, image, 2, next);
    await bench.powerOff();
    await bench.power.on();
    await bench.acquire();
    for (const page of [0, 1, 2]) {
      const what = `CRC-32 of page ${page} after power was cut`;
      await expectPages(bench, what, page, [pageCrc(bench, image, page)]);
    }
  }
  await bench.abort();
}

export const DATA_CHECKS: readonly Check[] = [
  { id: 'gap', requirements: ['B-33'], title: 'frames are taken in order only', run: gap },
  {
    id: 'page-crc',
    requirements: ['B-34'],
    title: 'only complete and right pages are written',
    run: pageCrcs,
  },
  {
    id: 'page-heads',
    requirements: ['B-35', 'B-42'],
    title: 'page heads that do not fit are rejected',
    run: pageHeads,
  },
  {
    id: 'same-page',
    requirements: ['B-36'],
    title: 'a page that is right already is not written',
    run: samePage,
  },
  {
    id: 'next-means-flash',
    requirements: ['B-38'],
    title: 'next moves only when the page is in flash',
    run: nextMeansFlash,
  },
];
