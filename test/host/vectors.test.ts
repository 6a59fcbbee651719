// The vector table of an image, word by word: stack pointer, reset vector, handlers; and what moves it.
import { describe, expect, test } from 'vitest';
import type { Finding } from '../../host/check/finding.js';
import { ramVectorsFinding } from '../../host/check/ram-vectors.js';
import {
  handlerFindings,
  ramFixes,
  resetFinding,
  stackFinding,
  type TableFacts,
} from '../../host/check/vectors.js';
import { vtorFindings } from '../../host/check/vtor.js';
import type { Elf, ElfSection } from '../../host/image/elf.js';
import { loadPart } from '../../host/node/board-file.js';
import type { Core } from '../../host/parts/parts.js';
import { tableImage } from '../support/images.js';

const BASE = 0x0800_8000;
const AREA = { appBase: BASE, appEnd: 0x0802_0000 };
const RAM = { from: 0x2000_0000, to: 0x2000_5000 };
const CCM = { from: 0x1000_0000, to: 0x1000_2000 };
const ERROR = { severity: 'error', code: 'IMAGE_VECTORS' };
const WARNING = { severity: 'warning', code: 'IMAGE_VECTORS' };

const wordsOf = (...words: number[]): Uint8Array => new Uint8Array(Uint32Array.from(words).buffer);
const TABLE_FIXES = {
  gcc: expect.stringMatching('isr_vector'),
  keil: expect.stringMatching('RESET'),
  iar: expect.stringMatching('intvec'),
};

describe('the stack pointer', () => {
  const found = (stack: number, rams = [RAM, CCM]): Finding | undefined =>
    stackFinding(wordsOf(stack), rams);

  test('is in RAM: the first push goes below it', () => {
    for (const stack of [RAM.from + 8, RAM.to, CCM.from + 8, CCM.to]) {
      expect(found(stack)).toBeUndefined();
    }
    expect(stackFinding(wordsOf(0x2010_0000))).toBeUndefined();
  });

  test('is in no RAM: then it is no vector table', () => {
    for (const stack of [RAM.from, CCM.from, 0, BASE]) {
      expect(found(stack)).toMatchObject({
        ...ERROR,
        id: 'stack-outside-ram',
        message: expect.stringMatching(/^the image does not begin with a vector table/),
        expected: 'an address in RAM, 0x20000000 to 0x20005000 or 0x10000000 to 0x10002000',
        hint: expect.stringMatching('must come first in the image'),
        fixes: TABLE_FIXES,
        details: { stack },
      });
    }
  });

  test("is in RAM of a larger part: what this part's is", () => {
    expect(found(RAM.to + 8, [RAM])).toMatchObject({
      ...ERROR,
      id: 'stack-outside-ram',
      message: expect.stringMatching("outside of this part's RAM, 0x20000000 to 0x20005000"),
      found: 'stack pointer 0x20005008, RAM',
      hint: 'the image is built for a part with more RAM, or for another one',
      fixes: ramFixes(RAM),
      details: { stack: RAM.to + 8 },
    });
  });

  test.each([
    [4, WARNING, ': functions with 64-bit or floating-point arguments may fail'],
    [2, ERROR, ''],
    [1, ERROR, ''],
  ])('is no multiple of 8, but of %i', (multiple, severity, more) => {
    const stack = RAM.from + 0x1000 + multiple;
    expect(found(stack)).toMatchObject({
      ...severity,
      id: 'stack-unaligned',
      message: expect.stringMatching(`not a multiple of 8${more}$`),
      expected: 'a multiple of 8',
      fixes: {
        gcc: expect.stringMatching('_estack'),
        keil: expect.stringMatching('ALIGN=3'),
        iar: expect.stringMatching('CSTACK'),
      },
      details: { stack },
    });
  });

  test('RAM is set in each toolchain', () => {
    expect(ramFixes(RAM)).toEqual({
      gcc: 'in the .ld file, MEMORY: RAM (xrw) : ORIGIN = 0x20000000, LENGTH = 20K',
      keil: 'Options for Target, Target: IRAM1 Start 0x20000000, Size 0x5000',
      iar: 'Linker, Config, Edit: RAM start 0x20000000, end 0x20004FFF',
    });
    const { gcc, keil } = ramFixes({ from: 0x2000_00c0, to: 0x2000_2000 });
    expect(gcc).toMatch(/LENGTH = 0x1F40$/);
    expect(keil).toMatch(/Size 0x1F40$/);
  });
});

