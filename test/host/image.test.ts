// Image files: what is read, and what is refused in which words.
import fc from 'fast-check';
import nrfIntelHex from 'nrf-intel-hex';
import { describe, expect, test } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import { sha256 } from '../../host/base/sha256.js';
import { checkImage, type Target } from '../../host/check/check-image.js';
import { headerFor, type Image } from '../../host/image/image.js';
import { loadImage } from '../../host/image/load.js';
import { decode, encode, Header, ImageFlag, Mode } from '../../protocol/index.js';
import { elf } from '../support/elf.js';
import { appImage } from '../support/images.js';
import { randomBytes } from '../support/random.js';
import { refusal } from '../support/refusal.js';
import { utf8 } from '../support/text-bytes.js';

const BASE = 0x0800_8000;
const MemoryMap = nrfIntelHex as unknown as typeof nrfIntelHex.default;
function hexFile(blocks: readonly [number, Uint8Array][]): string {
  return new MemoryMap(blocks).asHexString();
}

describe('raw binaries', () => {
  test('do not say where they belong', () => {
    expect(loadImage(appImage(101))).toMatchObject({ base: undefined, bytes: appImage(101) });
  });

  test('may be told', () => {
    expect(loadImage(appImage(8), { base: BASE }).base).toBe(BASE);
  });

  test('empty', () => {
    expect(refusal(() => loadImage(new Uint8Array())).code).toBe('IMAGE_EMPTY');
  });

  test.each([
    [':00000001FF\n', '.hex'],
    ['S9030000FC\n', '.srec'],
  ])('a name does not make one of text: %j', (text, ending) => {
    const error = refusal(() => loadImage(utf8(text), { name: 'x.bin', base: BASE }));
    expect(error).toMatchObject({ code: 'IMAGE_FORMAT', details: { problem: 'misnamed' } });
    expect(error.hint).toBe(`rename it to ${ending}`);
  });
});

describe('Intel HEX', () => {
  test('with a gap, which reads as erased', () => {
    const text = hexFile([
      [BASE, Uint8Array.of(1, 2)],
      [BASE + 5, Uint8Array.of(9)],
    ]);
    const image = loadImage(utf8(text), { name: 'app.hex' });
    expect(image).toMatchObject({ base: BASE, bytes: Uint8Array.of(1, 2, 255, 255, 255, 9) });
  });

  test('with any line ends and empty lines', () => {
    const text = hexFile([[BASE, randomBytes(3, 100)]]).replace(/\n/g, '\r\n\r\n');
    expect(loadImage(utf8(text)).bytes).toEqual(randomBytes(3, 100));
  });

  test.each([
    ['a wrong checksum', (l: string[]) => l.with(2, `${l[2]?.slice(0, -2)}00`), 'line 3'],
    ['a line cut short', (l: string[]) => l.with(3, l[3]?.slice(0, -3) ?? ''), 'line 4'],
    ['a line that is no record', (l: string[]) => l.with(1, 'hello'), 'line 2'],
    ['the end missing', (l: string[]) => l.slice(0, -1), 'end record'],
    [
      'two bytes for one address',
      (l: string[]) => l.toSpliced(2, 0, ':0180000000' + '7F'),
      'line 3',
    ],
  ])('%s', (_what, damage, text) => {
    const lines = hexFile([[BASE, randomBytes(3, 100)]])
      .trim()
      .split('\n');
    const file = utf8(damage(lines).join('\n'));
    const error = refusal(() => loadImage(file, { name: 'app.hex' }));
    expect(error.code).toBe('IMAGE_FORMAT');
    expect(error.message).toContain(text);
  });

  test('that reaches over a gigabyte takes no memory', () => {
    const text = hexFile([
      [0x6000_0000, Uint8Array.of(1)],
      [0x7000_0000, Uint8Array.of(1)],
    ]);
    expect(refusal(() => loadImage(utf8(text))).message).toContain('more than any device has');
  });

  test('by its name, but something else', () => {
    expect(refusal(() => loadImage(appImage(50), { name: 'app.hex' })).message).toContain(
      'Intel HEX',
    );
  });

  test('any hostile text is refused or read, never a crash', () => {
    const line = fc.stringMatching(/^:[0-9A-F]{0,40}$/);
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 5 }), (lines) => {
        const file = utf8(`:${lines.join('\n')}`);
        expect(() => loadOrRefuse(file)).not.toThrow();
      }),
    );
  });
});

function loadOrRefuse(file: Uint8Array): void {
  try {
    loadImage(file);
  } catch (error) {
    if (!(error instanceof IapError)) throw error;
  }
}

