// A unit's image in two parts, and what of a unit that is met is left: pure.
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../host/base/sha256.js';
import { splitFor } from '../../host/cli/isp-app.js';
import { type FactoryInput, factoryImage } from '../../host/factory/factory.js';
import { goesOn, isUnderWay, type SplitUnit, splitUnit } from '../../host/factory/split-unit.js';
import { headerFor } from '../../host/image/image.js';
import { loadImage } from '../../host/image/load.js';
import { join, type Segment } from '../../host/image/segments.js';
import { chipOf, type RomInfo } from '../../host/isp/index.js';
import { loadBoard } from '../../host/node/board-file.js';
import { parseProduct } from '../../host/pack/description.js';
import { makePackage } from '../../host/pack/pack.js';
import { buildRecord } from '../../host/record/record.js';
import { VirtualClock } from '../../host/testing/virtual-clock.js';
import {
  APP_BASE,
  AreaHeader,
  offsetOf,
  RECORD_A_ADDRESS,
  RecordSlot,
} from '../../protocol/index.js';
import { session } from '../support/cli.js';
import { FakeRom } from '../support/fake-rom.js';
import { appImage, bootloaderImage } from '../support/images.js';

const board = await loadBoard('stm32f103xb');
const PAGE = board.part.page;
const app = appImage(3001);
const identity = { product: parseProduct('PUMP-2'), serial: 'A0001' };

function made(input: Partial<FactoryInput> = {}): Segment[] {
  const image = { base: undefined, bytes: app };
  const bootloader = { base: undefined, bytes: bootloaderImage() };
  return factoryImage({ board, bootloader, app: image, identity, ...input });
}

function split(segments: readonly Segment[] = made()): SplitUnit {
  const found = splitUnit(segments, PAGE);
  if (!found) throw new Error('not split');
  return found;
}

/** Without the part that is given: nothing is lost, and nothing is there twice. */
function together({ first, app: { bytes }, installed, record, appPages }: SplitUnit): Segment[] {
  const padded = new Uint8Array(appPages.length).fill(0xff);
  padded.set(bytes);
  return join([
    ...first,
    { address: record.address, bytes: installed },
    { address: appPages.address, bytes: padded },
  ]);
}

describe('an image is split', () => {
  const small = { ...board, appEnd: 0x0801_f800 };
  const data = [{ address: 0x0801_f800, bytes: Uint8Array.of(1, 2, 3, 4) }];

  test.each<[string, Segment[]]>([
    ['as "iap factory" makes it', made()],
    ['from a file that joins what meets', join(made())],
    ['with data of the unit, and option bytes', made({ board: small, data, writeProtect: true })],
    [
      'from one binary, with all that is between',
      join([
        ...made({ board: small }),
        { address: 0x0800_8c00, bytes: new Uint8Array(0x16c00).fill(0xff) },
        ...data,
      ]),
    ],
  ])('%s', (_name, segments) => {
    const found = split(segments);
    expect(found.app).toEqual({ base: APP_BASE, bytes: app });
    expect(found.record.bytes.every((byte) => byte === 0xff)).toBe(true);
    expect(found.appPages).toEqual({ address: APP_BASE, length: 3072 });
    expect(together(found)).toEqual(join(segments));
  });

  test('a package keeps its header', () => {
    const version = { major: 1, minor: 2, patch: 3, build: 0 };
    const packed = loadImage(makePackage({ base: APP_BASE, bytes: app }, { version }));
    const { base, bytes, header } = packed;
    expect(split(made({ app: packed })).app).toEqual({ base, bytes, header });
  });

  const { record } = split();
  const changed = (address: number, byte: number): Segment[] =>
    join(made()).map((segment) => {
      const bytes = segment.bytes.slice();
      bytes[address - segment.address] = byte;
      return { ...segment, bytes };
    });

  test.each<[string, Segment[]]>([
    [
      'a unit without application',
      factoryImage({ board, bootloader: { base: undefined, bytes: bootloaderImage() } }),
    ],
    ['another program than the record says', changed(APP_BASE + 2000, 0x42)],
    ['something behind the application in its last page', changed(APP_BASE + 3050, 0x42)],
    [
      'a record that was used',
      changed(RECORD_A_ADDRESS + AreaHeader.size + offsetOf(RecordSlot, 'confirmed'), 0),
    ],
    ['a record whose entry is broken', changed(record.address + AreaHeader.size + 8, 0x42)],
    ['no bootloader', made().filter(({ address }) => address >= APP_BASE)],
    [
      'an application that is cut off',
      made().map((s) => (s.address === APP_BASE ? { ...s, bytes: s.bytes.subarray(0, 2000) } : s)),
    ],
  ])('%s is not', (_name, segments) => {
    expect(splitUnit(segments, PAGE)).toBeUndefined();
  });
});

