// The same dumps of flash into "iap dump-record" and into the bootloader's own code: same identity, same entries, same decision.
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { recordJson, recordTable } from '../../host/cli/record-text.js';
import { buildIdentity, readIdentity } from '../../host/factory/identity.js';
import { headerFor } from '../../host/image/image.js';
import { FlashDump } from '../../host/record/dump.js';
import { RECORD_SIZE } from '../../host/record/places.js';
import { type BootRecord, readRecord } from '../../host/record/record.js';
import type { Entry } from '../../host/record/slots.js';
import { decideStart, type Start } from '../../host/record/start.js';
import {
  APP_BASE,
  AreaHeader,
  crc32,
  encode,
  Header,
  IDENTITY_ADDRESS,
  Identity,
  ImageFlag,
  offsetOf,
  RECORD_A_ADDRESS,
  RECORD_AREA_SIZE,
  RECORD_FORMAT,
  RECORD_MAGIC,
  RECORD_SLOTS,
  RecordSlot,
} from '../../protocol/index.js';
import { filter } from '../support/filter.js';
import { appImage } from '../support/images.js';

/** As in test/bootloader/read_dumps.c */
const BASE = 0x0800_6c00;
const SIZE = 0x2400;
const FACTS = {
  appBase: APP_BASE,
  appEnd: BASE + SIZE,
  ram: { from: 0x2000_0000, to: 0x2000_5000 },
  trials: 3,
};
const RUNS = 3000;
const SEED = 20_261_120;
const IMAGE_SIZE = 1500;
const STATE_BITS = ['written', 'touched', 'valid', 'sealed', 'confirmed', 'closed'] as const;

const ask = filter('read-dumps');

interface Read {
  readonly record: BootRecord;
  readonly start: Start;
  readonly summary: unknown;
}

function readHere(bytes: Uint8Array): Read {
  const dump = new FlashDump(BASE, bytes);
  const at = (address: number, size: number): Uint8Array => {
    const found = dump.read(address, size);
    if (!found) throw new Error('the dump has it all');
    return found;
  };
  const record = readRecord(at(RECORD_A_ADDRESS, RECORD_SIZE));
  const identity = readIdentity(at(IDENTITY_ADDRESS, Identity.size));
  const start = decideStart(record, dump, FACTS);
  const { starts, stay } = start;
  // Whatever is in it can be told.
  const report = { board: undefined, identity, record, start };
  expect(recordTable(report).join('')).not.toMatch(/undefined|NaN|\[object|\p{Cc}/u);
  JSON.stringify(recordJson(report));
  const summary = {
    area: record.active?.address ?? 0,
    identity:
      identity.state === 'good'
        ? {
            product: Buffer.from(identity.identity.product).toString('hex'),
            hardware: identity.identity.hardware,
            address: identity.identity.address,
            flags: identity.identity.flags,
          }
        : null,
    installed: summaryOf(record.installed),
    verified: summaryOf(record.verified),
    pending: summaryOf(record.pending),
    starts,
    stay,
  };
  return { record, start, summary };
}

function summaryOf(entry: Entry | undefined): object | null {
  if (!entry) return null;
  const { address, sequence, marks, trials } = entry;
  const states = STATE_BITS.reduce((bits, mark, i) => bits | (marks[mark] ? 1 << i : 0), 0);
  return { address, sequence, crc32: entry.crc32, states, trials };
}

async function readByDevice(dumps: readonly Uint8Array[]): Promise<unknown[]> {
  // Which trials are counted is said by their number.
  const bits = (key: string, value: unknown) => (key === 'states' ? Number(value) & 0x3f : value);
  return (await ask(dumps)).map((answer): unknown => JSON.parse(answer, bits));
}

const APP = appImage(IMAGE_SIZE);
new DataView(APP.buffer).setUint32(0, 0x2000_5000, true);
const GOOD_HEADER = headerFor({ base: APP_BASE, bytes: APP }, APP_BASE);

const state = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(0xffff, 0) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xffff }) },
);
const wrong = fc.integer({ min: 0, max: 9 }).map((n) => n === 0);
const small = fc.integer({ min: 0, max: 9 });
const word = fc.integer({ min: 0, max: 0xffff_ffff });
const sequence = fc.oneof({ weight: 9, arbitrary: small }, { weight: 1, arbitrary: word });

