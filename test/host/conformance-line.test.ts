// Devices that are wrong about HELLO, rates, PAGES and the window, each in one way: the check that must fail, and what it says.
import { describe, expect, test } from 'vitest';
import {
  BaudRequest,
  BaudResponse,
  Command,
  DataFlag,
  DataRequest,
  decode,
  encode,
  type HelloResponse,
  Mode,
  PagesRequest,
  PagesResponse,
  Status,
} from '../../protocol/index.js';
import type { Specimen } from '../support/specimen.js';
import { SpecimenBench } from '../support/specimen-bench.js';
import {
  answers,
  expectFail,
  type Fault,
  hears,
  hello,
  says,
  upon,
  type Wrong,
} from '../support/specimen-faults.js';
import { refusal } from '../support/specimen-update.js';

/** HELLO that is slow in one state */
function slow(when: (device: Specimen) => boolean): Fault {
  return (device) => {
    Object.defineProperty(device, 'helloMs', { get: () => (when(device) ? 75 : 1) });
  };
}

function implausible(info: Partial<HelloResponse>): Fault {
  return hello(() => info);
}

/** Only while a page is in flash, not in the first look */
function implausibleLater(info: Partial<HelloResponse>): Fault {
  return (device) => {
    hello(() => ((device.update.session?.pages ?? 0) > 0 ? info : {}))(device);
  };
}

function takesRate(taken: number): Fault {
  return answers(Command.BAUD, (payload, frame) => {
    const { rate } = decode(BaudRequest, frame.payload);
    return rate === taken ? encode(BaudResponse, { status: Status.OK, rate }) : payload;
  });
}

/** Answers for pages that must be refused */
function tells(wrong: (first: number, count: number) => boolean): Fault {
  return answers(Command.PAGES, (payload, frame) => {
    const { first, count } = decode(PagesRequest, frame.payload);
    if (!wrong(first, count)) return payload;
    const status = Status.OK;
    return encode(PagesResponse, {
      status,
      first,
      count,
      crc32: Array.from({ length: 3 }, () => 0),
    });
  });
}

function refusesPages(wrong: (first: number, count: number) => boolean): Fault {
  return answers(Command.PAGES, (payload, frame) => {
    const { first, count } = decode(PagesRequest, frame.payload);
    return wrong(first, count) ? refusal(Status.BAD_REQUEST, 2) : payload;
  });
}

/** The session is over when the rate has returned. */
const forgetsAtReturn: Fault = (device) => {
  let changes = 0;
  upon(({ type }) => {
    if (type === Command.BAUD) changes++;
    if (type === Command.DATA && changes === 2) device.update.abort();
  })(device);
  const data = device.update.data.bind(device.update);
  device.update.data = (payload) => {
    if (changes >= 2) device.update.abort();
    return data(payload);
  };
};

const INFO = { base: 0x0800_8000, end: 0x0800_8000 + 160 * 256 };

