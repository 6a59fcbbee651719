// The device for tests of others keeps to docs/protocol.md: BEGIN, DATA and END, and what is in flash then.
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { concat } from '../../host/base/bytes.js';
import { plainHeader } from '../../host/image/image.js';
import {
  APP_BASE,
  BeginFlag,
  BeginRequest,
  BeginResponse,
  Begun,
  Capability,
  Check,
  Command,
  DataFlag,
  DataRequest,
  type DataResponse,
  DeflateHead,
  Encoding,
  EndRequest,
  encode,
  type Header,
  KeyRole,
  MAX_DICTIONARY,
  PageFlag,
  type PageHead,
  PagesRequest,
  Rejection,
  type Security,
  SecurityFlag,
  Signature,
  SignatureFault,
  Status,
} from '../../protocol/index.js';
import { appImage } from '../support/images.js';
import { headOf, pageBody, Wire, type WireOptions } from '../support/wire.js';

const PAGE = 1024;
/** Two pages and a part of a third */
const IMAGE = appImage(2500);
const OTHER = appImage(2000, 2);
const { ASK, HEAD } = DataFlag;
const { ABORT, BEGIN, BOOT, DATA, END, PAGES } = Command;

const small = (options: WireOptions = {}): Wire =>
  new Wire({ pageSize: PAGE, pages: 64, ...options });

/** A session of IMAGE */
async function begun(options: WireOptions = {}): Promise<Wire> {
  const wire = small(options);
  expect(await wire.begin(IMAGE)).toEqual({ status: Status.OK, begun: Begun.STARTED, next: 0 });
  return wire;
}

const body = (page: number, changed: Partial<PageHead> = {}): Uint8Array =>
  pageBody(IMAGE, page, PAGE, changed);

/** A page of the image, in flash */
function isThere({ device }: Wire, page: number): boolean {
  const expected = new Uint8Array(PAGE).fill(0xff);
  expected.set(IMAGE.subarray(page * PAGE, (page + 1) * PAGE));
  return Buffer.compare(expected, device.flash.page(page)) === 0;
}

const ok = (next: number, pages: number): DataResponse => ({
  status: Status.OK,
  next,
  pages,
  detail: 0,
});
const rejected = (next: number, detail: number, pages = 0): DataResponse => ({
  status: Status.PAGE_REJECTED,
  next,
  pages,
  detail,
});