describe('the reset vector', () => {
  // In RAM, where no address is one of flash
  const LINKED = 0x2000_0000;
  const SIZE = 1000;
  const found = (reset: number): Finding | undefined =>
    resetFinding(tableImage(SIZE, LINKED, { 1: reset }), LINKED, AREA);

  test('is odd, and in the image', () => {
    for (const reset of [LINKED + 1, LINKED + SIZE - 1]) expect(found(reset)).toBeUndefined();
  });

  test('is even', () => {
    for (const reset of [LINKED, LINKED + SIZE - 2]) {
      expect(found(reset)).toMatchObject({
        ...ERROR,
        id: 'reset-even',
        found: expect.stringMatching(/, which is even$/),
        expected: 'an odd address from 0x20000000 to 0x200003E7',
        hint: expect.stringMatching('bit 0 says Thumb'),
        fixes: {
          gcc: expect.stringMatching('.thumb_func'),
          keil: expect.stringMatching('PROC'),
          iar: expect.stringMatching('THUMB'),
        },
        details: { reset, appBase: BASE },
      });
    }
  });

  test('is not in the image', () => {
    for (const reset of [LINKED - 1, LINKED + SIZE, LINKED + SIZE + 1]) {
      expect(found(reset)).toMatchObject({
        ...ERROR,
        id: 'reset-outside',
        found: expect.stringMatching(/^reset vector 0x[0-9A-F]{8}, (RAM|the system memory)$/),
        hint: expect.stringMatching('must come first in the image'),
        fixes: TABLE_FIXES,
        details: { reset, appBase: BASE },
      });
    }
  });

  test('is for another place in flash: that is said of the address', () => {
    expect(found(BASE + 1)).toBeUndefined();
    expect(found(0x101)).toBeUndefined();
  });
});

