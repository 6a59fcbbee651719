// The boot record as it reads in flash: which area, entry and mark count.
import { describe, expect, test } from 'vitest';
import { plainHeader } from '../../host/image/image.js';
import { placesBelow, RECORD_SIZE } from '../../host/record/places.js';
import { buildRecord, readRecord } from '../../host/record/record.js';
import {
  APP_BASE,
  AreaHeader,
  decode,
  RECORD_A_ADDRESS,
  RECORD_AREA_SIZE,
  RECORD_MAGIC,
  RecordSlot,
  STATE_CLEAR,
  STATE_SET,
} from '../../protocol/index.js';
import { APP, area, blank, record, slot, VERIFIED } from '../support/record.js';

/** Power was cut while it was programmed. */
const HALF = 0x1234;

describe('an area', () => {
  test.each<[string, Partial<AreaHeader>, string]>([
    ['something else', { magic: RECORD_MAGIC + 1 }, 'no record area begins here'],
    ['of a later format', { format: 2 }, 'format 2; this program knows 1'],
    ['with longer slots', { slotSize: 320 }, 'slots of 320 bytes, not 288'],
    ['with a wrong CRC-32', { crc32: 1 }, 'the CRC-32 of its header is wrong'],
    ['cut short', { sealed: STATE_CLEAR }, 'not SEALED: its making was cut short'],
  ])('%s does not count, and what is in it decides nothing', (_, header, why) => {
    const { areas, active, installed } = record(area([slot(VERIFIED)], header));
    expect(areas[0]).toMatchObject({ name: 'A', good: false, why, address: RECORD_A_ADDRESS });
    expect(active).toBeUndefined();
    expect(installed).toBeUndefined();
  });

  test('counts once SEALED reads anything but clear', () => {
    expect(record(area([], { sealed: HALF })).active?.name).toBe('A');
  });

  test('that is blank is called so, and has its slots blank', () => {
    const { areas, active } = record(blank(RECORD_AREA_SIZE));
    expect(active).toBeUndefined();
    for (const one of areas) {
      expect(one).toMatchObject({ good: false, why: 'blank', blankSlots: 7, broken: [] });
    }
  });

  test.each([
    [1, 2, 'B'],
    [2, 1, 'A'],
    [2, 2, 'A'],
  ])('of generations %i and %i: %3$s is active, and its entries alone count', (a, b, name) => {
    const { active, installed } = record(
      area([slot({ sequence: 10, ...VERIFIED })], { generation: a }),
      area([slot({ sequence: 5, ...VERIFIED })], { generation: b }),
    );
    expect(active).toMatchObject({ name, generation: 2 });
    expect(installed?.sequence).toBe(name === 'A' ? 10 : 5);
  });

  test('of a higher generation that does not count leaves the other one active', () => {
    const cut = { generation: 3, sealed: STATE_CLEAR };
    expect(record(area([]), area([], cut)).active?.name).toBe('A');
    expect(record(area([], cut), area([])).active?.name).toBe('B');
  });
});

describe('a slot', () => {
  const at = (index: number): number => RECORD_A_ADDRESS + AreaHeader.size + index * 288;

  test('is an entry, blank, or broken, wherever it lies', () => {
    const torn = { sequence: 4, crc32: 7 };
    const [a] = record(
      area([slot(), undefined, slot({ sequence: 2, written: STATE_CLEAR }), slot(torn)]),
    ).areas;
    expect(a.entries).toMatchObject([{ index: 0, address: at(0), sequence: 1 }]);
    expect(a.broken).toEqual([
      { index: 2, address: at(2), why: 'not WRITTEN: its making was cut short' },
      { index: 3, address: at(3), why: 'its CRC-32 is wrong' },
    ]);
    expect(a.blankSlots).toBe(4);
  });

  test('gives what is in it', () => {
    const bytes = slot({ sequence: 9, header: { securityCounter: 3 } });
    const [a, b] = record(area([]), area([undefined, bytes])).areas;
    expect(a.entries).toEqual([]);
    const [entry] = b.entries;
    expect(entry).toMatchObject({ sequence: 9, index: 1, address: at(1) + RECORD_AREA_SIZE });
    expect(entry?.raw).toEqual(plainHeader(APP, APP_BASE, { securityCounter: 3 }));
    expect(entry?.header).toMatchObject({ securityCounter: 3, imageSize: 3000 });
    expect(entry?.crc32).toBe(decode(RecordSlot, bytes).crc32);
  });

  const NONE = { touched: false, valid: false, sealed: false, confirmed: false, closed: false };

  test.each(['touched', 'valid', 'sealed', 'confirmed', 'closed'] as const)('%s', (mark) => {
    const read = (value: number) => record(area([slot({ [mark]: value })])).active?.entries[0];
    const others = { written: true, ...NONE };
    expect(read(STATE_CLEAR)).toMatchObject({ marks: others, doubtful: [] });
    expect(read(STATE_SET)).toMatchObject({ marks: { ...others, [mark]: true }, doubtful: [] });
    // Half-programmed, VALID does not count, and all others do.
    expect(read(HALF)).toMatchObject({
      marks: { ...others, [mark]: mark !== 'valid' },
      doubtful: [`${mark.toUpperCase()} reads 0x1234`],
    });
  });

  test('counts its trial boots, half-programmed ones too, and names these', () => {
    const [entry] = record(area([slot({ trials: [0, 0, 0x0012] })])).areas[0].entries;
    expect(entry).toMatchObject({ trials: 3, doubtful: ['TRIAL 3 reads 0x0012'] });
    const [fresh] = record(area([slot()])).areas[0].entries;
    expect(fresh).toMatchObject({ trials: 0, doubtful: [] });
  });
});

