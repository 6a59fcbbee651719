// What a compiler says of an ELF file's code (Addenda to the ABI for the Arm Architecture, § 3), and which cores run it.
import { describe, expect, test } from 'vitest';
import { type BuildAttributes, buildAttributes } from '../../host/check/arm-attributes.js';
import { builtFor, coreFinding } from '../../host/check/core.js';
import type { Elf } from '../../host/image/elf.js';
import { loadFile } from '../../host/image/load.js';
import type { Core } from '../../host/parts/parts.js';
import { elf } from '../support/elf.js';
import { appImage } from '../support/images.js';

const SHT_ARM_ATTRIBUTES = 0x7000_0003;
const A = 0x41;
const [FILE, SECTION] = [1, 2];
const ARCH = 6;
const PROFILE = 7;
const FP = 10;
const M = 0x4d;

const word = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >> shift) & 0xff);
const text = (value: string): number[] => [...value, '\0'].map((letter) => letter.charCodeAt(0));

/** Attributes of a scope: its tag, its size with these two, its bytes */
const scope = (tag: number, bytes: readonly number[]): number[] => [
  tag,
  ...word(5 + bytes.length),
  ...bytes,
];

/** What one vendor has to say */
const vendor = (name: string, ...scopes: number[][]): number[] => {
  const bytes = [...text(name), ...scopes.flat()];
  return [...word(4 + bytes.length), ...bytes];
};

const aeabi = (...bytes: number[]): number[] => vendor('aeabi', scope(FILE, bytes));

function elfWith(bytes: readonly number[], type = SHT_ARM_ATTRIBUTES): Elf {
  const image = { address: 0x0800_8000, bytes: appImage(64) };
  const attributes = { address: 0x0800_8400, bytes: Uint8Array.from(bytes), type, flags: 0 };
  return loadFile(elf({ sections: [image, attributes] })).elf as Elf;
}

const read = (...bytes: number[]): BuildAttributes | undefined => buildAttributes(elfWith(bytes));

const M3 = { architecture: 10, profile: 'M', floatingPoint: false };

describe('build attributes', () => {
  const m3 = [ARCH, 10, PROFILE, M];

  test.each<[string, number[], BuildAttributes | undefined]>([
    ['of a Cortex-M3', [A, ...aeabi(...m3)], M3],
    ['with a floating-point unit', [A, ...aeabi(...m3, FP, 6)], { ...M3, floatingPoint: true }],
    ['with none, as it is said', [A, ...aeabi(...m3, FP, 0)], M3],
    ['without a profile', [A, ...aeabi(ARCH, 11)], { ...M3, architecture: 11, profile: '' }],
    [
      'of a profile that there is not',
      [A, ...aeabi(ARCH, 10, PROFILE, 0x58)],
      { ...M3, profile: '' },
    ],
    ['without an architecture', [A, ...aeabi(PROFILE, M)], undefined],
    ['of another format', [A + 1, ...aeabi(...m3)], undefined],
    ['of nobody', [A], undefined],
    ['of another vendor', [A, ...vendor('gnu', scope(FILE, m3))], undefined],
    [
      'behind those of another vendor',
      [A, ...vendor('gnu', scope(FILE, [ARCH, 13])), ...aeabi(...m3)],
      M3,
    ],
    [
      'before those of another vendor',
      [A, ...aeabi(...m3), ...vendor('gnu', scope(FILE, [ARCH, 13]))],
      M3,
    ],
    ['behind a vendor whose size is 0', [A, ...word(0), ...aeabi(...m3)], M3],
    ['of a section alone', [A, ...vendor('aeabi', scope(SECTION, m3))], undefined],
    [
      'behind those of a section',
      [A, ...vendor('aeabi', scope(SECTION, [ARCH, 13]), scope(FILE, m3))],
      M3,
    ],
    [
      'in two scopes',
      [A, ...vendor('aeabi', scope(FILE, [ARCH, 10]), scope(FILE, [PROFILE, M]))],
      M3,
    ],
    // Tags 4 and 5, and odd ones from 33 on, have text; 32 has a number and text. Read as numbers these would be an architecture.
    ['behind a raw name of the CPU', [A, ...aeabi(4, ...text('A\x06\r'), ...m3)], M3],
    ['behind a name of the CPU', [A, ...aeabi(5, ...text('A\x06\r'), ...m3)], M3],
    ['behind a conformance', [A, ...aeabi(67, ...text('A\x06\r'), ...m3)], M3],
    ['behind a compatibility', [A, ...aeabi(32, 1, ...text('\x06\r'), ...m3)], M3],
    ['behind a later tag with a number', [A, ...aeabi(34, 6, 64, 0, ...m3)], M3],
    ['behind one with a tag of two bytes', [A, ...aeabi(0x80, 1, 6, ...m3)], M3],
    ['in two bytes', [A, ...aeabi(ARCH, 0x8a, 0x01)], { ...M3, architecture: 138, profile: '' }],
    [
      'in three bytes',
      [A, ...aeabi(ARCH, 0x8a, 0x81, 0x01)],
      { ...M3, architecture: 16_522, profile: '' },
    ],
    [
      'in five bytes, of which none is the last',
      [A, ...aeabi(ARCH, ...[0x8a, 0x80, 0x80, 0x80, 0x80], FP, 1)],
      { ...M3, profile: '', floatingPoint: true },
    ],
    ['cut off in the middle of a text', [A, ...aeabi(...m3, 5, 0x43)], M3],
    ['cut off before a value', [A, ...aeabi(...m3, FP)], M3],
  ])('%s', (_, bytes, expected) => {
    expect(read(...bytes)).toEqual(expected);
  });

  test('of a section that is none of them, or not in the file', () => {
    const all = elfWith([A, ...aeabi(...m3)]);
    const [section] = all.sections.filter(({ type }) => type === SHT_ARM_ATTRIBUTES);
    const end = (section?.offset ?? 0) + (section?.size ?? 0);
    const cut = (length: number): Elf => ({ ...all, file: all.file.subarray(0, length) });
    expect(buildAttributes(cut(end))).toEqual(M3);
    expect(buildAttributes(cut(end - 1))).toBeUndefined();
    expect(buildAttributes(elfWith([A, ...aeabi(...m3)], 1))).toBeUndefined();
  });
});

