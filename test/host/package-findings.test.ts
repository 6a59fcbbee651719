// What a package asks of a device, and what a device asks of a package: product, revision, unit, capabilities, signature.
import { describe, expect, test } from 'vitest';
import type { Finding } from '../../host/check/finding.js';
import { type DeviceIdentity, packageFindings } from '../../host/check/package.js';
import {
  isInForce,
  neverTakenFinding,
  signatureFindings,
  signerFinding,
  type Trust,
} from '../../host/check/signature.js';
import { type Image, plainHeader } from '../../host/image/image.js';
import { parseName } from '../../host/image/names.js';
import { signedPart } from '../../host/signing/header.js';
import { securityOf } from '../../host/signing/key-block.js';
import {
  APP_BASE,
  Capability,
  decode,
  Header,
  IdentityFlag,
  ImageFlag,
  KeyRole,
  type Security,
  SecurityFlag,
  Signature,
} from '../../protocol/index.js';
import { appImage } from '../support/images.js';

const PUMP = parseName('product', 'PUMP-2', 16);
const VALVE = parseName('product', 'VALVE', 16);
const ANYBODY = new Uint8Array(16);
const UNIT = new Uint8Array(12).fill(7);

const bytes = appImage(500);
const PLAIN: Image = { base: APP_BASE, bytes };
const headerOf = (fields: Partial<Header>): Uint8Array => plainHeader(bytes, APP_BASE, fields);
const packed = (fields: Partial<Header> = {}): Image => ({ ...PLAIN, header: headerOf(fields) });

const TO_BE_SIGNED = { product: PUMP, signatureAlgorithm: Signature.ECDSA_P256, keyId: 1 };
const SIGNED = { ...TO_BE_SIGNED, signature: new Uint8Array(64).fill(5) };

/** Ids of findings, with what they say that was found */
const brief = (findings: readonly Finding[]): [string, string][] =>
  findings.map(({ id, found }) => [id, found]);

