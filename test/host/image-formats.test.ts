// Files of other formats are named and never taken for code; a program is never taken for one of them.
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inspect } from '../../host/check/inspect.js';
import { foreignFormat } from '../../host/image/foreign.js';
import { isIntelHex } from '../../host/image/intel-hex.js';
import { loadFile, loadSegments } from '../../host/image/load.js';
import { isPackage } from '../../host/image/package.js';
import { isSRecord } from '../../host/image/s-record.js';
import { loadDump } from '../../host/record/dump.js';
import { randomBytes } from '../support/random.js';
import { refusal } from '../support/refusal.js';
import { latin1 } from '../support/text-bytes.js';

const SEED = 20_261_128;
const padded = (text: string): Uint8Array => Uint8Array.of(...latin1(text), ...randomBytes(5, 900));

function windowsProgram(): Uint8Array {
  const file = new Uint8Array(600);
  file.set(latin1('MZ'));
  file[0x3c] = 0x80;
  file.set(latin1('PE\0\0'), 0x80);
  return file;
}

function tarArchive(): Uint8Array {
  const file = new Uint8Array(1024);
  file.set(latin1('app.bin'));
  file.set(latin1('ustar\0'), 257);
  return file;
}

const FORMATS: readonly (readonly [what: string, file: Uint8Array])[] = [
  ['a UF2 file', padded('UF2\nWQ]\x9e')],
  ['a DfuSe file', padded('DfuSe\x01')],
  [
    'DFU suffix',
    Uint8Array.of(...randomBytes(4, 64), ...latin1('\xff\xff\x11\xdf\x83\x04\0\x01UFD\x10abcd')),
  ],
  [
    'DFU suffix',
    Uint8Array.of(...randomBytes(4, 64), ...latin1('\xff\xff\x11\xdf\x83\x04\x1a\x01UFD\x10abcd')),
  ],
  ['MCUboot', padded('\x3d\xb8\xf3\x96\0\0\0\0')],
  ['U-Boot', padded('\x27\x05\x19\x56')],
  ['device tree', padded('\xd0\x0d\xfe\xed')],
  ['sparse image', padded('\x3a\xff\x26\xed')],
  ['Android', padded('ANDROID!')],
  ['object files', padded('!<arch>\n')],
  ['macOS', padded('\xcf\xfa\xed\xfe')],
  ['Windows', windowsProgram()],
  ['ZIP', padded('PK\x03\x04')],
  ['gzip', new Uint8Array(gzipSync(randomBytes(1, 100)))],
  ['bzip2', padded('BZh91AY&SY')],
  ['xz', padded('\xfd7zXZ\0')],
  ['7-Zip', padded('7z\xbc\xaf\x27\x1c')],
  ['Zstandard', padded('\x28\xb5\x2f\xfd')],
  ['LZ4', padded('\x04\x22\x4d\x18')],
  ['RAR', padded('Rar!\x1a\x07')],
  ['tar', tarArchive()],
  ['PDF', padded('%PDF-1.7\n')],
  ['an HTML page', latin1('\n<!doctype HTML>\n<title>404</title>')],
  ['an HTML page', latin1('<html lang="en">\n')],
  ['an XML file', latin1('<?xml version="1.0"?>\n<a/>')],
  ['a JSON file', latin1('{ "error": "not found" }')],
  ['Git LFS', latin1('version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1\n')],
  ['UTF-16', latin1(`\xff\xfe${[...':10000000'].join('\0')}\0`)],
  ['a text file', latin1('@08008000\n00 50 00 20 09 80 00 08\nq\n')],
  ['a text file', new TextEncoder().encode('die Datei für das Gerät\n'.repeat(400))],
];

describe('recognised by the content', () => {
  test.each(FORMATS)('%s', (what, file) => {
    for (const name of ['x', 'x.bin', 'x.img', '']) {
      for (const base of [undefined, 0x0800_0000]) {
        const options = { name, ...(base === undefined ? {} : { base }) };
        for (const load of [loadFile, loadSegments, loadDump]) {
          const error = refusal(() => load(file, options));
          expect(error).toMatchObject({
            code: 'IMAGE_FORMAT',
            details: { problem: 'other-format' },
          });
          expect(error.message).toContain(what);
          expect(error.hint).toBeDefined();
        }
      }
    }
    const [finding] = inspect(file, { name: 'x.bin' }).findings;
    expect(finding).toMatchObject({ id: 'other-format', severity: 'error' });
    const named = refusal(() => loadFile(file, { name: 'x.elf' }));
    expect(named.details).toEqual({ problem: 'misnamed' });
    expect(named.message).toContain('named like an ELF file, but is ');
    expect(named.message).toContain(what);
  });

  test.each([
    [':020000040800F2\n:00000001FF\n', 'an Intel HEX file', '.hex'],
    ['\r\n :020000040800F2\n', 'an Intel HEX file', '.hex'],
    ['\xef\xbb\xbf:020000040800F2\n', 'an Intel HEX file', '.hex'],
    ['S00600004844521B\n', 'an S-record file', '.srec'],
  ])('text named .bin: %j', (text, what, ending) => {
    for (const load of [loadFile, loadSegments, loadDump]) {
      const error = refusal(() => load(latin1(text), { name: 'x.BIN', base: 0x0800_0000 }));
      expect(error.details).toEqual({ problem: 'misnamed' });
      expect(error.message).toBe(`x.BIN is named like a raw binary, but reads as ${what}`);
      expect(error.hint).toBe(`rename it to ${ending}`);
    }
  });
});

describe('programs are none of these', () => {
  const program = fc
    .record({
      ram: fc.constantFrom(0x1000_0000, 0x2000_0000),
      stack: fc.integer({ min: 1, max: 0x10_0000 / 4 }),
      base: fc.nat(0x40_0000 / 1024 - 1),
      reset: fc.nat(0xffff),
      rest: fc.uint8Array({ minLength: 8, maxLength: 600 }),
    })
    .map(({ ram, stack, base, reset, rest }) => {
      const file = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, ...rest);
      const view = new DataView(file.buffer);
      view.setUint32(0, ram + 4 * stack, true);
      view.setUint32(4, 0x0800_0000 + base * 1024 + (reset | 1), true);
      return file;
    });

  function expectRaw(file: Uint8Array): void {
    expect([isPackage(file), isIntelHex(file), isSRecord(file), foreignFormat(file)]).toEqual([
      false,
      false,
      false,
      undefined,
    ]);
  }

  test('whatever is behind their first two vectors', () => {
    fc.assert(fc.property(program, expectRaw), { seed: SEED, numRuns: 20_000 });
  });

  test('with a stack pointer that reads as any text', () => {
    const file = new Uint8Array(600).fill(0x20);
    const view = new DataView(file.buffer);
    const bytes = [...latin1('\t\n\r :S0189AFaf')];
    for (const high of [0x10, 0x20]) {
      for (const third of [0, 1, ...bytes]) {
        for (const second of bytes) {
          for (const first of bytes) {
            file.set([first, second, third, high]);
            view.setUint32(4, 0x0801_3a3b, true);
            expectRaw(file);
          }
        }
      }
    }
  });

  test.each([
    ['erased flash', new Uint8Array(1000).fill(0xff)],
    ['zeros', new Uint8Array(1000)],
    ['one letter', new Uint8Array(1000).fill(0x55)],
    [
      'a stack at 0x20003A20, which reads as a space and a colon',
      latin1(' :\0 \x01\x81\0\x08aaaa'),
    ],
  ])('%s', (_what, file) => {
    expectRaw(file);
    expect(loadFile(file, { name: 'x.img' }).format).toBe('binary');
  });
});
