// What a device with this record would start, and why: the bootloader's decision as far as flash decides it.
import { describe, expect, test } from 'vitest';
import { plainHeader } from '../../host/image/image.js';
import { FlashDump } from '../../host/record/dump.js';
import { type BootFacts, decideStart } from '../../host/record/start.js';
import {
  APP_BASE,
  decode,
  Header,
  ImageFlag,
  RECORD_AREA_SIZE,
  STATE_CLEAR,
  STATE_SET,
  Stay,
} from '../../protocol/index.js';
import { appImage } from '../support/images.js';
import { APP, area, blank, record, type Slot, slot, VERIFIED } from '../support/record.js';

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