describe('a package and a device', () => {
  const brought = (fields: Partial<Header>, device: DeviceIdentity): [string, string][] =>
    brief(packageFindings(packed(fields), device));
  const ONLY_PACKAGES = { identityFlags: 0 };

  test('of which nothing is known', () => {
    expect(packageFindings(PLAIN, {})).toEqual([]);
    const asking = { product: PUMP, hardwareMin: 5, uniqueId: UNIT, capabilities: 0xffff_ffff };
    expect(brought(asking, {})).toEqual([]);
  });

  test('that takes any image, or packages for its product alone', () => {
    expect(packageFindings(PLAIN, { identityFlags: IdentityFlag.ANY_IMAGE })).toEqual([]);
    expect(brought({}, { identityFlags: IdentityFlag.ANY_IMAGE })).toEqual([]);
    expect(brought({ product: PUMP }, ONLY_PACKAGES)).toEqual([]);
    expect(packageFindings(PLAIN, ONLY_PACKAGES)).toMatchObject([
      {
        id: 'packages-only',
        severity: 'error',
        code: 'IMAGE_PACKAGE_ONLY',
        message: 'this device takes only packages made for its product, and this is a plain image',
        found: 'a plain image',
        expected: 'a package for this product',
        hint: 'flash the .iap package instead',
      },
    ]);
    expect(packageFindings(packed(), ONLY_PACKAGES)).toMatchObject([
      {
        id: 'packages-only',
        message:
          'this device takes only packages made for its product, and this one is for any product',
        found: 'a package for any product',
        hint: 'take the package of this product',
      },
    ]);
  });

  test.each<[string, Uint8Array, DeviceIdentity, object[]]>([
    ['its own product', PUMP, { product: PUMP }, []],
    ['any product', ANYBODY, { product: PUMP }, []],
    ['no product that it knows of itself', PUMP, { product: ANYBODY }, []],
    [
      'another product',
      PUMP,
      { product: VALVE },
      [
        {
          id: 'wrong-product',
          severity: 'error',
          code: 'IMAGE_WRONG_PRODUCT',
          found: expect.stringContaining('"PUMP-2"'),
          expected: expect.stringContaining('"VALVE"'),
        },
      ],
    ],
  ])('of %s', (_, product, device, findings) => {
    expect(packageFindings(packed({ product }), device)).toMatchObject(findings);
    expect(packageFindings(packed({ product }), device)).toHaveLength(findings.length);
  });

  test.each<[number, DeviceIdentity, boolean]>([
    [2, {}, true],
    [3, {}, true],
    [4, {}, true],
    [1, {}, false],
    [5, {}, false],
    [5, { product: PUMP }, false],
    // Its identity is blank.
    [5, { product: ANYBODY }, true],
  ])('of revision %i, for 2 to 4', (hardware, more, fits) => {
    const fields = { hardwareMin: 2, hardwareMax: 4 };
    const findings = packageFindings(packed(fields), { hardware, ...more });
    expect(findings).toHaveLength(fits ? 0 : 1);
    expect(findings).toMatchObject(
      fits
        ? []
        : [
            {
              id: 'wrong-hardware',
              severity: 'error',
              code: 'IMAGE_WRONG_HARDWARE',
              found: 'revisions 2 to 4',
              expected: `revision ${hardware} among them`,
              details: { hardware, ...fields },
            },
          ],
    );
  });

  test('of one unit', () => {
    expect(brought({ uniqueId: UNIT }, { uniqueId: UNIT })).toEqual([]);
    expect(brought({}, { uniqueId: UNIT })).toEqual([]);
    expect(
      packageFindings(packed({ uniqueId: UNIT }), { uniqueId: UNIT.with(0, 8) }),
    ).toMatchObject([
      {
        id: 'wrong-device',
        severity: 'error',
        code: 'IMAGE_WRONG_DEVICE',
        found: 'device 070707070707070707070707',
        expected: 'device 080707070707070707070707',
      },
    ]);
  });

  const { BAUD, CONFIRM, DEFLATE } = Capability;
  test.each<[string, Partial<Header>, number | undefined, string | undefined]>([
    [
      'has all that is asked for',
      { capabilities: BAUD | DEFLATE },
      BAUD | DEFLATE | CONFIRM,
      undefined,
    ],
    ['lacks one', { capabilities: BAUD | DEFLATE }, BAUD, 'DEFLATE'],
    ['lacks two', { capabilities: BAUD | DEFLATE }, 0, 'BAUD, DEFLATE'],
    ['lacks one of a later version', { capabilities: 0x8000_0000 }, 0xff, '0x80000000'],
    ['can confirm', { flags: ImageFlag.CONFIRM }, CONFIRM, undefined],
    ['can not confirm', { flags: ImageFlag.CONFIRM }, BAUD, 'CONFIRM'],
    [
      'can not confirm, which is asked for twice',
      { flags: ImageFlag.CONFIRM, capabilities: CONFIRM },
      BAUD,
      'CONFIRM',
    ],
    ['says nothing', { flags: ImageFlag.CONFIRM, capabilities: 0xff }, undefined, undefined],
    ['need not understand a flag', { flags: 0x8000 }, 0, undefined],
    ['must understand a flag of a later version', { flags: 0x2_0000 }, undefined, '0x20000'],
    ['must understand the last of them', { flags: 0x8000_0000 }, 0xff, '0x80000000'],
  ])('that %s', (_, fields, capabilities, lacking) => {
    const findings = packageFindings(
      packed(fields),
      capabilities === undefined ? {} : { capabilities },
    );
    const found = `a package that needs ${lacking}`;
    expect(findings).toHaveLength(lacking === undefined ? 0 : 1);
    expect(findings).toMatchObject(
      lacking === undefined
        ? []
        : [{ id: 'not-capable', severity: 'error', code: 'IMAGE_NOT_CAPABLE', found }],
    );
  });

  test('that differ in everything: all of it is told', () => {
    const fields = { product: PUMP, hardwareMin: 2, uniqueId: UNIT, capabilities: BAUD };
    const device = {
      ...{ product: VALVE, hardware: 1, uniqueId: UNIT.with(0, 1), capabilities: 0 },
      identityFlags: 0,
    };
    const ids = packageFindings(packed(fields), device).map(({ id }) => id);
    expect(ids).toEqual(['wrong-product', 'wrong-hardware', 'wrong-device', 'not-capable']);
  });
});