describe('handlers', () => {
  const FACTS: TableFacts = { linked: BASE, rams: [RAM], core: 'cortex-m3', vectors: 76 };
  const HANDLER = BASE + 9;
  const SIZE = 1000;
  const OUTSIDE = BASE + SIZE + 1;
  const EVEN = BASE + 0x100;
  /** All vectors are good but for some, by their index */
  const found = (
    words: Readonly<Record<number, number>>,
    facts: Partial<TableFacts> = {},
    size = SIZE,
  ): Finding[] => {
    const all = Array.from({ length: size / 4 }, (_, i) => words[i] ?? (i < 76 ? HANDLER : 0));
    return handlerFindings(wordsOf(...all), { ...FACTS, ...facts });
  };

  test.each([
    ['in the image', BASE + 1],
    ['at its end', BASE + SIZE - 1],
    ['in RAM', RAM.from + 1],
    ['at the end of RAM', RAM.to - 1],
    ['not there', 0],
  ])('%s are right', (_, value) => {
    expect(found({ 3: value, 20: value })).toEqual([]);
  });

  test.each([
    ['before the image', BASE - 1, 'outside'],
    ['behind it', BASE + SIZE, 'outside'],
    ['before RAM', RAM.from - 1, 'outside'],
    ['behind RAM', RAM.to, 'outside'],
    ['at the start of the image', BASE, 'even'],
    ['in it, but even', EVEN, 'even'],
    ['at the start of RAM', RAM.from, 'even'],
  ])('%s are wrong', (_, value, kind) => {
    expect(found({ 3: value })).toMatchObject([{ ...ERROR, id: `vector-${kind}` }]);
    expect(found({ 20: value })).toMatchObject([{ ...WARNING, id: `vector-${kind}` }]);
  });

  test('are named, four of them', () => {
    expect(found({ 2: OUTSIDE, 3: EVEN, 25: OUTSIDE })).toEqual([
      {
        ...ERROR,
        id: 'vector-even',
        message: expect.stringMatching(
          /^a vector is no handler: vector 3 \(HardFault\) is 0x08008100; /,
        ),
        found: 'vector 3 (HardFault) is 0x08008100',
        expected: '0, or an odd address from 0x08008000 to 0x080083E7, or in RAM',
        hint: expect.stringMatching('bit 0 says Thumb'),
        details: { vector: 3, count: 1 },
      },
      {
        ...ERROR,
        id: 'vector-outside',
        message: expect.stringMatching('a vector is no handler'),
        found: 'vector 2 (NMI) is 0x080083E9, vector 25 (interrupt 9) is 0x080083E9',
        expected: '0, or an odd address from 0x08008000 to 0x080083E7, or in RAM',
        hint: expect.stringMatching('check the startup file'),
        details: { vector: 2, count: 2 },
      },
    ]);
    const named = 'NMI 2,HardFault 3,MemManage 4,BusFault 5'
      .split(',')
      .map((one) => one.replace(/(\w+) (\d)/, 'vector $2 ($1) is 0x080083E9'))
      .join(', ');
    const many = Object.fromEntries([2, 3, 4, 5, 6, 11].map((i) => [i, OUTSIDE]));
    expect(found(many)[0]?.found).toBe(`${named}, and 2 more`);
    const four = Object.fromEntries([2, 3, 4, 5].map((i) => [i, OUTSIDE]));
    expect(found(four)[0]?.found).toBe(named);
  });

  test.each<[Core | undefined, number[]]>([
    ['cortex-m0', [2, 3, 11, 14, 15]],
    ['cortex-m3', [2, 3, 4, 5, 6, 11, 12, 14, 15]],
    ['cortex-m4', [2, 3, 4, 5, 6, 11, 12, 14, 15]],
    [undefined, [2, 3, 11, 14, 15]],
  ])('of the system, as a %s fetches them', (core, fetched) => {
    const wrong = Array.from({ length: 16 }, (_, i) => i).filter(
      (i) => found({ [i]: OUTSIDE }, { core }).length > 0,
    );
    expect(wrong).toEqual(fetched);
  });

  test('of the system alone, where the part is not known', () => {
    const { vectors: _, ...facts } = FACTS;
    const bytes = tableImage(SIZE, BASE, { 15: OUTSIDE, 16: OUTSIDE });
    expect(handlerFindings(bytes, facts)).toMatchObject([{ details: { vector: 15, count: 1 } }]);
  });

  // What follows a wrong one: H a handler, 0 none, X a wrong one
  test.each([
    ['HHHHHH', true],
    ['HHHHHX', true],
    ['HHHHXX', false],
    ['HHH00X', true],
    ['HH000X', false],
    ['000000', false],
    ['XXXXXX', false],
  ])('may be code behind a table that is shorter than the part has: then %s', (next, goesOn) => {
    const kinds: Readonly<Record<string, number>> = { H: HANDLER, 0: 0, X: OUTSIDE };
    const words = Object.fromEntries([...next].map((kind, i) => [21 + i, kinds[kind] ?? 0]));
    const rest = Object.fromEntries(Array.from({ length: 49 }, (_, i) => [27 + i, OUTSIDE]));
    const counts = found({ 20: OUTSIDE, ...rest, ...words }).map(({ details }) => details?.vector);
    expect(counts).toEqual(goesOn ? [20] : []);
  });

  test('may be wrong one behind the other', () => {
    expect(found({ 21: OUTSIDE, 22: OUTSIDE })).toMatchObject([
      { details: { vector: 21, count: 2 } },
    ]);
  });

  test('are looked at as far as table and image go', () => {
    // Behind 70 are five more, behind 71 four.
    expect(found({ 70: OUTSIDE })).toHaveLength(1);
    expect(found({ 71: OUTSIDE })).toEqual([]);
    expect(found({ 70: OUTSIDE }, { vectors: 98 }, 4 * 76)).toMatchObject([
      { details: { vector: 70 } },
    ]);
    expect(found({ 71: OUTSIDE }, { vectors: 98 }, 4 * 76)).toEqual([]);
    expect(found({ 3: 0x1234_5679 }, {}, 12)).toEqual([]);
    expect(found({ 2: 0x1234_5679 }, {}, 12)).toHaveLength(1);
  });
});

