// The commands, typed: what each asks for, how long the device may take for it, and which answers are none to it.
import { describe, expect, test } from 'vitest';
import type { IapError } from '../../host/base/errors.js';
import {
  Device,
  type DeviceInfo,
  decodeAnswer,
  decodeHello,
  HELLO_ANSWER_SIZE,
  helloRequest,
  otherDevice,
  statusName,
} from '../../host/device/device.js';
import { type RequestOptions, Session } from '../../host/link/session.js';
import { FakeLine } from '../../host/testing/fake-line.js';
import { VirtualClock } from '../../host/testing/virtual-clock.js';
import {
  APP_ANSWER_MS,
  BaudResponse,
  BeginResponse,
  BootResponse,
  Capability,
  Command,
  DataResponse,
  decode,
  EndResponse,
  encode,
  Header,
  HelloFlag,
  HelloRequest,
  HelloResponse,
  MAX_PAYLOAD,
  PagesRequest,
  PagesResponse,
  PROTOCOL_MAJOR,
  PROTOCOL_MINOR,
  Security,
  SecurityFlag,
  Status,
} from '../../protocol/index.js';
import { Bench } from '../support/bench.js';

/** Each time another, so that none can stand for another [ms] */
const TIMES = { beginMs: 1100, pageMs: 220, pagesMs: 330, endMs: 4400 };
const INFO: DeviceInfo = { ...new Bench().device.info, ...TIMES };

interface Asked {
  readonly type: number;
  readonly payload: Uint8Array;
  readonly options: RequestOptions;
}

/** A device on a session that answers at once. */
function answering(
  answer: (payload: Uint8Array, session: Session) => Uint8Array,
  said: Partial<DeviceInfo> = {},
): { device: Device; asked: Asked[]; session: Session } {
  const clock = new VirtualClock();
  const session = new Session(new FakeLine(clock, 115_200), { clock });
  const asked: Asked[] = [];
  session.request = async (type, payload, options) => {
    asked.push({ type, payload, options });
    return answer(payload, session);
  };
  return { device: new Device(session, { ...INFO, ...said }), asked, session };
}

describe('the time for an answer, and its size', () => {
  const boot = { answerSize: BootResponse.size };
  const hello = { limitMs: APP_ANSWER_MS, answerSize: HELLO_ANSWER_SIZE, quick: true };
  const baud = { limitMs: 50, answerSize: BaudResponse.size, quick: true };
  test.each<[keyof typeof Command, (device: Device) => Promise<unknown>, RequestOptions]>([
    ['HELLO', (device) => device.hello(true), hello],
    ['HELLO', (device) => device.hello(true, 3), { ...hello, attempts: 3 }],
    ['BAUD', (device) => device.baud(9600), baud],
    ['BAUD', (device) => device.baud(9600, 2), { ...baud, attempts: 2 }],
    [
      'BEGIN',
      (device) => device.begin(new Uint8Array(Header.size), 0),
      { limitMs: 1100, answerSize: BeginResponse.size },
    ],
    [
      'DATA',
      (device) => device.progress(7),
      { limitMs: 220, answerSize: DataResponse.size, attempts: 3 },
    ],
    ['END', (device) => device.end(9), { limitMs: 4400, answerSize: EndResponse.size }],
    ['BOOT', (device) => device.boot(), { ...boot, limitMs: 1100 }],
    ['BOOT', (device) => device.boot(2), { ...boot, limitMs: 1100, attempts: 2 }],
    ['ABORT', (device) => device.abort(), { ...boot, limitMs: 1100 }],
    ['ENTER', (device) => device.enter(), { ...boot, limitMs: APP_ANSWER_MS }],
    ['ENTER', (device) => device.enter(1), { ...boot, limitMs: APP_ANSWER_MS, attempts: 1 }],
  ])('%s (%#)', async (name, ask, options) => {
    const answers: Partial<Record<keyof typeof Command, Uint8Array>> = {
      HELLO: encode(HelloResponse, INFO),
      BAUD: encode(BaudResponse, { status: Status.OK, rate: 9600 }),
    };
    const { device, asked } = answering(() => answers[name] ?? new Uint8Array(options.answerSize));
    await ask(device);
    expect(asked).toMatchObject([{ type: Command[name] }]);
    expect(asked[0]?.options).toStrictEqual(options);
  });
});