const WRONG: readonly Wrong[] = [
  [
    'is slow without a session',
    'hello',
    slow(({ update }) => !update.session && !update.installed),
    '?',
    '?',
  ],
  [
    'is slow after BEGIN',
    'hello',
    slow(({ update }) => update.session !== undefined && !update.installed),
    '?',
    '?',
  ],
  [
    'is slow in an update',
    'hello',
    slow(({ update }) => update.session !== undefined && update.installed !== undefined),
    '?',
    '?',
  ],
  [
    'is slow after ABORT',
    'hello',
    slow(({ update }) => !update.session && update.installed !== undefined),
    '?',
    '?',
  ],
  [
    'refuses HELLO in an update',
    'hello',
    (device) => {
      const says = device.hello.bind(device);
      device.hello = () => (device.update.session?.pages ? refusal(Status.IN_APP) : says());
    },
    '?',
    '?',
  ],
  ['says pages of 64 bytes', 'hello', implausible({ pageSize: 64 }), '?', '?'],
  ['says pages of 384 bytes', 'hello', implausible({ pageSize: 384 }), '?', '?'],
  ['says an area of part of a page', 'hello', implausible({ appEnd: INFO.end + 8 }), '?', '?'],
  ['says an area of nothing', 'hello', implausible({ appEnd: INFO.base }), '?', '?'],
  [
    'says an area that begins in a page',
    'hello',
    implausible({ appBase: INFO.base + 128, appEnd: INFO.base + 128 + 2560 }),
    '?',
    '?',
  ],
  ['says a window of 1023', 'hello', implausible({ window: 1023 }), '?', '?'],
  ['says hold_ms of 0', 'hello', implausible({ holdMs: 0 }), '?', '?'],
  ['says a highest rate below its usual one', 'hello', implausible({ maxRate: 115_199 }), '?', '?'],
  ['says a usual rate of 0', 'hello', implausible({ defaultRate: 0 }), '?', '?'],
  ['says something else in an update', 'hello', implausibleLater({ holdMs: 0 }), '?', '?'],
  ['is an application in an update', 'hello', implausibleLater({ mode: Mode.APP }), '?', '?'],
  ['takes rate 0', 'baud-refused', takesRate(0), '?', '?'],
  ['takes a rate above its highest', 'baud-refused', takesRate(1_000_001), '?', '?'],
  ['takes twice its highest rate', 'baud-refused', takesRate(2_000_000), '?', '?'],
  ['takes the highest number for a rate', 'baud-refused', takesRate(0xffff_ffff), '?', '?'],
  [
    'says another highest rate in its refusal',
    'baud-refused',
    answers(Command.BAUD, (payload) =>
      payload[0] === Status.RATE_UNAVAILABLE ? refusal(Status.RATE_UNAVAILABLE, 5) : payload,
    ),
    '?',
    '?',
  ],
  [
    'misses 970000 baud by 2.1 %',
    'baud-refused',
    says(Command.BAUD, BaudResponse, ({ rate }) => ({ rate: rate > 960_000 ? 990_400 : rate })),
    '?',
    '?',
  ],
  [
    'misses 910000 baud by 2.1 % downwards',
    'baud-refused',
    says(Command.BAUD, BaudResponse, ({ rate }) => ({ rate: rate < 960_000 ? 890_800 : rate })),
    '?',
    '?',
  ],
  [
    'refuses a rate for another reason',
    'baud-refused',
    answers(Command.BAUD, (payload) =>
      payload[0] === Status.OK ? refusal(Status.NO_SESSION) : payload,
    ),
    '?',
    '?',
  ],
  [
    'never returns from a rate that nobody proved',
    'baud-refused',
    (device) => {
      device.proofMs = 60_000;
    },
    '?',
    '?',
  ],
  [
    'does not return to its rate without a proof',
    'baud-returns',
    (device) => {
      device.proofMs = 60_000;
    },
    '?',
    '?',
  ],
  [
    'returns to its rate too soon',
    'baud-returns',
    (device) => {
      device.proofMs = 600;
    },
    '?',
    '?',
  ],
  [
    'returns to its rate too soon after a proof',
    'baud-returns',
    (device) => {
      device.idleRateMs = 2000;
    },
    '?',
    '?',
  ],
  [
    'does not return to its rate after a proof',
    'baud-returns',
    (device) => {
      device.idleRateMs = 60_000;
    },
    '?',
    '?',
  ],
  [
    'answers BAUD with a status that is no refusal',
    'baud-returns',
    says(Command.BAUD, BaudResponse, () => ({ status: Status.GAP })),
    '?',
    '?',
  ],
  ['refuses BAUD', 'baud-returns', answers(Command.BAUD, () => refusal(Status.IN_APP)), '?', '?'],
  ['forgets the update with the rate', 'baud-returns', forgetsAtReturn, '?', '?'],
  [
    'finds a gap when the rate has returned',
    'baud-returns',
    upon(({ type }, { update: { session } }) => {
      if (type === Command.BAUD && session) session.status = Status.GAP;
    }),
    '?',
    '?',
  ],
  [
    'answers for the page behind its image',
    'pages-range',
    tells((first, count) => first === 160 && count === 1),
    '?',
    '?',
  ],
  [
    'answers for a page more than there are',
    'pages-range',
    tells((first, count) => first === 159 && count === 2),
    '?',
    '?',
  ],
  ['answers for no page', 'pages-range', tells((first, count) => first + count === 0), '?', '?'],
  [
    'answers for no page behind its image',
    'pages-range',
    tells((first, count) => first === 160 && count === 0),
    '?',
    '?',
  ],
  [
    'answers for all pages and one more',
    'pages-range',
    tells((first, count) => first === 0 && count === 161),
    '?',
    '?',
  ],
  [
    'answers for page 65535',
    'pages-range',
    tells((first, count) => first === 0xffff && count === 1),
    '?',
    '?',
  ],
  [
    'answers for 65535 pages behind page 65535',
    'pages-range',
    tells((first, count) => first === 0xffff && count === 0xffff),
    '?',
    '?',
  ],
  [
    'answers for 65535 pages behind the first',
    'pages-range',
    tells((first, count) => first === 1 && count === 0xffff),
    '?',
    '?',
  ],
  [
    'answers for 65535 pages behind the last',
    'pages-range',
    tells((first, count) => first === 159 && count === 0xffff),
    '?',
    '?',
  ],
  [
    'answers for more pages than its payload holds',
    'pages-range',
    tells((first, count) => first === 0 && count === 131),
    '?',
    '?',
  ],
  [
    'answers for flash behind a short image',
    'pages-range',
    tells((first, count) => first === 2 && count === 1),
    '?',
    '?',
  ],
  [
    'does not answer for the first page',
    'pages-range',
    refusesPages((first, count) => first === 0 && count === 1),
    '?',
    '?',
  ],
  [
    'does not answer for the last page',
    'pages-range',
    refusesPages((first, count) => first === 159 && count === 1),
    '?',
    '?',
  ],
  [
    'does not answer for as many pages as its payload holds',
    'pages-range',
    refusesPages((_, count) => count === 130),
    '?',
    '?',
  ],
  [
    'answers for other pages',
    'pages-range',
    says(Command.PAGES, PagesResponse, ({ first }) => ({ first: first + 1 })),
    '?',
    '?',
  ],
  [
    'answers with another count',
    'pages-range',
    says(Command.PAGES, PagesResponse, ({ count }) => ({ count: count + 1 })),
    '?',
    '?',
  ],
  [
    'answers with fewer CRCs',
    'pages-range',
    says(Command.PAGES, PagesResponse, () => ({ crc32: [] })),
    '?',
    '?',
  ],
  [
    'answers for the installed image as if it were larger',
    'pages-range',
    (device) => {
      let sessions = 0;
      upon(({ type }) => {
        if (type === Command.BEGIN) sessions++;
      })(device);
      const pages = device.update.pages.bind(device.update);
      device.update.pages = (payload) =>
        device.update.session || sessions < 3 ? pages(payload) : new Uint8Array(9);
    },
    '?',
    '?',
  ],
  [
    'holds a frame less than its window',
    'window',
    (device) => {
      device.room = 3000;
    },
    '?',
    '?',
  ],
  ['says a window of 1000', 'window', implausible({ window: 1000 }), '?', '?'],
  [
    'refuses the end of a full window',
    'window',
    answers(Command.DATA, (payload, frame) =>
      decode(DataRequest, frame.payload).number > 5 ? refusal(Status.NO_SESSION) : payload,
    ),
    '?',
    '?',
  ],
  [
    'takes a page of a full window for another',
    'window',
    hears((frame) => {
      if (frame.type !== Command.DATA) return frame;
      const { number, flags } = decode(DataRequest, frame.payload);
      return number === 6 && (flags & DataFlag.HEAD) !== 0
        ? { ...frame, payload: encode(DataRequest, { number: 5, flags, body: new Uint8Array(20) }) }
        : frame;
    }),
    '?',
    '?',
  ],
  [
    'counts a page of a full window twice',
    'window',
    (device) => {
      const { update } = device;
      const data = update.data.bind(update);
      update.data = (payload) => {
        const { flags } = decode(DataRequest, payload);
        if (update.session && flags === DataFlag.ASK && payload.length === 3)
          update.session.pages++;
        return data(payload);
      };
    },
    '?',
    '?',
  ],
  [
    'says that it has taken a frame more of a full window',
    'window',
    (device) => {
      const { update } = device;
      const data = update.data.bind(update);
      update.data = (payload) => {
        const { flags } = decode(DataRequest, payload);
        if (update.session && flags === DataFlag.ASK && payload.length === 3) update.session.next++;
        return data(payload);
      };
    },
    '?',
    '?',
  ],
  [
    'writes another page of a full window than was sent',
    'window',
    (device) => {
      const { update } = device;
      const write = update.write.bind(update);
      update.write = (session, page, bytes) => {
        write(session, page, bytes);
        if (page === 1) update.page(1).fill(0);
      };
    },
    '?',
    '?',
  ],
];

test.each(WRONG)('a device that %s', (...wrong) => expectFail(wrong));

describe('what a device does not say can not be tested', () => {
  test.each([
    ['baud-refused', 'the device does not announce BAUD'],
    ['half-duplex', 'the device does not announce HALF_DUPLEX'],
    ['dictionary', 'the device does not announce DEFLATE'],
    ['trials', 'the device does not announce CONFIRM'],
    ['signed-pages', 'the device takes unsigned images'],
    ['power-cut', 'needs --power-cmd'],
    ['unfinished', 'needs --power-cmd'],
    ['floor', 'raises the security counter for ever; needs --permanent'],
  ])('%s', async (id, reason) => {
    const bench = new SpecimenBench({ capabilities: 0 });
    expect(await bench.check(id)).toMatchObject({ id, verdict: 'not testable', reason });
  });

  test('rates, through a port of one rate', async () => {
    const bench = new SpecimenBench();
    Object.assign(bench.line, { fixedRate: true });
    expect(await bench.check('baud-returns')).toMatchObject({
      verdict: 'not testable',
      reason: 'this port can not change its rate',
    });
  });
});
