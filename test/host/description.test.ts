// What a description of a package becomes in its header, and what makes no sense.
import { describe, expect, test } from 'vitest';
import { type DescriptionText, parseDescription } from '../../host/pack/description.js';
import { makePackage } from '../../host/pack/pack.js';
import { Capability, decode, Header, Signature } from '../../protocol/index.js';
import { appImage } from '../support/images.js';

describe('a description', () => {
  const image = { base: undefined, bytes: appImage(100) };
  const made = (text: DescriptionText): Header =>
    decode(Header, makePackage(image, parseDescription({ version: '1.2.3', ...text })));

  test('without anything but a version restricts nothing', () => {
    expect(made({})).toMatchObject({
      ...{ product: new Uint8Array(16), buildId: new Uint8Array(20), uniqueId: new Uint8Array(12) },
      ...{ hardwareMin: 0, hardwareMax: 0xffff, flags: 0, capabilities: 0, securityCounter: 0 },
      ...{ signatureAlgorithm: Signature.NONE, keyId: 0, usableKeys: 0xff },
    });
  });

  test('of one hardware revision, of one to another, and of capabilities in any case', () => {
    expect(made({ hardware: 3 })).toMatchObject({ hardwareMin: 3, hardwareMax: 3 });
    expect(made({ hardware: [3, 3] })).toMatchObject({ hardwareMin: 3, hardwareMax: 3 });
    expect(made({ hardware: [0, 4] })).toMatchObject({ hardwareMin: 0, hardwareMax: 4 });
    expect(made({ hardware: [5] })).toMatchObject({ hardwareMin: 5, hardwareMax: 5 });
    const capabilities = Capability.BAUD | Capability.CONFIRM;
    expect(made({ capabilities: ['baud', 'CONFIRM'] }).capabilities).toBe(capabilities);
    expect(made({ confirm: false })).toMatchObject({ flags: 0, capabilities: 0 });
  });

  test('of a key names it and what it revokes, to be signed', () => {
    const text = { product: 'PUMP-2', keyId: 0, revoke: [1, 3] };
    expect(made(text)).toMatchObject({
      ...{ signatureAlgorithm: Signature.ECDSA_P256, keyId: 0, usableKeys: 0b1111_0101 },
      signature: new Uint8Array(64).fill(0xff),
    });
    expect(made({ product: 'PUMP-2', keyId: 3 })).toMatchObject({ keyId: 3, usableKeys: 0xff });
  });

  test.each<[string, DescriptionText, RegExp, RegExp | undefined]>([
    ['key 4', { product: 'P', keyId: 4 }, /numbers from 0 to 3, got 4/, undefined],
    ['key -1', { product: 'P', keyId: -1 }, /numbers from 0 to 3, got -1/, undefined],
    ['revoking key 4', { product: 'P', keyId: 0, revoke: [1, 4] }, /0 to 3, got 4/, undefined],
    ['revoking unsigned', { revoke: [1] }, /only a signed package revokes/, /--key-id 0/],
    ['its own end', { product: 'P', keyId: 1, revoke: [1] }, /key 1 can not sign/, /root key/],
    ['any product', { keyId: 1 }, /needs a product id/, /take none that is for any product/],
    [
      'product 0',
      { keyId: 1, product: '0'.repeat(32) },
      /needs a product id/,
      /take none that is for any product/,
    ],
  ])('of signing is refused with %s', (_, text, message, hint) => {
    expect(() => made(text)).toThrow(
      expect.objectContaining({
        code: 'USAGE',
        message: expect.stringMatching(message),
        hint: hint && expect.stringMatching(hint),
      }),
    );
  });

  test('without a version is refused, and told how to say it', () => {
    expect(() => parseDescription({})).toThrow(
      expect.objectContaining({ code: 'USAGE', hint: expect.stringContaining('--version 1.2.3') }),
    );
  });

  test('of what is a package already is refused, and told what to give', () => {
    const header = makePackage(image, parseDescription({ version: '1.0.0' })).subarray(0, 256);
    expect(() => makePackage({ ...image, header }, parseDescription({ version: '2.0.0' }))).toThrow(
      expect.objectContaining({ code: 'IMAGE_FORMAT', hint: expect.stringContaining('.bin') }),
    );
  });
});
