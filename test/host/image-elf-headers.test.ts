// The headers of ELF files, field by field: what they say, and how what is wrong with them is told.
import { describe, expect, test } from 'vitest';
import { contentsOf, isElf, parseElf } from '../../host/image/elf.js';
import { variablesOf } from '../../host/image/elf-variables.js';
import { type ElfPiece, elf, elfOf } from '../support/elf.js';
import { refusal } from '../support/refusal.js';

const BASE = 0x0800_8000;
const app: ElfPiece = { address: BASE, bytes: Uint8Array.of(1, 2, 3, 4), section: '.text' };
const data: ElfPiece = {
  ...{ address: BASE + 4, runs: 0x2000_0000, bytes: Uint8Array.of(5, 6), section: '.data' },
};

/** A file with other numbers in it, by offset: of two bytes, or of four where it is given as such */
function changed(
  file: Uint8Array,
  words: readonly (readonly [number, number, 2 | 4])[],
): Uint8Array {
  const copy = file.slice();
  const view = new DataView(copy.buffer);
  for (const [at, value, size] of words) {
    if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
  }
  return copy;
}

const FILE = elfOf([app, data]);
/** Of a section header, by its number */
const sectionAt = (i: number): number => new DataView(FILE.buffer).getUint32(32, true) + 40 * i;
const [OFFSET_OF_START, PROGRAM] = [52 + 64, 52];

test('what they say', () => {
  const { file, entry, relocatable, segments, sections } = parseElf(FILE);
  expect({ entry, relocatable }).toEqual({ entry: BASE, relocatable: false });
  expect(file).toBe(FILE);
  expect(segments).toEqual([
    { offset: OFFSET_OF_START, virtual: BASE, physical: BASE, fileSize: 4, memorySize: 4 },
    {
      offset: OFFSET_OF_START + 4,
      virtual: 0x2000_0000,
      physical: BASE + 4,
      fileSize: 2,
      memorySize: 2,
    },
  ]);
  expect(
    sections.map(({ name, type, flags, address, offset, size }) => [
      name,
      type,
      flags,
      address,
      offset,
      size,
    ]),
  ).toEqual([
    ['', 0, 0, 0, 0, 0],
    ['.text', 1, 2, BASE, OFFSET_OF_START, 4],
    ['.data', 1, 2, 0x2000_0000, OFFSET_OF_START + 4, 2],
    ['.shstrtab', 3, 0, 0, OFFSET_OF_START + 6, 23],
  ]);
});

test('they are read where a part of a larger file begins', () => {
  const larger = Uint8Array.of(9, 9, 9, ...FILE);
  const part = larger.subarray(3);
  expect(isElf(part)).toBe(true);
  expect(parseElf(part)).toMatchObject({ ...parseElf(FILE), file: part });
});

test.each<[string, Uint8Array, boolean]>([
  ['its mark alone', FILE.subarray(0, 4), true],
  ['three bytes of it', FILE.subarray(0, 3), false],
  ['nothing', new Uint8Array(), false],
  ['another mark', FILE.with(3, 0x47), false],
])('an ELF file is known by its mark: %s', (_what, file, is) => {
  expect(isElf(file)).toBe(is);
});

test('segments that are not to be loaded are left out, and sections without names', () => {
  const notes = changed(FILE, [[PROGRAM + 32, 4, 4]]);
  expect(parseElf(notes).segments.map(({ physical }) => physical)).toEqual([BASE]);
  const nameless = changed(FILE, [[50, 99, 2]]);
  expect(parseElf(nameless).sections.map(({ name }) => name)).toEqual(['', '', '', '']);
  expect(parseElf(elf({ sections: [app], withSections: false })).sections).toEqual([]);
});

test('names are cut, and what can not be printed is not', () => {
  const long = elfOf([{ ...app, section: `.\n${'x'.repeat(100)}` }]);
  expect(parseElf(long).sections[1]?.name).toBe(`.?${'x'.repeat(38)}`);
});

