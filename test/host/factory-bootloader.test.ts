// The bootloader that goes into new units: what is taken for one, up to the last byte and address, and what programs learn of what is not.
import { describe, expect, test } from 'vitest';
import { bootloaderCode, checkFactoryImage, knowsAppBase } from '../../host/factory/bootloader.js';
import type { Segment } from '../../host/image/segments.js';
import { loadBoard } from '../../host/node/board-file.js';
import { APP_BASE, BOOTLOADER_BASE } from '../../protocol/index.js';
import { bootloaderImage } from '../support/images.js';
import { refusal } from '../support/refusal.js';

const board = await loadBoard('stm32f103xb');
/** Up to the identity block */
const ROOM = 28_608;

/** An image with other words at its start: stack pointer and reset vector */
function withVectors(stack: number, reset: number, size = 5000): Uint8Array {
  const bytes = bootloaderImage(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, stack, true);
  view.setUint32(4, reset, true);
  return bytes;
}

function padded(bytes: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size).fill(0xff);
  out.set(bytes);
  return out;
}

const STACK = 0x2000_5000;
const RESET = 0x0800_0101;

describe('the file of a bootloader', () => {
  const code = (bytes: Uint8Array, base?: number): Uint8Array =>
    bootloaderCode({ base, bytes }, board, false);

  test.each<[string, Uint8Array, number | undefined]>([
    ['linked at the start of flash', bootloaderImage(), BOOTLOADER_BASE],
    ['as large as its room', bootloaderImage(ROOM), undefined],
    ['padded over its room', padded(bootloaderImage(ROOM), ROOM + 64), undefined],
    ['with its stack at the start of RAM but one word', withVectors(0x2000_0004, RESET), undefined],
    ['that starts at its last half-word', withVectors(STACK, BOOTLOADER_BASE + 4999), undefined],
  ])('%s is padded up to what is behind it', (_what, bytes, base) => {
    const made = code(bytes, base);
    expect(made.length).toBe(ROOM);
    expect(made.subarray(0, bytes.length)).toEqual(bytes.subarray(0, ROOM));
    expect(made.subarray(bytes.length).every((byte) => byte === 0xff)).toBe(true);
  });

  const BOARD = 'give the bootloader that was built for this board';
  const NOT_APP = 'give the bootloader, not the application';
  test.each<[string, Uint8Array, number | undefined, string, object]>([
    ['linked elsewhere', bootloaderImage(), APP_BASE, NOT_APP, { base: APP_BASE }],
    ['too large', bootloaderImage(0x7001), undefined, 'without boot record', { size: 0x7001 }],
    ['a byte short of two vectors', bootloaderImage().subarray(0, 7), undefined, BOARD, {}],
    [
      'a stack below RAM',
      withVectors(0x2000_0000, RESET),
      undefined,
      BOARD,
      { stack: 0x2000_0000 },
    ],
    ['an odd stack', withVectors(STACK - 2, RESET), undefined, BOARD, { stack: STACK - 2 }],
    ['an even start', withVectors(STACK, RESET - 1), undefined, NOT_APP, { reset: RESET - 1 }],
    [
      'a start below',
      withVectors(STACK, RESET - 0x200),
      undefined,
      NOT_APP,
      { reset: RESET - 0x200 },
    ],
    [
      'a start behind',
      withVectors(STACK, 0x0800_1389, 5001),
      undefined,
      NOT_APP,
      { reset: 0x0800_1389 },
    ],
    [
      'no name',
      withVectors(STACK, RESET - 0x100 + 4).subarray(0, 8),
      undefined,
      BOARD,
      { part: board.part.name },
    ],
  ])('%s: told with the value, and what to do', (_what, bytes, base, hint, details) => {
    const thrown = refusal(() => code(bytes, base));
    expect(thrown).toMatchObject({ code: 'BOOTLOADER_WRONG' });
    expect(thrown.hint).toContain(hint);
    expect(thrown.details).toEqual(details);
  });

  test('its RAM is told up to its last byte, its reset vector up to its own', () => {
    const { message } = refusal(() => code(withVectors(0, RESET)));
    expect(message).toContain('0x20000000 to 0x20004FFF');
    expect(refusal(() => code(withVectors(STACK, 2))).message).toContain(
      '0x08000000 to 0x08001387',
    );
  });
});

