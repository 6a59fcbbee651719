// What "iap check" tells of a file besides its findings: facts, and what it took for granted; and which rules it asks in which order.
import { describe, expect, test } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import { sha256 } from '../../host/base/sha256.js';
import { checkComparable, checkImage, type Target } from '../../host/check/check-image.js';
import { findingOf, inspect } from '../../host/check/inspect.js';
import { type Expected, judge } from '../../host/check/judge.js';
import { FLASH_LIMIT } from '../../host/image/areas.js';
import { plainHeader } from '../../host/image/image.js';
import { writeIntelHex } from '../../host/image/intel-hex.js';
import { loadFile } from '../../host/image/load.js';
import { loadBoard, loadPart } from '../../host/node/board-file.js';
import { Capability, crc32, type Header, Mode, Signature } from '../../protocol/index.js';
import { elf } from '../support/elf.js';
import { settingVtor, tableImage } from '../support/images.js';
import { refusal } from '../support/refusal.js';
import { utf8 } from '../support/text-bytes.js';
import { lateBinary, withKit } from '../support/wrong-images.js';

const BASE = 0x0800_8000;
const START = 0x0800_0000;
const PRODUCT = new Uint8Array(16).fill(0x50);
const STACK = 0x2000_5000;
const RESET = BASE + 0x101;

const packed = (bytes: Uint8Array, fields: Partial<Header> = {}): Uint8Array =>
  Uint8Array.of(...plainHeader(bytes, BASE, fields), ...bytes);
const hexOf = (...pieces: [number, Uint8Array][]): Uint8Array =>
  utf8(writeIntelHex(pieces.map(([address, bytes]) => ({ address, bytes }))));

/** With build attributes: of an architecture, or none */
function elfWith(bytes: Uint8Array, architecture?: number): Uint8Array {
  const attributes = [
    0x41,
    18,
    0,
    0,
    0,
    ...utf8('aeabi\0'),
    1,
    8,
    0,
    0,
    0,
    6,
    architecture ?? 0,
    0,
  ];
  return elf({
    sections: [
      { address: BASE, bytes },
      ...(architecture === undefined
        ? []
        : [
            {
              address: BASE + 0x1000,
              bytes: Uint8Array.from(attributes),
              type: 0x7000_0003,
              flags: 0,
            },
          ]),
    ],
  });
}

describe('what is taken for granted', async () => {
  const board = await loadBoard('stm32f103xb');
  const { part } = board;
  const small = await loadPart('stm32f030x8');
  const assumed = (file: Uint8Array, expected: Expected = {}, base?: number): readonly string[] =>
    inspect(file, base === undefined ? {} : { base }, expected).assumed;

  const NO_KIT = expect.stringMatching(/^no app kit/);
  const PLACE = 'applications start at 0x08008000';
  const NO_PART = expect.stringMatching(/^the part is not known/);
  const RAW = 'a raw binary is linked where it will be written, at 0x08008000';
  const CORE = 'compiled for the core of stm32f103xb: only an ELF file says';
  const raw = tableImage();

  test.each<[string, Uint8Array, Expected, unknown[]]>([
    ['a raw binary', raw, {}, [NO_KIT, PLACE, NO_PART, RAW]],
    ['with a kit', withKit('stm32f103xb', STACK), {}, [PLACE, NO_PART, RAW]],
    ['a file with addresses', hexOf([BASE, raw]), {}, [NO_KIT, PLACE, NO_PART]],
    [
      'for a part',
      raw,
      { part },
      [NO_KIT, PLACE, 'they may fill the flash of stm32f103xb', CORE, RAW],
    ],
    ['for a board', raw, { part, area: board }, [NO_KIT, CORE, RAW]],
    ['for an area alone', raw, { area: board }, [NO_KIT, NO_PART, RAW]],
    [
      'for a Cortex-M0',
      raw,
      { part: small, area: board },
      [
        NO_KIT,
        CORE.replace('103xb', '030x8'),
        expect.stringMatching(/^where RAM begins is guessed/),
        RAW,
      ],
    ],
    ['an ELF file for a Cortex-M0', elfWith(raw, 12), { part: small, area: board }, [NO_KIT]],
    ['an ELF file', elfWith(raw, 10), { part, area: board }, [NO_KIT]],
    [
      'an ELF file that does not say its core',
      elfWith(raw),
      { part, area: board },
      [NO_KIT, 'the ELF file does not say for which core it is compiled'],
    ],
    [
      'a package',
      packed(raw),
      { part, area: board },
      [NO_KIT, CORE, 'the product is the right one'],
    ],
    [
      'a package for a product',
      packed(raw),
      { part, area: board, identity: { product: PRODUCT } },
      [NO_KIT, CORE],
    ],
  ])('%s', (_, file, expected, told) => {
    expect(assumed(file, expected)).toEqual(told);
  });

  test('a raw binary with an address', () => {
    expect(assumed(raw, { part, area: board }, BASE)).toEqual([NO_KIT, CORE]);
  });
});