describe('an update', () => {
  test('from BEGIN to BOOT', async () => {
    const wire = await begun();
    for (let page = 0; page < 3; page++) {
      expect(await wire.data(page, body(page), HEAD)).toEqual(ok(page + 1, page + 1));
      expect(isThere(wire, page)).toBe(true);
    }
    expect((await wire.hello()).installed).toMatchObject({ sequence: 1, size: IMAGE.length });
    expect(await wire.end(3)).toEqual({ status: Status.OK, next: 3, detail: 0 });
    expect(await wire.answer(BOOT)).toEqual(Uint8Array.of(Status.OK));
    expect(wire.device.log).toEqual(['BEGIN', 'DATA', 'DATA', 'DATA', 'HELLO', 'END', 'BOOT']);
    expect(wire.device).toMatchObject({ forced: [], flash: { pagesWritten: 3 } });
    expect(wire.device.heads.map(({ page }) => page)).toEqual([0, 1, 2]);
    expect(wire.line.checker.violations).toEqual([]);
  });

  test('pages may come in any order, and in pieces', async () => {
    const wire = await begun();
    const last = body(2);
    expect(await wire.data(0, last.subarray(0, 100), HEAD)).toEqual(ok(1, 0));
    expect(isThere(wire, 2)).toBe(false);
    expect(await wire.data(1, last.subarray(100, 300))).toEqual(ok(2, 0));
    expect(await wire.data(2, last.subarray(300))).toEqual(ok(3, 1));
    expect(isThere(wire, 2)).toBe(true);
    expect(await wire.data(3, body(0), HEAD)).toEqual(ok(4, 2));
  });

  test('numbers go on behind 65535', async () => {
    const wire = small();
    wire.device.firstNumber = 65_535;
    expect(await wire.begin(IMAGE)).toMatchObject({ next: 65_535 });
    expect(await wire.data(65_535, body(0), HEAD)).toEqual(ok(0, 1));
    expect(await wire.data(65_535, body(0), HEAD)).toEqual(ok(0, 1));
    expect(await wire.data(0, body(1), HEAD)).toEqual(ok(1, 2));
  });

  test('without ASK nothing is answered, and all is done', async () => {
    const wire = await begun();
    const request = encode(DataRequest, { number: 0, flags: HEAD, body: body(0) });
    expect(await wire.answers(DATA, request)).toEqual([]);
    expect(await wire.data(9)).toEqual(ok(1, 1));
  });

  test('what takes how long', async () => {
    const times = { commitMs: 70, entryMs: 31, beginMs: 17, endMs: 55 };
    const wire = small(times);
    /** Between the last byte of the request and the first of the answer [ms] */
    const took = async (work: () => Promise<unknown>, request: number, answer: number) => {
      const from = wire.clock.now();
      await work();
      return Math.round((wire.heard.at(-1)?.at ?? 0) - from - (request + answer + 18) / 100);
    };
    const data = (number: number, page: number, changed: Partial<PageHead> = {}) =>
      took(() => wire.data(number, body(page, changed), HEAD), PAGE + 15, 9);
    expect(await took(() => wire.begin(IMAGE), 257, 4)).toBe(17);
    expect(await data(0, 0)).toBe(70 + 31);
    expect(await data(1, 1)).toBe(70);
    // A repeat, and a page that is there
    expect(await data(1, 1)).toBe(0);
    expect(await data(2, 1)).toBe(1);
    expect(await data(3, 1, { flags: PageFlag.FORCE })).toBe(70);
    expect(await took(() => wire.end(9), 2, 7)).toBe(55);
    wire.device.failing.set(0, 1);
    expect(await data(4, 0, { flags: PageFlag.FORCE })).toBe(70);
  });

  test('what takes how long if nothing is said', async () => {
    const wire = small();
    const from = wire.clock.now();
    await wire.begin(IMAGE);
    expect((wire.heard[0]?.at ?? 0) - from).toBeCloseTo(5 + (257 + 4 + 18) / 100, 1);
    const began = wire.clock.now();
    await wire.data(0, body(0), HEAD);
    expect((wire.heard[1]?.at ?? 0) - began).toBeCloseTo(60 + (PAGE + 15 + 9 + 18) / 100, 0);
    const ended = wire.clock.now();
    await wire.end(7);
    expect((wire.heard[2]?.at ?? 0) - ended).toBeCloseTo(40 + (2 + 7 + 18) / 100, 1);
  });
});