describe('ELF', () => {
  const sections = [
    { address: BASE, bytes: Uint8Array.of(1, 2, 3, 4) },
    { address: BASE + 8, bytes: Uint8Array.of(5, 6) },
  ];
  const expected = { base: BASE, bytes: Uint8Array.of(1, 2, 3, 4, 0, 0, 0, 0, 5, 6) };

  test('sections at their load address', () => {
    expect(loadImage(elf({ sections }))).toMatchObject(expected);
  });

  test("the file's own headers in the first segment are no part of the image", () => {
    expect(loadImage(elf({ sections, headersInSegment: true }))).toMatchObject(expected);
  });

  test('without sections: segments', () => {
    const [only] = sections;
    if (!only) throw new Error('no section');
    const image = loadImage(elf({ sections: [only], withSections: false }));
    expect(image).toMatchObject({ base: BASE, bytes: only.bytes });
  });

  test('a segment is taken with all its bytes, whatever its sections say of them', () => {
    const more = [
      ...sections,
      { address: BASE + 12, bytes: Uint8Array.of(7), flags: 0 },
      { address: BASE + 14, bytes: Uint8Array.of(0), type: 8 },
    ];
    const bytes = Uint8Array.of(...expected.bytes, 0, 0, 7, 0, 0);
    expect(loadImage(elf({ sections: more }))).toMatchObject({ base: BASE, bytes });
  });

  test('for another machine', () => {
    expect(refusal(() => loadImage(elf({ sections, machine: 62 }))).message).toContain(
      'machine 62',
    );
  });

  test('cut off anywhere, or with any bytes changed: refused or read, never a crash', () => {
    const file = elf({ sections });
    for (let length = 4; length < file.length; length++) loadOrRefuse(file.subarray(0, length));
    fc.assert(
      fc.property(fc.nat(file.length - 1), fc.integer({ min: 0, max: 255 }), (at, value) => {
        loadOrRefuse(file.with(at, value));
      }),
      { numRuns: 500 },
    );
    expect(refusal(() => loadImage(file.subarray(0, 60))).code).toBe('IMAGE_FORMAT');
  });
});

function makePackage(bytes: Uint8Array, change: Partial<Header> = {}): Uint8Array {
  const plain = decode(Header, headerFor({ base: BASE, bytes }, BASE));
  return Uint8Array.of(...encode(Header, { ...plain, ...change }), ...bytes);
}

describe('packages', () => {
  test('keep their header', () => {
    const file = makePackage(appImage(50));
    const image = loadImage(file);
    expect(image.bytes).toEqual(appImage(50));
    expect(image.base).toBe(BASE);
    expect(headerFor(image, 0)).toEqual(file.subarray(0, 256));
  });

  test.each([
    [
      'a byte of the image changed',
      (f: Uint8Array) => f.with(280, (f[280] ?? 0) ^ 1),
      'not the one',
    ],
    ['cut off', (f: Uint8Array) => f.subarray(0, 290), 'says 50 bytes, it holds 34'],
    ['cut off in the header', (f: Uint8Array) => f.subarray(0, 100), 'its header alone needs 256'],
    ['another format', (f: Uint8Array) => f.with(4, 2), 'its format is 2'],
  ])('%s', (_what, damage, text) => {
    const error = refusal(() => loadImage(damage(makePackage(appImage(50)))));
    expect(error.code).toBe('IMAGE_FORMAT');
    expect(error.message).toContain(text);
  });
});

test('the header of a plain image fits any product and is always the same', () => {
  const bytes = appImage(1001);
  const raw = headerFor({ base: undefined, bytes }, BASE);
  expect(raw).toEqual(headerFor({ base: BASE, bytes }, BASE));
  expect(decode(Header, raw)).toMatchObject({
    product: new Uint8Array(16),
    hardwareMin: 0,
    hardwareMax: 0xffff,
    loadAddress: BASE,
    imageSize: 1001,
    imageSha256: sha256(bytes),
  });
});

