// Compression by Node.js, as the library wants it: raw DEFLATE, as short as it gets.
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { deflate } from '../../host/node/deflate.js';
import { appImage } from '../support/images.js';

const bytes = appImage(3000).map((byte) => byte & 0x1f);
const NONE = new Uint8Array();

test('what is compressed comes out again, with the dictionary that it was made with', () => {
  const dictionary = bytes.subarray(500, 2500);
  const alone = deflate(bytes, NONE);
  const copied = deflate(bytes, dictionary);
  expect(new Uint8Array(inflateRawSync(alone))).toEqual(bytes);
  expect(new Uint8Array(inflateRawSync(copied, { dictionary }))).toEqual(bytes);
  expect(copied.length).toBeLessThan(alone.length / 2);
  expect(alone.constructor).toBe(Uint8Array);
});

test('it is as short as zlib makes it', () => {
  const best = deflateRawSync(bytes, { level: 9, memLevel: 9 });
  expect(deflate(bytes, NONE)).toHaveLength(best.length);
});