const HINT = 'give the linked application as the compiler made it, or a .bin or .hex of it';
test.each<[string, Uint8Array, string, RegExp, object?]>([
  ['a header cut short', FILE.subarray(0, 51), 'cut-off', /it is cut off in its header/],
  ['64 bits', FILE.with(4, 2), 'elf-class', /it is 64-bit little-endian; /],
  ['big-endian', FILE.with(5, 2), 'elf-class', /it is 32-bit big-endian; /],
  ['both', FILE.with(4, 2).with(5, 2), 'elf-class', /it is 64-bit big-endian; /],
  [
    'a known machine',
    changed(FILE, [[18, 243, 2]]),
    'elf-machine',
    /it is for machine 243 \(RISC-V\), not for ARM \(40\)/,
  ],
  ['an unknown one', changed(FILE, [[18, 9999, 2]]), 'elf-machine', /it is for 9999, not for ARM/],
  [
    'many program headers',
    changed(FILE, [[44, 1025, 2]]),
    'elf-headers',
    /it has 1025 program headers/,
  ],
  [
    'many section headers',
    changed(FILE, [[48, 1025, 2]]),
    'elf-headers',
    /it has 1025 section headers/,
  ],
  [
    'short program headers',
    changed(FILE, [[42, 31, 2]]),
    'elf-headers',
    /its program headers are too short/,
  ],
  [
    'short section headers',
    changed(FILE, [[46, 39, 2]]),
    'elf-headers',
    /its section headers are too short/,
  ],
  [
    'program headers behind the end',
    changed(FILE, [[28, FILE.length - 63, 4]]),
    'cut-off',
    /its program headers are cut off/,
  ],
  [
    'section headers behind the end',
    FILE.subarray(0, -1),
    'cut-off',
    /its section headers are cut off/,
  ],
  [
    'many of them, but room for few',
    changed(FILE, [[44, 1024, 2]]),
    'cut-off',
    /its program headers are cut off/,
  ],
  ['an object file', changed(FILE, [[16, 1, 2]]), 'elf-not-linked', /is it an object file/],
  ['nothing to be loaded', elfOf([]), 'elf-not-linked', /nothing in it is to be loaded/],
  [
    'a segment behind the end',
    changed(FILE, [[PROGRAM + 4, FILE.length - 3, 4]]),
    'cut-off',
    /its 4 bytes for 0x08008000 end behind the file/,
    { address: '0x08008000' },
  ],
  [
    'a section behind the end',
    changed(elfOf([app, { ...data, segment: false }]), [[sectionAt(2) - 32 + 16, FILE.length, 4]]),
    'cut-off',
    /its 2 bytes for 0x20000000 end behind/,
    { address: '0x20000000' },
  ],
])('%s is told as that', (_what, file, problem, message, more = {}) => {
  const error = refusal(() => contentsOf(parseElf(file, 'a.elf'), 'a.elf'));
  expect(error).toMatchObject({ code: 'IMAGE_FORMAT', hint: HINT });
  expect(error.message).toContain('a.elf (ELF file) can not be used: ');
  expect(error.message).toMatch(message);
  expect(error.details).toEqual({ problem, ...more });
});

test('tables that are not there, or empty, are none', () => {
  const nothing: readonly [number, number, 2][] = [
    [42, 0, 2],
    [44, 0, 2],
  ];
  for (const words of [[[28, 0, 4]], [[44, 0, 2]], nothing] as const) {
    expect(parseElf(changed(FILE, words)).segments).toEqual([]);
  }
  for (const words of [[[32, 0, 4]], [[48, 0, 2]]] as const) {
    expect(parseElf(changed(FILE, words)).sections).toEqual([]);
  }
});

test('a file that does not say where the names of its sections are has none', () => {
  for (const number of [0, 99]) {
    const { sections } = parseElf(changed(FILE, [[50, number, 2]]));
    expect(sections.map(({ name }) => name)).toEqual(['', '', '', '']);
  }
});

test('a file may be its header alone', () => {
  const alone = changed(FILE.subarray(0, 52), [
    [44, 0, 2],
    [48, 0, 2],
  ]);
  expect(parseElf(alone)).toMatchObject({ segments: [], sections: [] });
});

test('headers may be longer than is known, and end with the file', () => {
  const alone = elfOf([]).subarray(0, 52);
  const program = changed(Uint8Array.of(...alone, ...new Uint8Array(40), 7, 7), [
    ...([
      [28, 52, 4],
      [42, 40, 2],
      [44, 1, 2],
      [48, 0, 2],
    ] as const),
    ...([
      [52, 1, 4],
      [56, 92, 4],
      [60, BASE, 4],
      [64, BASE, 4],
      [68, 2, 4],
      [72, 2, 4],
    ] as const),
  ]);
  expect(contentsOf(parseElf(program)).segments).toEqual([
    { address: BASE, bytes: Uint8Array.of(7, 7), sections: [] },
  ]);
});

