// The device for tests of others keeps to docs/protocol.md: who answers, when, at which rate, and what it says of itself.
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../host/base/sha256.js';
import { plainHeader } from '../../host/image/image.js';
import type { FakeDeviceOptions, Hook } from '../../host/testing/fake-device.js';
import { FakeFlash } from '../../host/testing/fake-flash.js';
import {
  APP_BASE,
  BaudRequest,
  BaudResponse,
  Capability,
  Command,
  crc32,
  DataFlag,
  DataRequest,
  decode,
  encode,
  encodeFrame,
  HelloFlag,
  HelloResponse,
  ImageState,
  LISTEN_MS,
  Mode,
  PagesRequest,
  PagesResponse,
  RATE_IDLE_MS,
  RATE_PROOF_MS,
  RESPONSE_BIT,
  Refusal,
  Security,
  Status,
  Stay,
} from '../../protocol/index.js';
import { appImage } from '../support/images.js';
import { helloRequest, pageBody, Wire, type WireOptions } from '../support/wire.js';

const PAGE = 1024;
const IMAGE = appImage(2500);
const { BAUD, PAGES, DATA, END, BOOT, ABORT, ENTER, HELLO } = Command;
const ALL = Object.values(Command);
const HOLD = HelloFlag.HOLD;

const small = (options: WireOptions = {}): Wire =>
  new Wire({ pageSize: PAGE, pages: 8, ...options });

async function withImage(options: WireOptions = {}): Promise<Wire> {
  const wire = small(options);
  await wire.install(IMAGE);
  wire.device.log.length = 0;
  return wire;
}

/** At 1 Mbit/s [ms] */
const lineMs = (payload: number): number => (payload + 9) / 100;

describe('an answer', () => {
  test('has the seq and the address of its request, and its type with bit 7', async () => {
    const wire = small({ info: { address: 9 } });
    wire.seq = 254;
    for (const address of [0, 9]) await wire.answers(HELLO, helloRequest(), address);
    expect(wire.heard.map(({ frame }) => ({ ...frame, payload: frame.payload.length }))).toEqual([
      { address: 0, seq: 254, type: HELLO | RESPONSE_BIT, payload: HelloResponse.size },
      { address: 9, seq: 255, type: HELLO | RESPONSE_BIT, payload: HelloResponse.size },
    ]);
  });

  test.each([8, 10, 254])('comes from nobody at address %i', async (address) => {
    const wire = small({ info: { address: 9 } });
    expect(await wire.answers(HELLO, helloRequest(), address)).toEqual([]);
    expect(wire.device.log).toEqual([]);
  });

  test('comes not to what is an answer itself, nor to noise', async () => {
    const wire = small();
    expect(await wire.answers(HELLO | RESPONSE_BIT, helloRequest())).toEqual([]);
    await wire.line.write(Uint8Array.of(0, 5, 1, 2, 3, 0, 9, 9, 0));
    await wire.pass(100);
    expect(wire.heard).toEqual([]);
    expect(wire.device.log).toEqual([]);
  });

  test('comes after the one before', async () => {
    const wire = small({ helloMs: 30 });
    wire.send(HELLO, helloRequest());
    wire.send(HELLO, helloRequest());
    await wire.pass(200);
    const [first, second] = wire.heard;
    expect(first?.at).toBeGreaterThan(30);
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeCloseTo(30, 3);
  });

  test('to what is not known is a refusal', async () => {
    const wire = small();
    expect(await wire.refusal(0x33)).toEqual({ status: Status.UNKNOWN_COMMAND, detail: 0 });
    expect(wire.device.log).toEqual(['51']);
  });
});

describe('sent to all of them (255)', () => {
  test('nothing is answered, and only ENTER, BOOT and ABORT are done', async () => {
    const wire = await withImage();
    for (const type of ALL) expect(await wire.answers(type, helloRequest(), 255)).toEqual([]);
    expect(wire.device.log).toEqual(['BOOT', 'ABORT', 'ENTER']);
    expect(wire.device.mode).toBe(Mode.APP);
  });

  test('an application that is asked to leave leaves', async () => {
    const wire = await withImage({ appKit: true });
    wire.device.startApp();
    expect(await wire.answers(ENTER, undefined, 255)).toEqual([]);
    expect(wire.device.mode).toBe(Mode.BOOTLOADER);
  });
});