describe('BEGIN', () => {
  test('with the header of the session goes on with it, and drops half a page', async () => {
    const wire = await begun();
    await wire.data(0, body(0), HEAD);
    await wire.data(1, body(1).subarray(0, 100), HEAD);
    expect(await wire.begin(IMAGE, BeginFlag.RENEW)).toEqual({
      status: Status.OK,
      begun: Begun.RESUMED,
      next: 2,
    });
    expect(await wire.data(2, body(1).subarray(100))).toEqual(rejected(2, Rejection.NO_HEAD, 1));
  });

  test('after a reset goes on with what has a page in flash; and begins anew without', async () => {
    const wire = await begun();
    wire.device.reset();
    expect(await wire.begin(IMAGE)).toMatchObject({ begun: Begun.STARTED, next: 0 });
    await wire.data(0, body(0), HEAD);
    wire.device.reset();
    expect(await wire.begin(IMAGE)).toMatchObject({ begun: Begun.RESUMED, next: 0 });
    expect(await wire.data(0)).toEqual(ok(0, 0));
    expect((await wire.hello()).installed.sequence).toBe(1);
  });

  test('with another header opens another session', async () => {
    const wire = await begun();
    await wire.data(0, body(0), HEAD);
    expect(await wire.begin(OTHER)).toMatchObject({ begun: Begun.STARTED, next: 0 });
    expect(await wire.data(9)).toEqual(ok(0, 0));
    await wire.pages(OTHER);
    expect(await wire.end(2)).toMatchObject({ status: Status.OK });
    expect((await wire.hello()).installed).toMatchObject({ sequence: 2, size: OTHER.length });
  });

  test('of the installed image: nothing to do, unless RENEW is set or it is damaged', async () => {
    const wire = small();
    await wire.install(IMAGE);
    const installed = { status: Status.OK, begun: Begun.INSTALLED, next: 0 };
    expect(await wire.begin(IMAGE)).toEqual(installed);
    expect(await wire.begin(OTHER)).toMatchObject({ begun: Begun.STARTED });
    expect(await wire.begin(IMAGE)).toEqual(installed);
    expect(await wire.begin(IMAGE, BeginFlag.RENEW)).toMatchObject({ begun: Begun.STARTED });
    await wire.answer(ABORT);
    wire.device.flash.bytes[9] = (wire.device.flash.bytes[9] ?? 0) ^ 1;
    expect(await wire.begin(IMAGE)).toMatchObject({ begun: Begun.STARTED });
  });

  test('goes on with a pending entry, which ABORT closes', async () => {
    const wire = small();
    const { flash } = wire.device;
    const pending = flash.append(plainHeader(IMAGE, APP_BASE));
    expect((await wire.hello()).pending).toMatchObject({ sequence: 1, size: IMAGE.length });
    await wire.answer(ABORT);
    expect(flash.pending).toBe(pending);
    expect(await wire.begin(IMAGE)).toMatchObject({ begun: Begun.RESUMED });
    await wire.answer(ABORT);
    expect(flash.pending).toBeUndefined();
  });

  test('a session that wrote no page leaves nothing behind', async () => {
    const wire = await begun({ entryMs: 10 });
    await wire.answer(ABORT);
    expect(wire.device.flash).toMatchObject({ pending: undefined, installed: undefined });
  });
});