describe('entries', () => {
  const verified = (sequence: number): Uint8Array => slot({ sequence, ...VERIFIED });
  const unfinished = (sequence: number): Uint8Array => slot({ sequence, touched: STATE_SET });
  const begun = (sequence: number): Uint8Array => slot({ sequence });

  test.each<
    [string, readonly Uint8Array[], { installed?: number; verified?: number; pending?: number }]
  >([
    ['none', [], {}],
    ['one', [verified(1)], { installed: 1, verified: 1 }],
    ['two', [verified(1), verified(2)], { installed: 2, verified: 2 }],
    ['two, the newer first', [verified(2), verified(1)], { installed: 2, verified: 2 }],
    ['an update that was cut', [verified(1), unfinished(2)], { installed: 2, verified: 1 }],
    ['a first update that was cut', [unfinished(1)], { installed: 1 }],
    [
      'an update before its first page',
      [verified(1), begun(2)],
      {
        ...{ installed: 1, verified: 1 },
        pending: 2,
      },
    ],
    ['a first update before its first page', [begun(1)], { pending: 1 }],
    ['two that were begun', [begun(2), begun(1)], { pending: 2 }],
    [
      'one that was begun and overtaken',
      [verified(1), begun(2), verified(3)],
      { installed: 3, verified: 3 },
    ],
    [
      'an update that was given up',
      [verified(1), slot({ sequence: 2, closed: STATE_SET })],
      { installed: 1, verified: 1 },
    ],
    [
      'a VALID that no page goes with',
      [verified(1), slot({ sequence: 2, valid: STATE_SET, closed: STATE_SET })],
      { installed: 1, verified: 1 },
    ],
    // Sequences count from 1.
    ['one with sequence 0', [verified(0)], {}],
    ['one begun with sequence 0', [begun(0)], {}],
  ])('%s', (_, slots, expected) => {
    const { installed, verified, pending } = record(area(slots));
    expect({
      installed: installed?.sequence,
      verified: verified?.sequence,
      pending: pending?.sequence,
    }).toEqual({ installed: undefined, verified: undefined, pending: undefined, ...expected });
  });

  // Two can not have the same number, unless a bootloader is wrong.
  test('of a number that is there twice the first counts, as on the device', () => {
    const { installed } = record(area([verified(1), unfinished(1)]));
    expect(installed).toMatchObject({ index: 0, marks: { valid: true } });
    expect(record(area([verified(1), begun(1)])).pending).toBeUndefined();
  });
});

describe('a record that a factory writes', () => {
  test('reads as one that a first update has left', () => {
    const header = plainHeader(APP, APP_BASE);
    const { areas, active, installed, pending } = readRecord(buildRecord(header));
    expect(active).toMatchObject({ name: 'A', generation: 1, blankSlots: 6, broken: [] });
    expect(areas[1].why).toBe('blank');
    expect(pending).toBeUndefined();
    expect(installed).toMatchObject({ sequence: 1, index: 0, raw: header, trials: 0 });
    expect(installed?.doubtful).toEqual([]);
    expect(installed?.marks).toEqual({
      ...{ written: true, touched: true, valid: true, sealed: true },
      ...{ confirmed: false, closed: false },
    });
    expect(buildRecord(header)).toHaveLength(RECORD_SIZE);
    expect(buildRecord(header).subarray(0, RECORD_AREA_SIZE)).toEqual(area([slot(VERIFIED)]));
  });

  test('is blank without an application', () => {
    expect(buildRecord()).toEqual(blank(RECORD_SIZE));
  });
});

test('a record lies right below the application, whatever the board', () => {
  const { record: at, ...below } = placesBelow(0x0800_6000);
  expect(at).toBe(0x0800_5000);
  expect(below).toEqual({ identity: at - 64, keys: at - 64 - 320, codeSize: 0x5000 - 64 });
  const read = readRecord(buildRecord(plainHeader(APP, 0x0800_6000)), at);
  expect(read.areas.map(({ address }) => address)).toEqual([0x0800_5000, 0x0800_5800]);
  expect(read.installed?.address).toBe(0x0800_5014);
});