describe('does it fit the device', () => {
  const target: Target = {
    appBase: BASE,
    appEnd: BASE + 4096,
    product: new Uint8Array(16),
    hardware: 3,
    identityFlags: 0xff,
    uniqueId: new Uint8Array(12).fill(5),
    capabilities: 0,
  };
  const plain = (bytes: Uint8Array): Image => ({ base: undefined, bytes });
  const check = (image: Image, change: Partial<Target> = {}): unknown =>
    checkImage(image, { ...target, ...change });

  test('an odd-sized image does, and one that fills the device', () => {
    check(plain(appImage(4001)));
    check(plain(appImage(4096)));
  });

  test('one byte too many: both sizes are named', () => {
    const error = refusal(() => check(plain(appImage(4097))));
    expect(error).toMatchObject({ code: 'IMAGE_TOO_LARGE', details: { size: 4097, limit: 4096 } });
    expect(error.message).toContain('4097');
    expect(error.message).toContain('4096');
  });

  test('not even two vectors', () => {
    expect(refusal(() => check(plain(Uint8Array.of(1, 2, 3)))).code).toBe('IMAGE_EMPTY');
  });

  test('linked at another address: says where, and how to change it', () => {
    const error = refusal(() => check({ base: 0x0800_0000, bytes: appImage(100, 1, 0x0800_0000) }));
    expect(error.code).toBe('IMAGE_WRONG_ADDRESS');
    expect(error.message).toContain('linked at 0x08000000');
    expect(error.hint).toContain('set FLASH ORIGIN to 0x08008000');
  });

  test('converted to another address than it is linked at', () => {
    const error = refusal(() => check({ base: 0x0800_0000, bytes: appImage(100) }));
    expect(error.code).toBe('IMAGE_WRONG_ADDRESS');
    expect(error.message).toContain(
      'puts the image at 0x08000000, but its vectors are for 0x08008',
    );
  });

  test('a binary linked at the start of flash: found by its reset vector', () => {
    const error = refusal(() => check(plain(appImage(1000, 1, 0x0800_0000))));
    expect(error.code).toBe('IMAGE_WRONG_ADDRESS');
    expect(error.message).toContain('seems linked at 0x08000000');
  });

  test.each([
    ['stack pointer', 0, 0x0800_0000],
    ['stack pointer, not aligned', 0, 0x2000_0002],
    ['blank', 0, 0xffff_ffff],
    ['reset vector, even', 4, BASE + 8],
    ['reset vector, elsewhere', 4, 0x2000_0001],
    ['reset vector, 5', 4, 5],
    ['reset vector, blank', 4, 0xffff_ffff],
  ])('no vector table: %s', (_what, offset, word) => {
    const bytes = appImage(1000);
    new DataView(bytes.buffer).setUint32(offset, word, true);
    expect(refusal(() => check(plain(bytes))).code).toBe('IMAGE_VECTORS');
  });

  const packaged = (change: Partial<Header>): Image => loadImage(makePackage(appImage(64), change));
  const one = new Uint8Array(16).fill(1);
  const two = new Uint8Array(16).fill(2);

  test.each([
    ['another product', { product: one }, { product: two }, 'IMAGE_WRONG_PRODUCT'],
    ['an older revision', { hardwareMax: 2 }, { product: one }, 'IMAGE_WRONG_HARDWARE'],
    ['a newer revision', { hardwareMin: 4 }, { product: one }, 'IMAGE_WRONG_HARDWARE'],
    ['another device', { uniqueId: new Uint8Array(12).fill(6) }, {}, 'IMAGE_WRONG_DEVICE'],
    ['a capability', { capabilities: 4 }, {}, 'IMAGE_NOT_CAPABLE'],
    ['confirmation', { flags: ImageFlag.CONFIRM }, {}, 'IMAGE_NOT_CAPABLE'],
    ['an unknown flag', { flags: 0x8000_0000 }, {}, 'IMAGE_NOT_CAPABLE'],
    ['any product, device wants packages', {}, { identityFlags: 0xfe }, 'IMAGE_PACKAGE_ONLY'],
  ] as const)('a package for %s', (_what, header, device, code) => {
    expect(refusal(() => check(packaged(header), device)).code).toBe(code);
  });

  test('a package that fits', () => {
    check(packaged({ product: one, hardwareMin: 3, hardwareMax: 3 }), {
      product: one,
      identityFlags: 0xfe,
    });
    // A blank identity: what a device without product says of its revision is nothing.
    check(packaged({ product: one, hardwareMin: 4 }), { product: new Uint8Array(16) });
    check(packaged({ flags: ImageFlag.CONFIRM, capabilities: 2 }), { capabilities: 2 });
  });

  test('what the bootloader lacks is not held against its application, which does not know', () => {
    const image = packaged({ flags: ImageFlag.CONFIRM, capabilities: 3 });
    check(image, { mode: Mode.APP, capabilities: 0 });
    const refused = refusal(() => check(image, { mode: Mode.BOOTLOADER, capabilities: 0 }));
    expect(refused.code).toBe('IMAGE_NOT_CAPABLE');
  });

  test('a plain image on a device that wants packages', () => {
    const error = refusal(() => check(plain(appImage(64)), { identityFlags: 0xfe }));
    expect(error.code).toBe('IMAGE_PACKAGE_ONLY');
    expect(error.hint).toContain('.iap');
  });
});