describe('HELLO', () => {
  test('says what it is', async () => {
    const info = { product: new Uint8Array(16).fill(3), hardware: 4, serial: 'A7', address: 5 };
    const wire = small({ rate: 230_400, info });
    expect(await wire.hello()).toEqual({
      status: Status.OK,
      major: 1,
      minor: 1,
      mode: Mode.BOOTLOADER,
      stay: Stay.NO_RECORD,
      bootloaderMajor: 0,
      bootloaderMinor: 1,
      bootloaderPatch: 0,
      part: 'fake',
      identityFlags: 0xff,
      uniqueId: new Uint8Array(12).fill(7),
      pageSize: PAGE,
      appBase: APP_BASE,
      appEnd: APP_BASE + 8 * PAGE,
      maxPayload: PAGE + 16,
      reserved: 0,
      window: 8192,
      defaultRate: 230_400,
      maxRate: 1_000_000,
      capabilities: Capability.BAUD,
      holdMs: 10_000,
      beginMs: 100,
      pageMs: 120,
      pagesMs: 500,
      endMs: 500,
      reserved2: 0,
      installed: expect.objectContaining({ state: 0, size: 0 }) as never,
      pending: expect.objectContaining({ state: 0, size: 0 }) as never,
      ...info,
    });
  });

  test('a device is large if nobody says how large', () => {
    const { info } = new Wire().device;
    expect(info).toMatchObject({ pageSize: 2048, appEnd: APP_BASE + 240 * 2048, maxPayload: 2064 });
  });

  const security = decode(Security, new Uint8Array(Security.size).fill(1));
  const inflate = (bytes: Uint8Array): Uint8Array => bytes;
  const { DEFLATE, DICTIONARY, SIGNATURE } = Capability;
  test.each<[FakeDeviceOptions, number]>([
    [{}, 0],
    [{ inflate }, DEFLATE | DICTIONARY],
    [{ security }, SIGNATURE],
    [{ security, inflate }, SIGNATURE | DEFLATE],
  ])('what it can do: %j', async (options, bits) => {
    const wire = small(options);
    const answer = await wire.answer(HELLO, helloRequest());
    expect(decode(HelloResponse, answer).capabilities).toBe(Capability.BAUD | bits);
    const behind = answer.subarray(HelloResponse.size);
    expect(behind).toEqual(options.security ? encode(Security, security) : new Uint8Array());
  });

  test('of two devices, each says its own unique id', () => {
    const [one, two] = [small().device, small().device];
    one.info.uniqueId[0] = 1;
    expect(two.info.uniqueId[0]).toBe(7);
  });

  test('tells of the image, once it has looked at it', async () => {
    const { PRESENT, TOUCHED, VALID, CHECKED, GOOD } = ImageState;
    const wire = await withImage();
    const said = {
      sequence: 1,
      trials: 0,
      reserved: 0,
      size: IMAGE.length,
      crc32: crc32(IMAGE),
      sha256: sha256(IMAGE),
      version: { major: 0, minor: 0, patch: 0, build: 0 },
    };
    const whole = PRESENT | TOUCHED | VALID | CHECKED | GOOD;
    expect((await wire.hello()).installed).toEqual({ ...said, state: whole });
    wire.device.uncheckedUntil = wire.clock.now() + 200;
    expect((await wire.hello()).installed.state).toBe(PRESENT | TOUCHED | VALID);
    expect((await wire.hello()).installed.state).toBe(whole);
    wire.device.flash.bytes[5] = (wire.device.flash.bytes[5] ?? 0) ^ 1;
    expect((await wire.hello()).installed.state).toBe(PRESENT | TOUCHED | VALID | CHECKED);
    wire.device.tellState = (state) => state | ImageState.TRIALS_USED;
    expect((await wire.hello()).installed.state & ImageState.TRIALS_USED).not.toBe(0);
  });

  test.each([
    [{}, false, 1],
    [{ helloMs: 40 }, false, 40],
    [{ appKit: true }, true, 5],
    [{ appKit: true, helloMs: 40 }, true, 40],
    [{ turnRoundMs: 20 }, false, 21],
  ])('%j is answered in its time; by an application: %s', async (options, app, ms) => {
    const wire = small(options);
    if (app) wire.device.startApp();
    await wire.hello();
    const inFrames = lineMs(helloRequest().length) + lineMs(HelloResponse.size);
    expect(wire.heard[0]?.at).toBeCloseTo(ms + inFrames, 1);
  });
});