describe('DATA', () => {
  test('below the expected number is a repeat, above it a gap, until the right one comes', async () => {
    const wire = await begun();
    await wire.data(0, body(0), HEAD);
    expect(await wire.data(0, body(1), HEAD)).toEqual(ok(1, 1));
    const gap = { status: Status.GAP, next: 1, pages: 1, detail: 0 };
    expect(await wire.data(2, body(2), HEAD)).toEqual(gap);
    expect(await wire.data(0, body(1), HEAD)).toEqual(gap);
    // It only asks.
    expect(await wire.data(1)).toEqual(gap);
    expect(await wire.data(1, body(1), HEAD)).toEqual(ok(2, 2));
    expect(isThere(wire, 2)).toBe(false);
  });

  test('of a page that is there already does nothing, unless FORCE is set', async () => {
    const wire = await begun();
    await wire.data(0, body(0), HEAD);
    expect(await wire.data(1, body(0), HEAD)).toEqual(ok(2, 2));
    expect(wire.device).toMatchObject({ forced: [], flash: { pagesWritten: 1 } });
    expect(await wire.data(2, body(0, { flags: PageFlag.FORCE }), HEAD)).toEqual(ok(3, 3));
    expect(wire.device).toMatchObject({ forced: [0], flash: { pagesWritten: 2 } });
  });

  test('with HEAD in the middle of a page opens the new one', async () => {
    const wire = await begun();
    await wire.data(0, body(0).subarray(0, 100), HEAD);
    expect(await wire.data(1, body(1), HEAD)).toEqual(ok(2, 1));
    expect(isThere(wire, 1)).toBe(true);
  });

  test.each<[string, number, Uint8Array, number]>([
    ['bytes that do not have the CRC-32', HEAD, body(0, { crc32: 1 }), Rejection.CRC],
    ['a page behind the image', HEAD, headOf(IMAGE.subarray(0, PAGE), 3, PAGE), Rejection.PAGE],
    ['fewer bytes than the page has', HEAD, body(0, { decodedLength: 9 }), Rejection.LENGTH],
    ['two lengths', HEAD, body(0, { encodedLength: PAGE - 1 }), Rejection.LENGTH],
    [
      'more of the last page than there is',
      HEAD,
      body(2, { decodedLength: PAGE }),
      Rejection.LENGTH,
    ],
    ['more than its page needs', HEAD, concat([body(0), Uint8Array.of(1)]), Rejection.LENGTH],
    ['less than a head', HEAD, new Uint8Array(11), Rejection.LENGTH],
    ['nothing at all', HEAD, new Uint8Array(), Rejection.LENGTH],
    ['an unknown encoding', HEAD, body(0, { encoding: 9 }), Rejection.ENCODING],
    ['a compressed page', HEAD, body(0, { encoding: Encoding.DEFLATE }), Rejection.ENCODING],
    ['bytes without a head', 0, body(0), Rejection.NO_HEAD],
  ])('of %s is rejected, until it comes again', async (_, flags, wrong, detail) => {
    const wire = await begun();
    expect(await wire.data(0, wrong, flags)).toEqual(rejected(0, detail));
    expect(await wire.data(1, body(1), HEAD)).toEqual(rejected(0, detail));
    expect(await wire.end(0)).toEqual({ status: Status.PAGE_REJECTED, next: 0, detail });
    expect(await wire.data(0, body(0), HEAD)).toEqual(ok(1, 1));
    expect(wire.device.flash.pagesWritten).toBe(1);
  });

  test('that is too much goes back to the frame that opened the page', async () => {
    const wire = await begun();
    await wire.data(0, body(2), HEAD);
    await wire.data(1, body(0).subarray(0, 500), HEAD);
    const piece = body(0).subarray(500);
    expect(await wire.data(2, concat([piece, Uint8Array.of(1)]))).toEqual(
      rejected(1, Rejection.LENGTH, 1),
    );
    expect(await wire.data(2, piece)).toEqual(rejected(1, Rejection.LENGTH, 1));
    await wire.data(1, body(0).subarray(0, 500), HEAD);
    expect(await wire.data(2, piece)).toEqual(ok(3, 2));
  });

  test('a page that is to be rejected is, so often', async () => {
    const wire = await begun();
    wire.device.rejecting.set(1, 2);
    await wire.data(0, body(0), HEAD);
    for (let i = 0; i < 2; i++) {
      expect(await wire.data(1, body(1), HEAD)).toEqual(rejected(1, Rejection.CRC, 1));
    }
    expect(await wire.data(1, body(1), HEAD)).toEqual(ok(2, 2));
  });

  test('a page of flash that is to fail does, so often, and tells its address', async () => {
    const wire = await begun();
    wire.device.failing.set(1, 2);
    await wire.data(0, body(0), HEAD);
    const failed = { status: Status.FLASH_FAILED, next: 1, pages: 1, detail: APP_BASE + PAGE };
    for (let i = 0; i < 2; i++) expect(await wire.data(1, body(1), HEAD)).toEqual(failed);
    expect(isThere(wire, 1)).toBe(false);
    expect(await wire.end(1)).toMatchObject({ status: Status.FLASH_FAILED, next: 1 });
    expect(await wire.data(1, body(1), HEAD)).toEqual(ok(2, 2));
    expect(isThere(wire, 1)).toBe(true);
  });
});

