// Which unit an image makes, what it must not make, and what programs learn of that.
import { describe, expect, test } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import { type FactoryInput, factoryImage, type Region } from '../../host/factory/factory.js';
import { protectingOptionBytes } from '../../host/factory/option-bytes.js';
import { splitUnit } from '../../host/factory/split-unit.js';
import { unitIn } from '../../host/factory/unit-image.js';
import { checkOwners, checkRoles, proofMessage } from '../../host/factory/unit-keys.js';
import type { Image } from '../../host/image/image.js';
import { loadImage } from '../../host/image/load.js';
import { loadBoard } from '../../host/node/board-file.js';
import { verifySignature } from '../../host/node/key-file.js';
import { makePackage, type PackageDescription } from '../../host/pack/pack.js';
import { APP_BASE, Capability, IDENTITY_ADDRESS, KeyRole } from '../../protocol/index.js';
import { appImage, bootloaderImage } from '../support/images.js';
import { refusal } from '../support/refusal.js';
import { owner, product, signed, verifying } from '../support/unit-keys.js';
import { withKit } from '../support/wrong-images.js';

const board = await loadBoard('stm32f103xb');
const plain = (bytes: Uint8Array): Image => ({ base: undefined, bytes });
const [root, release, spare] = [
  owner('root', KeyRole.ROOT),
  owner('release', KeyRole.RELEASE),
  owner('spare', KeyRole.RELEASE),
];
const keys = [root.key, release.key, spare.key];

function made(input: Partial<FactoryInput> = {}): Region[] {
  return factoryImage({ board, bootloader: plain(bootloaderImage()), ...input });
}

function withKeys(input: Partial<FactoryInput> = {}): Region[] {
  return made({ bootloader: plain(verifying()), identity: { product }, keys, ...input });
}

function packaged(description: Partial<PackageDescription>): Image {
  const version = { major: 1, minor: 0, patch: 0, build: 0 };
  return loadImage(makePackage(plain(appImage(100)), { version, ...description }));
}

describe('an application', () => {
  test('that is allowed, and would not start all the same', () => {
    const app = appImage(1000);
    new DataView(app.buffer).setUint32(0, 0x2000_4ffe, true);
    const thrown = refusal(() => made({ app: plain(app), allow: ['stack-unaligned'] }));
    expect(thrown).toMatchObject({
      code: 'IMAGE_VECTORS',
      message: expect.stringContaining('a stm32f103xb would not start this application: its stack'),
      hint: 'check that it was built for stm32f103xb, whose RAM is 0x20000000 to 0x20004FFF',
    });
  });

  test('for one device is for whom it says', () => {
    expect(made({ app: packaged({ uniqueId: new Uint8Array(12).fill(3) }) })).toHaveLength(4);
  });

  test.each<[boolean | undefined, boolean, boolean]>([
    [undefined, true, false],
    [false, true, false],
    [true, false, true],
  ])(
    'where a half-duplex pair is %j: on the wires of its kit, and of its package',
    (halfDuplex, kit, pair) => {
      const { halfDuplex: _, ...other } = board;
      const on = halfDuplex === undefined ? other : { ...other, halfDuplex };
      const taken = (app: Image): boolean => {
        try {
          return made({ board: on, app }).length > 0;
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(IapError);
          return false;
        }
      };
      expect(taken(plain(withKit('stm32f103xb')))).toBe(kit);
      expect(taken(packaged({ capabilities: Capability.HALF_DUPLEX }))).toBe(pair);
      expect(taken(packaged({ capabilities: Capability.DEFLATE }))).toBe(true);
    },
  );
});

