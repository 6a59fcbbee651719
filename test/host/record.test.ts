// The boot record as it reads in flash: which area, entry and mark count, and what the bootloader would start with them.
import { describe, expect, test } from 'vitest';
import { plainHeader } from '../../host/image/image.js';
import { FlashDump } from '../../host/record/dump.js';
import { placesBelow, RECORD_SIZE } from '../../host/record/places.js';
import { type BootRecord, buildRecord, readRecord } from '../../host/record/record.js';
import { type BootFacts, decideStart } from '../../host/record/start.js';
import {
  APP_BASE,
  AreaHeader,
  crc32,
  decode,
  encode,
  Header,
  ImageFlag,
  offsetOf,
  RECORD_A_ADDRESS,
  RECORD_AREA_SIZE,
  RECORD_FORMAT,
  RECORD_MAGIC,
  RecordSlot,
  STATE_CLEAR,
  STATE_SET,
  Stay,
} from '../../protocol/index.js';
import { appImage } from '../support/images.js';

const APP = appImage(3000);
/** Power was cut while it was programmed. */
const HALF = 0x1234;

type Marks = Partial<Omit<RecordSlot, 'sequence' | 'header' | 'trials'>>;
interface Slot extends Marks {
  readonly sequence?: number;
  readonly header?: Partial<Header>;
  readonly trials?: readonly number[];
}

function blank(size: number): Uint8Array {
  return new Uint8Array(size).fill(0xff);
}

/** An entry, written and no more, with these members */
function slot({ header = {}, trials = [], ...marks }: Slot = {}): Uint8Array {
  const values: RecordSlot = {
    sequence: 1,
    header: plainHeader(APP, APP_BASE, header),
    crc32: 0,
    written: STATE_SET,
    touched: STATE_CLEAR,
    valid: STATE_CLEAR,
    sealed: STATE_CLEAR,
    confirmed: STATE_CLEAR,
    closed: STATE_CLEAR,
    trials: blank(12),
    ...marks,
  };
  for (const [i, value] of trials.entries()) values.trials.set([value & 0xff, value >> 8], 2 * i);
  const before = encode(RecordSlot, values).subarray(0, offsetOf(RecordSlot, 'crc32'));
  return encode(RecordSlot, { ...values, crc32: marks.crc32 ?? crc32(before) });
}

const VERIFIED: Marks = { touched: STATE_SET, valid: STATE_SET, sealed: STATE_SET };

/** An area with these slots, undefined a blank one; its CRC-32 is right unless it is given. */
function area(
  slots: readonly (Uint8Array | undefined)[],
  header: Partial<AreaHeader> = {},
): Uint8Array {
  const values: AreaHeader = {
    magic: RECORD_MAGIC,
    format: RECORD_FORMAT,
    slotSize: RecordSlot.size,
    generation: 1,
    crc32: 0,
    sealed: STATE_SET,
    reserved: STATE_CLEAR,
    ...header,
  };
  const before = encode(AreaHeader, values).subarray(0, offsetOf(AreaHeader, 'crc32'));
  const bytes = blank(RECORD_AREA_SIZE);
  bytes.set(encode(AreaHeader, { ...values, crc32: header.crc32 ?? crc32(before) }));
  for (const [i, one] of slots.entries()) {
    if (one) bytes.set(one, AreaHeader.size + i * RecordSlot.size);
  }
  return bytes;
}

function record(a: Uint8Array, b: Uint8Array = blank(RECORD_AREA_SIZE)): BootRecord {
  const bytes = blank(RECORD_SIZE);
  bytes.set(a);
  bytes.set(b, RECORD_AREA_SIZE);
  return readRecord(bytes);
}

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

