// The CRC is the one the specification names.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CRC_CHECK, crc32 } from '../../protocol/index.js';
import { utf8 } from '../support/text-bytes.js';

test('check value', () => {
  expect(crc32(utf8('123456789'))).toBe(CRC_CHECK);
});

test('nothing, one zero, and 256 times A', () => {
  expect(crc32(new Uint8Array())).toBe(0);
  expect(crc32(Uint8Array.of(0))).toBe(0xd202ef8d);
  expect(crc32(utf8('A'.repeat(256)))).toBe(0x49975b13);
});

test('in two parts as in one, wherever it is cut', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), (bytes, cut) => {
      const whole = crc32(bytes);
      expect(crc32(bytes.subarray(cut), crc32(bytes.subarray(0, cut)))).toBe(whole);
    }),
  );
});