describe('an image for a new unit', () => {
  const at = (address: number, bytes: Uint8Array): Segment => ({ address, bytes });
  const unit = (stack = STACK, reset = RESET): Segment =>
    at(BOOTLOADER_BASE, withVectors(stack, reset));
  const app = at(APP_BASE, new Uint8Array(100));

  test.each<[string, Segment[]]>([
    ['with a bootloader and an application', [unit(), app]],
    ['in another order', [app, unit()]],
    ['whose stack is in core-coupled RAM', [unit(0x1000_1000)]],
    [
      'that starts in another run of bytes',
      [unit(STACK, 0x0800_2001), at(0x0800_2000, new Uint8Array(8))],
    ],
    [
      'with nothing but two vectors',
      [at(BOOTLOADER_BASE, withVectors(STACK, BOOTLOADER_BASE + 5).subarray(0, 8))],
    ],
  ])('%s is one', (_what, segments) => {
    expect(() => checkFactoryImage(segments)).not.toThrow();
  });

  test.each<[string, Segment[], RegExp, object]>([
    ['nothing', [], /no bootloader at 0x08000000 in it$/, {}],
    ['an application alone', [app], /in it; it begins at 0x08008000$/, {}],
    [
      'seven bytes',
      [at(BOOTLOADER_BASE, unit().bytes.subarray(0, 7))],
      /it begins at 0x08000000$/,
      {},
    ],
    ['an odd stack', [unit(STACK + 2)], /is no bootloader/, { stack: STACK + 2, reset: RESET }],
    ['a stack in flash', [unit(RESET - 1)], /is no bootloader/, { stack: RESET - 1, reset: RESET }],
    [
      'an even start',
      [unit(STACK, RESET - 1)],
      /is no bootloader/,
      { stack: STACK, reset: RESET - 1 },
    ],
    [
      'a start in the application',
      [unit(STACK, APP_BASE + 9), app],
      /is no bootloader/,
      { stack: STACK, reset: APP_BASE + 9 },
    ],
    [
      'a start in the first byte behind the bootloader',
      [unit(STACK, 0x0800_7001), at(0x0800_7000, app.bytes)],
      /is no bootloader/,
      { stack: STACK, reset: 0x0800_7001 },
    ],
    [
      'a start between two runs of bytes',
      [unit(STACK, 0x0800_1501), at(0x0800_2000, new Uint8Array(8))],
      /is no bootloader/,
      { stack: STACK, reset: 0x0800_1501 },
    ],
    [
      'a start where there is nothing',
      [unit(STACK, 0x0800_1389)],
      /is no bootloader/,
      { stack: STACK, reset: 0x0800_1389 },
    ],
    [
      'a start at the odd end of its bytes',
      [at(BOOTLOADER_BASE, withVectors(STACK, 0x0800_1389, 5001))],
      /is no bootloader/,
      { reset: 0x0800_1389 },
    ],
  ])('%s is none', (_what, segments, text, details) => {
    const thrown = refusal(() => checkFactoryImage(segments));
    expect(thrown).toMatchObject({ code: 'BOOTLOADER_WRONG', details });
    expect(thrown.message).toMatch(text);
    expect(thrown.hint).toContain('make one with "iap factory"');
  });
});

describe('the address of applications', () => {
  const at = (offset: number): Uint8Array => {
    const bytes = new Uint8Array(40);
    new DataView(bytes.buffer).setUint32(offset, APP_BASE, true);
    return bytes;
  };
  const knows = (bytes: Uint8Array): boolean => knowsAppBase({ base: undefined, bytes }, board);

  test.each<[string, Uint8Array, boolean]>([
    ['in its first word', at(0), true],
    ['in its last word', at(36), true],
    ['in a word of a part of a file', at(8).subarray(4), true],
    ['across two words', at(18), false],
    ['before this part of a file', at(0).subarray(4), false],
    ['cut off at its end', at(36).subarray(0, 39), false],
    ['nowhere', new Uint8Array(40), false],
  ])('%s', (_what, bytes, known) => {
    expect(knows(bytes)).toBe(known);
  });
});