describe('where code moves the table', () => {
  const found = (value: number | undefined): Finding[] =>
    vtorFindings([{ at: BASE + 0x100, address: 0xe000_ed08, value }], BASE, [RAM, CCM]);
  const HINT =
    'set VECT_TAB_OFFSET to 0x8000 for SystemInit, or take the line with SCB->VTOR out: the bootloader has set it';
  const DEFINE = '#define VECT_TAB_OFFSET 0x8000 in system_stm32xxxx.c';
  const COMMON = {
    ...WARNING,
    expected: 'SCB->VTOR = 0x08008000, or left as the bootloader sets it',
    hint: HINT,
    fixes: {
      gcc: `${DEFINE}, with USER_VECT_TAB_ADDRESS defined where the file asks for it`,
      keil: DEFINE,
      iar: DEFINE,
    },
  };

  test('the offset of another place is told', () => {
    const [finding] = vtorFindings([{ at: BASE, address: 0xe000_ed08, value: 0 }], 0x0800_c000, []);
    expect(finding?.hint).toMatch('VECT_TAB_OFFSET to 0xC000');
  });

  test('it is its own, or in RAM', () => {
    for (const value of [BASE, RAM.from, RAM.to - 4, CCM.from]) expect(found(value)).toEqual([]);
    expect(vtorFindings([], BASE, [RAM])).toEqual([]);
  });

  test.each([0x0800_0000, 0])('to %i, which is the bootloader', (value) => {
    expect(found(value)).toEqual([
      {
        ...COMMON,
        id: 'vtor-elsewhere',
        message: expect.stringMatching(
          /0x08008000, so the first interrupt would run into the bootloader$/,
        ),
        found: expect.stringMatching(/^SCB->VTOR = 0x0[08]000000 at 0x08008100$/),
        details: { at: BASE + 0x100, value, appBase: BASE },
      },
    ]);
  });

  test.each([0x0801_0000, RAM.to, RAM.from - 4])('elsewhere: %i', (value) => {
    expect(found(value)).toMatchObject([
      {
        id: 'vtor-elsewhere',
        message: expect.stringMatching(/the vector table is at 0x08008000$/),
      },
    ]);
  });

  test('to what the code does not tell', () => {
    expect(found(undefined)).toEqual([
      {
        ...COMMON,
        id: 'vtor-unknown',
        message: expect.stringMatching('it must be 0x08008000, or a copy of the table in RAM'),
        found: 'SCB->VTOR is computed at 0x08008100',
        details: { at: BASE + 0x100, appBase: BASE },
      },
    ]);
  });
});

