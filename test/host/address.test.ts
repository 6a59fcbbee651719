// What is said of an image that is linked, or put, elsewhere than applications are: by what its file, its vectors and its code say.
import { describe, expect, test } from 'vitest';
import { addressFinding, mergedFinding } from '../../host/check/address.js';
import type { Linked } from '../../host/check/linked.js';
import { FLASH_LIMIT } from '../../host/image/areas.js';
import { tableImage } from '../support/images.js';

const START = 0x0800_0000;
const BASE = 0x0800_8000;
const ELSEWHERE = 0x0801_0000;
const AREA = { appBase: BASE, appEnd: 0x0802_0000 };

const HERE: Linked = {
  verdict: 'here',
  addresses: 9,
  here: { base: BASE, begins: 8, outside: 0, vtor: false },
  certain: false,
};
const other = (base: number): Linked => ({
  ...HERE,
  verdict: 'elsewhere',
  here: { base: BASE, begins: 1, outside: 2, vtor: false },
  other: { base, begins: 7, outside: 0, vtor: true },
  certain: true,
});
const NUMBERS = { addresses: 9, begins: 1, outside: 2, otherBegins: 7, otherOutside: 0 };

/** What all of them say */
const WRONG = { severity: 'error', code: 'IMAGE_WRONG_ADDRESS' };
const SET_ORIGIN = 'set FLASH ORIGIN to 0x08008000 in the linker script';
const FIXES = {
  gcc: 'in the .ld file, MEMORY: FLASH (rx) : ORIGIN = 0x08008000, LENGTH = 96K',
  keil: 'Options for Target, Target: IROM1 Start 0x08008000, Size 0x18000',
  iar: 'Linker, Config, Edit: .intvec start and ROM start 0x08008000, ROM end 0x0801FFFF',
};

/** An image with a reset vector */
const resetTo = (reset: number, size = 1000): Uint8Array => tableImage(size, BASE, { 1: reset });

describe('what the code says', () => {
  const found = (linked: Linked, base: number | undefined = BASE): unknown =>
    addressFinding({ base, bytes: tableImage() }, AREA, linked);

  test('it is linked where applications are', () => {
    expect(found(HERE)).toBeUndefined();
    expect(found({ ...other(START), verdict: 'here' })).toBeUndefined();
  });

  test('it is linked at another place', () => {
    expect(found(other(START))).toEqual({
      ...WRONG,
      id: 'wrong-address',
      message:
        'the image is linked at 0x08000000; applications of this device start at 0x08008000: it holds 9 addresses in flash; ' +
        'linked at 0x08008000, 1 of them begin a function or a text and 2 are outside of it; ' +
        'linked at 0x08000000, 7 of them begin a function or a text, and code sets SCB->VTOR to it',
      found: 'linked at 0x08000000',
      expected: 'linked at 0x08008000',
      hint: SET_ORIGIN,
      fixes: FIXES,
      details: { base: START, appBase: BASE, ...NUMBERS, other: START },
    });
  });

  test('it is not linked here, but where is not certain', () => {
    expect(found({ ...other(START), certain: false })).toEqual({
      ...WRONG,
      id: 'wrong-address',
      message: expect.stringMatching(
        /^the image is not linked at 0x08008000: it holds 9 addresses/,
      ),
      found: 'not linked at 0x08008000',
      expected: 'linked at 0x08008000',
      hint: SET_ORIGIN,
      fixes: FIXES,
      details: { appBase: BASE, ...NUMBERS, other: START },
    });
  });

  test('it is linked where applications are, and put elsewhere: the file is wrong, not the linker script', () => {
    expect(found(other(BASE), START)).toEqual({
      ...WRONG,
      id: 'wrong-address',
      message: expect.stringContaining('but its vectors are for 0x08008000'),
      found: 'placed at 0x08000000, linked for 0x08008000',
      expected: 'linked at 0x08008000',
      hint: 'give the ELF file, or convert it again without an offset or a change of addresses',
      details: { base: START, appBase: BASE },
    });
  });

  test('nothing for sure: a question, unless the file names the address', () => {
    const open: Linked = { ...other(START), verdict: 'open' };
    const image = { base: undefined, bytes: tableImage() };
    expect(addressFinding(image, AREA, open)).toEqual({
      ...WRONG,
      id: 'linked-unclear',
      message: expect.stringMatching(/^is the image linked at 0x08008000\? .* holds 9 addresses/),
      found: 'a raw binary that may be linked elsewhere',
      expected: 'linked at 0x08008000',
      hint: expect.stringContaining('add --base 0x08008000; else set FLASH ORIGIN to 0x08008000'),
      fixes: FIXES,
      details: { appBase: BASE, ...NUMBERS, other: START },
    });
    expect(found(open)).toBeUndefined();
    const alone: Linked = { ...HERE, verdict: 'open' };
    const finding = addressFinding(image, AREA, alone);
    expect(finding?.message).toMatch(/0x08008000, 8 of them begin a function or a text$/);
    expect(finding?.details).toEqual({ appBase: BASE, addresses: 9, begins: 8, outside: 0 });
    expect(addressFinding(image, AREA, HERE)).toBeUndefined();
  });
});