describe('a signature, of a file alone or for a device without keys', () => {
  const findings = (fields: Partial<Header>, trust: Trust = {}): Finding[] =>
    signatureFindings(packed(fields), trust);

  test('is none, or is there', () => {
    expect(signatureFindings(PLAIN, {})).toEqual([]);
    expect(findings({ keyId: 9, usableKeys: 0 })).toEqual([]);
    expect(findings(SIGNED)).toEqual([]);
  });

  test('is to be made', () => {
    expect(findings(TO_BE_SIGNED)).toMatchObject([
      {
        id: 'unsigned',
        severity: 'warning',
        code: 'IMAGE_SIGNATURE',
        message: expect.stringMatching(
          /^this is a package that key 1 is to sign.*: no device takes it$/,
        ),
        found: 'a package that key 1 is to sign, and has not signed yet',
        expected: 'a signed package',
        hint: 'sign it with "iap sign"',
      },
    ]);
  });

  test.each<[string, Partial<Header>, Partial<Finding>]>([
    [
      'by a key that no device has',
      { keyId: 4 },
      { id: 'no-key', found: 'key 4', expected: 'a key from 0 to 3', details: { keyId: 4 } },
    ],
    [
      'by a key that it revokes',
      { usableKeys: 0xfd },
      {
        id: 'revocation',
        found: 'a package that revokes the key that signs it',
        details: { keyId: 1 },
      },
    ],
    [
      'for any product',
      { product: ANYBODY },
      {
        id: 'packages-only',
        code: 'IMAGE_PACKAGE_ONLY',
        found: 'a signed package for any product',
        details: { keyId: 1 },
      },
    ],
  ])('is one that no device takes: %s', (_, fields, finding) => {
    const expected = { severity: 'error', code: 'IMAGE_SIGNATURE', ...finding };
    expect(findings({ ...SIGNED, ...fields })).toMatchObject([expected]);
    expect(brief(findings({ ...TO_BE_SIGNED, ...fields }))).toEqual([
      [finding.id, finding.found],
      ['unsigned', expect.stringMatching(/is to sign/)],
    ]);
    const header = decode(Header, headerOf({ ...SIGNED, ...fields }));
    expect(neverTakenFinding(header)).toMatchObject(expected);
  });

  test.each([0, 1, 2, 3])('by key %i is one that devices may take', (keyId) => {
    expect(neverTakenFinding(decode(Header, headerOf({ ...SIGNED, keyId })))).toBeUndefined();
  });

  test('is nothing for a bootloader without keys', () => {
    const { SIGNATURE, BAUD } = Capability;
    expect(findings(SIGNED, { capabilities: BAUD })).toMatchObject([
      {
        id: 'not-capable',
        severity: 'error',
        code: 'IMAGE_NOT_CAPABLE',
        found: 'a package with a signature',
        expected: 'a package without one',
      },
    ]);
    expect(findings(SIGNED, { capabilities: SIGNATURE })).toEqual([]);
    expect(findings({ product: PUMP }, { capabilities: BAUD })).toEqual([]);
  });
});