describe('the vectors that the bootloader of a Cortex-M0 puts at the start of RAM', async () => {
  const part = await loadPart('stm32f030x8');
  const FIRST = 0x2000_0000;
  const FREE = FIRST + 4 * part.vectors;
  const image = (stack = 0x2000_1000): Uint8Array => tableImage(1000, BASE, { 0: stack });
  const overlap = (severity: Finding['severity'], address: number): object => ({
    id: 'ram-over-vectors',
    severity,
    code: 'IMAGE_VECTORS',
    found: `RAM in use from 0x${address.toString(16).toUpperCase()}`,
    expected: 'RAM in use from 0x200000C0 on',
    hint: expect.stringMatching(
      severity === 'error' ? /192 bytes off its length$/ : /off its length; give the ELF file/,
    ),
    fixes: ramFixes({ from: FREE, to: part.ram.to }),
    details: { address, free: FREE },
  });

  test('another core has none', async () => {
    const literals = new Set([FIRST]);
    for (const name of ['stm32f103xb', 'stm32f303xc']) {
      expect(ramVectorsFinding(image(), await loadPart(name), undefined, literals)).toBeUndefined();
    }
  });

  describe('and variables, by the ELF file', () => {
    const [PROGBITS, NOBITS] = [1, 8];
    const section = (address: number, size: number, type = NOBITS): ElfSection => ({
      ...{ name: '.bss', flags: 2, offset: 0 },
      ...{ address, size, type },
    });
    const found = (...sections: ElfSection[]): Finding | undefined =>
      ramVectorsFinding(image(FIRST + 8), part, { sections } as unknown as Elf, new Set([FIRST]));

    test.each([
      ['at its start', section(FIRST, 16), FIRST],
      ['at its end', section(FREE - 4, 16), FREE - 4],
      ['in all of it, with values', section(FIRST, FREE - FIRST, PROGBITS), FIRST],
      ['in more than it', section(FIRST, FREE - FIRST + 4), FIRST],
      ['in a part of its size', section(FIRST + 4, FREE - FIRST - 4), FIRST + 4],
    ])('%s', (_, over, address) => {
      const finding = found(section(FREE, 4), over);
      expect(finding).toMatchObject(overlap('error', address));
      expect(finding?.message).toMatch(/^variables are linked at/);
    });

    test.each([
      ['behind it', section(FREE, 16)],
      ['in flash', section(BASE, 16, PROGBITS)],
      ['before RAM', section(FIRST - 4, 4)],
      ['room for the vectors themselves', section(FIRST, FREE - FIRST)],
    ])('not %s', (_, beside) => {
      expect(found(beside)).toBeUndefined();
    });
  });

  describe('and the stack, or variables, by the image alone', () => {
    const found = (literals: readonly number[], bytes = image()): Finding | undefined =>
      ramVectorsFinding(bytes, part, undefined, new Set(literals));

    test('a stack that begins there', () => {
      for (const stack of [FIRST + 8, FREE]) {
        expect(found([], image(stack))).toMatchObject(overlap('error', stack));
        expect(found([], image(stack))?.message).toMatch(/^the stack begins at/);
      }
      for (const stack of [FIRST, FREE + 8]) expect(found([], image(stack))).toBeUndefined();
    });

    test('an address that code loads', () => {
      expect(found([FREE, FIRST + 20, FIRST + 16])).toMatchObject(overlap('warning', FIRST + 16));
      expect(found([FIRST])).toMatchObject(overlap('warning', FIRST));
      expect(found([FREE - 4])).toMatchObject(overlap('warning', FREE - 4));
      expect(found([FIRST])?.message).toMatch(/^variables seem to be linked at/);
      expect(found([FREE, FIRST - 4, FIRST + 3, FIRST + 18])).toBeUndefined();
    });

    test('not one that is for copying them: variables begin right behind', () => {
      const copying = (at: number, size = 1000): Uint8Array => {
        const bytes = image().subarray(0, size);
        new DataView(bytes.buffer).setUint32(at, FREE, true);
        return bytes;
      };
      for (const at of [8, 500, 996]) expect(found([FIRST], copying(at))).toBeUndefined();
      for (const at of [4, 502]) expect(found([FIRST], copying(at))).toBeDefined();
      expect(found([FIRST + 4], copying(500))).toBeDefined();
    });
  });
});
