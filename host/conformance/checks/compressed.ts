// Section 3: compressed pages. What is decoded, what flash is copied from, and what is rejected with nothing written.
import {
  Capability,
  MAX_DICTIONARY,
  PAGE_SPARE,
  PageFlag,
  type PageHead,
  Rejection,
  Status,
} from '../../../protocol/index.js';
import { concat } from '../../base/bytes.js';
import type { Bench } from '../bench.js';
import type { Check } from '../check.js';
import { copiedStream, NO_BLOCK, packed, storedStream } from '../deflate.js';
import { expectEqual, expectTrue } from '../deviation.js';
import { noise, type TestImage } from '../image.js';
import {
  end,
  expectStatus,
  home,
  pageCrc,
  pageFrames,
  pages,
  sendData,
  sendPage,
} from '../update.js';
import { begun, expectRejected } from './data.js';

const SHORT_FRAME = 64;

function pageOf(bench: Bench, image: TestImage, page: number): Uint8Array {
  const { pageSize } = bench.info;
  return image.bytes.subarray(page * pageSize, (page + 1) * pageSize);
}

function stored(bench: Bench, image: TestImage, page: number): Uint8Array {
  return packed(storedStream(pageOf(bench, image, page)));
}

function needDeflate(bench: Bench): void {
  bench.needCapability(Capability.DEFLATE, 'DEFLATE');
}

async function capabilities(bench: Bench): Promise<void> {
  const { capabilities: has } = await bench.hello();
  const deflate = (has & Capability.DEFLATE) !== 0;
  expectTrue(
    'DICTIONARY only with DEFLATE',
    deflate || (has & Capability.DICTIONARY) === 0,
    `capabilities ${has}`,
  );
  const image = await begun(bench, 25);
  const frames = pageFrames(bench, image, 0, 0, { packed: stored(bench, image, 0) });
  const answer = await sendData(bench, frames);
  if (deflate) expectStatus('a compressed page', answer.status, Status.OK, answer.detail);
  else expectRejected('a compressed page', answer, Rejection.ENCODING, 0);
  await bench.abort();
}

/** A whole update, from its last page on, in short frames */
async function compressedPage(bench: Bench): Promise<void> {
  needDeflate(bench);
  const image = await begun(bench, 26);
  let next = 0;
  for (const page of [2, 1, 0]) {
    const options = { packed: stored(bench, image, page), chunk: SHORT_FRAME };
    next = await sendPage(bench, image, page, next, options);
    expectEqual(
      `CRC-32 of page ${page}`,
      (await pages(bench, page, 1))[0],
      pageCrc(bench, image, page),
    );
  }
  const { status, detail } = await end(bench, next);
  expectStatus('END of compressed pages', status, Status.OK, detail);
}

/** Runs a rejected page, and sees that flash and record are as they were. */
async function rejections(
  bench: Bench,
  seed: number,
  casesOf: (image: TestImage) => readonly Rejected[],
): Promise<void> {
  await home(bench);
  const installed = bench.info.installed.sequence;
  const image = await begun(bench, seed);
  const before = await pages(bench, 0, 3);
  for (const { what, packed: bytes, reason, head } of casesOf(image)) {
    const options = { packed: bytes, ...(head ? { head } : {}) };
    const answer = await sendData(bench, pageFrames(bench, image, 0, 0, options));
    expectRejected(what, answer, reason, 0);
  }
  expectEqual('pages in flash', String(await pages(bench, 0, 3)), String(before));
  expectEqual('installed entry', (await bench.hello()).installed.sequence, installed);
  await sendPage(bench, image, 0, 0, { packed: stored(bench, image, 0) });
  await bench.abort();
}

interface Rejected {
  readonly what: string;
  readonly packed: Uint8Array;
  readonly reason: Rejection;
  readonly head?: Partial<PageHead>;
}

async function compressedStream(bench: Bench): Promise<void> {
  needDeflate(bench);
  const { pageSize } = bench.info;
  await rejections(bench, 27, (image) => {
    const page = pageOf(bench, image, 0);
    const good = storedStream(page);
    const streams: readonly (readonly [string, Uint8Array])[] = [
      ['no stream', new Uint8Array()],
      ['a block of a kind that there is not', NO_BLOCK],
      ['a stream that is cut short', good.subarray(0, -1)],
      ['a stream with a byte left over', concat([good, Uint8Array.of(0)])],
      ['a stream of too few bytes', storedStream(page.subarray(1))],
      ['a stream of too many bytes', storedStream(concat([page, Uint8Array.of(0)]))],
      ['a copy from before the page, without a dictionary', copiedStream(1, pageSize)],
    ];
    return [
      ...streams.map(([what, stream]) => ({
        what,
        packed: packed(stream),
        reason: Rejection.STREAM,
      })),
      {
        what: 'a stream of other bytes',
        packed: packed(storedStream(noise(99, pageSize))),
        reason: Rejection.CRC,
      },
    ];
  });
}

async function compressedLengths(bench: Bench): Promise<void> {
  needDeflate(bench);
  const { pageSize } = bench.info;
  await rejections(bench, 28, (image) => {
    const good = stored(bench, image, 0);
    const reason = Rejection.LENGTH;
    const most = pageSize + PAGE_SPARE;
    const short = good.subarray(0, 3);
    return [
      {
        what: 'a compressed page without bytes',
        packed: short,
        reason,
        head: { encodedLength: 0 },
      },
      { what: 'a compressed page without its head', packed: short, reason },
      {
        what: 'a compressed page longer than its room',
        packed: short,
        reason,
        head: { encodedLength: most + 1 },
      },
      {
        what: 'a compressed page of too many bytes',
        packed: good,
        reason,
        head: { decodedLength: pageSize + 1 },
      },
      {
        what: 'a compressed page of too few bytes',
        packed: good,
        reason,
        head: { decodedLength: pageSize - 1 },
      },
    ];
  });
}