describe('a signature, for a device that takes signed images alone', () => {
  const point = (fill: number): Uint8Array => new Uint8Array(64).fill(fill);
  const root = { role: KeyRole.ROOT, point: point(1) };
  const release = { role: KeyRole.RELEASE, point: point(2) };
  /** Keys 0 (root), 1 and 3; none with number 2 */
  const SECURITY: Security = {
    ...securityOf([root, release, undefined, { ...release, point: point(3) }]),
    securityCounter: 5,
  };
  const findings = (fields: Partial<Header>, security: Partial<Security> = {}): Finding[] =>
    signatureFindings(packed({ ...SIGNED, securityCounter: 5, ...fields }), {
      security: { ...SECURITY, ...security },
    });
  const ONE_REVOKED = { usableKeys: 0xfd };
  const LATER = { role: 9 as KeyRole, fingerprint: new Uint8Array(8) };

  test('is right', () => {
    expect(findings({})).toEqual([]);
    expect(findings({ keyId: 0 })).toEqual([]);
    expect(findings({ keyId: 3 })).toEqual([]);
  });

  test('is not asked for where unsigned images are taken as well', () => {
    const security = { ...SECURITY, flags: SecurityFlag.KEYS };
    expect(signatureFindings(PLAIN, { security })).toEqual([]);
    expect(findings({ keyId: 2, securityCounter: 0 }, security)).toEqual([]);
  });

  test.each<[string, Image, string, string]>([
    [
      'a plain image',
      PLAIN,
      'a plain image',
      'make a package with "iap pack --key-id", and sign it with "iap sign"',
    ],
    [
      'a package without one',
      packed(),
      'a package without a signature',
      'make a package with "iap pack --key-id", and sign it with "iap sign"',
    ],
    [
      'a package to be signed',
      packed(TO_BE_SIGNED),
      'a package that key 1 is to sign, and has not signed yet',
      'sign it with "iap sign"',
    ],
  ])('is missing of %s', (_, image, found, hint) => {
    const unsigned = {
      id: 'unsigned',
      severity: 'error',
      code: 'IMAGE_SIGNATURE',
      message: `only signed packages will do, and this is ${found}`,
      found,
      hint,
    };
    expect(signatureFindings(image, { security: SECURITY })).toMatchObject([unsigned]);
  });

  test('is by a key that it does not have', () => {
    expect(findings({ keyId: 2 })).toMatchObject([
      {
        id: 'no-key',
        severity: 'error',
        code: 'IMAGE_SIGNATURE',
        found: 'key 2',
        expected: "one of the device's keys: 0, 1, 3",
        details: { keyId: 2 },
      },
    ]);
    expect(brief(findings({ keyId: 9 }))).toEqual([['no-key', 'key 9']]);
    const none = securityOf([]);
    expect(findings({}, { ...none, securityCounter: 5 })).toMatchObject([
      { id: 'no-key', expected: "one of the device's keys: none" },
    ]);
    // Where its key block is damaged it says so itself.
    expect(findings({ keyId: 2 }, { flags: SecurityFlag.SIGNED_ONLY })).toEqual([]);
  });

  test('is by a key that was revoked', () => {
    expect(findings({ usableKeys: 0xfd }, ONE_REVOKED)).toMatchObject([
      {
        id: 'revoked-key',
        severity: 'error',
        code: 'IMAGE_SIGNATURE',
        found: 'key 1, revoked',
        expected: 'a key that is not revoked',
        details: { keyId: 1 },
      },
    ]);
  });

  test.each<[string, Partial<Header>, Partial<Security>, object | undefined]>([
    ['none', { keyId: 3 }, {}, undefined],
    ['a key, by a root key', { keyId: 0, usableKeys: 0xfd }, {}, undefined],
    ['what is revoked already', { keyId: 3, usableKeys: 0xfd }, ONE_REVOKED, undefined],
    ['a number without a key', { keyId: 3, usableKeys: 0xfb }, {}, undefined],
    [
      'a key, by one whose role is of a later version',
      { keyId: 3, usableKeys: 0xfd },
      { key3: LATER },
      undefined,
    ],
    [
      'a key, by another that is no root key',
      { keyId: 3, usableKeys: 0xfd },
      {},
      {
        message: expect.stringContaining(
          'revokes key 1, and is signed with key 3, which is no root key',
        ),
        found: 'a package that revokes key 1',
        expected: 'a root key, which alone may revoke',
        hint: expect.stringMatching(/--key-id of a root key .*; or without --revoke 1$/),
        details: { revokes: '1', revoked: '' },
      },
    ],
    [
      'a root key',
      { keyId: 3, usableKeys: 0xfc },
      {},
      {
        message: expect.stringContaining('revokes key 0, a root key'),
        found: 'a package that revokes keys 0, 1',
        expected: 'one that revokes no root key',
        details: { revokes: '0,1', revoked: '' },
      },
    ],
    [
      'not what is revoked already',
      { keyId: 0 },
      ONE_REVOKED,
      {
        message: expect.stringContaining(
          'does not revoke key 1, which this device knows as revoked',
        ),
        found: 'a package that revokes no key',
        expected: 'one that revokes key 1 too',
        hint: expect.stringContaining('with --revoke 1, and'),
        details: { revokes: '', revoked: '1' },
      },
    ],
    [
      'another than is revoked already',
      { keyId: 0, usableKeys: 0xf7 },
      ONE_REVOKED,
      {
        found: 'a package that revokes key 3',
        hint: expect.stringContaining('with --revoke 1,3, and'),
        details: { revokes: '3', revoked: '1' },
      },
    ],
  ])('is of a package that revokes %s', (_, fields, security, expected) => {
    const common = { id: 'revocation', severity: 'error', code: 'IMAGE_SIGNATURE' };
    expect(findings(fields, security)).toHaveLength(expected ? 1 : 0);
    expect(findings(fields, security)).toMatchObject(expected ? [{ ...common, ...expected }] : []);
  });

  test('is of a package that goes back', () => {
    expect(findings({ securityCounter: 6 })).toEqual([]);
    expect(findings({ securityCounter: 4 })).toMatchObject([
      {
        id: 'rollback',
        severity: 'error',
        code: 'IMAGE_ROLLBACK',
        found: 'security counter 4',
        expected: '5 or above',
        details: { counter: 4, floor: 5 },
      },
    ]);
    expect(findings({ keyId: 2, securityCounter: 4 }).map(({ id }) => id)).toEqual([
      'no-key',
      'rollback',
    ]);
  });

  test('makes a device take packages for its product alone, whatever its identity says', () => {
    const device = { identityFlags: IdentityFlag.ANY_IMAGE, security: SECURITY };
    expect(packageFindings(PLAIN, device).map(({ id }) => id)).toEqual([
      'packages-only',
      'unsigned',
    ]);
    const ids = packageFindings(packed(), device).map(({ id }) => id);
    expect(ids).toEqual(['packages-only', 'unsigned']);
  });

  describe('what a package asks for is in force', () => {
    const inForce = (fields: Partial<Header>, trust: Trust = { security: SECURITY }): boolean =>
      isInForce(trust, headerOf(fields));

    test('of a plain image, which asks for nothing', () => {
      expect(isInForce({ security: SECURITY }, undefined)).toBe(true);
      expect(isInForce({}, undefined)).toBe(true);
    });

    test.each<[string, Partial<Header>, Trust | undefined, boolean]>([
      ['the counter of the device', { securityCounter: 5 }, undefined, true],
      ['a higher one', { securityCounter: 6 }, undefined, false],
      ['a lower one', { securityCounter: 4 }, undefined, false],
      ['a revocation that is not', { securityCounter: 5, usableKeys: 0xfd }, undefined, false],
      [
        'one that is',
        { securityCounter: 5, usableKeys: 0xfd },
        { security: { ...SECURITY, ...ONE_REVOKED } },
        true,
      ],
      ['one of a number without a key', { securityCounter: 5, usableKeys: 0xfb }, undefined, true],
      ['no counter, of a device that does not say its own', { securityCounter: 0 }, {}, true],
      ['a counter, of a device that does not say its own', { securityCounter: 1 }, {}, false],
    ])('%s', (_, fields, trust, expected) => {
      expect(inForce(fields, trust)).toBe(expected);
    });
  });
});

describe('a signature, held against a public key', () => {
  const point = new Uint8Array(64).fill(9);
  const signer = (image: Image, right: boolean): Promise<Finding | undefined> =>
    signerFinding(image, point, (data, signature, key) => {
      expect(data).toEqual(signedPart(image.header ?? new Uint8Array()));
      expect([signature, key]).toEqual([SIGNED.signature, point]);
      return Promise.resolve(right);
    });

  test('is by its key', async () => {
    expect(await signer(packed(SIGNED), true)).toBeUndefined();
  });

  test('is by another', async () => {
    expect(await signer(packed(SIGNED), false)).toMatchObject({
      id: 'wrong-signature',
      severity: 'error',
      code: 'IMAGE_SIGNATURE',
      found: 'a signature that is said to be of key 1',
      expected: 'one by the key that was given',
      details: { keyId: 1 },
    });
  });

  test.each([
    ['a plain image', PLAIN],
    ['a package without a signature', packed()],
    ['a package that key 1 is to sign, and has not signed yet', packed(TO_BE_SIGNED)],
  ])('is missing: %s', async (found, image) => {
    const finding = { id: 'unsigned', severity: 'error', found };
    expect(await signer(image, true)).toMatchObject(finding);
  });
});