describe('a reset', () => {
  test('with a good image: it is started after the listening window', async () => {
    const wire = await withImage();
    wire.device.reset();
    expect(wire.device).toMatchObject({ mode: Mode.BOOTLOADER, stay: Stay.NONE });
    await wire.pass(LISTEN_MS - 1);
    expect(wire.device.mode).toBe(Mode.BOOTLOADER);
    await wire.pass(2);
    expect(wire.device.mode).toBe(Mode.APP);
  });

  test('HELLO with HOLD keeps it, HELLO without does not, and the next reset forgets it', async () => {
    const wire = await withImage();
    wire.device.reset();
    await wire.hello(HOLD);
    expect(wire.device.mode).toBe(Mode.BOOTLOADER);
    wire.device.reset();
    await wire.hello();
    expect(wire.device.mode).toBe(Mode.APP);
  });

  test('within a listening window another one begins', async () => {
    const wire = await withImage();
    wire.device.reset();
    await wire.pass(LISTEN_MS / 2);
    wire.device.reset();
    await wire.pass(LISTEN_MS - 10);
    expect(wire.device.mode).toBe(Mode.BOOTLOADER);
  });

  test.each([
    ['nothing', Stay.NO_RECORD, () => {}],
    [
      'an update that is begun',
      Stay.IN_PROGRESS,
      (wire: Wire) => wire.data(0, pageBody(IMAGE, 0, PAGE), DataFlag.HEAD),
    ],
  ])('with %s it stays, and says why', async (_, stay, prepare) => {
    const wire = small();
    await wire.begin(IMAGE);
    await prepare(wire);
    wire.device.reset();
    await wire.pass(1000);
    expect(wire.device).toMatchObject({ mode: Mode.BOOTLOADER, stay });
    expect(await wire.refusal(BOOT)).toEqual({ status: Status.NOT_BOOTABLE, detail: stay });
  });

  test('what was under way in RAM is lost: what it heard, its session, its rate', async () => {
    const wire = small({ helloMs: 50 });
    await wire.begin(IMAGE);
    wire.send(HELLO, helloRequest());
    wire.send(HELLO, helloRequest());
    await wire.pass(10);
    wire.device.rate = 9600;
    wire.device.reset();
    await wire.pass(500);
    expect(wire.heard).toHaveLength(1);
    expect(wire.device.rate).toBe(1_000_000);
    expect((await wire.refusal(END, Uint8Array.of(0, 0))).status).toBe(Status.NO_SESSION);
  });

  test('half a frame of before is none of the next', async () => {
    const wire = small();
    wire.device.receive(Uint8Array.of(0, 9, 9, 9));
    wire.device.reset();
    const answers = await wire.answers(HELLO, helloRequest());
    expect(answers).toHaveLength(1);
  });
});

