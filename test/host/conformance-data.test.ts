// Devices that are wrong about DATA and compressed pages, each in one way: the check that must fail, and what it says.
import { test } from 'vitest';
import {
  Capability,
  Command,
  crc32,
  DataFlag,
  DataRequest,
  DataResponse,
  DeflateHead,
  decode,
  Encoding,
  EndResponse,
  type HelloResponse,
  ImageState,
  PageFlag,
  PageHead,
  Rejection,
  Status,
} from '../../protocol/index.js';
import {
  all,
  answers,
  expectFail,
  type Fault,
  hears,
  hello,
  says,
  update,
  upon,
  type Wrong,
} from '../support/specimen-faults.js';

/** Answers to DATA, by the number of the frame that asked */
function data(
  numbers: readonly number[],
  change: (fields: DataResponse) => Partial<DataResponse>,
): Fault {
  return says(Command.DATA, DataResponse, (fields, { payload }) =>
    numbers.includes(decode(DataRequest, payload).number) && payload.length > 3
      ? change(fields)
      : {},
  );
}

/** Answers to empty DATA that only ask, by how many there were in the run */
function asked(
  counts: readonly number[],
  change: (fields: DataResponse) => Partial<DataResponse>,
): Fault {
  let count = 0;
  return says(Command.DATA, DataResponse, (fields, { payload }) =>
    payload.length === 3 && counts.includes(++count) ? change(fields) : {},
  );
}

/** Rejections for one reason are told as others, or not made. */
function rejects(reason: number, as: number): Fault {
  return update((update) => {
    const { headFault, commit } = update;
    const other = (found: number | undefined): number | undefined =>
      found === reason ? as : found;
    update.headFault = (session, head) => other(headFault.call(update, session, head));
    update.commit = (session, page) => {
      const found = commit.call(update, session, page);
      return found === reason ? as : found;
    };
  });
}

/** The answer to a page head with this in it is OK. */
function takesHead(wrong: (head: PageHead) => boolean): Fault {
  return says(Command.DATA, DataResponse, (_, frame) => {
    const { flags, body } = decode(DataRequest, frame.payload);
    const head = (flags & DataFlag.HEAD) !== 0 && body.length > 12 && decode(PageHead, body);
    return head && wrong(head) ? { status: Status.OK } : {};
  });
}

/** Flash changes when a page is rejected. */
function writesRejected(reason: number): Fault {
  return (device) => {
    answers(Command.DATA, (payload) => {
      const rejected = payload[0] === Status.PAGE_REJECTED && payload[5] === reason;
      if (rejected) device.update.page(0).fill(reason);
      return payload;
    })(device);
  };
}

/** The record shows another entry once a page was rejected for a reason. */
function entryFor(reason: number): Fault {
  let from = false;
  return all(
    answers(Command.DATA, (payload) => {
      from ||= payload[0] === Status.PAGE_REJECTED && payload[5] === reason;
      return payload;
    }),
    hello(({ installed }) => (from ? { installed: { ...installed, sequence: 77 } } : {})),
  );
}

/** A stream is taken for one that is right: its page is that of the head. */
function decodes(wrong: (stream: Uint8Array, head: DeflateHead) => boolean): Fault {
  return update((update) => {
    const { commit } = update;
    update.commit = (session, page) => {
      const packed = page.head.encoding === Encoding.DEFLATE && page.bytes.length >= 4;
      if (!packed || !wrong(page.bytes.subarray(4), decode(DeflateHead, page.bytes)))
        return commit.call(update, session, page);
      session.pages++;
      return undefined;
    };
  });
}

/** Dictionaries are refused, or refused for another reason. */
function dictionary(wrong: (end: number, pages: number) => boolean, reason: number): Fault {
  return update((update) => {
    const { inflate } = update;
    update.inflate = (encoded, size) => {
      const { dictionaryEnd, dictionaryPages } = decode(DeflateHead, encoded);
      return wrong(dictionaryEnd, dictionaryPages) ? reason : inflate.call(update, encoded, size);
    };
  });
}

