// What a unit is and how it is set up, up to the last value that is taken: identity, rate, a unit's own data.
import { describe, expect, test } from 'vitest';
import {
  type FactoryInput,
  factoryImage,
  type Region,
  recordRegion,
} from '../../host/factory/factory.js';
import {
  buildIdentity,
  hasRate,
  readIdentity,
  type UnitIdentity,
} from '../../host/factory/identity.js';
import { loadBoard } from '../../host/node/board-file.js';
import { parseProduct } from '../../host/pack/description.js';
import { decode, Identity } from '../../protocol/index.js';
import { appImage, bootloaderImage } from '../support/images.js';
import { refusal } from '../support/refusal.js';

const board = await loadBoard('stm32f103xb');
const product = parseProduct('PUMP-2');

function made(input: Partial<FactoryInput>): Region[] {
  const bootloader = { base: undefined, bytes: bootloaderImage() };
  return factoryImage({ board, bootloader, ...input });
}

describe('identity', () => {
  test('what is not said stays as erased, or zero', () => {
    expect(decode(Identity, buildIdentity({ product }))).toMatchObject({
      product,
      hardware: 0,
      address: 0,
      flags: 0xff,
      defaultRate: 0xffff_ffff,
      serial: '',
      reserved: expect.toSatisfy((bytes: Uint8Array) => bytes.every((byte) => byte === 0xff)),
    });
  });

  test.each<UnitIdentity>([
    { product, address: 0 },
    { product, address: 254 },
    { product, serial: '' },
    { product, serial: '0123456789ABCDEF' },
  ])('%j is taken', (unit) => {
    expect(readIdentity(buildIdentity(unit))).toMatchObject({ state: 'good', identity: unit });
  });

  test.each<[UnitIdentity, RegExp]>([
    [{ product: new Uint8Array(16) }, /all zero/],
    [{ product, address: -1 }, /0 to 254, got -1/],
    [{ product, address: 255 }, /got 255/],
    [{ product, address: 1.5 }, /got 1\.5/],
    [{ product, serial: '0123456789ABCDEFG' }, /got 17/],
    [{ product, serial: 'A\u{7f}' }, /got 2/],
  ])('%j is not', (unit, text) => {
    const thrown = refusal(() => buildIdentity(unit));
    expect(thrown.code).toBe('USAGE');
    expect(thrown.message).toMatch(text);
  });

  test('a block that is none, and one that was changed, say why', () => {
    const block = buildIdentity({ product });
    expect(readIdentity(block.with(0, 0))).toMatchObject({ why: 'no identity block begins here' });
    expect(readIdentity(block.with(20, 1))).toMatchObject({ why: 'its CRC-32 is wrong' });
  });

  test.each([
    [0, false],
    [0xffff_ffff, false],
    [9600, true],
  ])('a default rate of %d is one: %j', (defaultRate, is) => {
    expect(hasRate({ ...decode(Identity, buildIdentity({ product })), defaultRate })).toBe(is);
  });
});

describe('the default rate', () => {
  // 510 kHz / 10 is 51000 baud: 2 % beside 50000.
  const slow = { ...board, clockHz: 510_000 };
  test.each([
    [board, 9600],
    [board, board.maxRate],
    [slow, 50_000],
    [slow, 52_040],
  ])('%# can be made', (on, defaultRate) => {
    expect(made({ board: on, identity: { product, defaultRate } })).toHaveLength(3);
  });

  test.each<[typeof board, number, string]>([
    [board, 9599, 'must be 9600 to'],
    [
      board,
      board.maxRate + 1,
      `to ${board.maxRate} baud on ${board.name}, got ${board.maxRate + 1}`,
    ],
    [board, 9600.5, 'must be 9600 to'],
    [slow, 49_999, 'the nearest is 51000'],
    [slow, 52_041, 'the nearest is 51000'],
  ])('%# can not', (on, defaultRate, text) => {
    const thrown = refusal(() => made({ board: on, identity: { product, defaultRate } }));
    expect(thrown.code).toBe('USAGE');
    expect(thrown.message).toContain(text);
  });
});

describe("a unit's own data", () => {
  const small = { ...board, appEnd: 0x0801_f800 };
  const data = (address: number, size: number): Region[] =>
    made({ board: small, data: [{ address, bytes: new Uint8Array(size) }] });

  test.each([
    ['from the end of the application area', 0x0801_f800, 2],
    ['up to the end of flash', 0x0801_fffe, 2],
    ['all of it', 0x0801_f800, 0x800],
  ])('%s', (_what, address, size) => {
    expect(data(address, size).at(-1)).toMatchObject({ kind: 'data', address, used: size });
  });

  test('an odd piece has its last half-word to itself', () => {
    expect(data(0x0801_f800, 3).at(-1)).toMatchObject({
      bytes: Uint8Array.of(0, 0, 0, 0xff),
      used: 3,
    });
  });

  test.each([
    ['at an odd address', 0x0801_f801, 2, /the address must be even/, undefined],
    [
      'in the application area',
      0x0801_f7fe,
      2,
      /must lie from 0x0801F800.* to 0x0801FFFF/,
      /^set "appEnd" in/,
    ],
    ['behind flash', 0x0801_fffe, 3, /must lie from 0x0801F800/, /^set "appEnd" in/],
  ])('%s is refused', (_what, address, size, text, hint) => {
    const thrown = refusal(() => data(address, size));
    expect(thrown.message).toMatch(text);
    if (hint) expect(thrown.hint).toMatch(hint);
    else expect(thrown.hint).toBeUndefined();
  });

  test('pieces may meet, and not overlap, in whatever order they are given', () => {
    const piece = (address: number): { address: number; bytes: Uint8Array } => ({
      address,
      bytes: new Uint8Array(4),
    });
    const both = [piece(0x0801_f804), piece(0x0801_f800)];
    expect(
      made({ board: small, data: both })
        .map(({ address }) => address)
        .slice(-2),
    ).toEqual([0x0801_f800, 0x0801_f804]);
    const over = [piece(0x0801_f804), piece(0x0801_f802)];
    expect(refusal(() => made({ board: small, data: over })).message).toBe(
      'data at 0x0801F804 overlaps data at 0x0801F802, which has 4 bytes',
    );
  });
});

test('a record without application is blank, and means nothing', () => {
  expect(recordRegion(board, undefined)).toMatchObject({ kind: 'record', used: 0 });
  const app = { base: undefined, bytes: appImage(100) };
  expect(recordRegion(board, app)).toMatchObject({ kind: 'record', used: 4096 });
});