describe('an application', () => {
  test('with the app kit says of its bootloader what it knows', async () => {
    const wire = await withImage({
      appKit: true,
      info: { capabilities: Capability.BAUD | Capability.HALF_DUPLEX },
    });
    wire.device.startApp();
    expect(await wire.hello()).toMatchObject({
      mode: Mode.APP,
      bootloaderMajor: 0,
      bootloaderMinor: 0,
      bootloaderPatch: 0,
      part: 'fake',
      pageSize: PAGE,
      maxPayload: 32,
      window: 0,
      maxRate: 115_200,
      holdMs: 0,
      beginMs: 0,
      pageMs: 0,
      pagesMs: 0,
      endMs: 0,
      capabilities: Capability.HALF_DUPLEX,
      installed: { size: IMAGE.length },
    });
  });

  test('does nothing else than to be left', async () => {
    const wire = await withImage({ appKit: true });
    wire.device.startApp();
    for (const type of ALL.filter((one) => one !== HELLO && one !== ENTER)) {
      expect(await wire.refusal(type, new Uint8Array(32))).toEqual({
        status: Status.IN_APP,
        detail: 0,
      });
    }
    expect(await wire.answers(BAUD, new Uint8Array(33))).toEqual([]);
  });

  test('without the app kit is silent', async () => {
    const wire = small();
    wire.device.startApp();
    for (const type of ALL) expect(await wire.answers(type, helloRequest())).toEqual([]);
  });

  test('is left at ENTER, when it has answered; its bootloader stays', async () => {
    const wire = await withImage({ appKit: true, appRate: 500_000 });
    expect(wire.device.rate).toBe(1_000_000);
    wire.device.startApp();
    expect(wire.device.rate).toBe(500_000);
    wire.line.rate = 500_000;
    expect(await wire.answer(ENTER)).toEqual(Uint8Array.of(Status.OK));
    expect(wire.device).toMatchObject({ mode: Mode.BOOTLOADER, stay: Stay.ASKED, rate: 1_000_000 });
    await wire.pass(20_000);
    expect(wire.device.mode).toBe(Mode.BOOTLOADER);
  });

  test.each([0, 17])('may refuse to be left now, with %i of its own', async (detail) => {
    const wire = small({ appKit: true });
    wire.device.startApp();
    wire.device.notNow = detail;
    expect(await wire.refusal(ENTER)).toEqual({ status: Status.NOT_NOW, detail });
    expect(wire.device.mode).toBe(Mode.APP);
    wire.device.notNow = undefined;
    expect(await wire.answer(ENTER)).toEqual(Uint8Array.of(Status.OK));
  });

  test('that starts has nothing of what its bootloader was doing', async () => {
    const wire = await withImage({ appKit: true, beginMs: 50 });
    await wire.begin(appImage(2000, 9));
    wire.send(ABORT);
    wire.send(ABORT);
    await wire.pass(0.5);
    wire.device.startApp();
    await wire.pass(100);
    expect(wire.heard.slice(-1)[0]?.frame.type).not.toBe(ABORT | RESPONSE_BIT);
    expect((await wire.hello()).mode).toBe(Mode.APP);
    await wire.answer(ENTER);
    expect((await wire.refusal(END, Uint8Array.of(0, 0))).status).toBe(Status.NO_SESSION);
  });
});

describe('BOOT, ABORT and ENTER in the bootloader', () => {
  test('BOOT starts the application, when it is answered', async () => {
    const wire = await withImage();
    expect(await wire.answer(BOOT)).toEqual(Uint8Array.of(Status.OK));
    expect(wire.device.mode).toBe(Mode.APP);
  });

  test('BOOT without a good image is refused', async () => {
    const wire = await withImage();
    wire.device.flash.bytes[1] = 0;
    wire.device.stay = Stay.IMAGE_BAD;
    expect(await wire.refusal(BOOT)).toEqual({
      status: Status.NOT_BOOTABLE,
      detail: Stay.IMAGE_BAD,
    });
    expect(wire.device.mode).toBe(Mode.BOOTLOADER);
  });

  test('ABORT ends a session, and is right without one', async () => {
    const wire = small();
    expect(await wire.answer(ABORT)).toEqual(Uint8Array.of(Status.OK));
    await wire.begin(IMAGE);
    expect(await wire.answer(ABORT)).toEqual(Uint8Array.of(Status.OK));
    expect((await wire.refusal(END, Uint8Array.of(0, 0))).status).toBe(Status.NO_SESSION);
  });

  test('ENTER is right, and changes nothing', async () => {
    const wire = small();
    expect(await wire.answer(ENTER)).toEqual(Uint8Array.of(Status.OK));
    expect(wire.device.stay).toBe(Stay.NO_RECORD);
  });
});

