// Signatures and keys as bytes: what signers give, what a header holds, and the block of a unit's keys.
import { createHash, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import { plainHeader } from '../../host/image/image.js';
import { verifySignature } from '../../host/node/key-file.js';
import { rawSignature } from '../../host/signing/ecdsa.js';
import {
  forKey,
  isSignedBy,
  signatureFacts,
  signedDigest,
  signedPart,
  withSignature,
} from '../../host/signing/header.js';
import { buildKeyBlock, isKey, readKeyBlock } from '../../host/signing/key-block.js';
import { fingerprintOf } from '../../host/signing/public-key.js';
import { crc32, decode, Header, KeyBlock, KeyRole, Signature } from '../../protocol/index.js';
import { appImage } from '../support/images.js';

const ORDER = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const spki = publicKey.export({ format: 'der', type: 'spki' });
const point = new Uint8Array(spki.subarray(-64));
const header = plainHeader(appImage(500), 0x0800_8000, {
  signatureAlgorithm: Signature.ECDSA_P256,
  keyId: 2,
  usableKeys: 0xfd,
});

const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);

function raw(r: bigint, s: bigint): Uint8Array {
  const text = [r, s].map((n) => n.toString(16).padStart(64, '0')).join('');
  return new Uint8Array(Buffer.from(text, 'hex'));
}

function der(message: Uint8Array): Uint8Array {
  return new Uint8Array(sign('sha256', message, { key: privateKey, dsaEncoding: 'der' }));
}

describe('a signature', () => {
  test('of OpenSSL comes out with a low s, and OpenSSL still takes it', () => {
    let high = 0;
    for (let i = 0; i < 40; i++) {
      const message = Uint8Array.of(i);
      const asDer = der(message);
      const found = rawSignature(asDer);
      expect(numberOf(found.subarray(32)) <= ORDER / 2n).toBe(true);
      const key = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const;
      expect(verify('sha256', message, key, found)).toBe(true);
      const asRaw = sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' });
      if (numberOf(asRaw.subarray(32)) > ORDER / 2n) high++;
      expect(verify('sha256', message, key, rawSignature(new Uint8Array(asRaw)))).toBe(true);
    }
    expect(high).toBeGreaterThan(0);
  });

  test.each([
    ['the lowest', 1n, 1n, 1n],
    ['half the order', 5n, ORDER / 2n, ORDER / 2n],
    ['one above', 5n, ORDER / 2n + 1n, ORDER / 2n],
    ['the highest', ORDER - 1n, ORDER - 1n, 1n],
  ])('with s %s', (_, r, s, low) => {
    expect(rawSignature(raw(r, s))).toEqual(raw(r, low));
  });

  test.each([
    ['r 0', raw(0n, 1n)],
    ['s 0', raw(1n, 0n)],
    ['r the order', raw(ORDER, 1n)],
    ['s the order', raw(1n, ORDER)],
    ['erased flash', new Uint8Array(64).fill(0xff)],
    ['r 0 in DER', Uint8Array.of(0x30, 6, 2, 1, 0, 2, 1, 1)],
    ['s 0 in DER', Uint8Array.of(0x30, 6, 2, 1, 1, 2, 1, 0)],
  ])('is none: %s, which ECDSA does not make', (_, bytes) => {
    expect(() => rawSignature(bytes)).toThrow(/this is no signature: r or s is no number/);
  });

  test.each([
    ['nothing', new Uint8Array()],
    ['a digest', new Uint8Array(32).fill(1)],
    ['text', new TextEncoder().encode(Buffer.from(raw(7n, 7n)).toString('base64'))],
    ['DER with a byte behind it', Uint8Array.of(0x30, 6, 2, 1, 1, 2, 1, 1, 0)],
    ['DER with a byte behind s', Uint8Array.of(0x30, 7, 2, 1, 1, 2, 1, 1, 0)],
    ['DER with a longer length', Uint8Array.of(0x30, 7, 2, 1, 1, 2, 1, 1)],
    ['DER cut off', Uint8Array.of(0x30, 5, 2, 1, 1, 2, 1)],
    ['DER with an r that reaches too far', Uint8Array.of(0x30, 6, 2, 8, 1, 2, 1, 1)],
    ['DER with an s that reaches too far', Uint8Array.of(0x30, 6, 2, 1, 1, 2, 2, 1)],
    ['DER with a negative number', Uint8Array.of(0x30, 6, 2, 1, 0x80, 2, 1, 1)],
    ['DER with a zero too many', Uint8Array.of(0x30, 7, 2, 2, 0, 1, 2, 1, 1)],
    ['DER without r', Uint8Array.of(0x30, 5, 2, 0, 2, 1, 1)],
    ['DER without s', Uint8Array.of(0x30, 5, 2, 1, 1, 2, 0)],
    ['DER of one number', Uint8Array.of(0x30, 3, 2, 1, 1)],
    ['DER of something else than numbers', Uint8Array.of(0x30, 6, 4, 1, 1, 2, 1, 1)],
    ['another structure', Uint8Array.of(0x31, 6, 2, 1, 1, 2, 1, 1)],
  ])('is none: %s', (_, bytes) => {
    expect(() => rawSignature(bytes)).toThrow(
      expect.objectContaining({
        code: 'SIGNATURE_WRONG',
        message: expect.stringMatching(
          /this is no signature: .* neither r and s .* nor both in DER/,
        ),
        hint: expect.stringContaining('base64'),
      }),
    );
  });

  test('short numbers in DER are padded', () => {
    expect(rawSignature(Uint8Array.of(0x30, 7, 2, 2, 0, 0x80, 2, 1, 3))).toEqual(raw(0x80n, 3n));
  });

  test('any bytes are one, or refused in one line', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        try {
          expect(rawSignature(bytes)).toHaveLength(64);
        } catch (error) {
          expect(error).toBeInstanceOf(IapError);
          expect((error as IapError).code).toBe('SIGNATURE_WRONG');
        }
      }),
    );
  });
});

