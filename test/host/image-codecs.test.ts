// Intel HEX, S-record and raw binary: what is written is what is read.
import fc from 'fast-check';
import nrfIntelHex from 'nrf-intel-hex';
import { describe, expect, test } from 'vitest';
import { writeBinary } from '../../host/image/binary.js';
import { readIntelHex, writeIntelHex } from '../../host/image/intel-hex.js';
import { readSRecord, writeSRecord } from '../../host/image/s-record.js';
import { join as joined, type Segment } from '../../host/image/segments.js';
import { randomBytes } from '../support/random.js';
import { srecord } from '../support/records.js';
import { segmentSets } from '../support/segment-sets.js';
import { utf8 } from '../support/text-bytes.js';

const MemoryMap = nrfIntelHex as unknown as typeof nrfIntelHex.default;
const SEED = 20_240_502;
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
        const read = readIntelHex(utf8(text));
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
        const read = readSRecord(utf8(text));
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
    expect(plain(readIntelHex(utf8(writeIntelHex(segments))).segments)).toEqual(plain(segments));
    expect(plain(readSRecord(utf8(writeSRecord(segments))).segments)).toEqual(plain(segments));
  });

  test('more data records than an S5 counts', () => {
    const segments = [{ address: 0, bytes: randomBytes(4, 16 * 0x1_0001) }];
    const text = writeSRecord(segments);
    expect(text).toContain(`\n${srecord('S6', '04010001')}\n`);
    expect(plain(readSRecord(utf8(text)).segments)).toEqual(plain(segments));
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
