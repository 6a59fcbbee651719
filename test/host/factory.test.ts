// Factory images: what is in them, and what must not leave a factory.
import { describe, expect, test } from 'vitest';
import { type FactoryInput, factoryImage, recordRegion } from '../../host/factory/factory.js';
import { buildIdentity, readIdentity } from '../../host/factory/identity.js';
import { protectingOptionBytes } from '../../host/factory/option-bytes.js';
import type { Image } from '../../host/image/image.js';
import { loadImage } from '../../host/image/load.js';
import { loadBoard } from '../../host/node/board-file.js';
import { parseProduct } from '../../host/pack/description.js';
import { makePackage } from '../../host/pack/pack.js';
import { readRecord } from '../../host/record/record.js';
import { APP_BASE, IDENTITY_ADDRESS, Identity, RECORD_A_ADDRESS } from '../../protocol/index.js';
import { appImage, bootloaderImage } from '../support/images.js';
import { refusal } from '../support/refusal.js';

const board = await loadBoard('stm32f103xb');
const product = parseProduct('PUMP-2');

function plain(bytes: Uint8Array): Image {
  return { base: undefined, bytes };
}

function made(input: Partial<FactoryInput> = {}) {
  return factoryImage({ board, bootloader: plain(bootloaderImage()), ...input });
}

describe('regions', () => {
  test('cover every page that is used, and the whole record', () => {
    const app = plain(appImage(3001));
    const regions = made({ app, identity: { product } });
    expect(
      regions.map(({ kind, address, bytes, used }) => [kind, address, bytes.length, used]),
    ).toEqual([
      ['bootloader', 0x0800_0000, 28_608, 5000],
      ['identity', IDENTITY_ADDRESS, 64, 64],
      ['record', RECORD_A_ADDRESS, 4096, 4096],
      ['application', APP_BASE, 3072, 3001],
    ]);
  });

  test('without application: a blank record', () => {
    const [code, identity, record] = made();
    expect(code?.used).toBe(5000);
    expect(identity?.bytes.every((byte) => byte === 0xff)).toBe(true);
    expect(record?.bytes.every((byte) => byte === 0xff)).toBe(true);
    expect(made()).toHaveLength(3);
  });

  test("a unit's own data lies above the application area", () => {
    const small = { ...board, appEnd: 0x0801_f800 };
    const data = [
      { address: 0x0801_f800, bytes: Uint8Array.of(1, 2, 3) },
      { address: 0x0801_fffe, bytes: Uint8Array.of(4, 5) },
    ];
    const regions = made({ board: small, data, app: plain(appImage(100)) });
    expect(regions.slice(-2).map(({ address, bytes }) => [address, [...bytes]])).toEqual([
      [0x0801_f800, [1, 2, 3, 0xff]],
      [0x0801_fffe, [4, 5]],
    ]);
    for (const address of [0x0801_f7fe, 0x0802_0000, 0x0801_ffff, APP_BASE, 0x0800_0000, 0]) {
      const bytes = Uint8Array.of(1, 2);
      expect(refusal(() => made({ board: small, data: [{ address, bytes }] })).code).toBe('USAGE');
    }
    const twice = [...data, { address: 0x0801_f802, bytes: Uint8Array.of(9) }];
    expect(refusal(() => made({ board: small, data: twice })).message).toContain('overlaps data');
    expect(refusal(() => made({ data })).message).toContain('reaches to the end of flash');
  });
});

describe('the bootloader', () => {
  const full = bootloaderImage(28 * 1024).fill(0xff, 28_608);
  test('may have its blank identity block in its file', () => {
    expect(made({ bootloader: plain(full) })).toEqual(
      made({ bootloader: plain(full.subarray(0, 28_608)) }),
    );
  });

  test.each<[string, Image, RegExp]>([
    ['an application', loadImage(bootloaderImage(), { base: APP_BASE }), /linked at 0x08008000/],
    ['a whole flash', plain(bootloaderImage(28 * 1024 + 1)), /28673 bytes/],
    ['with an identity', plain(full.with(28_650, 0)), /identity block at 0x08006FC0 is in use/],
    ['of another part', plain(bootloaderImage(5000, 'stm32f103xe')), /the name stm32f103xb/],
    ['nothing', plain(new Uint8Array(5)), /only 5 bytes/],
    ['erased flash', plain(new Uint8Array(5000).fill(0xff)), /stack pointer, is 0xFFFFFFFF/],
    ['with a stack beyond its RAM', plain(bootloaderImage().with(2, 1)), /0x20015000; the RAM/],
    [
      'with an even reset vector',
      plain(bootloaderImage().with(4, 0)),
      /reset vector, is 0x08000100/,
    ],
    [
      'linked for the application',
      plain(bootloaderImage().with(5, 0x80)),
      /reset vector, is 0x08008001/,
    ],
    [
      'a package',
      loadImage(
        makePackage(plain(appImage(100)), {
          version: { major: 1, minor: 0, patch: 0, build: 0 },
        }),
      ),
      /it is a package/,
    ],
  ])('must be one: %s', (_, image, text) => {
    const { code, message, hint } = refusal(() => made({ bootloader: image }));
    expect(code).toBe('BOOTLOADER_WRONG');
    expect(message).toMatch(text);
    expect(hint).toBeDefined();
  });
});