describe('what the file says', () => {
  const placed = (base: number, linked: number): unknown =>
    addressFinding({ base, bytes: tableImage(1000, linked) }, AREA, HERE);

  test('it is put at another place, where its vectors are', () => {
    expect(placed(ELSEWHERE, ELSEWHERE)).toEqual({
      ...WRONG,
      id: 'wrong-address',
      message: 'the image is linked at 0x08010000; applications of this device start at 0x08008000',
      found: 'linked at 0x08010000',
      expected: 'linked at 0x08008000',
      hint: SET_ORIGIN,
      fixes: FIXES,
      details: { base: ELSEWHERE, appBase: BASE },
    });
  });

  test('it is put at another place, and its vectors are for this one', () => {
    expect(placed(ELSEWHERE, BASE)).toMatchObject({
      found: 'placed at 0x08010000, linked for 0x08008000',
    });
  });

  test('it is put at another place, and its vectors are for none', () => {
    expect(placed(ELSEWHERE, START)).toMatchObject({ found: 'linked at 0x08010000' });
  });

  const BOOTLOADER = '; if a bootloader is in the file, give the application alone';
  const SEGMENTS = '; or the file was converted with 16-bit addresses, which lose the upper half';

  test.each([
    [START, BOOTLOADER],
    [BASE - 4, BOOTLOADER],
    [BASE + 4, ''],
    [START - 4, ''],
    [0, ''],
    [4, SEGMENTS],
    [0x8000, SEGMENTS],
    [0x10_ffef, SEGMENTS],
    // More than an address of segment and offset reaches
    [0x10_fff0, ''],
  ])('it is put at %i: what else it may be', (base, more) => {
    expect(placed(base, base)).toMatchObject({ hint: SET_ORIGIN + more });
  });
});