describe('BAUD', () => {
  const request = (rate: number): Uint8Array => encode(BaudRequest, { rate });
  /** Asks for a rate, and goes there. */
  async function changed(rate: number, options: WireOptions = {}): Promise<Wire> {
    const wire = small({ rate: 115_200, ...options });
    expect(await wire.ask(BaudResponse, BAUD, request(rate))).toEqual({ status: Status.OK, rate });
    wire.line.rate = rate;
    return wire;
  }

  test.each([115_201, 500_000])('%i: more than it can is refused', async (rate) => {
    const wire = small({ rate: 9600, info: { maxRate: 115_200 } });
    expect(await wire.refusal(BAUD, request(rate))).toEqual({
      status: Status.RATE_UNAVAILABLE,
      detail: 115_200,
    });
    expect(wire.device.rate).toBe(9600);
  });

  test('it changes after the last bit of the answer, before a host may send', async () => {
    const wire = small({ rate: 9600, info: { maxRate: 115_200 } });
    wire.send(BAUD, request(115_200));
    while (wire.heard.length === 0) await wire.pass(0.1);
    const answered = wire.heard[0]?.at ?? 0;
    expect(wire.device.rate).toBe(9600);
    while (wire.device.rate === 9600) await wire.pass(0.1);
    expect(wire.clock.now() - answered).toBeGreaterThan(1);
    expect(wire.clock.now() - answered).toBeLessThanOrEqual(2.1);
    expect(wire.device.rate).toBe(115_200);
  });

  test('at the new rate it is heard, and at the old one no more', async () => {
    const wire = await changed(230_400);
    expect((await wire.hello()).status).toBe(Status.OK);
    wire.line.rate = 115_200;
    expect(await wire.answers(HELLO, helloRequest())).toEqual([]);
  });

  test('a reset before it has changed leaves the rate', async () => {
    const wire = small({ rate: 115_200 });
    wire.send(BAUD, request(230_400));
    while (wire.heard.length === 0) await wire.pass(0.1);
    wire.device.reset();
    await wire.pass(10);
    expect(wire.device.rate).toBe(115_200);
  });

  test.each([
    ['is not proven', RATE_PROOF_MS, false],
    ['is proven', RATE_IDLE_MS, true],
  ])('a rate that %s is left after %i ms of silence', async (_, ms, proven) => {
    for (const [silence, stays] of [
      [ms - 20, true],
      [ms + 20, false],
    ] as const) {
      const wire = small({ rate: 115_200 });
      wire.send(BAUD, request(230_400));
      while (wire.device.rate === 115_200) await wire.pass(0.1);
      wire.line.rate = 230_400;
      if (proven) {
        wire.send(HELLO, helloRequest());
        while (wire.heard.length < 2) await wire.pass(0.1);
      }
      await wire.pass(silence);
      const before = wire.heard.length;
      wire.send(HELLO, helloRequest());
      await wire.pass(20);
      expect(wire.heard.length - before).toBe(stays ? 1 : 0);
      expect(wire.device.rate).toBe(stays ? 230_400 : 115_200);
    }
  });

  test('an application stays at its rate', async () => {
    const wire = small({ appKit: true, appRate: 9600 });
    wire.device.startApp();
    wire.line.rate = 9600;
    await wire.pass(10_000);
    expect((await wire.hello()).mode).toBe(Mode.APP);
    expect(wire.device.rate).toBe(9600);
  });

  test('its own work is no silence', async () => {
    const wire = await changed(230_400, { helloMs: RATE_IDLE_MS + 500 });
    wire.send(HELLO, helloRequest());
    await wire.pass(RATE_IDLE_MS + 100);
    wire.send(HELLO, helloRequest());
    await wire.pass(500);
    expect(wire.heard.slice(1)).toHaveLength(1);
    expect(wire.device.rate).toBe(230_400);
  });
});

