// Bytes at addresses: sorted, joined, merged, up to the last address, and where they contradict each other.
import { describe, expect, test } from 'vitest';
import { fileError } from '../../host/image/file-error.js';
import { gapsOf, join, merge, type Segment, sort } from '../../host/image/segments.js';
import { refusal } from '../support/refusal.js';

const at = (address: number, ...bytes: number[]): Segment => ({
  address,
  bytes: Uint8Array.from(bytes),
});

describe('sorted', () => {
  test.each<[string, Segment[], Segment[]]>([
    ['nothing', [], []],
    ['pieces without bytes are left out', [at(5), at(4, 1)], [at(4, 1)]],
    ['by address', [at(8, 3), at(0, 1), at(4, 2)], [at(0, 1), at(4, 2), at(8, 3)]],
    ['what meets stays apart', [at(4, 2), at(0, 1, 1, 1, 1)], [at(0, 1, 1, 1, 1), at(4, 2)]],
    ['what is said again is left out', [at(0, 1, 2, 3), at(1, 2), at(1, 2, 3)], [at(0, 1, 2, 3)]],
    ['what goes on is cut', [at(0, 1, 2), at(1, 2, 3)], [at(0, 1, 2), at(2, 3)]],
    [
      'behind a piece that was all said before',
      [at(0, 1, 2, 3, 4), at(1, 2), at(2, 3, 4, 5)],
      [at(0, 1, 2, 3, 4), at(4, 5)],
    ],
    ['up to the last address', [at(0xffff_fffe, 1, 2)], [at(0xffff_fffe, 1, 2)]],
  ])('%s', (_what, segments, expected) => {
    expect(sort(segments)).toEqual(expected);
  });

  test('a piece that is cut keeps its line and its sections', () => {
    const piece = { ...at(1, 2, 3), line: 7, sections: ['.text'] };
    expect(sort([at(0, 1, 2), piece])).toEqual([
      at(0, 1, 2),
      { ...at(2, 3), line: 7, sections: ['.text'] },
    ]);
  });

  const origin = { what: 'S-record file', name: 'a.s37' };
  test.each<[string, Segment[], object]>([
    [
      'over the last address',
      [at(0xffff_ffff, 1, 2)],
      { problem: 'record-address', address: '0xFFFFFFFF' },
    ],
    [
      'over it, in a text file',
      [{ ...at(0xffff_ffff, 1, 2), line: 3 }],
      { problem: 'record-address', address: '0xFFFFFFFF', line: 3 },
    ],
    ['another byte', [at(0, 1, 2), at(1, 3)], { problem: 'overlap', address: '0x00000001' }],
    [
      'another byte of one before the last',
      [at(0, 1, 2, 3, 4), at(1, 2), at(3, 5)],
      { problem: 'overlap', address: '0x00000003' },
    ],
    [
      'in pieces that meet',
      [at(0, 1, 2), at(2, 3, 4), { ...at(1, 2, 3, 9), line: 4 }],
      { problem: 'overlap', address: '0x00000003' },
    ],
    [
      'in the first of two that it reaches over',
      [at(0, 1, 2, 3, 4), at(2, 3, 4, 5, 6), at(3, 9, 5, 6)],
      { problem: 'overlap', address: '0x00000003' },
    ],
    [
      'in a text file',
      [
        { ...at(0, 1), line: 1 },
        { ...at(0, 2), line: 2 },
      ],
      { problem: 'overlap', address: '0x00000000', line: 2 },
    ],
  ])('contradicts itself: %s', (_what, segments, details) => {
    for (const run of [sort, join, (s: Segment[], o: typeof origin) => merge(s, 100, o)]) {
      const error = refusal(() => run(segments, origin));
      expect(error).toMatchObject({ code: 'IMAGE_FORMAT' });
      expect(error.message).toContain('a.s37 (S-record file) can not be used: ');
      expect(error.details).toMatchObject(details);
      expect(Object.keys(error.details).sort()).toEqual(Object.keys(details).sort());
    }
  });

  test('the line of the other piece is told, where it has one', () => {
    const text = (first: Segment): string => refusal(() => sort([first, at(0, 2)])).message;
    expect(text({ ...at(0, 1), line: 12 })).toContain(
      'overlap others (line 12) that reach up to 0x00000000',
    );
    expect(text(at(0, 1))).toContain('overlap others that reach');
    expect(text(at(0, 1))).toMatch(/^the image can not be used: the 1 byte for/);
  });
});

test('gaps are what lies between', () => {
  const [a, b, c] = [at(0, 1), at(1, 2), at(5, 3)];
  expect(gapsOf([a, b, c])).toEqual([{ address: 2, length: 3, behind: c }]);
  expect(gapsOf([])).toEqual([]);
  expect(gapsOf([c])).toEqual([]);
});

test('joined, what meets is one run', () => {
  expect(join([])).toEqual([]);
  expect(join([at(1, 5)])).toEqual([at(1, 5)]);
  expect(join([at(5, 3), at(1, 2), at(0, 1), at(2, 9, 9)])).toEqual([at(0, 1, 2, 9, 9), at(5, 3)]);
});

describe('merged', () => {
  test('gaps read as erased', () => {
    expect(merge([at(5, 3), at(1, 1)], 100)).toEqual(at(1, 1, 255, 255, 255, 3));
    expect(merge([], 100)).toEqual(at(0));
  });

  test('as long as may be, and a byte longer', () => {
    const segments = [at(8, 1), { ...at(17, 2), line: 9 }];
    expect(merge(segments, 10).bytes).toHaveLength(10);
    const error = refusal(() => merge(segments, 9, { what: 'Intel HEX file', name: 'a.hex' }));
    expect(error.details).toEqual({ problem: 'too-far', line: 9, address: '0x00000011' });
    expect(error.message).toContain('from 0x00000008 to 0x00000011 it reaches over 10 bytes');
    expect(error.hint).toMatch(/^give the application alone/);
  });
});

describe('what is wrong with a file', () => {
  test.each<[object, string, object]>([
    [{}, 'the ELF file can not be used: why', {}],
    [{ file: '' }, 'the ELF file can not be used: why', {}],
    [{ file: 'a\n.elf' }, 'a?.elf (ELF file) can not be used: why', {}],
    [{ line: 1 }, 'the ELF file can not be used: line 1: why', { line: 1 }],
    [{ address: 0 }, 'the ELF file can not be used: why', { address: '0x00000000' }],
  ])('%j', (place, message, details) => {
    const error = fileError('cut-off', 'ELF file', 'why', place);
    expect(error).toMatchObject({ code: 'IMAGE_FORMAT', message });
    expect(error.details).toEqual({ problem: 'cut-off', ...details });
    expect(error.hint).toContain('build or download the file again');
    expect(fileError('cut-off', 'ELF file', 'why', place, 'do this').hint).toBe('do this');
  });
});