describe('what the reset vector says', () => {
  const found = (reset: number, size = 1000): unknown =>
    addressFinding({ base: BASE, bytes: resetTo(reset, size) }, AREA, HERE);
  const at = (reset: string, guess?: string): unknown => ({
    found: `reset vector ${reset}${guess === undefined ? '' : `, so it seems linked at ${guess}`}`,
  });

  test('it is in the image', () => {
    for (const reset of [BASE, BASE + 9, BASE + 999]) expect(found(reset)).toBeUndefined();
  });

  test('it is no address in flash: that is said of the vector', () => {
    for (const reset of [0x2000_0101, 0x0900_0001, 1000]) expect(found(reset)).toBeUndefined();
  });

  test('where the image begins is told if it can be one page only', () => {
    expect(found(START + 0x101)).toEqual({
      ...WRONG,
      id: 'wrong-address',
      message:
        'the image is not linked for 0x08008000: its reset vector is 0x08000101, so it seems linked at 0x08000000',
      found: 'reset vector 0x08000101, so it seems linked at 0x08000000',
      expected: 'linked at 0x08008000',
      hint: SET_ORIGIN,
      fixes: FIXES,
      details: { reset: START + 0x101, appBase: BASE },
    });
  });

  test.each([
    ['linked at 0, where flash appears after a reset', 0x101, 1000, at('0x00000101', '0x00000000')],
    ['right behind the image', BASE + 1000, 1000, at('0x080083E8')],
    ['before the image', BASE - 1, 1000, at('0x08007FFF')],
    ['behind the first vectors', ELSEWHERE + 9, 1000, at('0x08010009', '0x08010000')],
    ['within the first vectors', ELSEWHERE + 7, 1000, at('0x08010007')],
    ['at the end of the image', ELSEWHERE + 0x3ff, 0x400, at('0x080103FF', '0x08010000')],
    ['at no page', ELSEWHERE + 0x401, 0x400, at('0x08010401')],
    [
      'at the first of two, which it would fill',
      ELSEWHERE + 0x401,
      0x800,
      at('0x08010401', '0x08010000'),
    ],
    ['at more than one page', ELSEWHERE + 0x401, 0x1000, at('0x08010401')],
    [
      'at more than one page, of which one is in flash',
      START + 0x3ff,
      0x4000,
      at('0x080003FF', '0x08000000'),
    ],
  ])('%s', (_, reset, size, expected) => {
    expect(found(reset, size)).toMatchObject(expected as object);
  });
});

describe('where the application area ends', () => {
  const fixes = (appEnd: number): unknown =>
    addressFinding({ base: START, bytes: tableImage(1000, START) }, { appBase: BASE, appEnd }, HERE)
      ?.fixes;

  test('is told, or how much of flash is not for the application', () => {
    expect(fixes(0x0802_0000)).toEqual(FIXES);
    expect(fixes(0x0802_2000)).toMatchObject({ keil: expect.stringMatching(/Size 0x1A000$/) });
    expect(fixes(FLASH_LIMIT)).toEqual({
      gcc: 'in the .ld file, MEMORY: FLASH (rx) : ORIGIN = 0x08008000, LENGTH = the flash less 32K',
      keil: 'Options for Target, Target: IROM1 Start 0x08008000, Size the flash less 32K',
      iar: 'Linker, Config, Edit: .intvec start and ROM start 0x08008000',
    });
  });
});

describe('more than the application', () => {
  const behind = (size: number, base: number): Uint8Array =>
    Uint8Array.of(...tableImage(size, base), ...tableImage());
  const merged = (base: number | undefined, bytes: Uint8Array): unknown =>
    mergedFinding({ base, bytes }, AREA);

  test('a bootloader and an application', () => {
    expect(merged(START, behind(0x8000, START))).toEqual({
      ...WRONG,
      id: 'bootloader-inside',
      message: expect.stringContaining(
        'begins at 0x08000000 and holds another application at 0x08008000',
      ),
      found: 'two vector tables, at 0x08000000 and 0x08008000',
      expected: 'the application alone, from 0x08008000',
      hint: 'give the application alone; a file for the whole flash is for a programmer or debugger',
      details: { base: START, appBase: BASE },
    });
  });

  test('data and an application', () => {
    expect(merged(BASE - 0x400, behind(0x400, START))).toEqual({
      ...WRONG,
      id: 'wrong-address',
      message: 'the file begins at 0x08007C00, below the application at 0x08008000',
      found: 'data from 0x08007C00 on',
      expected: 'the application alone, from 0x08008000',
      hint: 'give the application alone: an update writes nothing below 0x08008000',
      details: { base: BASE - 0x400, appBase: BASE },
    });
  });

  test.each([
    ['an application alone', BASE, tableImage()],
    ['one that does not say where it is', undefined, behind(0x8000, START)],
    ['one that begins above', BASE + 4, tableImage()],
    ['something that ends before', START, tableImage(0x8000, START)],
    ['something without an application', START, tableImage(0x9000, START)],
  ])('is not %s', (_, base, bytes) => {
    expect(merged(base, bytes)).toBeUndefined();
  });
});