describe('PAGES', () => {
  const request = (first: number, count: number): Uint8Array =>
    encode(PagesRequest, { first, count });
  const crcs = (image: Uint8Array, first: number, count: number): number[] =>
    Array.from({ length: count }, (_, i) => {
      const page = new Uint8Array(PAGE).fill(0xff);
      page.set(image.subarray((first + i) * PAGE, (first + i + 1) * PAGE));
      return crc32(page);
    });

  test.each([
    [0, 3],
    [1, 1],
    [2, 1],
  ])('of the installed image, %i and %i on', async (first, count) => {
    const wire = await withImage();
    wire.device.reset();
    expect(await wire.ask(PagesResponse, PAGES, request(first, count))).toEqual({
      status: Status.OK,
      first,
      count,
      crc32: crcs(IMAGE, first, count),
    });
  });

  test.each([
    [3, 1, 0],
    [9, 1, 0],
    [0, 0, 2],
    [0, 4, 2],
    [2, 2, 2],
  ])('%i, %i of them: what is beyond the image is told of nobody', async (first, count, detail) => {
    const wire = await withImage();
    expect(await wire.refusal(PAGES, request(first, count))).toEqual({
      status: Status.BAD_REQUEST,
      detail,
    });
  });

  test('without an image of none; in a session of the one that comes', async () => {
    const wire = small();
    expect(await wire.refusal(PAGES, request(0, 1))).toMatchObject({ status: Status.BAD_REQUEST });
    await wire.begin(IMAGE);
    expect(await wire.ask(PagesResponse, PAGES, request(0, 3))).toMatchObject({
      crc32: crcs(new Uint8Array(), 0, 3),
    });
  });

  test('each takes half a millisecond', async () => {
    const wire = await withImage();
    const before = wire.clock.now();
    await wire.ask(PagesResponse, PAGES, request(0, 3));
    const at = (wire.heard.at(-1)?.at ?? 0) - before;
    expect(at).toBeCloseTo(1.5 + lineMs(PagesRequest.size) + lineMs(PagesResponse.size + 12), 1);
  });
});

describe('a fault to order', () => {
  const once =
    (fault: ReturnType<Hook>): Hook =>
    (_, count) =>
      count === 1 ? fault : undefined;

  test('the hook sees each frame, and how many of its type there were', async () => {
    const wire = small();
    const seen: [number, number][] = [];
    wire.device.hook = ({ type }, count) => {
      seen.push([type, count]);
      return undefined;
    };
    await wire.hello();
    await wire.answer(ABORT);
    await wire.hello();
    expect(seen).toEqual([
      [HELLO, 1],
      [ABORT, 1],
      [HELLO, 2],
    ]);
    expect(wire.device.log).toEqual(['HELLO', 'ABORT', 'HELLO']);
  });

  test('"drop" loses the request, and not the next one', async () => {
    const wire = small();
    wire.device.hook = once('drop');
    wire.send(HELLO, helloRequest());
    expect(await wire.answers(HELLO, helloRequest())).toHaveLength(1);
    expect(wire.device.log).toEqual(['HELLO']);
  });

  test('"deaf" loses the answer alone', async () => {
    const wire = await withImage();
    wire.device.hook = once('deaf');
    expect(await wire.answers(BOOT)).toEqual([]);
    expect(wire.device.mode).toBe(Mode.APP);
  });

  test('"reset" resets first', async () => {
    const wire = await withImage();
    await wire.begin(appImage(2000, 9));
    wire.device.hook = once('reset');
    expect(await wire.answers(ABORT)).toEqual([]);
    expect(wire.device.log).toEqual(['BEGIN']);
    expect(wire.device.mode).toBe(Mode.APP);
  });

  test('a status refuses', async () => {
    const wire = await withImage();
    wire.device.hook = once(Status.SUPPLY_LOW);
    expect(await wire.answer(BOOT)).toEqual(
      encode(Refusal, { status: Status.SUPPLY_LOW, detail: 0 }),
    );
    expect(wire.device.mode).toBe(Mode.BOOTLOADER);
    expect(wire.device.log).toEqual(['BOOT']);
  });

  test('bytes are the answer, and nothing is done', async () => {
    const wire = await withImage();
    wire.device.hook = once(Uint8Array.of(1, 2, 3));
    expect(await wire.answer(BOOT)).toEqual(Uint8Array.of(1, 2, 3));
    expect(wire.device.mode).toBe(Mode.BOOTLOADER);
  });

  test('one that is switched off hears nothing', async () => {
    const wire = small();
    wire.device.alive = false;
    expect(await wire.answers(HELLO, helloRequest())).toEqual([]);
    wire.device.alive = true;
    expect(await wire.answers(HELLO, helloRequest())).toHaveLength(1);
  });
});