describe('END', () => {
  async function sent(options: WireOptions = {}): Promise<Wire> {
    const wire = await begun(options);
    await wire.pages(IMAGE);
    return wire;
  }

  test('with another number than the next: a gap that is told here alone', async () => {
    const wire = await sent();
    for (const count of [2, 4]) {
      expect(await wire.end(count)).toEqual({ status: Status.GAP, next: 3, detail: 0 });
    }
    expect(await wire.data(3)).toEqual(ok(3, 3));
    expect(await wire.end(3)).toMatchObject({ status: Status.OK });
  });

  test('with a gap that no missing frame explains', async () => {
    const wire = await sent();
    expect(await wire.data(4, body(0), HEAD)).toMatchObject({ status: Status.GAP });
    expect(await wire.end(3)).toMatchObject({ status: Status.OK });
  });

  test('in the middle of a page: that is missing from its head on', async () => {
    const wire = await sent();
    await wire.data(3, body(0).subarray(0, 100), HEAD);
    await wire.data(4, body(0).subarray(100, 200));
    expect(await wire.end(5)).toEqual({ status: Status.GAP, next: 3, detail: 0 });
    expect(await wire.end(3)).toMatchObject({ status: Status.OK });
  });

  test('of an image that is not what its header says leaves the session open', async () => {
    const wire = await sent();
    wire.device.beforeVerify = ({ bytes }) => {
      bytes[2000] = (bytes[2000] ?? 0) ^ 1;
    };
    expect(await wire.end(3)).toEqual({
      status: Status.VERIFY_FAILED,
      next: 3,
      detail: Check.SHA256 | Check.CRC32,
    });
    expect(wire.device.flash.bootable).toBe(false);
    wire.device.beforeVerify = () => {};
    await wire.data(3, body(1), HEAD);
    expect(await wire.end(4)).toMatchObject({ status: Status.OK });
  });

  test('of an image whose vectors the part does not like', async () => {
    const wire = await sent();
    wire.device.vectorsFit = false;
    expect(await wire.end(3)).toEqual({
      status: Status.VERIFY_FAILED,
      next: 3,
      detail: Check.VECTORS,
    });
    expect(wire.device.flash.bootable).toBe(false);
  });

  test('that was answered with OK ends the session; with the same number it is OK once more', async () => {
    const wire = await sent();
    await wire.end(3);
    wire.device.beforeVerify = () => {
      throw new Error('verified twice');
    };
    expect(await wire.end(3)).toEqual({ status: Status.OK, next: 3, detail: 0 });
    const refused = { status: Status.NO_SESSION, detail: 0 };
    expect(await wire.refusal(END, encode(EndRequest, { count: 2 }))).toEqual(refused);
    const request = encode(DataRequest, { number: 3, flags: ASK | HEAD, body: body(0) });
    expect(await wire.refusal(DATA, request)).toEqual(refused);
  });

  test('of an image that was there already makes its entry', async () => {
    const wire = small();
    wire.device.flash.bytes.set(IMAGE);
    await wire.begin(IMAGE);
    await wire.pages(IMAGE);
    expect(wire.device.flash).toMatchObject({ pagesWritten: 0, installed: undefined });
    expect(await wire.end(3)).toMatchObject({ status: Status.OK });
    expect(wire.device.flash).toMatchObject({
      installed: { touched: true, valid: true, sequence: 1 },
      pending: undefined,
    });
  });
});

test('PAGES are told of as many as an answer has room for', async () => {
  const wire = new Wire({ pageSize: 32, info: { maxPayload: 272 } });
  await wire.begin(IMAGE);
  const request = (count: number): Uint8Array => encode(PagesRequest, { first: 0, count });
  expect(await wire.answer(PAGES, request(66))).toHaveLength(5 + 4 * 66);
  expect(await wire.refusal(PAGES, request(67))).toEqual({ status: Status.BAD_REQUEST, detail: 2 });
});

