// Intel HEX, S-record and raw binary: what is read, what is written, and that other programs agree.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import nrfIntelHex from 'nrf-intel-hex';
import { afterAll, describe, expect, test } from 'vitest';
import { writeBinary } from '../../host/image/binary.js';
import { readIntelHex, writeIntelHex } from '../../host/image/intel-hex.js';
import { loadFile } from '../../host/image/load.js';
import { readSRecord, writeSRecord } from '../../host/image/s-record.js';
import { join as joined, type Segment } from '../../host/image/segments.js';
import { built } from '../support/board.js';
import { randomBytes } from '../support/random.js';
import { srecord } from '../support/records.js';

const MemoryMap = nrfIntelHex as unknown as typeof nrfIntelHex.default;
const SEED = 20_240_502;
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

/** As toEqual, for many bytes and without an attempt to show them */
function expectSame(found: Uint8Array, expected: Uint8Array): void {
  expect([found.length, Buffer.compare(found, expected)]).toEqual([expected.length, 0]);
}

const folder = mkdtempSync(join(tmpdir(), 'iap-codecs-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Segments that do not overlap, in any order, near what is special: 64 KB blocks and the ends of the address space */
const segmentSets = (start: fc.Arbitrary<number>): fc.Arbitrary<Segment[]> =>
  fc
    .tuple(
      start,
      fc.array(
        fc.tuple(
          fc.oneof(fc.constant(0), fc.nat(40), fc.nat(0x2_0000)),
          fc.uint8Array({ minLength: 1, maxLength: 90 }),
        ),
        { minLength: 1, maxLength: 6 },
      ),
      fc.infiniteStream(fc.boolean()),
    )
    .map(([at, pieces, flips]) => {
      const segments: Segment[] = [];
      let address = at;
      for (const [gap, bytes] of pieces) {
        address += gap;
        const segment = { address, bytes };
        if (flips.next().value) segments.push(segment);
        else segments.unshift(segment);
        address += bytes.length;
      }
      return segments;
    });

const places = fc.oneof(
  fc.constantFrom(0, 0xfff0, 0xffff, 0x00ff_fff8, 0x0800_0000, 0x0800_8000, 0x0800_fff9),
  fc.nat(0x7fff_ffff),
);
/** Runs of bytes as text: quick to compare, short to show */
const plain = (segments: readonly Segment[]): string[] =>
  joined(segments).map(
    ({ address, bytes }) => `${address} ${Buffer.from(bytes).toString('base64')}`,
  );

describe('what is written is what is read', () => {
  const entries = fc.option(
    fc.nat(0xffff_fffe).map((n) => n + 1),
    { nil: undefined },
  );

  test('Intel HEX', () => {
    fc.assert(
      fc.property(segmentSets(places), entries, (segments, entry) => {
        const text = writeIntelHex(segments, entry);
        const read = readIntelHex(ascii(text));
        expect(plain(read.segments)).toEqual(plain(segments));
        expect(read.entry).toBe(entry);
        // Which takes addresses for signed numbers
        if (segments.some(({ address }) => address > 0x7fff_ff00)) return;
        const other = [...MemoryMap.fromHex(text.trimEnd()).join()];
        expect(plain(other.map(([address, bytes]) => ({ address, bytes })))).toEqual(
          plain(segments),
        );
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  test('S-record', () => {
    fc.assert(
      fc.property(segmentSets(places), entries, (segments, entry) => {
        const text = writeSRecord(segments, { header: 'app', ...(entry && { entry }) });
        const read = readSRecord(ascii(text));
        expect(plain(read.segments)).toEqual(plain(segments));
        expect(read.entry).toBe(entry);
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  test('raw binary: gaps are filled as erased flash reads', () => {
    const segments = [
      { address: 0x0800_8006, bytes: Uint8Array.of(9) },
      { address: 0x0800_8000, bytes: Uint8Array.of(1, 2) },
    ];
    const expected = { address: 0x0800_8000, bytes: Uint8Array.of(1, 2, 255, 255, 255, 255, 9) };
    expect(writeBinary(segments)).toEqual(expected);
  });

  test.each([
    ['the last byte there is', [{ address: 0xffff_ffff, bytes: Uint8Array.of(7) }]],
    ['the last block', [{ address: 0xffff_fff0, bytes: randomBytes(1, 16) }]],
    ['across a 64 KB block, odd', [{ address: 0x0800_fffb, bytes: randomBytes(2, 40) }]],
    ['200 KB', [{ address: 0x0800_8000, bytes: randomBytes(3, 200_001) }]],
  ])('%s', (_what, segments) => {
    expect(plain(readIntelHex(ascii(writeIntelHex(segments))).segments)).toEqual(plain(segments));
    expect(plain(readSRecord(ascii(writeSRecord(segments))).segments)).toEqual(plain(segments));
  });

  test('more data records than an S5 counts', () => {
    const segments = [{ address: 0, bytes: randomBytes(4, 16 * 0x1_0001) }];
    const text = writeSRecord(segments);
    expect(text).toContain(`\n${srecord('S6', '04010001')}\n`);
    expect(plain(readSRecord(ascii(text)).segments)).toEqual(plain(segments));
  });

  test('segments that contradict each other are not written', () => {
    const segments = [
      { address: 16, bytes: new Uint8Array(16) },
      { address: 31, bytes: Uint8Array.of(1) },
    ];
    for (const write of [writeIntelHex, writeSRecord, writeBinary]) {
      expect(() => write(segments)).toThrow('the 1 byte for 0x0000001F overlap');
    }
  });
});

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