describe('facts', async () => {
  const board = await loadBoard('stm32f103xb');
  const { part } = board;

  test('of a raw binary', () => {
    const raw = tableImage();
    expect(inspect(raw)).toMatchObject({ ok: true, findings: [] });
    expect(inspect(raw).facts).toEqual({
      format: 'binary',
      base: BASE,
      size: 1000,
      crc32: crc32(raw),
      sha256: sha256(raw),
      stack: STACK,
      reset: RESET,
      vtor: [],
    });
  });

  test('of a package, signed or not', () => {
    const version = { major: 1, minor: 2, patch: 3, build: 4 };
    const unsigned = inspect(packed(tableImage(), { version })).facts;
    expect(unsigned).toMatchObject({
      format: 'package',
      version,
      signature: { state: 'unsigned', revoked: [] },
    });
    const fields = {
      product: PRODUCT,
      signatureAlgorithm: Signature.ECDSA_P256,
      keyId: 2,
      usableKeys: 0xfd,
    };
    const signed = inspect(
      packed(tableImage(), { ...fields, signature: new Uint8Array(64) }),
    ).facts;
    expect(signed?.signature).toEqual({ state: 'signed', keyId: 2, revoked: [1] });
  });

  test('of an ELF file: what it is compiled for', () => {
    expect(inspect(elfWith(tableImage(), 10)).facts).toMatchObject({
      format: 'elf',
      builtFor: 'ARMv7-M (Cortex-M3)',
    });
    expect(inspect(elfWith(tableImage())).facts).not.toHaveProperty('builtFor');
  });

  test('of its kit, and of where its code sets VTOR', () => {
    const { facts } = inspect(settingVtor(START, withKit('stm32f103xb', STACK)));
    expect(facts?.kit).toMatchObject({ board: 'stm32f103xb' });
    expect(facts?.vtor).toEqual([{ at: BASE + 0x210, address: 0xe000_ed08, value: START }]);
  });

  const AREA = { appBase: BASE, appEnd: BASE + 2500 };
  test.each<[number, number, Expected, unknown[]]>([
    [1024, BASE, { part, area: board }, [0x18000 - 1024, { size: 1024, used: 1, total: 96 }]],
    [1025, BASE, { part, area: board }, [0x18000 - 1025, { size: 1024, used: 2, total: 96 }]],
    // The area ends within a page.
    [1000, BASE, { part, area: AREA }, [1500, { size: 1024, used: 1, total: 2 }]],
    [2501, BASE, { part, area: AREA }, [0, { size: 1024, used: 3, total: 2 }]],
    // The part is not known, or the address is wrong.
    [1000, BASE, { area: board }, [undefined, undefined]],
    [1000, 0x0801_0000, { part, area: board }, [undefined, undefined]],
  ])('of %i bytes at %i: what is free', (size, base, expected, place) => {
    const { facts } = inspect(tableImage(size, base), { base }, expected);
    expect([facts?.free, facts?.pages]).toEqual(place);
  });

  test('there are none of what is no image', () => {
    expect(inspect(new Uint8Array())).toEqual({
      ok: false,
      findings: [expect.objectContaining({ id: 'empty', severity: 'error', code: 'IMAGE_EMPTY' })],
      assumed: [],
    });
  });
});

describe('a file that can not be loaded', () => {
  test.each([
    ['problem', 'IMAGE_FORMAT', { problem: 'no-end', line: 3 }, 'no-end', { line: 3 }],
    ['reading', 'IMAGE_UNREADABLE', {}, 'unreadable', {}],
    ['package', 'IMAGE_FORMAT', { size: 4 }, 'package-damaged', { size: 4 }],
  ] as const)('is a finding: %s', (_, code, details, id, rest) => {
    const error = new IapError(code, 'it is not right', { hint: 'build it again', details });
    expect(findingOf(error)).toEqual({
      ...{ id, severity: 'error', code, message: 'it is not right', found: 'it is not right' },
      ...{ expected: expect.stringContaining('a package'), hint: 'build it again', details: rest },
    });
    expect(findingOf(new IapError(code, 'it is not right')).hint).toBe('');
  });

  test('but an error of this program is none', () => {
    const options = {
      get name(): string {
        throw new RangeError('a mistake');
      },
    };
    expect(() => inspect(tableImage(), options)).toThrow('a mistake');
  });
});