describe('compressed pages', () => {
  const inflate = (stream: Uint8Array, dictionary: Uint8Array): Uint8Array =>
    new Uint8Array(inflateRawSync(stream, dictionary.length > 0 ? { dictionary } : {}));
  const OLD = appImage(64 * PAGE, 3);
  /** As a page of the image that copies from these pages of the old one */
  const packed = (end: number, pages: number, stream?: Uint8Array): Uint8Array => {
    const dictionary = OLD.subarray((end - pages) * PAGE, end * PAGE);
    const content = IMAGE.subarray(0, PAGE);
    const options = dictionary.length > 0 ? { dictionary } : {};
    const encoded = concat([
      encode(DeflateHead, { dictionaryEnd: end, dictionaryPages: pages }),
      stream ?? new Uint8Array(deflateRawSync(content, options)),
    ]);
    const { length } = encoded;
    const lengths = { encoding: Encoding.DEFLATE, encodedLength: length };
    return concat([headOf(content, 0, PAGE, lengths), encoded]);
  };

  async function compressing(options: WireOptions = {}): Promise<Wire> {
    const wire = await begun({ inflate, ...options });
    wire.device.flash.bytes.set(OLD);
    return wire;
  }

  test.each([
    [0, 0],
    [5, 0],
    [3, 2],
    [40, 32],
    [64, 1],
  ])('that copy from %i, %i pages before it', async (end, pages) => {
    const wire = await compressing();
    expect(await wire.data(0, packed(end, pages), HEAD)).toEqual(ok(1, 1));
    expect(isThere(wire, 0)).toBe(true);
  });

  test.each<[string, Uint8Array, number]>([
    ['with more pages than there are before it', packed(2, 3), Rejection.DICTIONARY],
    ['from behind the area', packed(65, 1), Rejection.DICTIONARY],
    ['longer than DEFLATE reaches', packed(40, MAX_DICTIONARY / PAGE + 1), Rejection.DICTIONARY],
    ['a damaged stream', packed(0, 0, Uint8Array.of(7, 7, 7)), Rejection.STREAM],
    [
      'a stream of fewer bytes',
      packed(0, 0, new Uint8Array(deflateRawSync(IMAGE.subarray(0, PAGE - 1)))),
      Rejection.STREAM,
    ],
    [
      'other bytes',
      packed(0, 0, new Uint8Array(deflateRawSync(IMAGE.subarray(1, PAGE + 1)))),
      Rejection.CRC,
    ],
    [
      'no stream',
      headOf(IMAGE.subarray(0, PAGE), 0, PAGE, { encoding: 1, encodedLength: 3 }),
      Rejection.LENGTH,
    ],
    [
      'more than there is room for',
      headOf(IMAGE.subarray(0, PAGE), 0, PAGE, { encoding: 1, encodedLength: PAGE + 33 }),
      Rejection.LENGTH,
    ],
  ])('%s are rejected', async (_, part, detail) => {
    const wire = await compressing();
    expect(await wire.data(0, part, HEAD)).toEqual(rejected(0, detail));
    expect(wire.device.flash.pagesWritten).toBe(0);
  });

  test('one that is there is not decoded again, but with FORCE', async () => {
    let decoded = 0;
    const wire = await compressing({
      inflate: (stream, dictionary) => {
        decoded++;
        return inflate(stream, dictionary);
      },
    });
    await wire.data(0, packed(0, 0), HEAD);
    await wire.data(1, packed(0, 0), HEAD);
    expect(decoded).toBe(1);
    const forced = packed(0, 0);
    forced[3] = PageFlag.FORCE;
    expect(await wire.data(2, forced, HEAD)).toEqual(ok(3, 3));
    expect(decoded).toBe(2);
    expect(wire.device).toMatchObject({ forced: [0], flash: { pagesWritten: 2 } });
  });

  test('a device that must not be read out copies from nothing', async () => {
    const wire = await compressing({ info: { capabilities: Capability.DEFLATE } });
    expect(await wire.data(0, packed(3, 2), HEAD)).toEqual(rejected(0, Rejection.DICTIONARY));
    expect(await wire.data(0, packed(0, 0), HEAD)).toEqual(ok(1, 1));
  });
});