describe('an application that the device would not start', () => {
  const low = appImage(100, 1, 0x0800_0000);
  const highStack = appImage(100);
  new DataView(highStack.buffer).setUint32(0, 0x2000_5004, true);
  test.each<[string, Image, string]>([
    ['linked elsewhere', plain(low), 'IMAGE_WRONG_ADDRESS'],
    ['too large', plain(appImage(96 * 1024 + 1)), 'IMAGE_TOO_LARGE'],
    ['with a stack beyond the RAM of this part', plain(highStack), 'IMAGE_VECTORS'],
    ['without vectors', plain(new Uint8Array(100)), 'IMAGE_VECTORS'],
  ])('%s', (_, app, code) => {
    expect(refusal(() => made({ app })).code).toBe(code);
    expect(refusal(() => recordRegion(board, app)).code).toBe(code);
  });

  test('or not install: another product, another hardware revision', () => {
    const version = { major: 1, minor: 0, patch: 0, build: 0 };
    const app = loadImage(
      makePackage(plain(appImage(100)), { version, product, hardware: { min: 2, max: 3 } }),
    );
    const other = { product: parseProduct('PUMP-3'), hardware: 2 };
    expect(refusal(() => made({ app, identity: other })).code).toBe('IMAGE_WRONG_PRODUCT');
    expect(refusal(() => made({ app, identity: { product } })).code).toBe('IMAGE_WRONG_HARDWARE');
    const packagesOnly = { product, hardware: 2, packagesOnly: true };
    expect(refusal(() => made({ app: plain(app.bytes), identity: packagesOnly })).code).toBe(
      'IMAGE_PACKAGE_ONLY',
    );
    expect(made({ app, identity: packagesOnly })).toHaveLength(4);
    // A blank identity takes all.
    expect(made({ app })).toHaveLength(4);
  });
});

describe('identity', () => {
  test('comes back as it was written', () => {
    const unit = { product, hardware: 3, address: 254, serial: '0123456789ABCDEF' };
    const read = readIdentity(buildIdentity({ ...unit, defaultRate: 9600, packagesOnly: true }));
    expect(read).toMatchObject({
      state: 'good',
      identity: { ...unit, defaultRate: 9600, flags: 0xfe },
    });
  });

  test('blank and damaged', () => {
    expect(readIdentity(new Uint8Array(Identity.size).fill(0xff))).toEqual({ state: 'blank' });
    const block = buildIdentity({ product });
    for (let i = 0; i < block.length; i++) {
      expect(readIdentity(block.with(i, (block[i] ?? 0) ^ 1)).state).toBe('damaged');
    }
  });

  test.each([
    [{ product: new Uint8Array(16) }, /all zero/],
    [{ product, serial: '0123456789ABCDEFG' }, /up to 16 .* got 17/],
    [{ product, serial: 'Ä1' }, /of ASCII/],
    [{ product, address: 255 }, /0 to 254/],
    [{ product, defaultRate: 0 }, /9600 to/],
    [{ product, defaultRate: 10_000_000 }, /9600 to/],
  ])('%j', (identity, text) => {
    expect(refusal(() => made({ identity })).message).toMatch(text);
  });

  test('a rate that the clock can not make', () => {
    const slow = { ...board, clockHz: 8_000_000 };
    const identity = { product, defaultRate: 921_600 };
    expect(refusal(() => made({ board: slow, identity })).message).toContain('nearest is 888889');
  });
});

test('option bytes: each with its complement, the bootloader protected, flash readable', () => {
  const bytes = (family: string, size: number, bootloaderSize = 28 * 1024): string => {
    const part = { ...board.part, family, flash: { from: 0x0800_0000, to: 0x0800_0000 + size } };
    return Buffer.from(protectingOptionBytes(part, bootloaderSize).bytes).toString('hex');
  };
  expect(bytes('stm32f1', 128 * 1024)).toBe('a55aff00ff00ff00807fff00ff00ff00');
  expect(bytes('stm32f3', 256 * 1024)).toBe('aa55ff00ff00ff00807fff00ff00ff00');
  expect(bytes('stm32f0', 64 * 1024)).toBe('aa55ff00ff00ff00807fff00');
  expect(bytes('stm32f0', 64 * 1024, 20 * 1024)).toBe('aa55ff00ff00ff00e01fff00');
  expect(refusal(() => bytes('stm32l4', 65536)).message).toContain('not known');
});

test('where applications begin lower, identity and record lie lower, too', () => {
  const low = { ...board, appBase: 0x0800_6000 };
  const app = plain(appImage(1001, 1, low.appBase));
  const regions = made({ board: low, app, identity: { product }, writeProtect: true });
  expect(regions.map(({ kind, address, bytes }) => [kind, address, bytes.length])).toEqual([
    ['bootloader', 0x0800_0000, 0x4fc0],
    ['identity', 0x0800_4fc0, 64],
    ['record', 0x0800_5000, 4096],
    ['application', 0x0800_6000, 1024],
    ['options', 0x1fff_f800, 16],
  ]);
  expect(regions.at(-1)?.bytes[8]).toBe(0xe0);
  const [, , record] = regions;
  if (!record) throw new Error('no record');
  expect(readRecord(record.bytes, record.address).installed?.header.loadAddress).toBe(low.appBase);
  const large = bootloaderImage(0x4fc1);
  expect(refusal(() => made({ board: low, bootloader: plain(large) })).message).toContain(
    '0x08004FC0',
  );
});