describe('what is said of the line is heeded', () => {
  test.each([0, Capability.BAUD, Capability.HALF_DUPLEX])('capabilities %i', async (bits) => {
    const { device, session } = answering(() =>
      encode(HelloResponse, { ...INFO, capabilities: bits }),
    );
    expect((await device.hello(false)).capabilities).toBe(bits);
    expect(device.info.capabilities).toBe(bits);
    expect(session.halfDuplex).toBe(bits === Capability.HALF_DUPLEX);
  });
});

describe('a rate', () => {
  test.each([9120, 9600, 10_080])('%i of 9600 is near enough', async (rate) => {
    const { device } = answering(() => encode(BaudResponse, { status: Status.OK, rate }));
    expect(await device.baud(9600)).toBe(rate);
  });

  test.each([9119, 10_081])('%i is another one', async (rate) => {
    const { device } = answering(() => encode(BaudResponse, { status: Status.OK, rate }));
    await expect(device.baud(9600)).rejects.toMatchObject({
      code: 'BAD_ANSWER',
      details: { command: 'BAUD', field: 'rate', found: rate, expected: '9600, within 5 %' },
    });
  });
});

describe('CRC-32 of pages', () => {
  const crcs = (first: number, count: number): number[] =>
    Array.from({ length: count }, (_, i) => 1000 + first + i);
  const right = (payload: Uint8Array): Uint8Array => {
    const { first, count } = decode(PagesRequest, payload);
    return encode(PagesResponse, { status: Status.OK, first, count, crc32: crcs(first, count) });
  };
  const ranges = (asked: readonly Asked[]): [number, number][] =>
    asked.map(({ payload }) => {
      const { first, count } = decode(PagesRequest, payload);
      return [first, count];
    });
  const HEAD = PagesResponse.size;

  test.each<[string, number, number, [number, number][]]>([
    ['in one request', 4096, 20, [[5, 20]]],
    [
      'in as many as the answer has room for',
      HEAD + 4 * 9 + 3,
      20,
      [
        [5, 9],
        [14, 9],
        [23, 2],
      ],
    ],
    [
      'no more than a frame carries',
      65_535,
      2000,
      [
        [5, Math.floor((MAX_PAYLOAD - HEAD) / 4)],
        [5 + Math.floor((MAX_PAYLOAD - HEAD) / 4), 2000 - Math.floor((MAX_PAYLOAD - HEAD) / 4)],
      ],
    ],
    [
      'one by one where there is room for none',
      0,
      2,
      [
        [5, 1],
        [6, 1],
      ],
    ],
  ])('%s', async (_, maxPayload, count, expected) => {
    const { device, asked } = answering(right, { maxPayload });
    expect(await device.pages(5, count)).toEqual(crcs(5, count));
    expect(ranges(asked)).toEqual(expected);
    const [, first = 0] = expected[0] ?? [];
    expect(asked[0]?.options).toEqual({ limitMs: 330, answerSize: HEAD + 4 * first });
  });

  test('after an answer that had to be asked for again in shorter ranges, to a point', async () => {
    const { device, asked } = answering(
      (payload, { stats }) => {
        stats.repeats++;
        return right(payload);
      },
      { maxPayload: HEAD + 4 * 40 },
    );
    expect(await device.pages(0, 96)).toEqual(crcs(0, 96));
    expect(ranges(asked).map(([, count]) => count)).toEqual([40, 20, 10, 8, 8, 8, 2]);
  });

  test.each<[string, Partial<PagesResponse>]>([
    ['other pages', { first: 4 }],
    ['fewer', { count: 2, crc32: [1, 2] }],
    ['more', { count: 4, crc32: [1, 2, 3, 4] }],
    ['a CRC-32 too few', { crc32: [1, 2] }],
  ])('of %s: none to this request', async (_, changed) => {
    const said = { status: Status.OK, first: 5, count: 3, crc32: [1, 2, 3], ...changed };
    const { device } = answering(() => encode(PagesResponse, said));
    await expect(device.pages(5, 3)).rejects.toMatchObject({
      code: 'BAD_ANSWER',
      details: {
        command: 'PAGES',
        field: 'count',
        found: `${said.count} from ${said.first}`,
        expected: expect.stringContaining('3 from 5'),
      },
    });
  });

  test('what a later version appends is left out', async () => {
    const said = { status: Status.OK, first: 5, count: 3, crc32: [1, 2, 3, 99] };
    const { device } = answering(() => encode(PagesResponse, said));
    expect(await device.pages(5, 3)).toEqual([1, 2, 3]);
  });
});