describe('rules', async () => {
  const part = await loadPart('stm32f103xb');
  const ids = (file: Uint8Array, expected: Expected = { part }): string[] =>
    judge(loadFile(file), expected).findings.map(({ id }) => id);

  test('find nothing wrong', () => {
    const { findings, area, vtor, kits, ...more } = judge(loadFile(tableImage()), { part });
    expect([findings, vtor, kits, more]).toEqual([[], [], [], {}]);
    expect(area).toEqual({ appBase: BASE, appEnd: 0x0802_0000 });
    expect(judge(loadFile(tableImage()), {}).area).toEqual({ appBase: BASE, appEnd: FLASH_LIMIT });
    const given = { appBase: BASE, appEnd: BASE + 5000 };
    expect(judge(loadFile(tableImage()), { part, area: given }).area).toEqual(given);
    expect(judge(loadFile(elfWith(tableImage(), 10)), {}).attributes?.architecture).toBe(10);
  });

  // What is wrong with the package comes first, then what is wrong with the image, from its address on.
  test('are asked in an order', () => {
    const bytes = settingVtor(START, withKit('stm32f303xc', 0x2000_1ffc));
    new DataView(bytes.buffer).setUint32(4, BASE + 0x100, true);
    new DataView(bytes.buffer).setUint32(12, 0x1234_5679, true);
    const image = packed(bytes, { hardwareMin: 2 });
    const area = { appBase: BASE, appEnd: BASE + 500 };
    expect(ids(image, { part, area, identity: { hardware: 1 } })).toEqual([
      ...['wrong-hardware', 'too-large', 'stack-unaligned', 'reset-even', 'vector-outside'],
      ...['vtor-elsewhere', 'kit-other-board', 'mailbox-overlap'],
    ]);
  });

  test('say of a blank image that it is blank, and no more', () => {
    expect(ids(new Uint8Array(100).fill(0xff))).toEqual(['blank']);
    expect(ids(packed(new Uint8Array(100)), { part, identity: { identityFlags: 0 } })).toEqual([
      'packages-only',
      'blank',
    ]);
  });

  test('say of a few bytes that they are few, and no more', () => {
    const few = tableImage().subarray(0, 7);
    expect(ids(few)).toEqual(['too-short']);
    expect(ids(hexOf([START, few]))).toEqual(['wrong-address', 'too-short']);
  });

  test('look at no handlers without a reset vector in the image', () => {
    const words = (reset: number): Uint8Array =>
      tableImage(1000, BASE, { 1: reset, 3: 0x1234_5679 });
    expect(ids(words(0x1234_5679))).toEqual(['reset-outside']);
    expect(ids(words(BASE - 1))).toEqual(['wrong-address']);
    expect(ids(words(BASE + 1000))).toEqual(['wrong-address']);
    expect(ids(words(BASE + 1))).toEqual(['vector-outside']);
    expect(ids(words(BASE + 999))).toEqual(['vector-outside']);
    expect(ids(words(BASE))).toEqual(['reset-even', 'vector-outside']);
  });

  test('judge handlers where the image is linked, if that is certain', () => {
    const withHandler = (bytes: Uint8Array, handler: number): Uint8Array => {
      new DataView(bytes.buffer).setUint32(12, handler, true);
      return bytes;
    };
    const elsewhere = (handler: number): Uint8Array =>
      withHandler(lateBinary(0x0800_4000), handler);
    expect(ids(elsewhere(0x0800_4201))).toEqual(['wrong-address']);
    expect(ids(elsewhere(0x1234_5679))).toEqual(['wrong-address', 'vector-outside']);
    const open = (handler: number): Uint8Array =>
      withHandler(lateBinary(BASE, [0x400, 0x8400]), handler);
    expect(ids(open(BASE + 0x201))).toEqual(['linked-unclear']);
    expect(ids(open(START + 0x201))).toEqual(['linked-unclear', 'vector-outside']);
  });

  test('look at the application alone where a file has more', () => {
    const app = settingVtor(BASE, tableImage(1000, BASE, { 3: 0x1234_5679 }));
    const gap: [number, Uint8Array] = [BASE + 4000, Uint8Array.of(1)];
    const whole = hexOf([START, tableImage(0x4000, START)], [BASE, app], gap);
    expect(ids(whole)).toEqual(['bootloader-inside', 'vector-outside']);
    expect(judge(loadFile(whole), { part }).vtor).toMatchObject([{ at: BASE + 0x210 }]);
    expect(ids(hexOf([BASE, app], gap))).toEqual(['vector-outside', 'gap-filled']);
  });

  test('hold the core that an ELF file names against the part', () => {
    expect(ids(elfWith(tableImage(), 13))).toEqual(['wrong-core']);
    expect(ids(elfWith(tableImage(), 13), {})).toEqual([]);
    expect(ids(elfWith(tableImage()), { part })).toEqual([]);
  });

  test.each([
    [10, ['vector-outside', 'vtor-elsewhere']],
    [13, ['vector-outside', 'vtor-elsewhere']],
    // Cortex-M0: it has neither a BusFault nor VTOR.
    [11, []],
    [12, []],
    [undefined, ['vtor-elsewhere']],
  ])('go by the architecture %i, where no part is known', (architecture, expected) => {
    const image = settingVtor(START, tableImage(1000, BASE, { 5: 0x1234_5679 }));
    expect(ids(elfWith(image, architecture), {})).toEqual(expected);
  });

  test('know core-coupled RAM, where a part has some', async () => {
    const stack = tableImage(1000, BASE, { 0: 0x1000_1000 });
    expect(ids(stack)).toEqual(['stack-outside-ram']);
    expect(ids(stack, { part: await loadPart('stm32f303xc') })).toEqual([]);
    expect(ids(stack, {})).toEqual([]);
  });

  test('know how long the table of the part is', () => {
    const words = { 40: 0x1234_5679 };
    const vectors = Object.fromEntries(Array.from({ length: 76 }, (_, i) => [i + 1, RESET]));
    const image = tableImage(1000, BASE, { ...vectors, ...words });
    expect(ids(image)).toEqual(['vector-outside']);
    expect(ids(image, {})).toEqual([]);
  });

  test('know where a Cortex-M0 has its vectors', async () => {
    const m0 = await loadPart('stm32f030x8');
    const image = settingVtor(START, tableImage(1000, BASE, { 0: 0x2000_0008 }));
    expect(ids(image, { part: m0 })).toEqual(['ram-over-vectors']);
    const literal = settingVtor(0x2000_0010, tableImage(1000, BASE, { 0: 0x2000_1000 }));
    expect(ids(literal, { part: m0 })).toEqual(['ram-over-vectors']);
    expect(ids(image)).toEqual(['vtor-elsewhere']);
  });

  test('hold the kit against part, board, or what is said of it', async () => {
    const board = await loadBoard('stm32f103xb');
    const kit = withKit('stm32f103xb', STACK);
    expect(ids(kit, {})).toEqual([]);
    expect(ids(kit, { part })).toEqual([]);
    expect(ids(kit, { part, area: board })).toEqual([]);
    const larger = await loadPart('stm32f103xe');
    expect(judge(loadFile(kit), { part: larger }).findings).toMatchObject([
      { expected: 'part stm32f103xe, pages of 2048' },
    ]);
    const area = { appBase: BASE, appEnd: 0x0801_0000, halfDuplex: true };
    expect(judge(loadFile(kit), { area }).findings).toMatchObject([
      { expected: 'end of the application area 0x08010000, line a half-duplex pair' },
    ]);
    expect(ids(kit, { area, kit: {} })).toEqual([]);
    expect(ids(kit, { kit: { appBase: START } })).toEqual(['kit-other-board']);
  });
});