describe('what runs', () => {
  const built = (architecture: number, more: Partial<BuildAttributes> = {}): BuildAttributes => ({
    ...{ architecture, profile: 'M', floatingPoint: false },
    ...more,
  });
  const FPU = { floatingPoint: true };
  const [M0, CORTEX_M3, M4] = ['cortex-m0', 'cortex-m3', 'cortex-m4'] as const;

  test.each<[string, BuildAttributes, readonly Core[]]>([
    ['ARMv7-M (Cortex-M3)', built(10), [CORTEX_M3, M4]],
    ['ARMv7-M (Cortex-M3)', built(10, { profile: '' }), [CORTEX_M3, M4]],
    ['architecture 10, profile A', built(10, { profile: 'A' }), []],
    ['architecture 10, profile R', built(10, { profile: 'R' }), []],
    ['ARMv6-M (Cortex-M0)', built(11), [M0, CORTEX_M3, M4]],
    ['ARMv6S-M (Cortex-M0)', built(12), [M0, CORTEX_M3, M4]],
    ['ARMv7E-M (Cortex-M4)', built(13), [M4]],
    ['ARMv7E-M (Cortex-M4)', built(13, { profile: 'A' }), []],
    ['ARMv7E-M (Cortex-M4) with floating-point unit', built(13, FPU), [M4]],
    ['ARMv7-M (Cortex-M3) with floating-point unit', built(10, FPU), [M4]],
    ['ARMv8-M.mainline (Cortex-M33)', built(17), []],
    ['architecture 4', built(4, { profile: '' }), []],
  ])('%s: %j', (name, attributes, cores) => {
    expect(builtFor(attributes)).toBe(name);
    const fit = [M0, CORTEX_M3, M4].filter((core) => coreFinding(attributes, core) === undefined);
    expect(fit).toEqual(cores);
  });

  test.each([
    [
      M0,
      'Cortex-M0',
      '-mcpu=cortex-m0 -mthumb -mfloat-abi=soft, without -mfpu',
      'Not Used',
      'None',
    ],
    [
      CORTEX_M3,
      'Cortex-M3',
      '-mcpu=cortex-m3 -mthumb -mfloat-abi=soft, without -mfpu',
      'Not Used',
      'None',
    ],
    [M4, 'Cortex-M4', '-mcpu=cortex-m4 -mthumb', 'as the part has it', 'the part'],
  ] as const)('not on a %s: what to build it with', (core, name, gcc, keil, iar) => {
    expect(coreFinding(built(17, FPU), core)).toMatchObject({
      id: 'wrong-core',
      severity: 'error',
      code: 'IMAGE_FORMAT',
      found: 'compiled for ARMv8-M.mainline (Cortex-M33) with floating-point unit',
      expected: `compiled for ${name}`,
      fixes: {
        gcc: `compile and link with ${gcc}`,
        keil: expect.stringMatching(`${keil}$`),
        iar: expect.stringMatching(`${iar}$`),
      },
      details: { architecture: 17, floatingPoint: true, core },
    });
  });
});