describe('an answer to HELLO', () => {
  const errorOf = (payload: Uint8Array): IapError | undefined => {
    try {
      decodeHello(payload);
      return undefined;
    } catch (error) {
      return error as IapError;
    }
  };
  const hello = encode(HelloResponse, INFO);
  const security = new Uint8Array(Security.size);
  const secure = (length: number): Uint8Array =>
    Uint8Array.of(...hello, ...security, 1, 2).subarray(0, length);

  test.each([
    [HelloResponse.size, false],
    [HELLO_ANSWER_SIZE - 1, false],
    [HELLO_ANSWER_SIZE, true],
    [HELLO_ANSWER_SIZE + 2, true],
  ])('of %i bytes tells of keys: %s', (length, told) => {
    const info = decodeHello(secure(length));
    expect(info.pageSize).toBe(INFO.pageSize);
    expect(info.security !== undefined).toBe(told);
  });

  test('that says two things of protection at once', () => {
    const flags = encode(Security, {
      ...decode(Security, security),
      flags: SecurityFlag.READ_LOCKED,
    });
    expect(errorOf(Uint8Array.of(...hello, ...flags))).toMatchObject({ code: 'BAD_ANSWER' });
  });

  test.each([
    [PROTOCOL_MAJOR + 1, /newer version/],
    [PROTOCOL_MAJOR - 1, /delivered with/],
  ])('of major version %i says which program to take', (major, hint) => {
    expect(errorOf(Uint8Array.of(Status.OK, major))).toMatchObject({
      code: 'PROTOCOL_VERSION',
      message: expect.stringContaining(`${major}.0`),
      hint: expect.stringMatching(hint),
      details: { deviceMajor: major, hostMajor: PROTOCOL_MAJOR },
    });
  });

  test.each([
    ['nothing', []],
    ['a status', [Status.OK]],
    ['the version', [Status.OK, PROTOCOL_MAJOR, PROTOCOL_MINOR]],
  ])('that ends after %s', (_, bytes) => {
    expect(errorOf(Uint8Array.from(bytes))).toMatchObject({
      code: 'BAD_ANSWER',
      details: { command: 'HELLO' },
    });
  });

  test('that refuses', () => {
    expect(errorOf(Uint8Array.of(Status.BAD_REQUEST, 9))).toMatchObject({
      code: 'REFUSED',
      details: { command: 'HELLO', status: 'BAD_REQUEST' },
    });
  });
});

test.each([
  [true, HelloFlag.HOLD],
  [false, 0],
])('HELLO says which protocol is spoken, and whether the device is to stay: %s', (hold, flags) => {
  expect(decode(HelloRequest, helloRequest(hold))).toEqual({
    major: PROTOCOL_MAJOR,
    minor: PROTOCOL_MINOR,
    flags,
    reserved: 0,
  });
});

test('a fault of this program is not told as one of the device', () => {
  const layout = {
    ...EndResponse,
    get fields(): never {
      throw new RangeError('a bug');
    },
  };
  expect(() => decodeAnswer('END', new Uint8Array(EndResponse.size), layout)).toThrow(RangeError);
});

test('another device than before, and a status, have names', () => {
  expect(otherDevice()).toMatchObject({
    code: 'OTHER_DEVICE',
    hint: expect.stringContaining('goes on where it stopped'),
  });
  expect(statusName(Status.GAP)).toBe('GAP');
});

test('a refusal is the answer to any command', async () => {
  const { device } = answering(() => Uint8Array.of(Status.NO_SESSION));
  await expect(device.end(1)).rejects.toMatchObject({
    code: 'REFUSED',
    details: { command: 'END', status: 'NO_SESSION', detail: 0 },
  });
});

test('an answer that is cut short is none', async () => {
  const { device } = answering(() => Uint8Array.of(Status.OK));
  await expect(device.end(1)).rejects.toMatchObject({
    code: 'BAD_ANSWER',
    details: { command: 'END' },
  });
});
