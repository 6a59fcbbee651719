// Image files of other programs, and ours in theirs: srec_cat and objcopy agree.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { writeBinary } from '../../host/image/binary.js';
import { writeIntelHex } from '../../host/image/intel-hex.js';
import { loadFile } from '../../host/image/load.js';
import { writeSRecord } from '../../host/image/s-record.js';
import { built } from '../support/board.js';
import { segmentSets } from '../support/segment-sets.js';

const SEED = 20_240_502;

/** As toEqual, for many bytes and without an attempt to show them */
function expectSame(found: Uint8Array, expected: Uint8Array): void {
  expect([found.length, Buffer.compare(found, expected)]).toEqual([expected.length, 0]);
}

const folder = mkdtempSync(join(tmpdir(), 'iap-codecs-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('other programs agree', { timeout: 300_000 }, () => {
  const path = (name: string): string => join(folder, name);

  /** The bytes that srec_cat makes of a file, from its lowest address on */
  function srecCat(name: string, format: string, base: number, size: number): Uint8Array {
    const [from, to] = [path(name), path(`${name}.out`)];
    const range = ['0', String(size)];
    execFileSync('srec_cat', [
      ...[from, format, '-offset', `-${base}`, '-fill', '0xFF', ...range, '-o', to, '-binary'],
    ]);
    return new Uint8Array(readFileSync(to));
  }

  function objcopy(name: string, format: string): Uint8Array {
    const [from, to] = [path(name), path(`${name}.out`)];
    execFileSync('arm-none-eabi-objcopy', [
      '-I',
      format,
      '-O',
      'binary',
      '--gap-fill',
      '0xFF',
      from,
      to,
    ]);
    return new Uint8Array(readFileSync(to));
  }

  test('srec_cat and objcopy read what is written here', () => {
    const flash = fc.integer({ min: 0x0800_0000, max: 0x0804_0000 });
    fc.assert(
      fc.property(segmentSets(flash), (segments) => {
        const { address, bytes } = writeBinary(segments);
        writeFileSync(path('x.hex'), writeIntelHex(segments, address + 1));
        writeFileSync(path('x.s37'), writeSRecord(segments, { header: 'x', entry: address + 1 }));
        expectSame(srecCat('x.hex', '-intel', address, bytes.length), bytes);
        expectSame(srecCat('x.s37', '-motorola', address, bytes.length), bytes);
        expectSame(objcopy('x.hex', 'ihex'), bytes);
        expectSame(objcopy('x.s37', 'srec'), bytes);
      }),
      { seed: SEED, numRuns: 20 },
    );
  });

  test('what srec_cat and objcopy write is read here', () => {
    const flash = fc.integer({ min: 0x0800_0000, max: 0x0804_0000 });
    fc.assert(
      fc.property(segmentSets(flash), (segments) => {
        const { address, bytes } = writeBinary(segments);
        writeFileSync(path('a.hex'), writeIntelHex(segments));
        const convert = (name: string, ...format: string[]): void => {
          execFileSync('srec_cat', [path('a.hex'), '-intel', '-o', path(name), ...format]);
          const { image } = loadFile(new Uint8Array(readFileSync(path(name))), { name });
          expect(image.base).toBe(address);
          expectSame(image.bytes, bytes);
        };
        convert('b.s37', '-motorola');
        convert('c.hex', '-intel');
        for (const [name, format] of [
          ['d.hex', 'ihex'],
          ['e.srec', 'srec'],
        ] as const) {
          execFileSync('arm-none-eabi-objcopy', [
            '-I',
            'ihex',
            '-O',
            format,
            path('a.hex'),
            path(name),
          ]);
          const { image } = loadFile(new Uint8Array(readFileSync(path(name))), { name });
          expect(image.base).toBe(address);
          expectSame(image.bytes, bytes);
        }
      }),
      { seed: SEED, numRuns: 10 },
    );
  });

  test("the demo application's ELF: the same bytes by every way", () => {
    const elf = built('build', 'stm32f103xb', 'demo-v1.elf');
    const { image, entry } = loadFile(new Uint8Array(readFileSync(elf)), { name: 'demo.elf' });
    const ways = { bin: 'binary', hex: 'ihex', srec: 'srec' };
    for (const [ending, format] of Object.entries(ways)) {
      const name = `demo.${ending}`;
      execFileSync('arm-none-eabi-objcopy', ['-O', format, elf, path(name)]);
      const file = new Uint8Array(readFileSync(path(name)));
      const loaded = loadFile(file, { name, base: 0x0800_8000 });
      expect(loaded.image.base).toBe(image.base);
      expectSame(loaded.image.bytes, image.bytes);
      if (ending !== 'bin') expect(loaded.entry).toBe(entry);
    }
    const segments = [{ address: 0x0800_8000, bytes: image.bytes }];
    writeFileSync(path('own.hex'), writeIntelHex(segments, entry));
    writeFileSync(path('own.s37'), writeSRecord(segments));
    expectSame(srecCat('own.hex', '-intel', 0x0800_8000, image.bytes.length), image.bytes);
    expectSame(objcopy('own.s37', 'srec'), image.bytes);
  });
});
