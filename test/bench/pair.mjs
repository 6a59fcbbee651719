#!/usr/bin/env node
// What an update from one image to the next would send, a line a pair, without a device: build the host, then
//   node test/bench/pair.mjs [--baud N] [--page N] OLD NEW [NEWER]...
// Each page is decoded again with what a device's flash would hold at that moment.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { inflateRawSync } from 'node:zlib';
import { sha256 } from '../../dist/host/base/sha256.js';
import { packerFor } from '../../dist/host/compress/packer.js';
import { loadImage } from '../../dist/host/image/load.js';
import { pagesOf } from '../../dist/host/image/pages.js';
import { deflate } from '../../dist/host/node/deflate.js';
import {
  Capability,
  crc32,
  DeflateHead,
  decode,
  Encoding,
  ImageState,
  PageHead,
} from '../../dist/protocol/index.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    baud: { type: 'string', default: '115200' },
    page: { type: 'string', default: '2048' },
  },
});
const rate = Number(values.baud);
const pageSize = Number(values.page);
const images = positionals.map((name) => ({
  name: basename(name),
  bytes: loadImage(new Uint8Array(readFileSync(name)), { name }).bytes,
}));

function flashWith(bytes) {
  const flash = new Uint8Array(512 * 1024).fill(0xff);
  flash.set(bytes);
  return flash;
}

function decoded({ encoding, bytes }, flash) {
  if (encoding === Encoding.RAW) return bytes;
  const { dictionaryEnd, dictionaryPages } = decode(DeflateHead, bytes);
  const end = dictionaryEnd * pageSize;
  const dictionary = flash.slice(end - dictionaryPages * pageSize, end);
  return inflateRawSync(
    bytes.subarray(DeflateHead.size),
    dictionary.length > 0 ? { dictionary } : {},
  );
}

/** Bytes in DATA frames, heads of pages included, of the update from `old`; `known`: the host has it */
async function sent(old, image, known) {
  const flash = flashWith(old);
  const pages = pagesOf(image, pageSize);
  const at = (number) => flash.subarray(number * pageSize, (number + 1) * pageSize);
  const found = pages.map(({ number }) => crc32(at(number)));
  const info = {
    pageSize,
    capabilities: Capability.DEFLATE | Capability.DICTIONARY,
    installed: {
      sha256: sha256(old),
      size: old.length,
      state: ImageState.VALID | ImageState.CHECKED | ImageState.GOOD,
    },
  };
  const candidates = async () => (known ? [old] : []);
  const packer = await packerFor(info, rate, { deflate, old: { candidates } });
  const differing = pages.filter(({ crc32 }, i) => crc32 !== found[i]);
  let bytes = 0;
  for (const page of packer.plan(pages, found, differing)) {
    const encoded = packer.encode(page);
    bytes += PageHead.size + encoded.bytes.length;
    if (Buffer.compare(decoded(encoded, flash), page.bytes) !== 0)
      throw new Error('decodes to another page');
    at(page.number).fill(0xff).set(page.bytes);
  }
  return { bytes, differing: differing.length, pages: pages.length };
}

for (const [i, { name, bytes }] of images.entries()) {
  const old = images[i - 1];
  if (!old) continue;
  const delta = await sent(old.bytes, bytes, true);
  const alone = await sent(old.bytes, bytes, false);
  const share = (part) => (part / bytes.length).toFixed(3);
  console.log(
    `${old.name} > ${name}: ${bytes.length} bytes, ${delta.differing} of ${delta.pages} pages differ; sent ${share(delta.bytes)}, without the old image ${share(alone.bytes)}`,
  );
}
