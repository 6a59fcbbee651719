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

/** When it is asked, by empty DATA, where a session is */
function atQuestion(change: (session: NonNullable<Specimen['update']['session']>) => void): Fault {
  return ({ update }) => {
    const data = update.data.bind(update);
    update.data = (payload) => {
      const { flags } = decode(DataRequest, payload);
      if (update.session && flags === DataFlag.ASK && payload.length === 3) change(update.session);
      return data(payload);
    };
  };
}

const WRONG: readonly Wrong[] = [
  [
    'is slow without a session',
    'hello',
    slow(({ update }) => !update.session && !update.installed),
    'HELLO without a session answered within 50 ms',
    '75 ms',
  ],
  [
    'is slow after BEGIN',
    'hello',
    slow(({ update }) => update.session !== undefined && !update.installed),
    'HELLO after BEGIN answered within 50 ms',
    '75 ms',
  ],
  [
    'is slow in an update',
    'hello',
    slow(({ update }) => update.session !== undefined && update.installed !== undefined),
    'HELLO in an update answered within 50 ms',
    '75 ms',
  ],
  [
    'is slow after ABORT',
    'hello',
    slow(({ update }) => !update.session && update.installed !== undefined),
    'HELLO after ABORT answered within 50 ms',
    '75 ms',
  ],
  [
    'refuses HELLO in an update',
    'hello',
    (device) => {
      const says = device.hello.bind(device);
      device.hello = () => (device.update.session?.pages ? refusal(Status.IN_APP) : says());
    },
    'HELLO answered with hello_response of 228 bytes',
    'IN_APP (4300000000)',
  ],
  [
    'says pages of 64 bytes',
    'hello',
    implausible({ pageSize: 64 }),
    'a page size that is a power of two from 128',
    '64',
  ],
  [
    'says pages of 384 bytes',
    'hello',
    implausible({ pageSize: 384 }),
    'a page size that is a power of two from 128',
    '384',
  ],
  [
    'says an area of part of a page',
    'hello',
    implausible({ appEnd: INFO.end + 8 }),
    'an application area of whole pages',
    '134250496 to 134291464',
  ],
  [
    'says an area of nothing',
    'hello',
    implausible({ appEnd: INFO.base }),
    'an application area of whole pages',
    '134250496 to 134250496',
  ],
  [
    'says an area that begins in a page',
    'hello',
    implausible({ appBase: INFO.base + 128, appEnd: INFO.base + 128 + 2560 }),
    'an application area of whole pages',
    '134250624 to 134253184',
  ],
  [
    'says a window of 1023',
    'hello',
    implausible({ window: 1023 }),
    'a window of at least MIN_WINDOW',
    '1023',
  ],
  ['says hold_ms of 0', 'hello', implausible({ holdMs: 0 }), 'hold_ms above 0', '0'],
  [
    'says a highest rate below its usual one',
    'hello',
    implausible({ maxRate: 115_199 }),
    'max_rate not below default_rate',
    '115199, 115200',
  ],
  [
    'says a usual rate of 0',
    'hello',
    implausible({ defaultRate: 0 }),
    'max_rate not below default_rate',
    '1000000, 0',
  ],
  [
    'says something else in an update',
    'hello',
    implausibleLater({ holdMs: 0 }),
    'hold_ms above 0',
    '0',
  ],
  ['is an application in an update', 'hello', implausibleLater({ mode: Mode.APP }), 'mode 0', '1'],
  [
    'takes rate 0',
    'baud-refused',
    takesRate(0),
    'BAUD with 4 bytes refused with RATE_UNAVAILABLE and a detail',
    'OK (0000000000)',
  ],
  [
    'takes a rate above its highest',
    'baud-refused',
    takesRate(1_000_001),
    'BAUD with 4 bytes refused with RATE_UNAVAILABLE and a detail',
    'OK (0041420f00)',
  ],
  [
    'takes twice its highest rate',
    'baud-refused',
    takesRate(2_000_000),
    'BAUD with 4 bytes refused with RATE_UNAVAILABLE and a detail',
    'OK (0080841e00)',
  ],
  [
    'takes the highest number for a rate',
    'baud-refused',
    takesRate(0xffff_ffff),
    'BAUD with 4 bytes refused with RATE_UNAVAILABLE and a detail',
    'OK (00ffffffff)',
  ],
  [
    'says another highest rate in its refusal',
    'baud-refused',
    answers(Command.BAUD, (payload) =>
      payload[0] === Status.RATE_UNAVAILABLE ? refusal(Status.RATE_UNAVAILABLE, 5) : payload,
    ),
    'detail of RATE_UNAVAILABLE, the highest rate, 1000000',
    '5',
  ],
  [
    'misses 970000 baud by 2.1 %',
    'baud-refused',
    says(Command.BAUD, BaudResponse, ({ rate }) => ({ rate: rate > 960_000 ? 990_400 : rate })),
    'a rate within 2 % of 970000, or RATE_UNAVAILABLE',
    '990400',
  ],
  [
    'misses 910000 baud by 2.1 % downwards',
    'baud-refused',
    says(Command.BAUD, BaudResponse, ({ rate }) => ({ rate: rate < 960_000 ? 890_800 : rate })),
    'a rate within 2 % of 910000, or RATE_UNAVAILABLE',
    '890800',
  ],
  [
    'refuses a rate for another reason',
    'baud-refused',
    answers(Command.BAUD, (payload) =>
      payload[0] === Status.OK ? refusal(Status.NO_SESSION) : payload,
    ),
    'BAUD answered with baud_response of 5 bytes',
    'NO_SESSION (4200000000)',
  ],
  [
    'never returns from a rate that nobody proved',
    'baud-refused',
    (device) => {
      device.proofMs = 60_000;
    },
    'HELLO answered at 115200 baud 1000 ms after BAUD without a proof',
    'nothing',
  ],
  [
    'does not return to its rate without a proof',
    'baud-returns',
    (device) => {
      device.proofMs = 60_000;
    },
    'HELLO answered at 115200 baud 1000 ms after BAUD without a proof',
    'nothing',
  ],
  [
    'returns to its rate too soon',
    'baud-returns',
    (device) => {
      device.proofMs = 600;
    },
    'HELLO answered at 230400 baud just before RATE_PROOF_MS',
    'nothing',
  ],
  [
    'returns to its rate too soon after a proof',
    'baud-returns',
    (device) => {
      device.idleRateMs = 2000;
    },
    'HELLO answered at 230400 baud just before RATE_IDLE_MS',
    'nothing',
  ],
  [
    'does not return to its rate after a proof',
    'baud-returns',
    (device) => {
      device.idleRateMs = 60_000;
    },
    'HELLO answered at 115200 baud 3000 ms after the last frame',
    'nothing',
  ],
  [
    'answers BAUD with a status that is no refusal',
    'baud-returns',
    says(Command.BAUD, BaudResponse, () => ({ status: Status.GAP })),
    'status of BAUD 0',
    '1',
  ],
  [
    'refuses BAUD',
    'baud-returns',
    answers(Command.BAUD, () => refusal(Status.IN_APP)),
    'BAUD answered with baud_response of 5 bytes',
    'IN_APP (4300000000)',
  ],
  [
    'forgets the update with the rate',
    'baud-returns',
    forgetsAtReturn,
    'status of DATA after the rate returned 0',
    '66',
  ],
  [
    'finds a gap when the rate has returned',
    'baud-returns',
    upon(({ type }, { update: { session } }) => {
      if (type === Command.BAUD && session) session.status = Status.GAP;
    }),
    'status of DATA after the rate returned 0',
    '1',
  ],
  [
    'answers for the page behind its image',
    'pages-range',
    tells((first, count) => first === 160 && count === 1),
    'PAGES with 4 bytes refused with BAD_REQUEST and a detail',
    'OK (00a00001000000000000000000000000…)',
  ],
  [
    'answers for a page more than there are',
    'pages-range',
    tells((first, count) => first === 159 && count === 2),
    'PAGES with 4 bytes refused with BAD_REQUEST and a detail',
    'OK (009f0002000000000000000000000000…)',
  ],
  [
    'answers for no page',
    'pages-range',
    tells((first, count) => first + count === 0),
    'PAGES with 4 bytes refused with BAD_REQUEST and a detail',
    'OK (00000000000000000000000000000000…)',
  ],
  [
    'answers for no page behind its image',
    'pages-range',
    tells((first, count) => first === 160 && count === 0),
    'PAGES with 4 bytes refused with BAD_REQUEST and a detail',
    'OK (00a00000000000000000000000000000…)',
  ],
  [
    'answers for all pages and one more',
    'pages-range',
    tells((first, count) => first === 0 && count === 161),
    'PAGES with 4 bytes refused with BAD_REQUEST and a detail',
    'OK (000000a1000000000000000000000000…)',
  ],
  [
    'answers for page 65535',
    'pages-range',
    tells((first, count) => first === 0xffff && count === 1),
    'PAGES with 4 bytes refused with BAD_REQUEST and a detail',
    'OK (00ffff01000000000000000000000000…)',
  ],
  [
    'answers for 65535 pages behind page 65535',
    'pages-range',
    tells((first, count) => first === 0xffff && count === 0xffff),
    'PAGES with 4 bytes refused with BAD_REQUEST and a detail',
    'OK (00ffffffff0000000000000000000000…)',
  ],
  [
    'answers for 65535 pages behind the first',
    'pages-range',
    tells((first, count) => first === 1 && count === 0xffff),
    'PAGES with 4 bytes refused with BAD_REQUEST and a detail',
    'OK (000100ffff0000000000000000000000…)',
  ],
  [
    'answers for 65535 pages behind the last',
    'pages-range',
    tells((first, count) => first === 159 && count === 0xffff),
    'PAGES with 4 bytes refused with BAD_REQUEST and a detail',
    'OK (009f00ffff0000000000000000000000…)',
  ],
  [
    'answers for more pages than its payload holds',
    'pages-range',
    tells((first, count) => first === 0 && count === 131),
    'PAGES with 4 bytes refused with BAD_REQUEST and a detail',
    'OK (00000083000000000000000000000000…)',
  ],
  [
    'answers for flash behind a short image',
    'pages-range',
    tells((first, count) => first === 2 && count === 1),
    'PAGES with 4 bytes refused with BAD_REQUEST and a detail',
    'OK (00020001000000000000000000000000…)',
  ],
  [
    'does not answer for the first page',
    'pages-range',
    refusesPages((first, count) => first === 0 && count === 1),
    'PAGES answered with pages_response of 5 bytes',
    'BAD_REQUEST (4102000000)',
  ],
  [
    'does not answer for the last page',
    'pages-range',
    refusesPages((first, count) => first === 159 && count === 1),
    'PAGES answered with pages_response of 5 bytes',
    'BAD_REQUEST (4102000000)',
  ],
  [
    'does not answer for as many pages as its payload holds',
    'pages-range',
    refusesPages((_, count) => count === 130),
    'PAGES answered with pages_response of 5 bytes',
    'BAD_REQUEST (4102000000)',
  ],
  [
    'answers for other pages',
    'pages-range',
    says(Command.PAGES, PagesResponse, ({ first }) => ({ first: first + 1 })),
    'PAGES answered with first 0',
    '1',
  ],
  [
    'answers with another count',
    'pages-range',
    says(Command.PAGES, PagesResponse, ({ count }) => ({ count: count + 1 })),
    'PAGES answered with count 1',
    '2',
  ],
  [
    'answers with fewer CRCs',
    'pages-range',
    says(Command.PAGES, PagesResponse, () => ({ crc32: [] })),
    'CRCs in the answer to PAGES 1',
    '0',
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
    'PAGES with 4 bytes refused with BAD_REQUEST and a detail',
    'OK (000000000000000000)',
  ],
  [
    'holds a frame less than its window',
    'window',
    (device) => {
      device.room = 3000;
    },
    'the answer after a full window of 4096 bytes: OK',
    'GAP, detail 0x0',
  ],
  [
    'says a window of 1000',
    'window',
    implausible({ window: 1000 }),
    'a window of at least MIN_WINDOW',
    '1000',
  ],
  [
    'refuses the end of a full window',
    'window',
    answers(Command.DATA, (payload, frame) =>
      decode(DataRequest, frame.payload).number > 5 ? refusal(Status.NO_SESSION) : payload,
    ),
    'a DATA response',
    'NO_SESSION',
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
    'the answer after a full window of 4096 bytes: OK',
    'GAP, detail 0x0',
  ],
  [
    'counts a page of a full window twice',
    'window',
    atQuestion((session) => {
      session.pages++;
    }),
    'pages completed 32',
    '33',
  ],
  [
    'says that it has taken a frame more of a full window',
    'window',
    atQuestion((session) => {
      session.next++;
    }),
    'next after a full window of 4096 bytes 32',
    '33',
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
    'CRC-32 of the pages 2713099473,541028397,4076619949,1702552495,897013266,781404459,930370242,1302284032,3787588077,1077688965,1076454893,2016056908',
    '2713099473,227968344,4076619949,1702552495,897013266,781404459,930370242,1302284032,3787588077,1077688965,1076454893,2016056908',
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