/** Sent again, a page may no longer decode: its dictionary may have held what it replaced. */
async function compressedRepeat(bench: Bench): Promise<void> {
  needDeflate(bench);
  const image = await begun(bench, 29);
  const nonsense = packed(NO_BLOCK, 0xffff, 0xffff);
  let next = await sendPage(bench, image, 0, 0);
  next = await sendPage(bench, image, 0, next, { packed: nonsense });
  expectEqual('CRC-32 of the page', (await pages(bench, 0, 1))[0], pageCrc(bench, image, 0));
  const send = async (page: number, flags: number): Promise<void> => {
    const frames = pageFrames(bench, image, page, next, { packed: packed(NO_BLOCK), flags });
    const what = flags === 0 ? 'a page that flash does not have' : 'a page with FORCE';
    expectRejected(
      `${what}, of a damaged stream`,
      await sendData(bench, frames),
      Rejection.STREAM,
      next,
    );
  };
  await send(1, 0);
  await send(0, PageFlag.FORCE);
  await sendPage(bench, image, 0, next, { packed: stored(bench, image, 0), flags: PageFlag.FORCE });
  await bench.abort();
}

/** Pages written anew from what is in flash, themselves among it; and dictionaries that are not of the application. */
async function dictionary(bench: Bench): Promise<void> {
  needDeflate(bench);
  const { pageSize, appBase, appEnd, capabilities: has } = bench.info;
  const all = (appEnd - appBase) / pageSize;
  const longest = Math.min(all, MAX_DICTIONARY / pageSize);
  const image = await begun(bench, 30);
  let next = await sendPage(bench, image, 0, 0);
  next = await sendPage(bench, image, 1, next);
  const copied = (page: number, last: number, count: number) =>
    pageFrames(bench, image, page, next, {
      packed: packed(copiedStream((last - page) * pageSize, pageSize), last, count),
      flags: PageFlag.FORCE,
    });
  const wrong: (readonly [number, number])[] = [
    [1, 2],
    [0, 1],
    [all + 1, 1],
    [all + 1, longest],
    [0xffff, 1],
    [1, 0xffff],
    [0xffff, 0xffff],
  ];
  if (all > longest) wrong.push([all, longest + 1]);
  if ((has & Capability.DICTIONARY) === 0) wrong.push([1, 1], [2, 2]);
  for (const [last, count] of wrong) {
    const frames = pageFrames(bench, image, 0, next, {
      packed: packed(storedStream(pageOf(bench, image, 0)), last, count),
      flags: PageFlag.FORCE,
    });
    const what = `a dictionary of ${count} pages that ends before page ${last}`;
    expectRejected(what, await sendData(bench, frames), Rejection.DICTIONARY, next);
  }
  if ((has & Capability.DICTIONARY) !== 0) {
    const right: readonly (readonly [number, number, number])[] = [
      [0, 1, 1],
      [1, 2, 1],
      [1, 2, 2],
      [0, 2, 2],
    ];
    for (const [page, last, count] of right) {
      const answer = await sendData(bench, copied(page, last, count));
      const what = `page ${page} copied from ${count} pages before page ${last}`;
      expectStatus(what, answer.status, Status.OK, answer.detail);
      next = answer.next;
    }
    const whole = { packed: packed(storedStream(pageOf(bench, image, 0)), all, longest) };
    next = await sendPage(bench, image, 0, next, { ...whole, flags: PageFlag.FORCE });
    const before = pageFrames(bench, image, 0, next, {
      packed: packed(copiedStream(2 * pageSize, pageSize), 1, 1),
      flags: PageFlag.FORCE,
    });
    const far = await sendData(bench, before);
    expectRejected('a copy from before the dictionary', far, Rejection.STREAM, next);
  }
  expectEqual(
    'CRC-32 of the pages',
    String(await pages(bench, 0, 2)),
    String([pageCrc(bench, image, 0), pageCrc(bench, image, 1)]),
  );
  await bench.abort();
}

export const COMPRESSED_CHECKS: readonly Check[] = [
  {
    id: 'compressed-capabilities',
    requirements: ['B-90'],
    title: 'compressed pages are taken if and only if it says so',
    run: capabilities,
  },
  {
    id: 'compressed-page',
    requirements: ['B-90', 'B-91'],
    title: 'compressed pages in short frames become the image',
    run: compressedPage,
  },
  {
    id: 'compressed-stream',
    requirements: ['B-91'],
    title: 'damaged streams are rejected and nothing is written',
    run: compressedStream,
  },
  {
    id: 'compressed-lengths',
    requirements: ['B-91'],
    title: 'lengths of compressed pages that do not fit are rejected',
    run: compressedLengths,
  },
  {
    id: 'dictionary',
    requirements: ['B-92', 'B-93'],
    title: 'compressed pages copy from the application and nothing else',
    run: dictionary,
  },
  {
    id: 'compressed-repeat',
    requirements: ['B-94'],
    title: 'a compressed page that flash has is not decoded',
    run: compressedRepeat,
  },
];
