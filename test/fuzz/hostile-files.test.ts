// Hostile files into every loader there is: each loads and keeps its promises, or is refused in words about the file.
import { execFile } from 'node:child_process';
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { getHeapStatistics } from 'node:v8';
import fc from 'fast-check';
import nrfIntelHex from 'nrf-intel-hex';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import { sha256 } from '../../host/base/sha256.js';
import { checkImage, type Target } from '../../host/check/check-image.js';
import { inspect } from '../../host/check/inspect.js';
import { headerFor } from '../../host/image/image.js';
import { LARGEST_IMAGE } from '../../host/image/limits.js';
import { loadImage } from '../../host/image/load.js';
import { writeSRecord } from '../../host/image/s-record.js';
import type { Part } from '../../host/parts/parts.js';
import { APP_BASE, crc32, decode, encode, Header } from '../../protocol/index.js';
import { built } from '../support/board.js';
import { elf, elfOf } from '../support/elf.js';
import { appImage } from '../support/images.js';
import { randomFrom } from '../support/random.js';
import { utf8 } from '../support/text-bytes.js';

const SEED = 20_240_502;
const LONGEST_MS = 1000;
const MOST_BYTES = 64 * 1024 * 1024;
const LONGEST_MESSAGE = 800;
/** Escape sequences of 8-bit terminals, which have a test of their own */
const C1 = /[\x7f-\x9f]/g;
/** Signs of a message that was made of a value nobody looked at */
const CARELESS = /undefined|NaN|\[object|DataView|not iterable|is not a function/;
const root = resolve(import.meta.dirname, '../..');

const MemoryMap = nrfIntelHex as unknown as typeof nrfIntelHex.default;
const target: Target = {
  appBase: APP_BASE,
  appEnd: APP_BASE + 0x18000,
  product: new Uint8Array(16).fill(7),
  hardware: 3,
  identityFlags: 0xff,
  uniqueId: new Uint8Array(12).fill(5),
  capabilities: 3,
};

/** As expect, for what is asked a hundred thousand times */
function must(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function memory(): number {
  const { used_heap_size, external_memory } = getHeapStatistics();
  return used_heap_size + external_memory;
}

/** Runs it within the limits of time and memory; undefined if it threw an IapError that says something. */
function attempt<T>(run: () => T, codes: RegExp): T | undefined {
  const before = memory();
  const start = process.cpuUsage();
  try {
    return run();
  } catch (error) {
    if (!(error instanceof IapError)) throw error;
    const { code, message } = error;
    must(codes.test(code), `${code} is no code for this: ${message}`);
    must(
      /^[^\p{Cc}]{20,}$/u.test(message.replace(C1, '')),
      `not one line: ${JSON.stringify(message)}`,
    );
    must(!CARELESS.test(message), `not for people: ${message}`);
    must(message.length < LONGEST_MESSAGE, `too long: ${message}`);
    return undefined;
  } finally {
    const { user, system } = process.cpuUsage(start);
    const took = (user + system) / 1000;
    must(took < LONGEST_MS, `it took ${took} ms`);
    const grown = memory() - before;
    must(grown < MOST_BYTES, `it took ${grown} bytes`);
  }
}

const part: Part = {
  name: 'any',
  family: 'stm32f0',
  core: 'cortex-m0',
  flash: { from: 0x0800_0000, to: target.appEnd },
  page: 1024,
  ram: { from: 0x2000_0000, to: 0x2000_5000 },
  vectors: 48,
};

/** Whatever is in a file, "iap check" has something to say of it. */
function check(file: Uint8Array, name: string): void {
  for (const expected of [{}, { part }]) {
    const { ok, findings, assumed } = inspect(file, { name }, expected);
    must(ok || findings.some(({ severity }) => severity === 'error'), 'refused without a reason');
    must(findings.length < 30, `${findings.length} findings`);
    for (const { message, found, hint } of findings) {
      for (const text of [message, found, hint, ...assumed]) {
        must(
          /^[^\p{Cc}]{4,}$/u.test(text.replace(C1, '')),
          `not one line: ${JSON.stringify(text)}`,
        );
        must(!CARELESS.test(text), `not for people: ${text}`);
        must(text.length < LONGEST_MESSAGE, `too long: ${text}`);
      }
    }
  }
}

/** @returns whether it was loaded */
function load(file: Uint8Array, name: string): boolean {
  check(file, name);
  const image = attempt(() => loadImage(file, { name }), /^IMAGE_(FORMAT|EMPTY)$/);
  if (!image) return false;
  const { base, bytes, header } = image;
  must(bytes.length > 0, 'an empty image');
  if (base === undefined) {
    must(same(bytes, file), 'a raw binary is the file');
  } else {
    must(Number.isInteger(base) && base >= 0, `${base} is no address`);
    must(bytes.length <= LARGEST_IMAGE, `${bytes.length} bytes are more than any device has`);
  }
  if (header) {
    const { imageSize, imageCrc32, imageSha256, loadAddress } = decode(Header, header);
    must(imageSize === bytes.length && loadAddress === base, 'the header is of another image');
    must(imageCrc32 === crc32(bytes), 'the CRC-32 is of another image');
    must(same(imageSha256, sha256(bytes)), 'the SHA-256 is of another image');
  }
  attempt(() => {
    checkImage(image, target);
    const made = decode(Header, headerFor(image, target.appBase));
    must(made.loadAddress === target.appBase, 'an image for another address was taken');
    must(made.imageSize === bytes.length, 'its header says another size');
    must(bytes.length <= target.appEnd - target.appBase, 'an image that is too large was taken');
  }, /^IMAGE_/);
  return true;
}

/** Every length of a small file, some hundred of a large one and all near its ends */
function* lengths(size: number, most = 1500): Generator<number> {
  const step = Math.max(1, Math.ceil(size / most));
  for (let length = 0; length < size; length++) {
    if (length % step === 0 || length < 300 || size - length < 100) yield length;
  }
}

function packageOf(bytes: Uint8Array): Uint8Array {
  return Uint8Array.of(...headerFor({ base: APP_BASE, bytes }, APP_BASE), ...bytes);
}

const image = appImage(300);
const sections = [
  { address: APP_BASE, bytes: image },
  { address: APP_BASE + 320, bytes: Uint8Array.of(5, 6) },
];
const pieces = [
  { address: APP_BASE, bytes: image, section: '.text' },
  { address: APP_BASE + 320, bytes: image.subarray(0, 40), section: '.crc', segment: false },
  { address: APP_BASE + 380, bytes: image.subarray(0, 40) },
  { address: APP_BASE + 310, runs: 0x2000_0000, bytes: Uint8Array.of(5, 6), section: '.data' },
];
const hexText = new MemoryMap([
  [APP_BASE, image],
  [APP_BASE + 0x200, image.subarray(0, 40)],
]).asHexString();

/** Whether a file that was cut off may still count as one */
interface Sample {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly cutIsSeen: boolean;
}

const samples: readonly Sample[] = [
  { name: 'small.bin', bytes: image, cutIsSeen: false },
  { name: 'small.hex', bytes: utf8(`${hexText}\n`), cutIsSeen: true },
  {
    name: 'small.s37',
    bytes: utf8(writeSRecord(sections, { header: 'small', entry: APP_BASE + 9 })),
    cutIsSeen: true,
  },
  { name: 'small.elf', bytes: elf({ sections }), cutIsSeen: true },
  {
    name: 'stripped.elf',
    bytes: elf({ sections: [sections[0] as never], withSections: false }),
    cutIsSeen: true,
  },
  { name: 'pieces.elf', bytes: elfOf(pieces), cutIsSeen: true },
  { name: 'headers.elf', bytes: elf({ sections, headersInSegment: true }), cutIsSeen: true },
  { name: 'small.iap', bytes: packageOf(image), cutIsSeen: true },
  ...['bin', 'hex', 'elf'].map((ending) => ({
    name: `demo-v1.${ending}`,
    bytes: new Uint8Array(readFileSync(built('build', 'stm32f103xb', `demo-v1.${ending}`))),
    cutIsSeen: ending !== 'bin',
  })),
];

/** Of text files line ends may go, of S-records also the end record, behind a count of all data. */
function wholeLength(name: string, bytes: Uint8Array): (length: number) => boolean {
  const text = new TextDecoder().decode(bytes);
  const end = name.endsWith('hex') || name.endsWith('s37') ? text.trimEnd().length : bytes.length;
  const counted = name.endsWith('s37') ? text.lastIndexOf('\nS7') : end;
  return (length) => length >= end || length === counted || length === counted + 1;
}

describe.each(samples)('$name', ({ name, bytes, cutIsSeen }) => {
  test('as it is', () => {
    expect(load(bytes, name)).toBe(true);
  });

  test('cut off anywhere', () => {
    const whole = wholeLength(name, bytes);
    for (const length of lengths(bytes.length)) {
      const loaded = load(bytes.subarray(0, length), name);
      if (cutIsSeen && !whole(length)) {
        must(!loaded, `cut to ${length} bytes it still counts as whole`);
      }
    }
  });

  test('with bytes changed, put in, taken out and repeated', () => {
    const where = fc.nat(bytes.length - 1);
    // Most of what can go wrong is in the headers.
    const at = fc.oneof(where, fc.nat(Math.min(bytes.length - 1, 300)));
    const value = fc.oneof(
      fc.integer({ min: 0, max: 255 }),
      fc.constantFrom(0, 1, 0x7f, 0x80, 0xff),
    );
    const fault = fc.tuple(fc.constantFrom('set', 'word', 'in', 'out', 'again'), at, value, where);
    fc.assert(
      fc.property(fc.array(fault, { minLength: 1, maxLength: 4 }), (faults) => {
        let file = bytes;
        for (const [kind, position, byte, other] of faults) {
          const p = Math.min(position, file.length - 1);
          if (p < 0) break;
          const before = file.subarray(0, p);
          const after = file.subarray(p);
          if (kind === 'set') file = file.with(p, byte);
          else if (kind === 'word') file = file.slice().fill(byte, p, p + 4);
          else if (kind === 'in') file = join2(before, Uint8Array.of(byte), after);
          else if (kind === 'out') file = join2(before, after.subarray(1 + (byte % 32)));
          else file = join2(before, file.subarray(other, other + byte), after);
        }
        load(file, name);
      }),
      { seed: SEED, numRuns: bytes.length > 2000 ? 400 : 1500 },
    );
  });
});

function join2(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

describe('any bytes, by any name', () => {
  const magic = fc.constantFrom(
    '',
    ':',
    ' \n:',
    '\x7fELF',
    'IAPH',
    ':00000001FF',
    ':020000040800F2\n',
    'S30908008010112233',
    'UF2\n',
    '\x1f\x8b\x08',
    '{ "a": 1 }\n',
  );
  test.each(['x', 'x.bin', 'x.hex', 'x.s37', 'x.elf', 'x.iap', '.hex', 'x.HEX'])('%s', (name) => {
    fc.assert(
      fc.property(magic, fc.uint8Array({ maxLength: 700 }), (start, rest) => {
        load(join2(utf8(start), rest), name);
      }),
      { seed: SEED, numRuns: 400 },
    );
  });
});

describe('Intel HEX, record by record', () => {
  function record(
    type: number,
    address: number,
    data: readonly number[],
    length = data.length,
  ): string {
    const bytes = [length & 255, (address >> 8) & 255, address & 255, type, ...data];
    const sum = bytes.reduce((total, byte) => total + byte, 0);
    return `:${Buffer.from([...bytes, -sum & 255])
      .toString('hex')
      .toUpperCase()}`;
  }
  const END = record(1, 0, []);

  test('records with right checksums in any order', () => {
    const data = fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 20 });
    const address = fc.oneof(
      fc.integer({ min: 0, max: 0xffff }),
      fc.constantFrom(0, 0xfff0, 0xffff),
    );
    const one = fc.tuple(
      fc.integer({ min: 0, max: 6 }),
      address,
      data,
      fc.constantFrom(0, 0, 0, 1, -1),
    );
    fc.assert(
      fc.property(fc.array(one, { maxLength: 8 }), (records) => {
        const lines = records.map(([type, at, bytes, more]) =>
          record(type, type === 0 ? at : at % 2, bytes, bytes.length + more),
        );
        load(utf8([...lines, END].join('\n')), 'x.hex');
      }),
      { seed: SEED, numRuns: 3000 },
    );
  });

  test.each([
    ['an extended linear address without bytes', record(4, 0, [])],
    ['an extended linear address of one byte', record(4, 0, [8])],
    ['an extended linear address of three bytes', record(4, 0, [8, 0, 0])],
    ['an extended segment address without bytes', record(2, 0, [])],
    ['an extended segment address of one byte', record(2, 0, [0x10])],
  ])('%s is damage, not an address', (_what, line) => {
    const file = utf8([line, record(0, 0x8000, [1, 2, 3, 4]), END].join('\n'));
    expect(load(file, 'x.hex')).toBe(false);
  });

  test('control characters of the file do not reach the terminal', () => {
    for (const code of [0x07, 0x1b, 0x7f, 0x85, 0x9b, 0x9d]) {
      const file = Uint8Array.of(...utf8(':10'), code, ...utf8('31mX'));
      try {
        loadImage(file, { name: 'x.hex' });
      } catch (error) {
        expect((error as Error).message).not.toMatch(/\p{Cc}/u);
      }
    }
  });

  test('addresses up to the last, and beyond', () => {
    for (const high of [0x7fff, 0x8000, 0xffff]) {
      const base = record(4, 0, [high >> 8, high & 255]);
      load(utf8([base, record(0, 0xfffe, [1, 2]), END].join('\n')), 'x.hex');
      expect(load(utf8([base, record(0, 0xfffe, [1, 2, 3]), END].join('\n')), 'x.hex')).toBe(false);
    }
  });

  test('a data record without bytes', () => {
    load(utf8([record(0, 0, []), END].join('\n')), 'x.hex');
    load(utf8([record(0, 0x10, [1]), record(0, 0x11, []), END].join('\n')), 'x.hex');
  });

  test('40000 records of one byte', () => {
    const lines: string[] = [];
    for (let i = 0; i < 40_000; i++) lines.push(record(0, i, [i & 255]));
    load(utf8([...lines, END].join('\n')), 'x.hex');
  });
});

describe('ELF, field by field', () => {
  const file = elf({ sections });
  const edges = [
    0, 1, 31, 32, 39, 40, 41, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0,
    0xffff_ffff,
  ];

  test('each word and half-word of its headers takes each extreme', () => {
    const headers = [...Array(84).keys()];
    const tables = [...Array(file.length - 84 - 300).keys()].map((i) => i + file.length - 120);
    for (const at of [...headers, ...tables]) {
      for (const value of edges) {
        for (const size of [2, 4] as const) {
          if (at + size > file.length) continue;
          const bytes = file.slice();
          const view = new DataView(bytes.buffer);
          if (size === 2) view.setUint16(at, value & 0xffff, true);
          else view.setUint32(at, value, true);
          load(bytes, 'x.elf');
        }
      }
    }
  });

  test('an image that reaches over the last address is damage', () => {
    const bytes = file.slice();
    new DataView(bytes.buffer).setUint32(52 + 12, 0xffff_ff00, true);
    expect(load(bytes, 'x.elf')).toBe(false);
  });

  test('40000 headers of segments and as many of sections', () => {
    const count = 40_000;
    const bytes = new Uint8Array(84 + count * 40);
    const view = new DataView(bytes.buffer);
    bytes.set(file.subarray(0, 52));
    view.setUint32(28, 84, true); // both tables in the same bytes
    view.setUint32(32, 84, true);
    view.setUint16(42, 40, true);
    view.setUint16(44, count, true);
    view.setUint16(46, 40, true);
    view.setUint16(48, count, true);
    for (let i = 0; i < count; i++) {
      const at = 84 + i * 40;
      view.setUint32(at, 1, true); // PT_LOAD
      view.setUint32(at + 4, 1, true); // its offset, and SHT_PROGBITS
      view.setUint32(at + 8, 2, true); // SHF_ALLOC
      view.setUint32(at + 12, APP_BASE, true);
      view.setUint32(at + 16, 1, true); // the segment's size, and the section's offset
      view.setUint32(at + 20, 2, true); // the section's size: in no segment
    }
    load(bytes, 'x.elf');
  });
});

describe('packages with a header that is wrong and an image that is right', () => {
  test('any field', () => {
    const good = packageOf(image);
    fc.assert(
      fc.property(fc.nat(255), fc.integer({ min: 0, max: 255 }), (at, value) => {
        load(good.with(at, value), 'x.iap');
      }),
      { seed: SEED, numRuns: 1500 },
    );
  });

  test('sizes and addresses at the edges', () => {
    const header = decode(Header, headerFor({ base: APP_BASE, bytes: image }, APP_BASE));
    for (const value of [0, 1, 299, 301, 0x7fff_ffff, 0xffff_ffff]) {
      load(join2(encode(Header, { ...header, imageSize: value }), image), 'x.iap');
      load(join2(encode(Header, { ...header, loadAddress: value }), image), 'x.iap');
    }
  });

  test('an image that reaches over the last address is damage', () => {
    const header = decode(Header, headerFor({ base: APP_BASE, bytes: image }, APP_BASE));
    const file = join2(encode(Header, { ...header, loadAddress: 0xffff_fff0 }), image);
    expect(load(file, 'x.iap')).toBe(false);
  });
});

describe('parts and boards', () => {
  const run = promisify(execFile);
  let tree: string;

  beforeAll(() => {
    tree = mkdtempSync(join(tmpdir(), 'iap-hostile-'));
    for (const path of [
      'bootloader-c',
      'protocol/protocol.json',
      'scripts/generated.mjs',
      'test/board/parts.generated.h',
    ]) {
      cpSync(join(root, path), join(tree, path), { recursive: true });
    }
    symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
  });

  afterAll(() => rmSync(tree, { recursive: true, force: true }));

  /** What the generator says of one changed file; undefined if it takes it */
  async function complaint(path: string, text: string): Promise<string | undefined> {
    const full = join(tree, path);
    const old = readFileSync(full, 'utf8');
    writeFileSync(full, text);
    try {
      await run('node', ['bootloader-c/generate/generate.mjs', '--check'], { cwd: tree });
      return undefined;
    } catch (error) {
      return (error as { stderr: string }).stderr;
    } finally {
      writeFileSync(full, old);
    }
  }

  /** It takes the file, or says that its output would differ, or names the file and what is wrong with it. */
  function expectAnswer(path: string, stderr: string | undefined): void {
    if (stderr === undefined || /is not what its source says/.test(stderr)) return;
    expect(stderr).toContain(path);
    expect(stderr).not.toMatch(/TypeError|ReferenceError|undefined|NaN|Maximum call stack/);
  }

  const files = ['bootloader-c/parts', 'bootloader-c/boards'].flatMap((folder) =>
    readdirSync(join(root, folder)).map((file) => `${folder}/${file}`),
  );
  const few = [files[0], files.at(-1)].filter((file) => file !== undefined);

  test.each(few)('%s, cut off', async (path) => {
    const text = readFileSync(join(root, path), 'utf8');
    const random = randomFrom(SEED);
    const cuts = [
      0,
      1,
      text.trimEnd().length - 1,
      ...Array.from({ length: 5 }, () => Math.floor(random() * text.length)),
    ];
    for (const length of cuts) {
      const stderr = await complaint(path, text.slice(0, length));
      expect(stderr, `cut to ${length}`).toBeDefined();
      expectAnswer(path, stderr);
    }
  });

  const values: readonly unknown[] = [null, -1, 1e300, '', '0xZZ', [], {}, true];

  test.each(few)('%s, a value changed or taken out', async (path) => {
    const good = JSON.parse(readFileSync(join(root, path), 'utf8')) as Record<string, unknown>;
    const keys = Object.keys(good);
    const random = randomFrom(SEED);
    for (let i = 0; i < 8; i++) {
      const key = keys[Math.floor(random() * keys.length)] ?? '';
      const { [key]: _, ...rest } = good;
      const value = values[i];
      const changed = i % 2 === 0 ? { ...good, [key]: value } : rest;
      expectAnswer(path, await complaint(path, JSON.stringify(changed)));
    }
  });

  test.each([
    ['null', 'null'],
    ['a list', '[]'],
    ['a number', '7'],
    ['an object with a prototype of its own', '{"__proto__": {"name": "x"}}'],
    ['deeper than any stack', '['.repeat(10_000)],
  ])('a board that is %s', async (_what, text) => {
    const [path = ''] = files.filter((file) => file.includes('boards'));
    const stderr = await complaint(path, text);
    expect(stderr).toBeDefined();
    expectAnswer(path, stderr);
  });
});
