// Units that take signed images alone: what the factory writes, and what must not leave it.
import { describe, expect, test } from 'vitest';
import { type FactoryInput, factoryImage } from '../../host/factory/factory.js';
import { unitIn, unlike } from '../../host/factory/unit-image.js';
import {
  checkOwners,
  checkRoles,
  proofMessage,
  type UnitKeys,
} from '../../host/factory/unit-keys.js';
import type { Image } from '../../host/image/image.js';
import { loadBoard } from '../../host/node/board-file.js';
import { verifySignature } from '../../host/node/key-file.js';
import { parseProduct } from '../../host/pack/description.js';
import { readKeyBlock, securityOf } from '../../host/signing/key-block.js';
import {
  APP_BASE,
  decode,
  Header,
  type Image as HelloImage,
  IDENTITY_ADDRESS,
  ImageState,
  KEYS_ADDRESS,
  KeyRole,
  Signature,
} from '../../protocol/index.js';
import { appImage, bootloaderImage } from '../support/images.js';
import { owner, product, signed, verifying } from '../support/unit-keys.js';

const board = await loadBoard('stm32f103xb');
const root = owner('root', KeyRole.ROOT);
const release = owner('release', KeyRole.RELEASE);
const spare = owner('spare', KeyRole.RELEASE);
const keys: UnitKeys = [root.key, release.key, spare.key];

function made(input: Partial<FactoryInput> = {}) {
  return factoryImage({
    ...{ board, bootloader: { base: undefined, bytes: verifying() }, identity: { product } },
    ...{ keys, ...input },
  });
}