describe('what is to be loaded', () => {
  const plain = (file: Uint8Array): unknown[] =>
    contentsOf(parseElf(file)).segments.map(({ address, bytes, sections }) => [
      address,
      [...bytes],
      sections,
    ]);

  test('with the names of its sections, and where it starts', () => {
    expect(plain(FILE)).toEqual([
      [BASE, [1, 2, 3, 4], ['.text']],
      [BASE + 4, [5, 6], ['.data']],
    ]);
    expect(contentsOf(parseElf(FILE)).entry).toBe(BASE);
    expect(contentsOf(parseElf(changed(FILE, [[24, 0, 4]])))).not.toHaveProperty('entry');
  });

  test('near address 0 nothing is put before it', () => {
    expect(plain(elfOf([{ ...app, address: 0x100 }]))).toEqual([[0x100, [1, 2, 3, 4], ['.text']]]);
  });

  test('a segment without bytes may lie behind the end of the file', () => {
    const { section: _, ...unnamed } = data;
    const file = elfOf([app, unnamed]);
    const second = PROGRAM + 32;
    const blank = changed(file, [
      [second + 4, file.length + 1000, 4],
      [second + 16, 0, 4],
    ]);
    expect(plain(blank)).toEqual([[BASE, [1, 2, 3, 4], ['.text']]]);
  });

  test("a segment may begin within the file's own headers", () => {
    const file = elf({ sections: [app], headersInSegment: true });
    const view = new DataView(file.buffer);
    const [physical, size] = [PROGRAM + 12, PROGRAM + 16].map((at) => view.getUint32(at, true));
    const later = changed(file, [
      [PROGRAM + 4, 4, 4],
      [PROGRAM + 12, (physical ?? 0) + 4, 4],
      [PROGRAM + 16, (size ?? 0) - 4, 4],
    ]);
    expect(plain(later)).toEqual([[BASE, [1, 2, 3, 4], ['']]]);
  });

  test.each<[string, ElfPiece[], unknown[]]>([
    [
      'what meets',
      [app, data],
      [
        [BASE, 4],
        [BASE + 4, 2],
      ],
    ],
    [
      'a byte between',
      [app, { ...data, address: BASE + 5 }],
      [
        [BASE, 4],
        [BASE + 4, 1],
        [BASE + 5, 2],
      ],
    ],
    [
      'as much as is filled',
      [app, { ...data, address: BASE + 4 + 1023 }],
      [
        [BASE, 4],
        [BASE + 4, 1023],
        [BASE + 1027, 2],
      ],
    ],
    [
      'a hole',
      [app, { ...data, address: BASE + 4 + 1024 }],
      [
        [BASE, 4],
        [BASE + 1028, 2],
      ],
    ],
    [
      'by address',
      [{ ...data, address: BASE + 8 }, app],
      [
        [BASE, 4],
        [BASE + 4, 4],
        [BASE + 8, 2],
      ],
    ],
    [
      'behind a longer one',
      [
        { ...app, bytes: new Uint8Array(9) },
        { ...data, address: BASE + 2 },
        { ...data, address: BASE + 10 },
      ],
      [
        [BASE, 9],
        [BASE + 2, 2],
        [BASE + 9, 1],
        [BASE + 10, 2],
      ],
    ],
  ])('with zeros between: %s', (_what, pieces, expected) => {
    const { segments } = contentsOf(parseElf(elfOf(pieces)));
    expect(segments.map(({ address, bytes }) => [address, bytes.length])).toEqual(expected);
  });

  test('a section in a segment is not taken twice; one that reaches out of it is', () => {
    const at = sectionAt(2);
    // The second section begins a byte earlier: in no segment as a whole
    const out = changed(FILE, [
      [at + 16, OFFSET_OF_START + 3, 4],
      [at + 12, BASE + 3, 4],
    ]);
    expect(plain(out)).toEqual([
      [BASE, [1, 2, 3, 4], ['.text']],
      [BASE + 3, [4, 5], ['.data']],
      [BASE + 4, [5, 6], []],
    ]);
  });

  test.each<[string, number, number]>([
    ['not in memory', 8, 0],
    ['without bytes in the file', 4, 8],
    ['of no type', 4, 0],
    ['of no size', 20, 0],
  ])('a section %s is not taken', (_what, field, value) => {
    const file = elfOf([app, { ...data, segment: false }]);
    const at = new DataView(file.buffer).getUint32(32, true) + 2 * 40;
    expect(plain(changed(file, [[at + field, value, 4]]))).toEqual([
      [BASE, [1, 2, 3, 4], ['.text']],
    ]);
  });

  test('load addresses of zero are none only if all are', () => {
    const run = { ...data, runs: BASE + 0x100, address: 0 };
    const zero = { ...app, address: 0, runs: BASE };
    const placed = (file: Uint8Array): number[] =>
      contentsOf(parseElf(file)).segments.map(({ address }) => address);
    expect(placed(elfOf([zero, run]))).toEqual([BASE, BASE + 4, BASE + 0x100]);
    expect(placed(elfOf([{ ...app, runs: 0x2000_0000 }, run]))).toEqual([0, BASE]);
  });

  test("the file's own headers: told of a file whose sections do not help", () => {
    const own = changed(FILE, [
      [PROGRAM + 4, 0, 4],
      [PROGRAM + 16, 120, 4],
    ]);
    const stripped = changed(own, [[32, 0, 4]]);
    const details = { problem: 'elf-headers', address: '0x08008000' };
    const error = refusal(() => contentsOf(parseElf(stripped)));
    expect(error).toMatchObject({ details, hint: HINT });
    expect(error.message).toContain('its sections are stripped, and its segment for 0x08008000');
    const at = sectionAt(1);
    const silent = changed(own, [[at + 8, 0, 4]]);
    expect(refusal(() => contentsOf(parseElf(silent))).message).toContain(
      'its sections do not say what to load',
    );
  });

  test("the file's own headers are left out, up to its first section", () => {
    const alone = elfOf([app]);
    const own = changed(alone, [
      [PROGRAM + 4, 0, 4],
      [PROGRAM + 16, 88, 4],
    ]);
    expect(plain(own)).toEqual([[BASE + 84, [1, 2, 3, 4], ['.text']]]);
    const behind = changed(alone, [
      [PROGRAM + 4, 52, 4],
      [PROGRAM + 16, 36, 4],
    ]);
    expect(plain(behind)).toEqual([[BASE, [...behind.subarray(52, 88)], ['.text']]]);
  });

  test('twice the size of the file, and no more', () => {
    const three = elfOf([app, data, { ...data, address: BASE + 0x1000 }]);
    const most = three.length - 52;
    const sizes = (...all: number[]): Uint8Array =>
      changed(
        three,
        all.flatMap((size, i) => [
          [PROGRAM + 32 * i + 4, 52, 4] as const,
          [PROGRAM + 32 * i + 16, size, 4] as const,
        ]),
      );
    const total = (file: Uint8Array): number =>
      parseElf(file).segments.reduce((sum, { fileSize }) => sum + fileSize, 0);
    const full = sizes(most, most, 104);
    expect(total(full)).toBe(2 * three.length);
    expect(() => contentsOf(parseElf(full))).not.toThrow();
    const error = refusal(() => contentsOf(parseElf(sizes(most, most, 105))));
    expect(error).toMatchObject({ hint: HINT, details: { problem: 'elf-headers' } });
    expect(error.message).toContain(`name ${2 * three.length + 1} bytes`);
  });
});

describe('variables', () => {
  test('by section, those in memory', () => {
    const bss = changed(FILE, [[sectionAt(2) + 4, 8, 4]]);
    expect(variablesOf(parseElf(bss))).toEqual([
      { address: BASE, size: 4, blank: false },
      { address: 0x2000_0000, size: 2, blank: true },
    ]);
    const none = changed(FILE, [
      [sectionAt(2) + 20, 0, 4],
      [sectionAt(1) + 8, 4, 4],
    ]);
    expect(variablesOf(parseElf(none))).toEqual([]);
  });

  test('by segment, without sections', () => {
    const stripped = changed(FILE, [
      [32, 0, 4],
      [PROGRAM + 48, 0, 4],
      [PROGRAM + 52, 8, 4],
    ]);
    expect(variablesOf(parseElf(stripped))).toEqual([
      { address: BASE, size: 4, blank: false },
      { address: 0x2000_0000, size: 8, blank: true },
    ]);
    const empty = changed(stripped, [[PROGRAM + 52, 0, 4]]);
    expect(variablesOf(parseElf(empty))).toHaveLength(1);
  });
});