describe('the record of a unit that is met', () => {
  const unit = split();
  const slot = AreaHeader.size;
  const withMarks = (marks: Readonly<Record<string, number>>): Uint8Array => {
    const record = unit.installed.slice();
    for (const [name, value] of Object.entries(marks)) {
      const at = slot + offsetOf(RecordSlot, name as 'valid');
      record.fill(value, at, at + 2);
    }
    return record;
  };
  const UNDER_WAY = { valid: 0xff, sealed: 0xff };

  test.each<[string, Uint8Array, boolean]>([
    ['as just installed', unit.installed, true],
    ['in mid-update', withMarks(UNDER_WAY), true],
    ['begun', withMarks({ ...UNDER_WAY, touched: 0xff }), true],
    ['blank', buildRecord(), false],
    [
      'of another application',
      buildRecord(headerFor({ base: APP_BASE, bytes: appImage(3001, 2) }, APP_BASE)),
      false,
    ],
    ['of a unit that was in use', withMarks({ confirmed: 0 }), false],
    ['of one that was verified, and not sealed', withMarks({ sealed: 0xff }), false],
    ['of an update that was given up', withMarks({ ...UNDER_WAY, closed: 0 }), false],
    [
      'with a broken slot behind it',
      Uint8Array.from(withMarks(UNDER_WAY), (byte, i) =>
        i === slot + RecordSlot.size ? 0x42 : byte,
      ),
      false,
    ],
    [
      'with a second entry',
      Uint8Array.from(withMarks(UNDER_WAY), (byte, i) =>
        i >= slot + RecordSlot.size && i < slot + 2 * RecordSlot.size
          ? (withMarks(UNDER_WAY)[i - RecordSlot.size] ?? 0)
          : byte,
      ),
      false,
    ],
    [
      'whose entry is broken',
      Uint8Array.from(unit.installed, (byte, i) => (i === slot + 20 ? byte ^ 1 : byte)),
      false,
    ],
  ])('%s', (_name, record, stays) => {
    expect(goesOn(unit, record)).toBe(stays);
  });
});

describe('where the ROM bootloader writes all of it', () => {
  const chip = chipOf(0x410);
  const info = { readProtected: false } as RomInfo;
  const ways = { romOnly: false, start: true };
  const told = (
    segments: readonly Segment[],
    { on = board, ...other }: Partial<typeof ways> & { readonly on?: typeof board } = {},
  ): { readonly split: boolean; readonly text: string } => {
    if (!chip) throw new Error('no such chip');
    const clock = new VirtualClock();
    const { context, out } = session({ clock, line: new FakeRom(clock) }, { json: false });
    const found = splitFor({ info, chip }, { ...ways, ...other }, segments, on, context.output);
    return { split: found !== undefined, text: out.text };
  };

  test('as asked, it says nothing', () => {
    expect(told(made())).toEqual({ split: true, text: '' });
    expect(told(made(), { romOnly: true })).toEqual({ split: false, text: '' });
    expect(told(made(), { start: false })).toEqual({ split: false, text: '' });
  });

  test('a bootloader at another UART: it is told', () => {
    expect(told(made(), { on: { ...board, pins: { tx: 'PA2', rx: 'PA3' } } })).toEqual({
      split: false,
      text: expect.stringMatching(/listens at PA3, the ROM bootloader at PA10/),
    });
  });

  test('an image that sets read-out protection: it is told', () => {
    const open = made({ writeProtect: true });
    expect(told(open)).toMatchObject({ split: true });
    const closed = open.map((s) =>
      s.address === 0x1fff_f800
        ? { ...s, bytes: Uint8Array.from(s.bytes, (b, i) => (i < 2 ? b ^ 0xff : b)) }
        : s,
    );
    expect(told(closed)).toEqual({
      split: false,
      text: expect.stringMatching(/read-out protection/),
    });
  });
});

describe('a unit whose own bootloader answers', () => {
  const unit = split();
  const none = { sequence: 0, state: 0, size: 0, sha256: new Uint8Array(32) };
  const said = {
    appBase: APP_BASE,
    product: identity.product,
    hardware: 0,
    address: 0,
    serial: 'A0001',
    installed: none,
    pending: none,
  };
  const ours = { ...none, sequence: 1, sha256: sha256(app) };

  test.each([
    ['without an application', {}],
    ['with this one begun', { pending: ours }],
    ['with this one', { installed: ours }],
  ])('%s goes on', (_name, other) => {
    expect(isUnderWay(unit, { ...said, ...other } as never)).toBe(true);
  });

  test.each([
    ['another product', { product: parseProduct('PUMP-3') }],
    ['another serial number', { serial: 'A0002' }],
    ['applications elsewhere', { appBase: APP_BASE - 4096 }],
    [
      'another application',
      { installed: { ...none, sequence: 1, sha256: new Uint8Array(32).fill(1) } },
    ],
    [
      'another one begun',
      { pending: { ...none, sequence: 1, sha256: new Uint8Array(32).fill(1) } },
    ],
  ])('with %s does not', (_name, other) => {
    expect(isUnderWay(unit, { ...said, ...other } as never)).toBe(false);
  });

  test('without identity in its image does not', () => {
    const bare = factoryImage({
      board,
      bootloader: { base: undefined, bytes: bootloaderImage() },
      app: { base: undefined, bytes: app },
    });
    const blank = { ...said, product: new Uint8Array(16), serial: '' };
    expect(isUnderWay(split(bare), blank as never)).toBe(false);
  });
});