/** What is in flash once a page is written */
function writes(wrong: (page: number) => boolean): Fault {
  return update((update) => {
    const { write } = update;
    update.write = (session, page, bytes) => {
      write.call(update, session, page, bytes);
      if (wrong(page)) update.page(page).fill(3, 20, 40);
    };
  });
}

const capabilities = (bits: number): Fault => hello(() => ({ capabilities: bits }));
const { BAUD, DEFLATE, DICTIONARY } = Capability;
const ALL = 160;

const later = (count: number, change: (info: HelloResponse) => Partial<HelloResponse>): Fault => {
  let begun = 0;
  return all(
    upon(({ type }) => {
      if (type === Command.DATA) begun++;
    }),
    hello((info) => (begun >= count ? change(info) : {})),
  );
};

const WRONG: readonly Wrong[] = [
  [
    'finds a gap below what it expects',
    'gap',
    data([0], ({ next }) => (next === 1 ? { status: Status.GAP } : {})),
    'DATA of page 0: OK',
    'GAP',
  ],
  [
    'goes back with a lower number',
    'gap',
    update((update) => {
      const { take } = update;
      let taken = 0;
      update.take = (session, number, flags, body) => {
        if (number === 0 && taken++ === 1) session.next = 0;
        else take.call(update, session, number, flags, body);
      };
    }),
    'next after a frame with a lower number 1',
    '0',
  ],
  [
    'takes the frame behind a missing one',
    'gap',
    data([2], () => ({ status: Status.OK })),
    'a frame with number 2 where 1 is due: GAP',
    'OK',
  ],
  [
    'takes a number far ahead',
    'gap',
    data([101], () => ({ status: Status.OK })),
    'a frame with number 101 where 1 is due: GAP',
    'OK',
  ],
  [
    'goes on to the frame behind a missing one',
    'gap',
    data([2], () => ({ next: 3 })),
    'next after number 2 1',
    '3',
  ],
  [
    'goes on to the highest number ahead',
    'gap',
    data([0x8000], () => ({ next: 3 })),
    'next after number 32768 1',
    '3',
  ],
  [
    'takes a number far behind for one ahead',
    'gap',
    data([0x8002], () => ({ next: 3 })),
    'next after a number 32767 below 1',
    '3',
  ],
  [
    'forgets a gap',
    'gap',
    asked([1], () => ({ status: Status.OK })),
    'the status until the expected frame is taken: GAP',
    'OK',
  ],
  [
    'verifies with a frame missing',
    'gap',
    says(Command.END, EndResponse, () => ({ status: Status.VERIFY_FAILED })),
    'END with a frame missing: GAP',
    'VERIFY_FAILED',
  ],
  [
    'says another next in END',
    'gap',
    says(Command.END, EndResponse, () => ({ next: 7 })),
    'next in END with a frame missing 1',
    '7',
  ],
  [
    'keeps a gap when the frame has come',
    'gap',
    asked([2], () => ({ status: Status.GAP })),
    'the status after the expected frame: OK',
    'GAP',
  ],
  ['counts repeats as pages', 'gap', asked([2], () => ({ pages: 3 })), 'pages completed 2', '3'],
  [
    'takes what a repeat carries',
    'gap',
    writes((page) => page === 1),
    'CRC-32 of the pages 3089083070,559726040',
    '3089083070,1567823474',
  ],
  [
    'does not take the frame that was due',
    'gap',
    data([1], () => ({ status: Status.FLASH_FAILED })),
    'DATA of page 1: OK',
    'FLASH_FAILED',
  ],
  [
    'says another next of a page that was taken',
    'gap',
    data([1], () => ({ next: 9 })),
    'DATA answered with next 2',
    '9',
  ],
  [
    'takes a page whatever its CRC-32',
    'page-crc',
    says(Command.DATA, DataResponse, ({ status }) =>
      status === Status.PAGE_REJECTED ? { status: 0 } : {},
    ),
    'a page with a wrong CRC-32: PAGE_REJECTED',
    'OK, detail 0x1',
  ],
  [
    'rejects a wrong CRC-32 as a length',
    'page-crc',
    rejects(Rejection.CRC, Rejection.LENGTH),
    'a page with a wrong CRC-32: rejected for CRC',
    'LENGTH',
  ],
  [
    'goes on behind a page that is rejected',
    'page-crc',
    says(Command.DATA, DataResponse, ({ status }) =>
      status === Status.PAGE_REJECTED ? { next: 1 } : {},
    ),
    'a page with a wrong CRC-32: next 0',
    '1',
  ],
  [
    'writes a page with a wrong CRC-32',
    'page-crc',
    writesRejected(Rejection.CRC),
    'pages in flash after a page with a wrong CRC-32 4274975402,4272465953',
    '1630701510,4272465953',
  ],
  [
    'makes an entry for a page with a wrong CRC-32',
    'page-crc',
    entryFor(Rejection.CRC),
    'installed entry after a page with a wrong CRC-32 1',
    '77',
  ],
  [
    'finds a gap in an incomplete page',
    'page-crc',
    asked([1], () => ({ status: Status.GAP })),
    'an incomplete page: OK',
    'GAP',
  ],
  [
    'says another next in an incomplete page',
    'page-crc',
    asked([1], () => ({ next: 0 })),
    'next in an incomplete page 3',
    '0',
  ],
  [
    'verifies an incomplete page',
    'page-crc',
    says(Command.END, EndResponse, (_, __, count) => (count === 2 ? { status: Status.OK } : {})),
    'END in an incomplete page: GAP',
    'OK',
  ],
  [
    'writes an incomplete page',
    'page-crc',
    upon(({ type }, { update }) => {
      if (type === Command.END && update.session?.pages === 0) update.page(0).fill(1);
    }),
    'pages in flash after an incomplete page 4274975402,4272465953',
    '1630701510,4272465953',
  ],
  [
    'writes another page than it was sent',
    'page-crc',
    writes((page) => page === 0),
    'END: OK',
    'VERIFY_FAILED, detail 0x3',
  ],
  [
    'takes the page after the last of the image',
    'page-heads',
    takesHead(({ page }) => page === 3),
    'the page after the last of the image: PAGE_REJECTED',
    'OK, detail 0x2',
  ],
  [
    'rejects the page after the image as a length',
    'page-heads',
    rejects(Rejection.PAGE, Rejection.LENGTH),
    'the page after the last of the image: rejected for PAGE',
    'LENGTH',
  ],
  [
    'takes the page after the last of the area',
    'page-heads',
    takesHead(({ page }) => page === ALL),
    'the page after the last of the area: PAGE_REJECTED',
    'OK, detail 0x2',
  ],
  [
    'takes page 65535',
    'page-heads',
    takesHead(({ page }) => page === 0xffff),
    'page 65535: PAGE_REJECTED',
    'OK, detail 0x2',
  ],
  [
    'takes an unknown encoding',
    'page-heads',
    takesHead(({ encoding }) => encoding === 0x7f),
    'an unknown encoding: PAGE_REJECTED',
    'OK, detail 0x4',
  ],
  [
    'rejects an unknown encoding as a page',
    'page-heads',
    rejects(Rejection.ENCODING, Rejection.PAGE),
    'an unknown encoding: rejected for ENCODING',
    'PAGE',
  ],
  [
    'takes a page that is too long',
    'page-heads',
    takesHead(({ decodedLength }) => decodedLength === 257),
    'a page that is too long: PAGE_REJECTED',
    'OK, detail 0x3',
  ],
  [
    'takes a page that is too short',
    'page-heads',
    takesHead(({ decodedLength }) => decodedLength === 255),
    'a page that is too short: PAGE_REJECTED',
    'OK, detail 0x3',
  ],
  [
    'takes a page without bytes',
    'page-heads',
    takesHead(({ decodedLength }) => decodedLength === 0),
    'a page without bytes: PAGE_REJECTED',
    'OK, detail 0x3',
  ],
  [
    'takes two lengths that differ',
    'page-heads',
    takesHead(({ decodedLength, encodedLength }) => decodedLength - encodedLength === 1),
    'two lengths that differ: PAGE_REJECTED',
    'OK, detail 0x3',
  ],
  [
    'takes the longest page',
    'page-heads',
    takesHead(({ decodedLength }) => decodedLength === 0xffff),
    'the longest page: PAGE_REJECTED',
    'OK, detail 0x3',
  ],
  [
    'takes a last page longer than what is left',
    'page-heads',
    takesHead(({ page, decodedLength }) => page === 2 && decodedLength > 8),
    'a last page longer than what is left: PAGE_REJECTED',
    'OK, detail 0x3',
  ],
  [
    'takes bytes without a head',
    'page-heads',
    says(Command.DATA, DataResponse, ({ detail }) =>
      detail === Rejection.NO_HEAD ? { status: 0 } : {},
    ),
    'bytes without a head: PAGE_REJECTED',
    'OK, detail 0x5',
  ],
  [
    'rejects bytes without a head for their length',
    'page-heads',
    says(Command.DATA, DataResponse, ({ detail }) =>
      detail === Rejection.NO_HEAD ? { detail: Rejection.LENGTH } : {},
    ),
    'bytes without a head: rejected for NO_HEAD',
    'LENGTH',
  ],
  [
    'takes a head cut short',
    'page-heads',
    says(Command.DATA, DataResponse, (_, { payload }) =>
      payload.length === 8 ? { status: 0 } : {},
    ),
    'a head cut short: PAGE_REJECTED',
    'OK, detail 0x3',
  ],
  [
    'goes on behind a head cut short',
    'page-heads',
    says(Command.DATA, DataResponse, (_, { payload }) => (payload.length === 8 ? { next: 1 } : {})),
    'a head cut short: next 0',
    '1',
  ],
  [
    'drops what a page does not need',
    'page-heads',
    hears((frame) =>
      frame.payload.length === 24 ? { ...frame, payload: frame.payload.slice(0, 23) } : frame,
    ),
    'a frame with more than its page needs: PAGE_REJECTED',
    'OK, detail 0x0',
  ],
  [
    'writes a page without a head',
    'page-heads',
    writesRejected(Rejection.NO_HEAD),
    'pages in flash 4274975402,4272465953,4272465953',
    '148081663,4272465953,4272465953',
  ],
  [
    'makes an entry for bytes without a head',
    'page-heads',
    entryFor(Rejection.NO_HEAD),
    'installed entry 1',
    '77',
  ],
  [
    'goes on with a page when another one begins',
    'page-heads',
    data([1], ({ next }) => ({ next: next + 1 })),
    'DATA answered with next 2',
    '3',
  ],
  [
    'writes another page than that of its head',
    'page-heads',
    writes((page) => page === 1),
    'CRC-32 of page 1 1333987390',
    '2737654360',
  ],
  [
    'writes a page that is right already',
    'same-page',
    upon(({ type }, { update }) => {
      if (type === Command.DATA && update.session) update.touch(update.session);
    }),
    'installed entry after a page that is right already 1',
    '2',
  ],
  [
    'does not know FORCE',
    'same-page',
    update((update) => {
      const { commit } = update;
      update.commit = (session, page) =>
        commit.call(update, session, {
          ...page,
          head: { ...page.head, flags: page.head.flags & ~PageFlag.FORCE },
        });
    }),
    'the new entry installed after a page with FORCE',
    'entry 1',
  ],
  [
    'does not show TOUCHED after FORCE',
    'same-page',
    later(3, ({ installed }) => ({
      installed: { ...installed, state: installed.state & ~ImageState.TOUCHED },
    })),
    'TOUCHED',
    'state 1',
  ],
  [
    'takes a page of several frames with a wrong CRC-32',
    'next-means-flash',
    says(Command.DATA, DataResponse, ({ status }) => (status === 2 ? { status: 0 } : {})),
    'a page in several frames with a wrong CRC-32: PAGE_REJECTED',
    'OK, detail 0x1',
  ],
  [
    'counts a page that is rejected',
    'next-means-flash',
    says(Command.DATA, DataResponse, ({ status }) =>
      status === Status.PAGE_REJECTED ? { pages: 1 } : {},
    ),
    'pages completed 0',
    '1',
  ],
  [
    'forgets a rejection',
    'next-means-flash',
    asked([1], () => ({ status: Status.OK })),
    'the status until the head is taken again: PAGE_REJECTED',
    'OK',
  ],
  [
    'takes page 0 before it is in flash',
    'next-means-flash',
    writes((page) => page === 0),
    'CRC-32 of page 0 once next is beyond it 2337462108',
    '1409806008',
  ],
  [
    'takes page 1 before it is in flash',
    'next-means-flash',
    writes((page) => page === 1),
    'CRC-32 of page 1 once next is beyond it 1921625716',
    '692689015',
  ],
  [
    'loses page 2 with its power',
    'next-means-flash',
    (device) => {
      const on = device.powerOn.bind(device);
      device.powerOn = () => {
        device.update.page(2).fill(0);
        on();
      };
    },
    'CRC-32 of page 2 after power was cut 2906687203',
    '227968344',
  ],
  [
    'loses page 0 with its power',
    'next-means-flash',
    (device) => {
      const on = device.powerOn.bind(device);
      device.powerOn = () => {
        device.update.page(0).fill(0);
        on();
      };
    },
    'CRC-32 of page 0 after power was cut 2337462108',
    '227968344',
  ],
  [
    'announces DICTIONARY without DEFLATE',
    'compressed-capabilities',
    capabilities(BAUD | DICTIONARY),
    'DICTIONARY only with DEFLATE',
    'capabilities 17',
  ],
  [
    'takes compressed pages and does not say so',
    'compressed-capabilities',
    capabilities(BAUD),
    'a compressed page: PAGE_REJECTED',
    'OK, detail 0x0',
  ],
  [
    'does not take compressed pages',
    'compressed-capabilities',
    update((update) => {
      const { headFault } = update;
      update.headFault = (session, head) =>
        head.encoding === Encoding.DEFLATE
          ? Rejection.ENCODING
          : headFault.call(update, session, head);
    }),
    'a compressed page: OK',
    'PAGE_REJECTED, detail 0x4',
  ],
  [
    'writes another last page than was compressed',
    'compressed-page',
    writes((page) => page === 2),
    'CRC-32 of page 2 3658880383',
    '1688474658',
  ],
  [
    'writes another page than was compressed',
    'compressed-page',
    writes((page) => page === 0),
    'CRC-32 of page 0 3743664631',
    '7794707',
  ],
  [
    'does not verify compressed pages',
    'compressed-page',
    says(Command.END, EndResponse, () => ({ status: Status.VERIFY_FAILED, detail: 3 })),
    'END of compressed pages: OK',
    'VERIFY_FAILED, detail 0x3',
  ],
  [
    'takes no stream for one',
    'compressed-stream',
    decodes((stream) => stream.length === 0),
    'no stream: PAGE_REJECTED',
    'OK, detail 0x0',
  ],
  [
    'takes a block that there is not',
    'compressed-stream',
    decodes((stream) => stream[0] === 7),
    'a block of a kind that there is not: PAGE_REJECTED',
    'OK, detail 0x0',
  ],
  [
    'takes a stream that is cut short',
    'compressed-stream',
    decodes((stream) => stream.length === 260),
    'a stream that is cut short: PAGE_REJECTED',
    'OK, detail 0x0',
  ],
  [
    'takes a stream with a byte left over',
    'compressed-stream',
    decodes((stream) => stream.length === 262 && stream[2] === 1 && stream[1] === 0),
    'a stream with a byte left over: PAGE_REJECTED',
    'OK, detail 0x0',
  ],
  [
    'takes a stream of too few bytes',
    'compressed-stream',
    decodes((stream) => stream[1] === 255),
    'a stream of too few bytes: PAGE_REJECTED',
    'OK, detail 0x0',
  ],
  [
    'takes a stream of too many bytes',
    'compressed-stream',
    decodes((stream) => stream[1] === 1 && stream[2] === 1),
    'a stream of too many bytes: PAGE_REJECTED',
    'OK, detail 0x0',
  ],
  [
    'takes a copy from before the page',
    'compressed-stream',
    decodes((stream) => (stream[0] ?? 0) % 8 === 3),
    'a copy from before the page, without a dictionary: PAGE_REJECTED',
    'OK, detail 0x0',
  ],
  [
    'rejects a damaged stream for its CRC-32',
    'compressed-stream',
    rejects(Rejection.STREAM, Rejection.CRC),
    'no stream: rejected for STREAM',
    'CRC',
  ],
  [
    'rejects other bytes as a stream',
    'compressed-stream',
    rejects(Rejection.CRC, Rejection.STREAM),
    'a stream of other bytes: rejected for CRC',
    'STREAM',
  ],
  [
    'writes what a damaged stream gives',
    'compressed-stream',
    writesRejected(Rejection.STREAM),
    'pages in flash 4274975402,4272465953,4272465953',
    '3516632771,4272465953,4272465953',
  ],
  [
    'makes an entry for a damaged stream',
    'compressed-stream',
    entryFor(Rejection.STREAM),
    'installed entry 1',
    '77',
  ],
  [
    'takes a compressed page without bytes',
    'compressed-lengths',
    takesHead(({ encodedLength }) => encodedLength === 0),
    'a compressed page without bytes: PAGE_REJECTED',
    'OK, detail 0x3',
  ],
  [
    'takes a compressed page without its head',
    'compressed-lengths',
    takesHead(({ encodedLength }) => encodedLength === 3),
    'a compressed page without its head: PAGE_REJECTED',
    'OK, detail 0x3',
  ],
  [
    'takes a compressed page longer than its room',
    'compressed-lengths',
    takesHead(({ encodedLength }) => encodedLength === 289),
    'a compressed page longer than its room: PAGE_REJECTED',
    'OK, detail 0x3',
  ],
  [
    'takes a compressed page of too many bytes',
    'compressed-lengths',
    takesHead(({ decodedLength }) => decodedLength === 257),
    'a compressed page of too many bytes: PAGE_REJECTED',
    'OK, detail 0x3',
  ],
  [
    'takes a compressed page of too few bytes',
    'compressed-lengths',
    takesHead(({ decodedLength }) => decodedLength === 255),
    'a compressed page of too few bytes: PAGE_REJECTED',
    'OK, detail 0x3',
  ],
  [
    'takes a dictionary longer than what is before it',
    'dictionary',
    dictionary((end, pages) => end === 1 && pages === 2, Rejection.STREAM),
    'a dictionary of 2 pages that ends before page 1: rejected for DICTIONARY',
    'STREAM',
  ],
  [
    'takes a dictionary before the first page',
    'dictionary',
    dictionary((end, pages) => end === 0 && pages === 1, Rejection.STREAM),
    'a dictionary of 1 pages that ends before page 0: rejected for DICTIONARY',
    'STREAM',
  ],
  [
    'takes a dictionary behind the area',
    'dictionary',
    dictionary((end, pages) => end === ALL + 1 && pages === 1, Rejection.STREAM),
    'a dictionary of 1 pages that ends before page 161: rejected for DICTIONARY',
    'STREAM',
  ],
  [
    'takes a long dictionary behind the area',
    'dictionary',
    dictionary((end, pages) => end === ALL + 1 && pages === 128, Rejection.STREAM),
    'a dictionary of 128 pages that ends before page 161: rejected for DICTIONARY',
    'STREAM',
  ],
  [
    'takes a dictionary at page 65535',
    'dictionary',
    dictionary((end, pages) => end === 0xffff && pages === 1, Rejection.STREAM),
    'a dictionary of 1 pages that ends before page 65535: rejected for DICTIONARY',
    'STREAM',
  ],
  [
    'takes a dictionary of 65535 pages',
    'dictionary',
    dictionary((end, pages) => end === 1 && pages === 0xffff, Rejection.STREAM),
    'a dictionary of 65535 pages that ends before page 1: rejected for DICTIONARY',
    'STREAM',
  ],
  [
    'takes the largest dictionary',
    'dictionary',
    dictionary((end, pages) => end === 0xffff && pages === 0xffff, Rejection.STREAM),
    'a dictionary of 65535 pages that ends before page 65535: rejected for DICTIONARY',
    'STREAM',
  ],
  [
    'takes a dictionary longer than any',
    'dictionary',
    dictionary((end, pages) => end === ALL && pages === 129, Rejection.STREAM),
    'a dictionary of 129 pages that ends before page 160: rejected for DICTIONARY',
    'STREAM',
  ],
  [
    'takes a dictionary although it says otherwise',
    'dictionary',
    capabilities(BAUD | DEFLATE),
    'a dictionary of 1 pages that ends before page 1: PAGE_REJECTED',
    'OK, detail 0x0',
  ],
  [
    'does not copy from a page',
    'dictionary',
    dictionary((end, pages) => end === 1 && pages === 1, Rejection.DICTIONARY),
    'page 0 copied from 1 pages before page 1: OK',
    'PAGE_REJECTED, detail 0x6',
  ],
  [
    'does not copy from two pages',
    'dictionary',
    dictionary((end, pages) => end === 2 && pages === 2, Rejection.STREAM),
    'page 1 copied from 2 pages before page 2: OK',
    'PAGE_REJECTED, detail 0x7',
  ],
  [
    'does not copy from as much as there may be',
    'dictionary',
    dictionary((end, pages) => end === ALL && pages === 128, Rejection.DICTIONARY),
    'DATA of page 0: OK',
    'PAGE_REJECTED',
  ],
  [
    'copies from before its dictionary',
    'dictionary',
    rejects(Rejection.STREAM, Rejection.CRC),
    'a copy from before the dictionary: rejected for STREAM',
    'CRC',
  ],
  [
    'copies something else',
    'dictionary',
    update((update) => {
      const { inflate } = update;
      let copies = 0;
      update.inflate = (encoded, size) => {
        const out = inflate.call(update, encoded, size);
        const { dictionaryPages } = decode(DeflateHead, encoded);
        if (typeof out !== 'number' && dictionaryPages === 128 && copies++ === 0)
          update.page(1).fill(9);
        return out;
      };
    }),
    'CRC-32 of the pages 1116571480,3318387807',
    '1116571480,3002113972',
  ],
  [
    'decodes a page that it has',
    'compressed-repeat',
    update((update) => {
      const { commit } = update;
      update.commit = (session, page) => {
        if (page.head.encoding === Encoding.DEFLATE) {
          const out = update.inflate(page.bytes, page.head.decodedLength);
          if (typeof out === 'number') return out;
        }
        return commit.call(update, session, page);
      };
    }),
    'DATA of page 0: OK',
    'PAGE_REJECTED',
  ],
  [
    'spoils a page that it has',
    'compressed-repeat',
    update((update) => {
      const { commit } = update;
      update.commit = (session, page) => {
        const found = commit.call(update, session, page);
        if (page.head.encoding === Encoding.DEFLATE && session.pages === 2) update.page(0).fill(1);
        return found;
      };
    }),
    'CRC-32 of the page 1009895682',
    '1630701510',
  ],
  [
    'takes a damaged stream of a page that it does not have',
    'compressed-repeat',
    decodes((stream) => stream.length === 1 && stream[0] === 7),
    'a page that flash does not have, of a damaged stream: PAGE_REJECTED',
    'OK, detail 0x0',
  ],
  [
    'does not decode a page with FORCE',
    'compressed-repeat',
    update((update) => {
      const { commit } = update;
      update.commit = (session, page) =>
        crc32(update.page(page.head.page)) === page.head.crc32
          ? void session.pages++
          : commit.call(update, session, page);
    }),
    'a page with FORCE, of a damaged stream: PAGE_REJECTED',
    'OK, detail 0x0',
  ],
];

test.each(WRONG)('a device that %s', (...wrong) => expectFail(wrong));
