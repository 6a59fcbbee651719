// A bootloader in memory that does what docs/bootloader-spec.md wants passes every check that says something of it.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { CHECKS } from '../../host/conformance/checks/index.js';
import type { ConformOptions } from '../../host/conformance/run.js';
import { Capability, type HelloResponse } from '../../protocol/index.js';
import { SpecimenBench, sign } from '../support/specimen-bench.js';

const { BAUD, DEFLATE, HALF_DUPLEX, SIGNATURE } = Capability;
const CONVERSATIONS = join(import.meta.dirname, 'conformance-conversations.txt');

interface Kind {
  readonly info?: Partial<HelloResponse>;
  readonly options?: Partial<ConformOptions>;
  readonly powered?: boolean;
  /** Lowest security counter that it takes */
  readonly floor?: number;
  /** Checks to which it makes a difference */
  readonly ids: readonly string[];
}

const KINDS: Readonly<Record<string, Kind>> = {
  'all there is': {
    options: { permanent: true },
    powered: true,
    ids: CHECKS.map(({ id }) => id).filter((id) => !/^(signed-|half-duplex)/.test(id)),
  },
  'without identity and capabilities': {
    info: { product: new Uint8Array(16), capabilities: 0, identityFlags: 0xff, address: 0 },
    ids: ['other-address', 'begin-refused', 'compressed-capabilities', 'next-means-flash'],
  },
  'any image, an address of its own': {
    info: { identityFlags: 0xff },
    options: { address: 17 },
    ids: ['other-address', 'begin-refused', 'silent'],
  },
  'a security counter': {
    floor: 5,
    options: { permanent: true },
    ids: ['rollback', 'floor', 'begin-refused'],
  },
  'no dictionaries': { info: { capabilities: DEFLATE }, ids: ['dictionary'] },
  'the longest frames': {
    info: { maxPayload: 4096, window: 8192 },
    ids: ['too-long', 'payload-limit'],
  },
  'a small area': {
    info: { appEnd: 0x0800_8000 + 6 * 256, window: 4096 },
    ids: ['window', 'dictionary', 'pages-range'],
  },
  'large pages, a small window': {
    info: { pageSize: 2048, appEnd: 0x0800_8000 + 20 * 2048, window: 1024, maxPayload: 272 },
    ids: ['bad-crc', 'window', 'gap', 'page-crc', 'wrong-sha', 'compressed-page'],
  },
  'a slow line of one rate': {
    info: { defaultRate: 9600, maxRate: 9600 },
    ids: ['noise', 'hello', 'baud-refused', 'baud-returns', 'window', 'listening-window'],
  },
  'signed images alone': {
    info: { capabilities: BAUD | SIGNATURE },
    options: { sign },
    powered: true,
    ids: [
      'signed-refused',
      'signed-pages',
      'signed-hello',
      'pages-range',
      'begin-refused',
      'update',
    ].concat(['next-means-flash', 'rollback']),
  },
  'signed images alone, and no key': {
    info: { capabilities: BAUD | SIGNATURE },
    ids: ['too-long', 'broadcast', 'long-requests', 'hello', 'baud-returns', 'pages-range'].concat([
      'signed-refused',
      'signed-hello',
    ]),
  },
  'a half-duplex pair': {
    info: { capabilities: BAUD | HALF_DUPLEX },
    ids: ['silent', 'baud-returns', 'half-duplex', 'listening-window', 'idle'],
  },
};

const cases = Object.entries(KINDS).flatMap(([kind, { ids }]) =>
  ids.map((id) => [kind, id] as const),
);

const known = new Map(
  readFileSync(CONVERSATIONS, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(' | ') as [string, string]),
);

// What a check sends was found right where the real bootloader answered. A right one answers as well if a check sends less, or
// something else: that must not come by itself.
test.each(cases)('%s: %s', async (kind, id) => {
  const { info, options, powered, floor = 0 } = KINDS[kind] as Kind;
  const bench = new SpecimenBench(info);
  bench.device.update.floor = floor;
  const power = powered ? { power: bench.power } : {};
  const { verdict, expected, found, reason } = await bench.check(id, { ...options, ...power });
  expect({ verdict, expected, found, reason }).toEqual({ verdict: 'pass' });
  const { conversation } = bench;
  const title = `${kind}: ${id}`;
  if (process.env.IAP_UPDATE_DOCS) {
    known.set(title, conversation);
    onTestFinished(() => {
      const lines = cases.map(([k, i]) => `${k}: ${i} | ${known.get(`${k}: ${i}`) ?? ''}\n`);
      writeFileSync(CONVERSATIONS, lines.join(''));
    });
  }
  expect(conversation).toBe(known.get(title));
});
