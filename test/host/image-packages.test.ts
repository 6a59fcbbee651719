// Packages, byte by byte of their header: what is taken, and how what is damaged is told.
import { expect, test } from 'vitest';
import { headerFor, plainHeader } from '../../host/image/image.js';
import { isPackage, readPackage } from '../../host/image/package.js';
import { decode, encode, Header } from '../../protocol/index.js';
import { randomBytes } from '../support/random.js';
import { refusal } from '../support/refusal.js';

const BASE = 0x0800_8000;
const BYTES = randomBytes(1, 50);
const FILE = packaged({});

function packaged(fields: Partial<Header>): Uint8Array {
  return Uint8Array.of(...plainHeader(BYTES, BASE, fields), ...BYTES);
}

test.each<[string, Uint8Array, boolean]>([
  ['its mark alone', FILE.subarray(0, 4), true],
  ['three bytes of it', FILE.subarray(0, 3), false],
  ['nothing', new Uint8Array(), false],
  ['another mark', FILE.with(0, 0), false],
  ['a part of a larger file', Uint8Array.of(0, ...FILE).subarray(1), true],
])('a package is known by its mark: %s', (_what, file, is) => {
  expect(isPackage(file)).toBe(is);
});

test('what is in it', () => {
  const image = readPackage(FILE);
  expect(image).toEqual({ base: BASE, bytes: BYTES, header: FILE.subarray(0, Header.size) });
  expect(headerFor(image, 0)).toBe(image.header);
  const last = packaged({ loadAddress: 2 ** 32 - 50 });
  expect(readPackage(last).base).toBe(2 ** 32 - 50);
  const none = encode(Header, decode(Header, plainHeader(new Uint8Array(), BASE)));
  expect(readPackage(none).bytes).toHaveLength(0);
});

const AGAIN = 'download or make it again';
const NEWER = 'use a newer version of this program, or make the package again';
test.each<[string, Uint8Array, string, string]>([
  ['a header cut short', FILE.subarray(0, Header.size - 1), 'cut-off', AGAIN],
  ['another format', packaged({ format: 2 }), 'package-format', NEWER],
  ['a longer header', packaged({ headerSize: Header.size + 4 }), 'package-format', NEWER],
  ['a byte less', FILE.subarray(0, -1), 'package-size', AGAIN],
  ['a byte more', Uint8Array.of(...FILE, 0), 'package-size', AGAIN],
  ['over the last address', packaged({ loadAddress: 2 ** 32 - 49 }), 'record-address', AGAIN],
  ['another CRC-32', packaged({ imageCrc32: 1 }), 'package-damaged', AGAIN],
  ['another SHA-256', packaged({ imageSha256: new Uint8Array(32) }), 'package-damaged', AGAIN],
  ['another byte', FILE.with(-1, (FILE.at(-1) ?? 0) ^ 1), 'package-damaged', AGAIN],
])('%s is told as that', (_what, file, problem, hint) => {
  const error = refusal(() => readPackage(file, 'a.iap'));
  expect(error).toMatchObject({ code: 'IMAGE_FORMAT', hint });
  expect(error.details).toEqual({ problem });
  expect(error.message).toContain('a.iap (package) can not be used: ');
  expect(refusal(() => readPackage(file)).message).toContain('the package can not be used: ');
});

test('the header of a plain image restricts nothing, and leaves blank what is not in use', () => {
  const header = plainHeader(BYTES, BASE);
  const { product, buildId, uniqueId, reserved, signature, ...numbers } = decode(Header, header);
  for (const zeros of [product, buildId, uniqueId]) expect(new Set(zeros)).toEqual(new Set([0]));
  for (const blank of [reserved, signature]) expect(new Set(blank)).toEqual(new Set([0xff]));
  expect(numbers).toMatchObject({
    ...{ hardwareMin: 0, hardwareMax: 0xffff, loadAddress: BASE, imageSize: 50, flags: 0 },
    ...{ securityCounter: 0, capabilities: 0, usableKeys: 0xff, signatureAlgorithm: 0, keyId: 0 },
    version: { major: 0, minor: 0, patch: 0, build: 0 },
  });
  expect(headerFor({ base: undefined, bytes: BYTES }, BASE)).toEqual(header);
  expect(headerFor({ base: BASE, bytes: BYTES }, 0)).toEqual(header);
  expect(plainHeader(BYTES, BASE, { flags: 1 })).not.toEqual(header);
});