test('what waits to be worked off is counted as it is on the wire', async () => {
  const wire = small({ helloMs: 50 });
  for (let i = 0; i < 4; i++) wire.send(HELLO, helloRequest());
  await wire.pass(300);
  // The first is worked on at once.
  expect(wire.device.mostWaiting).toBe(3 * (helloRequest().length + 9));
  expect(wire.heard).toHaveLength(4);
});

test('DATA without a session is refused where it asks', async () => {
  const wire = small();
  const request = (flags: number): Uint8Array =>
    encode(DataRequest, { number: 0, flags, body: new Uint8Array() });
  expect(await wire.answers(DATA, request(0))).toEqual([]);
  expect(await wire.refusal(DATA, request(DataFlag.ASK))).toEqual({
    status: Status.NO_SESSION,
    detail: 0,
  });
  expect(await wire.refusal(END, Uint8Array.of(0, 0))).toEqual({
    status: Status.NO_SESSION,
    detail: 0,
  });
});

test.each([
  ['HELLO', 3],
  ['BAUD', 3],
  ['PAGES', 3],
  ['BEGIN', 256],
  ['DATA', 2],
  ['END', 1],
] as const)('%s with a request that is too short, of %i bytes, is refused', async (name, size) => {
  const wire = small();
  wire.device.receive(
    encodeFrame({ address: 0, type: Command[name], seq: 1, payload: new Uint8Array(size) }),
  );
  await wire.pass(100);
  expect(wire.heard.map(({ frame }) => decode(Refusal, frame.payload))).toEqual([
    { status: Status.BAD_REQUEST, detail: size },
  ]);
});

describe('flash, over a reset', () => {
  const header = (seed: number): Uint8Array => plainHeader(appImage(1500, seed), APP_BASE);

  test('is erased, in pages', () => {
    const flash = new FakeFlash(4 * PAGE, PAGE);
    expect(flash.bytes).toEqual(new Uint8Array(4 * PAGE).fill(0xff));
    flash.page(1).fill(1);
    expect(flash.bytes.indexOf(1)).toBe(PAGE);
    expect(flash.bytes.lastIndexOf(1)).toBe(2 * PAGE - 1);
    expect(flash.pageCrc(1)).toBe(crc32(new Uint8Array(PAGE).fill(1)));
  });

  test('an entry waits until its first page is written, and then is the installed one', () => {
    const flash = new FakeFlash(4 * PAGE, PAGE);
    const given = header(1);
    const first = flash.append(given);
    given.fill(0);
    expect(first).toEqual({ header: header(1), touched: false, valid: false, sequence: 1 });
    expect(flash).toMatchObject({ pending: first, installed: undefined, bootable: false });
    flash.touch(first);
    expect(flash).toMatchObject({ pending: undefined, installed: { ...first, touched: true } });
    const second = flash.append(header(2));
    expect(flash.append(header(3)).sequence).toBe(3);
    flash.touch(first);
    expect(flash).toMatchObject({ pending: { sequence: 3 }, installed: { sequence: 1 } });
    expect(second.sequence).toBe(2);
  });

  test('an image can be started that is verified and whole', () => {
    const flash = new FakeFlash(4 * PAGE, PAGE);
    const image = appImage(1500, 1);
    flash.bytes.set(image);
    const entry = flash.append(header(1));
    flash.touch(entry);
    expect([flash.holds(header(1)), flash.holds(header(2)), flash.bootable]).toEqual([
      true,
      false,
      false,
    ]);
    entry.valid = true;
    expect(flash.bootable).toBe(true);
    flash.bytes[1499] = (image[1499] ?? 0) ^ 1;
    expect(flash.bootable).toBe(false);
  });
});