describe('before an update', () => {
  const TARGET: Target = {
    ...{ appBase: BASE, appEnd: 0x0802_0000, pageSize: 1024, part: 'stm32f103xb' },
    ...{
      product: PRODUCT,
      hardware: 3,
      identityFlags: 0xff,
      uniqueId: new Uint8Array(12),
      capabilities: 0,
    },
  };
  const imageOf = (bytes: Uint8Array, fields?: Partial<Header>) => ({
    ...{ base: BASE, bytes },
    ...(fields ? { header: plainHeader(bytes, BASE, fields) } : {}),
  });
  const asked = (
    bytes: Uint8Array,
    more: Partial<Target> = {},
    fields?: Partial<Header>,
  ): IapError => refusal(() => checkImage(imageOf(bytes, fields), { ...TARGET, ...more }));

  test('what is right is taken', () => {
    expect(checkImage(imageOf(tableImage()), TARGET)).toEqual([]);
    expect(
      checkImage(imageOf(tableImage(), { capabilities: 1 }), { ...TARGET, capabilities: 1 }),
    ).toEqual([]);
  });

  test('a part that this package does not know is not held against the image', () => {
    const stack = tableImage(1000, BASE, { 0: 0x2001_0000 });
    expect(asked(stack).details).toMatchObject({ finding: 'stack-outside-ram' });
    expect(checkImage(imageOf(stack), { ...TARGET, part: 'stm32f999xx' })).toEqual([]);
  });

  test('gaps of the file are told', () => {
    const { image, gaps } = loadFile(hexOf([BASE, tableImage()], [BASE + 4000, Uint8Array.of(1)]));
    expect(checkImage({ ...image, file: { gaps } }, TARGET)).toMatchObject([{ id: 'gap-filled' }]);
    expect(checkImage(image, TARGET)).toEqual([]);
  });

  test('an application does not know what its bootloader can do', () => {
    expect(asked(tableImage(), {}, { capabilities: 1 }).code).toBe('IMAGE_NOT_CAPABLE');
    const byApp = { ...TARGET, mode: Mode.APP };
    expect(checkImage(imageOf(tableImage(), { capabilities: 1 }), byApp)).toEqual([]);
  });

  test.each([
    ['wrong-address', tableImage(1000, START)],
    ['too-large', tableImage(0x18001)],
    ['kit-other-board', withKit('stm32f072xb', STACK)],
  ])(
    '%s may be the mistake of an application that is compiled for another board',
    (finding, bytes) => {
      const says = 'the running application says what this device is';
      expect(asked(bytes).details).toMatchObject({ finding });
      expect(asked(bytes).hint).not.toContain(says);
      expect(asked(bytes, { mode: Mode.BOOTLOADER }).hint).not.toContain(says);
      expect(asked(bytes, { mode: Mode.APP }).hint).toContain(says);
    },
  );

  test('other mistakes are of the image', () => {
    const even = tableImage(1000, BASE, { 1: BASE + 0x100 });
    expect(asked(even, { mode: Mode.APP }).hint).not.toContain('the running application');
  });

  describe('the line of a kit', () => {
    const large = { ...TARGET, part: 'stm32f103xe', appEnd: 0x0808_0000, pageSize: 2048 };
    const { HALF_DUPLEX } = Capability;
    const told = (board: string, more: Partial<Target>): string => {
      try {
        const left = checkImage(imageOf(withKit(board, STACK)), { ...large, ...more });
        return left.map(({ severity }) => severity).join() || 'fits';
      } catch (error) {
        return (error as IapError).code;
      }
    };

    test.each<[string, Partial<Target>, string, string]>([
      ['is a pair', { capabilities: HALF_DUPLEX }, 'IMAGE_WRONG_HARDWARE', 'fits'],
      [
        'is a pair, by its application',
        { capabilities: HALF_DUPLEX, mode: Mode.APP },
        'IMAGE_WRONG_HARDWARE',
        'fits',
      ],
      ['is not said', { mode: Mode.BOOTLOADER }, 'fits', 'warning'],
      ['is not said by an application', { mode: Mode.APP }, 'fits', 'fits'],
      ['is known to be a pair', { halfDuplex: true }, 'IMAGE_WRONG_HARDWARE', 'fits'],
      [
        'is known to be none',
        { halfDuplex: false, capabilities: HALF_DUPLEX },
        'fits',
        'IMAGE_WRONG_HARDWARE',
      ],
    ])('%s', (_, more, wires, pair) => {
      expect(told('stm32f103xe', more)).toBe(wires);
      expect(told('stm32f103xe-rs485', more)).toBe(pair);
    });
  });

  test('an image to pack may be for any board', () => {
    const { part: _, ...any } = TARGET;
    expect(asked(withKit('stm32f072xb', STACK)).details).toMatchObject({
      finding: 'kit-other-board',
    });
    expect(checkImage(imageOf(withKit('stm32f072xb', STACK)), any)).toEqual([]);
  });

  test('for a comparison the bytes alone are judged, and what may be allowed is', () => {
    const compare = (bytes: Uint8Array, fields?: Partial<Header>): (() => void) => {
      return () => checkComparable(imageOf(bytes, fields), TARGET);
    };
    expect(
      compare(tableImage(), { product: new Uint8Array(16).fill(1), capabilities: 0xff }),
    ).not.toThrow();
    expect(compare(tableImage(1000, BASE, { 3: 0x1234_5679 }))).not.toThrow();
    expect(compare(new Uint8Array(100))).toThrow('there is no application in it');
  });
});