describe('what is started', () => {
  const FACTS: BootFacts = {
    appBase: APP_BASE,
    appEnd: APP_BASE + 4096,
    ram: { from: 0x2000_0000, to: 0x2000_5000 },
    trials: 3,
  };

  /** An image with these words at its beginning */
  function image(stack: number, reset: number, size = 3000): Uint8Array {
    const bytes = appImage(size);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, stack, true);
    if (size >= 8) view.setUint32(4, reset, true);
    return bytes;
  }

  const STACK = 0x2000_5000;
  const RESET = APP_BASE + 9;

  interface Unit {
    readonly app?: Uint8Array;
    readonly entry?: Slot;
    readonly facts?: BootFacts;
    /** Bytes of the application that the dump has */
    readonly dumped?: number;
  }

  function decided({ app = APP, entry = {}, facts = FACTS, dumped = app.length }: Unit) {
    const { imageSize, imageCrc32, imageSha256 } = decode(Header, plainHeader(app, APP_BASE));
    const header = { imageSize, imageCrc32, imageSha256, ...entry.header };
    const read = record(area([slot({ ...VERIFIED, ...entry, header })]));
    return decideStart(read, new FlashDump(APP_BASE, app.subarray(0, dumped)), facts);
  }

  const STARTS = { starts: true, stay: Stay.NONE };
  const staying = (stay: Stay): object => ({ starts: false, stay });
  const BAD = staying(Stay.IMAGE_BAD);

  test('nothing where nothing was installed', () => {
    const nowhere = new FlashDump(APP_BASE, APP);
    const missing = decideStart(record(blank(RECORD_AREA_SIZE)), nowhere, FACTS);
    expect(missing).toMatchObject(staying(Stay.NO_RECORD));
    expect(missing.why).toMatch(/neither record area is good/);
    const untouched = decideStart(record(area([slot()])), nowhere, FACTS);
    expect(untouched).toMatchObject(staying(Stay.NO_RECORD));
    expect(untouched.why).toMatch(/no entry is TOUCHED/);
  });

  test('not what an update has left half-way, named by its number', () => {
    const start = decided({ entry: { sequence: 12, valid: STATE_CLEAR } });
    expect(start).toMatchObject(staying(Stay.IN_PROGRESS));
    expect(start.why).toMatch(/entry 12 is not finished/);
    expect(start.check).toBeUndefined();
  });

  test.each<[string, Partial<Header>, RegExp]>([
    ['another load address', { loadAddress: APP_BASE + 0x800 }, /another load address/],
    ['7 bytes', { imageSize: 7 }, /7 bytes, which can not be/],
    ['a byte more than there is room', { imageSize: 4097 }, /4097 bytes, which can not be/],
  ])('not with a header that says %s', (_, header, why) => {
    const start = decided({ app: image(STACK, RESET, 5000), entry: { header } });
    expect(start).toMatchObject(BAD);
    expect(start.why).toMatch(why);
    expect(start.check).toBeUndefined();
  });

  test.each([
    ['as large as there is room', 4096, FACTS, STARTS],
    ['of any size where the board is not known', 5000, { appBase: APP_BASE }, STARTS],
  ])('an image %s', (_, size, facts, expected) => {
    expect(decided({ app: image(STACK, RESET, size), facts })).toMatchObject(expected);
  });

  test('an image of 8 bytes is judged: there is nothing behind its vectors', () => {
    const start = decided({ app: image(STACK, APP_BASE + 7, 8) });
    expect(start).toMatchObject(STARTS);
  });

  test('not told by a dump that has not all of the image', () => {
    const start = decided({ dumped: 2999 });
    expect(start).toMatchObject({ starts: undefined, stay: Stay.NONE });
    expect(start.why).toMatch(/not all of its 3000 bytes are in the dump/);
    expect(start.check).toBeUndefined();
  });

  test('not with a wrong CRC-32', () => {
    expect(decided({ entry: { header: { imageCrc32: 1 } } })).toMatchObject({
      ...BAD,
      why: "the image's CRC-32 is wrong",
      check: { crc32: false, sha256: true, vectors: true },
    });
  });

  test.each<[string, number, number, boolean]>([
    ['stack pointer at the top of RAM', STACK, RESET, true],
    ['stack pointer above RAM', STACK + 4, RESET, false],
    ['stack pointer at the bottom of RAM', 0x2000_0000, RESET, false],
    ['first word of RAM below the stack pointer', 0x2000_0004, RESET, true],
    ['stack pointer not aligned', STACK - 2, RESET, false],
    ['reset vector even', STACK, APP_BASE + 8, false],
    ['reset vector below the image', STACK, APP_BASE - 1, false],
    ['reset vector at its first byte', STACK, APP_BASE + 1, true],
    ['reset vector at its last byte', STACK, APP_BASE + 2999, true],
    ['reset vector behind it', STACK, APP_BASE + 3001, false],
  ])('vectors: %s', (_, stack, reset, good) => {
    const start = decided({ app: image(stack, reset) });
    expect(start).toMatchObject(good ? STARTS : BAD);
    expect(start.check).toEqual({ crc32: true, sha256: true, vectors: good });
    if (!good) expect(start.why).toMatch(/stack pointer is not in RAM, or its reset vector/);
  });

  test('a stack pointer in the RAM of any part is taken where the board is not known', () => {
    const app = image(0x2002_0000, RESET);
    expect(decided({ app })).toMatchObject(BAD);
    expect(decided({ app, facts: { appBase: APP_BASE } })).toMatchObject(STARTS);
  });

  test('a reset vector to the end of an image of odd size is not inside it', () => {
    expect(decided({ app: image(STACK, APP_BASE + 3001, 3001) })).toMatchObject(BAD);
  });

  describe('of an image that must confirm itself', () => {
    const header = { flags: ImageFlag.CONFIRM };
    const trials = (count: number): number[] => Array.from({ length: count }, () => STATE_SET);

    test.each<[string, Slot, BootFacts, object, RegExp]>([
      ['one that did', { confirmed: STATE_SET, trials: trials(3) }, FACTS, STARTS, /has confirmed/],
      [
        'one that may try',
        { trials: [] },
        FACTS,
        STARTS,
        /not confirmed, 0 trial boots counted of 3/,
      ],
      ['its last trial', { trials: trials(2) }, FACTS, STARTS, /2 trial boots counted of 3/],
      ['one trial', { trials: trials(1) }, FACTS, STARTS, /1 trial boot counted of 3/],
      [
        'one that has used them up',
        { trials: trials(3) },
        FACTS,
        staying(Stay.TRIALS_USED),
        /in 3 trial boots/,
      ],
      [
        'one of a board that is not known',
        { trials: trials(6) },
        { appBase: APP_BASE },
        STARTS,
        /6 trial boots counted, the board says how many/,
      ],
    ])('%s', (_, entry, facts, expected, why) => {
      const start = decided({ entry: { ...entry, header }, facts });
      expect(start).toMatchObject(expected);
      expect(start.why).toMatch(why);
      expect(start.check).toEqual({ crc32: true, sha256: true, vectors: true });
    });

    test('trials mean nothing where it need not', () => {
      const start = decided({ entry: { trials: trials(6) } });
      expect(start).toMatchObject(STARTS);
      expect(start.why).not.toMatch(/confirm/);
    });
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
