// What a programmer is about to write: the program that a reset starts, and the application behind a bootloader.
import { describe, expect, test } from 'vitest';
import { flashFindings } from '../../host/check/flash-contents.js';
import type { Segment } from '../../host/image/segments.js';
import { loadBoard } from '../../host/node/board-file.js';
import { tableImage } from '../support/images.js';
import { lateBinary, withKit } from '../support/wrong-images.js';

const START = 0x0800_0000;
const BASE = 0x0800_8000;
const at = (address: number, bytes: Uint8Array): Segment => ({ address, bytes });
const ids = (segments: readonly Segment[], board?: Parameters<typeof flashFindings>[1]): string[] =>
  flashFindings(segments, board).map(({ id }) => id);

const good = at(BASE, tableImage());
const evenReset = tableImage(1000, BASE, { 1: BASE + 0x100 });
const noStack = tableImage(1000, BASE, { 0: 0x1234_5678 });
const program = at(START, tableImage(1000, START));

describe('what a reset starts', async () => {
  const board = await loadBoard('stm32f103xb');

  test('is linked there', () => {
    expect(ids([])).toEqual([]);
    expect(ids([program])).toEqual([]);
    // It is nobody's business what else is wrong with it.
    expect(ids([at(START, tableImage(1000, START, { 1: START + 0x100, 3: 5 }))])).toEqual([]);
  });

  test('is linked elsewhere', () => {
    const segments = [at(0x2000_0000, new Uint8Array(4)), at(START, tableImage())];
    expect(flashFindings(segments, undefined)).toEqual([
      {
        id: 'wrong-address',
        severity: 'error',
        code: 'IMAGE_WRONG_ADDRESS',
        message: 'what is for 0x08000000, where a reset starts, is not linked there',
        found: 'not linked at 0x08000000',
        expected: 'linked at 0x08000000',
        hint: 'an application is written to its own address, behind a bootloader',
        details: { reset: BASE + 0x101, appBase: START },
      },
    ]);
  });

  test('is linked elsewhere, and its code says where', () => {
    expect(flashFindings([at(START, lateBinary(BASE))], undefined)).toMatchObject([
      {
        id: 'wrong-address',
        message:
          'what is for 0x08000000, where a reset starts, is not linked there but at 0x08008000',
        found: 'linked at 0x08008000',
        expected: 'linked at 0x08000000',
        hint: 'an application is written to its own address (--base 0x08008000), behind a bootloader',
        details: { base: BASE, appBase: START },
      },
    ]);
  });

  test("is a board's bootloader", () => {
    expect(ids([at(START, tableImage())], board)).toEqual([]);
  });
});

describe('the application', async () => {
  const board = await loadBoard('stm32f103xb');

  test('is right', () => {
    expect(ids([good])).toEqual([]);
    expect(ids([good], board)).toEqual([]);
    expect(ids([program, good])).toEqual([]);
  });

  test('is all that the file has: then it is judged whatever it begins with', () => {
    expect(ids([at(BASE, noStack)])).toEqual(['stack-outside-ram']);
    expect(ids([at(BASE, noStack), at(0x0801_0000, noStack)])).toEqual(['stack-outside-ram']);
    expect(ids([at(BASE, evenReset)])).toEqual(['reset-even']);
  });

  test('is behind something else: then it must begin with a stack pointer', () => {
    expect(ids([program, at(BASE, noStack)])).toEqual([]);
    expect(ids([program, at(BASE, evenReset)])).toEqual(['reset-even']);
    const before = at(BASE - 1000, tableImage(1000));
    expect(ids([before, at(BASE, evenReset)], board)).toEqual(['reset-even']);
  });

  test('is in the middle of something else: then nobody but a board says that it is one', () => {
    const before = at(BASE - 4, Uint8Array.of(0, 0, 0, 0, ...evenReset));
    expect(ids([before])).toEqual([]);
    expect(ids([before], board)).toEqual(['reset-even']);
  });

  test('is not there', () => {
    expect(ids([at(BASE + 4, evenReset)], board)).toEqual([]);
    expect(ids([at(BASE - 1000, evenReset)], board)).toEqual([]);
    expect(ids([at(BASE - 999, Uint8Array.of(...tableImage(999), 7))], board)).toEqual([
      'too-short',
    ]);
  });

  test('comes later: the unit waits for its first update', () => {
    const waiting = evenReset.slice().fill(0xff, 0, 8);
    expect(ids([at(BASE, waiting)])).toEqual([]);
    expect(ids([at(BASE, waiting)], board)).toEqual([]);
    const begun = evenReset.slice().fill(0xff, 0, 7);
    expect(ids([at(BASE, begun)], board)).not.toEqual([]);
  });

  test('ends where the area ends: then come data of the unit', () => {
    const small = { ...board, appEnd: BASE + 1000 };
    expect(ids([at(BASE, tableImage(1000))], small)).toEqual([]);
    expect(ids([at(BASE, tableImage(1100))], small)).toEqual([]);
  });

  test("is held against the board's part, if there is a board", () => {
    const larger = at(BASE, tableImage(1000, BASE, { 0: 0x2001_0000 }));
    expect(ids([larger])).toEqual([]);
    expect(ids([larger], board)).toEqual(['stack-outside-ram']);
  });

  test('has a kit for this board, or without a board for this address', () => {
    const kit = (name: string): Segment => at(BASE, withKit(name, 0x2000_0f00));
    expect(ids([kit('stm32f103xb')])).toEqual([]);
    expect(ids([kit('stm32f303xc')])).toEqual([]);
    expect(ids([kit('stm32f030x8-24k')])).toEqual(['kit-other-board']);
    expect(ids([kit('stm32f303xc')], board)).toEqual(['kit-other-board']);
  });
});