describe('the image', () => {
  test('has the key block below the identity block', () => {
    const regions = made({ app: signed(release, 1) });
    expect(regions.map(({ kind, address, bytes }) => [kind, address, bytes.length])).toEqual([
      ['bootloader', 0x0800_0000, 28_288],
      ['keys', KEYS_ADDRESS, 320],
      ['identity', IDENTITY_ADDRESS, 64],
      ['record', IDENTITY_ADDRESS + 64, 4096],
      ['application', APP_BASE, 3072],
    ]);
    const block = readKeyBlock(regions[1]?.bytes ?? new Uint8Array());
    expect(block).toMatchObject({
      state: 'good',
      slots: [
        { role: KeyRole.ROOT, algorithm: Signature.ECDSA_P256, point: root.key.point },
        { role: KeyRole.RELEASE, point: release.key.point },
        { role: KeyRole.RELEASE, point: spare.key.point },
        { role: KeyRole.NONE },
      ],
    });
  });

  test.each<[string, Partial<FactoryInput>, string, RegExp]>([
    [
      'a bootloader that verifies nothing',
      { bootloader: { base: undefined, bytes: bootloaderImage() } },
      'BOOTLOADER_WRONG',
      /takes unsigned images/,
    ],
    [
      'code where the keys are',
      { bootloader: { base: undefined, bytes: verifying(28_289).with(28_288, 0) } },
      'BOOTLOADER_WRONG',
      /key block at 0x08006E80 is in use/,
    ],
    ['an unsigned application', { app: { base: APP_BASE, bytes: appImage(3000) } }, 'IMAGE_', /./],
    [
      'a key that the unit does not have',
      { app: signed(release, 3) },
      'IMAGE_SIGNATURE',
      /key 3, which this device does not have/,
    ],
    [
      'an application of another product',
      { app: signed(release, 1, { product: parseProduct('PUMP-3') }) },
      'IMAGE_WRONG_PRODUCT',
      /PUMP-3/,
    ],
    [
      'an application whose own key it revokes',
      { app: signed(release, 1, { usableKeys: 0xfd }) },
      'IMAGE_SIGNATURE',
      /key 1, which was revoked/,
    ],
    [
      'an application that revokes the root key',
      { app: signed(spare, 2, { usableKeys: 0xfe }) },
      'IMAGE_SIGNATURE',
      /revokes key 0, a root key/,
    ],
  ])('is refused with %s', (_, input, code, text) => {
    let thrown: unknown;
    try {
      made(input);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({
      code: expect.stringContaining(code),
      message: expect.stringMatching(text),
    });
  });

  test('is made with what every package has once a key was revoked', () => {
    const app = signed(spare, 2, { usableKeys: 0xfd, securityCounter: 3 });
    expect(made({ app })).toHaveLength(5);
  });

  test('needs a product id', () => {
    const { identity: _, ...rest } = {
      identity: 0,
      board,
      keys,
      bootloader: { base: undefined, bytes: verifying() },
    };
    expect(() => factoryImage(rest)).toThrow(/needs a product id/);
  });

  test('without keys has no bootloader that takes signed images alone', () => {
    const input = { board, bootloader: { base: undefined, bytes: verifying() } };
    expect(() => factoryImage(input)).toThrow(
      /takes signed images alone, and this unit has no keys/,
    );
  });
});

describe('roles', () => {
  test.each<[string, UnitKeys]>([
    ['a key marked as one', [root.key, { ...release.key, development: true }]],
    [
      'a key in its place',
      [root.key, release.key, undefined, owner('development', KeyRole.DEVELOPMENT).key],
    ],
  ])('a development key needs a word: %s', (_, given) => {
    expect(() => checkRoles(given, false)).toThrow(/is a development key/);
    expect(() => checkRoles(given, true)).not.toThrow();
  });

  test('root alone would have to sign every release', () => {
    expect(() => checkRoles([root.key], false)).toThrow(/sign every release/);
    expect(() => checkRoles(keys, false)).not.toThrow();
  });
});

describe('owners', () => {
  const proofs = [root, spare].map(({ key, sign: signs }) => signs(proofMessage(key)));

  test('show that they can sign: by the application, or by a proof', async () => {
    await checkOwners(keys, signed(release, 1), proofs, verifySignature);
  });

  test.each<[string, Image | undefined, Uint8Array[], string]>([
    ['without the application release is missing', undefined, proofs, 'release'],
    ['its signature is by another', signed(spare, 1), proofs, 'release'],
    ["root's proof is missing", signed(release, 1), proofs.slice(1), 'root'],
    [
      "another's proof is none",
      signed(release, 1),
      [proofs[0] ?? root.sign(root.key.point), release.sign(proofMessage(spare.key))],
      'spare',
    ],
    [
      "a proof of another key's is none",
      signed(release, 1),
      [proofs[0] ?? root.sign(root.key.point), spare.sign(proofMessage(root.key))],
      'spare',
    ],
  ])('%s', async (_, app, given, name) => {
    await expect(checkOwners(keys, app, given, verifySignature)).rejects.toMatchObject({
      code: 'KEY_WRONG',
      message: expect.stringContaining(`the ${name} key`),
      details: { problem: 'unproven' },
    });
  });

  test('a proof that is no signature is told as that', async () => {
    await expect(
      checkOwners(keys, undefined, [new Uint8Array(64)], verifySignature),
    ).rejects.toMatchObject({ code: 'SIGNATURE_WRONG' });
  });
});

describe('a unit that should be the one of an image', () => {
  const identity = { product, hardware: 2, serial: 'A-1', address: 7 };
  const app = signed(release, 1);
  const unit = unitIn(made({ app, identity }));
  const { imageSha256, imageSize } = decode(Header, app.header ?? new Uint8Array());
  const installed: HelloImage = {
    state: ImageState.VALID | ImageState.CHECKED | ImageState.GOOD,
    ...{ trials: 0, reserved: 0, sequence: 1, size: imageSize, crc32: 0, sha256: imageSha256 },
    version: { major: 0, minor: 0, patch: 0, build: 0 },
  };
  const hello = { ...identity, installed };

  test('is it', () => {
    expect(unlike(unit, hello, securityOf(keys))).toEqual([]);
    const unchecked = { ...installed, state: ImageState.VALID };
    expect(unlike(unit, { ...hello, installed: unchecked }, securityOf(keys))).toEqual([]);
    expect(unit.bootloaderSize).toBe(0x7000);
  });

  test.each<[string, Partial<typeof hello>, UnitKeys | undefined, RegExp]>([
    ['takes unsigned images', {}, undefined, /unsigned/],
    [
      'has another key',
      {},
      [root.key, owner('x', KeyRole.RELEASE).key, spare.key],
      /its key 1 is .*, expected/,
    ],
    ['has a key less', {}, [root.key, release.key], /its key 2 is missing, expected/],
    ['has a key more', {}, [...keys, owner('x', KeyRole.RELEASE).key], /its key 3 .*expected none/],
    ['is of another product', { product: new Uint8Array(16) }, keys, /product is 0000.*expected/],
    ['is of another revision', { hardware: 3 }, keys, /hardware revision is 3, expected 2/],
    ['has another serial number', { serial: 'A-2' }, keys, /serial number is A-2, expected A-1/],
    ['has another address', { address: 8 }, keys, /address is 8, expected 7/],
    [
      'has another application',
      { installed: { ...installed, sha256: new Uint8Array(32) } },
      keys,
      /another one than that of the image/,
    ],
    [
      'has it damaged',
      { installed: { ...installed, state: ImageState.VALID | ImageState.CHECKED } },
      keys,
      /damaged/,
    ],
    ['has it unfinished', { installed: { ...installed, state: 0 } }, keys, /damaged/],
  ])('%s', (_what, difference, ofUnit, said) => {
    const security = ofUnit && securityOf(ofUnit);
    expect(unlike(unit, { ...hello, ...difference }, security)).toEqual([
      expect.stringMatching(said),
    ]);
  });

  test('has an application, and the image has none', () => {
    const without = unitIn(made({ identity }));
    expect(unlike(without, hello, securityOf(keys))).toEqual([expect.stringContaining('has none')]);
    const none = { ...installed, sequence: 0, state: 0 };
    expect(unlike(without, { ...hello, installed: none }, securityOf(keys))).toEqual([]);
  });

  test('an image without keys, or with a development key, makes none', () => {
    const bench = [root.key, release.key, undefined, owner('bench', KeyRole.DEVELOPMENT, true).key];
    expect(() => unitIn(made({ keys: bench }))).toThrow(/development/);
    const plain = { board, bootloader: { base: undefined, bytes: bootloaderImage() }, identity };
    expect(() => unitIn(factoryImage(plain))).toThrow(/no keys/);
  });
});