describe('a header', () => {
  test('is signed from its first byte to the number of the key', () => {
    expect(signedPart(header)).toEqual(header.subarray(0, 192));
    const hash = createHash('sha256').update(header.subarray(0, 192)).digest();
    expect(Buffer.from(signedDigest(header)).equals(hash)).toBe(true);
  });

  test('names the key that is going to sign it, and nothing else is changed', () => {
    const plain = plainHeader(appImage(500), 0x0800_8000, { usableKeys: 0xfd });
    expect(forKey(plain, 2)).toEqual(header);
    expect(decode(Header, forKey(plain, 3)).keyId).toBe(3);
  });

  test('signed is refused with any bit changed', async () => {
    const signed = withSignature(header, der(signedPart(header)));
    expect(await isSignedBy(signed, point, verifySignature)).toBe(true);
    expect(signed.subarray(0, 192)).toEqual(header.subarray(0, 192));
    for (let bit = 0; bit < 8 * Header.size; bit += 7) {
      const changed = signed.slice();
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(await isSignedBy(changed, point, verifySignature), `bit ${bit}`).toBe(false);
    }
  });

  test('says who signs it and whom it revokes', () => {
    const facts = { keyId: 2, revoked: [1] };
    expect(signatureFacts(decode(Header, header))).toEqual({ state: 'to-be-signed', ...facts });
    const signed = withSignature(header, der(signedPart(header)));
    expect(signatureFacts(decode(Header, signed))).toEqual({ state: 'signed', ...facts });
    const plain = decode(Header, plainHeader(appImage(500), 0));
    expect(signatureFacts(plain)).toEqual({ state: 'unsigned', revoked: [] });
  });
});

test('a fingerprint is the beginning of the SHA-256 of the point', () => {
  const hash = createHash('sha256').update(point).digest();
  expect(Buffer.from(fingerprintOf(point)).equals(hash.subarray(0, 8))).toBe(true);
  // The same key, however it is written down
  const jwk = createPublicKey(privateKey).export({ format: 'jwk' });
  const parts = [jwk.x ?? '', jwk.y ?? ''].map((text) => Buffer.from(text, 'base64url'));
  expect(Buffer.concat(parts).equals(Buffer.from(point))).toBe(true);
});

describe('a key block', () => {
  const other = new Uint8Array(64).fill(9);
  const block = buildKeyBlock([
    { role: KeyRole.ROOT, point },
    undefined,
    { role: KeyRole.RELEASE, point: other },
  ]);

  test('has the keys where they were put', () => {
    expect(block).toHaveLength(320);
    expect([...block.subarray(0, 12)]).toEqual([
      ...Buffer.from('IAYK'),
      ...[1, 0, 0xff, 0xff],
      ...[KeyRole.ROOT, 1, 0xff, 0xff],
    ]);
    expect(block.subarray(12, 76)).toEqual(point);
    // Erased where there is none
    expect(block.subarray(76, 144).every((byte) => byte === 0xff)).toBe(true);
    const read = readKeyBlock(block);
    const slots = read.state === 'good' ? read.slots : [];
    expect(slots.map(isKey)).toEqual([true, false, true, false]);
    expect(slots[2]).toMatchObject({ role: KeyRole.RELEASE, algorithm: 1, point: other });
  });

  test('is blank or damaged, which is told', () => {
    expect(readKeyBlock(new Uint8Array(320).fill(0xff))).toEqual({ state: 'blank' });
    for (let at = 0; at < KeyBlock.size; at++) {
      const changed = block.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(readKeyBlock(changed).state, `byte ${at}`).toBe('damaged');
    }
  });

  test.each([
    ['another structure', 0, /no key block begins here/],
    ['a later format', 4, /its format is 2/],
    ['a wrong CRC-32', 316, /its CRC-32 is wrong/],
  ])('with %s is called so', (_, at, why) => {
    const changed = block.slice();
    const view = new DataView(changed.buffer);
    view.setUint8(at, (changed[at] ?? 0) + 1);
    if (at < 316) view.setUint32(316, crc32(changed.subarray(0, 316)), true);
    expect(readKeyBlock(changed)).toEqual({ state: 'damaged', why: expect.stringMatching(why) });
  });

  test('with the same key twice would revoke nothing with one of them', () => {
    const same = { role: KeyRole.RELEASE, point };
    expect(() => buildKeyBlock([same, same])).toThrow(
      expect.objectContaining({ code: 'USAGE', hint: expect.stringContaining('revoke nothing') }),
    );
  });

  test.each([
    ['no key', [], /would take no image/],
    ['no key, four times', [undefined, undefined, undefined, undefined], /would take no image/],
    ['five', Array.from({ length: 5 }, () => ({ role: KeyRole.ROOT, point })), /room for 4 keys/],
    [
      'the same key twice',
      [{ role: KeyRole.ROOT, point }, undefined, { role: KeyRole.RELEASE, point }],
      /key 2 is the same as key 0/,
    ],
  ])('is not made of %s', (_, keys, why) => {
    expect(() => buildKeyBlock(keys)).toThrow(why);
  });
});