const header = fc
  .record({ confirm: fc.boolean(), change: fc.option(fc.tuple(word, word)) })
  .map(({ confirm, change }) => {
    const bytes = GOOD_HEADER.slice();
    const view = new DataView(bytes.buffer);
    view.setUint32(offsetOf(Header, 'flags'), confirm ? ImageFlag.CONFIRM : 0, true);
    if (change && change[0] % 3 === 0) {
      const [at, value] = change;
      bytes[at % 60] = value;
    }
    return bytes;
  });

const slot = fc
  .record({ sequence, header, states: fc.array(state, { minLength: 12, maxLength: 12 }), wrong })
  .map((values) => {
    const bytes = new Uint8Array(RecordSlot.size).fill(0xff);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, values.sequence, true);
    bytes.set(values.header, offsetOf(RecordSlot, 'header'));
    const at = offsetOf(RecordSlot, 'crc32');
    view.setUint32(at, crc32(bytes.subarray(0, at)) ^ (values.wrong ? 1 : 0), true);
    values.states.forEach((value, i) => {
      view.setUint16(at + 4 + 2 * i, value, true);
    });
    return bytes;
  });

const area = fc
  .record({
    generation: sequence,
    sealed: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: state }),
    wrong,
    slots: fc.array(fc.option(slot, { freq: 3 }), { maxLength: RECORD_SLOTS }),
  })
  .map(({ generation, sealed, wrong: broken, slots }) => {
    const bytes = new Uint8Array(RECORD_AREA_SIZE).fill(0xff);
    const values = { magic: RECORD_MAGIC, format: RECORD_FORMAT, slotSize: RecordSlot.size };
    const rest = { generation, sealed, reserved: 0xffff };
    const at = offsetOf(AreaHeader, 'crc32');
    const before = encode(AreaHeader, { ...values, ...rest, crc32: 0 }).subarray(0, at);
    const sum = crc32(before) ^ (broken ? 0x8000_0000 : 0);
    bytes.set(encode(AreaHeader, { ...values, ...rest, crc32: sum >>> 0 }));
    slots.forEach((content, i) => {
      if (content) bytes.set(content, AreaHeader.size + i * RecordSlot.size);
    });
    return bytes;
  });

const dump = fc
  .record({
    areas: fc.tuple(area, area),
    identity: fc.option(
      fc.record({ product: fc.uint8Array({ minLength: 16, maxLength: 16 }), address: small }),
    ),
    // Anything anywhere: what was cut off reads as something, too.
    noise: fc.array(fc.tuple(fc.nat(SIZE - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 3 }),
    noisy: wrong,
  })
  .map(({ areas, identity, noise, noisy }) => {
    const bytes = new Uint8Array(SIZE).fill(0xff);
    areas.forEach((content, i) => {
      bytes.set(content, RECORD_A_ADDRESS - BASE + i * RECORD_AREA_SIZE);
    });
    if (identity?.product.some((byte) => byte !== 0)) {
      bytes.set(buildIdentity(identity), IDENTITY_ADDRESS - BASE);
    }
    bytes.set(APP, APP_BASE - BASE);
    if (noisy) for (const [at, value] of noise) bytes[at] = value;
    return bytes;
  });

/** Of many dumps, the first that the two read differently */
async function firstDifference(dumps: readonly Uint8Array[]): Promise<unknown> {
  const device = await readByDevice(dumps);
  for (const [i, bytes] of dumps.entries()) {
    const here = readHere(bytes).summary;
    if (!isDeepStrictEqual(here, device[i])) return { here, device: device[i] };
  }
  return undefined;
}

test('any dump: the bootloader and this program read the same', async () => {
  const dumps = fc.sample(dump, { numRuns: RUNS, seed: SEED });
  expect(await firstDifference(dumps)).toBeUndefined();
  const seen = new Map<string, number>();
  for (const bytes of dumps) {
    const { starts, stay } = readHere(bytes).start;
    const kind = starts ? 'started' : `stays for ${stay}`;
    seen.set(kind, (seen.get(kind) ?? 0) + 1);
  }
  console.log([...seen].map(([kind, count]) => `${kind}: ${count}`).join(', '));
  // Started, NO_RECORD, IN_PROGRESS, IMAGE_BAD, TRIALS_USED: each was met often.
  expect(seen.size).toBe(5);
  expect(Math.min(...seen.values())).toBeGreaterThan(20);
}, 60_000);

test('flash of nothing but noise', async () => {
  const noise = fc.uint8Array({ minLength: SIZE, maxLength: SIZE });
  expect(await firstDifference(fc.sample(noise, { numRuns: 50, seed: SEED }))).toBeUndefined();
});