describe('split', () => {
  const app = plain(appImage(3001));
  const identity = { product };
  const page = board.part.page;
  const small = { ...board, appEnd: 0x0801_f800 };
  const data = [{ address: 0x0801_f800, bytes: Uint8Array.of(1, 2, 3, 4) }];

  test('each byte is in one part alone', () => {
    const of = (input: Partial<FactoryInput>): unknown =>
      splitUnit(made({ app, identity, ...input }), page)?.first.map(({ address, bytes }) => [
        address,
        bytes.length,
      ]);
    expect(of({})).toEqual([[0x0800_0000, 0x7000]]);
    expect(of({ board: small, data, writeProtect: true })).toEqual([
      [0x0800_0000, 0x7000],
      [0x0801_f800, 4],
      [0x1fff_f800, 16],
    ]);
  });

  test('what one file has behind the application begins behind its last page', () => {
    const whole = [
      ...made({ app, identity }),
      { address: APP_BASE + 3072, bytes: Uint8Array.of(7) },
    ];
    expect(
      splitUnit(whole, page)?.first.map(({ address, bytes }) => [address, bytes.length]),
    ).toEqual([
      [0x0800_0000, 0x7000],
      [APP_BASE + 3072, 1],
    ]);
  });

  test('a record and an application without a bootloader make no unit', () => {
    const without = made({ app, identity }).filter(({ kind }) => kind !== 'bootloader');
    expect(splitUnit(without, page)).toBeUndefined();
    expect(splitUnit([], page)).toBeUndefined();
  });
});

describe('a unit with keys', () => {
  test('is found where its applications begin', () => {
    expect(unitIn(withKeys())).toMatchObject({ bootloaderSize: 0x7000, installed: undefined });
    const low = { ...board, appBase: 0x0800_6000 };
    expect(unitIn(withKeys({ board: low })).bootloaderSize).toBe(0x5000);
    const bare = withKeys().filter(({ kind }) => kind !== 'record');
    expect(unitIn(bare).bootloaderSize).toBe(0x7000);
  });

  const missing = { code: 'KEY_WRONG', details: { problem: 'missing' } };
  test.each<[string, Region[]]>([
    ['nothing', []],
    ['no bootloader', withKeys().filter(({ kind }) => kind !== 'bootloader')],
    ['no keys', made({ identity: { product } })],
    [
      'a damaged identity',
      withKeys().map((r) =>
        r.address === IDENTITY_ADDRESS ? { ...r, bytes: r.bytes.with(20, 1) } : r,
      ),
    ],
  ])('is none with %s', (_what, regions) => {
    const thrown = refusal(() => unitIn(regions));
    expect(thrown).toMatchObject(missing);
    expect(thrown.hint).toContain('make it with "iap factory');
  });

  test('has no development key', () => {
    const bench = owner('bench', KeyRole.DEVELOPMENT, true);
    const thrown = refusal(() => unitIn(withKeys({ keys: [...keys, bench.key] })));
    expect(thrown).toMatchObject({ code: 'KEY_WRONG', details: { problem: 'development' } });
    expect(thrown.hint).toContain('leave --secure away');
    const roles = refusal(() => checkRoles([...keys, bench.key], false));
    expect(roles).toMatchObject({ code: 'KEY_WRONG', details: { problem: 'development' } });
    expect(roles.hint).toContain('--development');
  });

  test('needs a product, and a key for releases', () => {
    const { identity: _, ...anonymous } = { identity: 0, bootloader: plain(verifying()), keys };
    expect(refusal(() => made(anonymous)).hint).toContain('--product');
    expect(refusal(() => checkRoles([root.key], false))).toMatchObject({
      code: 'USAGE',
      hint: expect.stringContaining('add --release-key'),
    });
  });

  test.each<[string, Image]>([
    ['signed for the number of another key', signed(spare, 1)],
    ['that is not signed', packaged({ product })],
    ['without a header', plain(appImage(100))],
  ])('an application %s proves no owner', async (_what, app) => {
    const proofs = [root, release].map(({ key, sign }) => sign(proofMessage(key)));
    await expect(checkOwners(keys, app, proofs, verifySignature)).rejects.toMatchObject({
      details: { problem: 'unproven', key: 2 },
      hint: expect.stringContaining('iap keys prove spare.pem'),
    });
    await checkOwners(keys, signed(spare, 2), proofs, verifySignature);
  });
});

test('option bytes that are not known: what to do instead', () => {
  const part = { ...board.part, family: 'stm32l4' };
  expect(refusal(() => protectingOptionBytes(part, 0x7000))).toMatchObject({
    code: 'USAGE',
    hint: 'protect the bootloader with your debugger',
  });
});