describe('a device that takes signed images alone', () => {
  const key = (role: number): Security['key0'] => ({ role, fingerprint: new Uint8Array(8) });
  const SECURITY: Security = {
    flags: SecurityFlag.SIGNED_ONLY | SecurityFlag.KEYS,
    usableKeys: 0xfb,
    reserved: 0,
    securityCounter: 5,
    key0: key(KeyRole.ROOT),
    key1: key(KeyRole.RELEASE),
    key2: key(KeyRole.RELEASE),
    key3: key(KeyRole.NONE),
  };
  const SIGNED: Partial<Header> = {
    signatureAlgorithm: Signature.ECDSA_P256,
    keyId: 1,
    securityCounter: 5,
    usableKeys: 0xfb,
  };
  const request = (fields: Partial<Header>): Uint8Array => {
    const header = plainHeader(IMAGE, APP_BASE, { ...SIGNED, ...fields });
    return encode(BeginRequest, { flags: 0, header });
  };

  test.each<[string, Partial<Header>]>([
    ['as it must be', {}],
    ['with a higher counter', { securityCounter: 6 }],
    ['of the root key', { keyId: 0 }],
    ['of the root key that revokes another', { keyId: 0, usableKeys: 0xf9 }],
  ])('takes an image %s', async (_, fields) => {
    const wire = small({ security: SECURITY });
    expect(await wire.ask(BeginResponse, BEGIN, request(fields))).toEqual({
      status: Status.OK,
      begun: Begun.STARTED,
      next: 0,
    });
  });

  const { KEYS, MISSING, NO_KEY, REVOKED, REVOCATION, WRONG } = SignatureFault;
  test.each<[string, Partial<Header>, number, number, Partial<Security>]>([
    ['with a lower counter', { securityCounter: 4 }, Status.ROLLBACK, 5, {}],
    [
      'with a lower counter and no signature',
      { securityCounter: 4, signatureAlgorithm: Signature.NONE },
      Status.ROLLBACK,
      5,
      {},
    ],
    ['where no key is there', {}, Status.BAD_SIGNATURE, KEYS, { flags: 1 }],
    ['not signed', { signatureAlgorithm: Signature.NONE }, Status.BAD_SIGNATURE, MISSING, {}],
    ['of an empty slot', { keyId: 3 }, Status.BAD_SIGNATURE, NO_KEY, {}],
    ['of no slot', { keyId: 4 }, Status.BAD_SIGNATURE, NO_KEY, {}],
    ['of a key that was revoked', { keyId: 2 }, Status.BAD_SIGNATURE, REVOKED, {}],
    ['that revokes and may not', { usableKeys: 0xf9 }, Status.BAD_SIGNATURE, REVOCATION, {}],
  ])('refuses an image %s', async (_, fields, status, detail, other) => {
    const wire = small({ security: { ...SECURITY, ...other } });
    expect(await wire.refusal(BEGIN, request(fields))).toEqual({ status, detail });
    expect(await wire.refusal(END, encode(EndRequest, { count: 0 }))).toMatchObject({
      status: Status.NO_SESSION,
    });
  });

  test('refuses a signature that is wrong; which one is, the test says', async () => {
    const wire = small({ security: SECURITY });
    const seen: Uint8Array[] = [];
    wire.device.signed = (header) => {
      seen.push(header);
      return false;
    };
    const wrong = { status: Status.BAD_SIGNATURE, detail: WRONG };
    expect(await wire.refusal(BEGIN, request({}))).toEqual(wrong);
    expect(seen).toEqual([plainHeader(IMAGE, APP_BASE, SIGNED)]);
  });

  test('one that takes unsigned images looks at no signature', async () => {
    const wire = small();
    wire.device.signed = () => false;
    expect(await wire.begin(IMAGE)).toMatchObject({ status: Status.OK });
  });
});
