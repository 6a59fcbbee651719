// Where an image is linked, told from its bytes: what compilers make of one program at several addresses, in every format.
import { describe, expect, test } from 'vitest';
import { checkImage } from '../../host/check/check-image.js';
import { inspect } from '../../host/check/inspect.js';
import { headerFor } from '../../host/image/image.js';
import { writeIntelHex } from '../../host/image/intel-hex.js';
import { loadFile } from '../../host/image/load.js';
import { writeSRecord } from '../../host/image/s-record.js';
import { loadBoard } from '../../host/node/board-file.js';
import type { CompileOptions } from '../support/compile.js';
import { appImage } from '../support/images.js';
import { BASE, built, FILLERS, program, START } from '../support/linked-program.js';

/** In each format, with the name of the file */
function formats(elf: Uint8Array): [string, Uint8Array][] {
  const { bytes, base = 0 } = loadFile(elf).image;
  const text = (lines: string): Uint8Array => new TextEncoder().encode(lines);
  const segments = [{ address: base, bytes }];
  return [
    ['app.elf', elf],
    ['app.hex', text(writeIntelHex(segments))],
    ['app.srec', text(writeSRecord(segments))],
    ['app.bin', bytes],
    // As it was packed for this address before anybody knew better
    ['app.iap', Uint8Array.of(...headerFor({ base: BASE, bytes }, BASE), ...bytes)],
  ];
}

const M3 = ['-mcpu=cortex-m3', '-O2'];
const GCC = ['-O0', '-Og', '-Os', '-O2', '-O3'];
const BUILDS: readonly Partial<CompileOptions>[] = [
  ...GCC.map((level) => ({ flags: ['-mcpu=cortex-m3', level] })),
  ...['-O0', '-Os'].map((level) => ({ flags: ['-mcpu=cortex-m0', level] })),
  { flags: ['-mcpu=cortex-m4', '-mfloat-abi=hard', '-mfpu=fpv4-sp-d16', '-O2'] },
  { flags: ['-mcpu=cortex-m3', '-mslow-flash-data', '-Os'] },
  ...['-O0', '-O2'].map((level) => ({
    flags: ['--target=thumbv7m-none-eabi', level],
    compiler: 'clang' as const,
  })),
];

describe.each(Object.keys(FILLERS) as (keyof typeof FILLERS)[])('%s before the code', (filler) => {
  describe.each(BUILDS)('$compiler $flags', { timeout: 60_000 }, (options) => {
    const ids = (file: Uint8Array, name: string): string[] =>
      inspect(file, { name }).findings.map(({ id }) => id);

    test('linked where applications start: nothing to find in any format', () => {
      for (const [name, file] of formats(built(options, program(filler)))) {
        expect(ids(file, name), name).toEqual([]);
      }
    });

    test('linked at the start of flash: said in every format', () => {
      for (const [name, file] of formats(built({ ...options, flash: START }, program(filler)))) {
        const [finding, ...more] = inspect(file, { name }).findings;
        expect(more, name).toEqual([]);
        expect(finding, name).toMatchObject({ id: 'wrong-address', details: { base: START } });
        expect(finding?.message).toContain('linked at 0x08000000');
        expect(finding?.hint).toContain('set FLASH ORIGIN to 0x08008000');
      }
    });
  });
});

describe('other bootloaders', { timeout: 60_000 }, () => {
  test.each([0x0800_2000, 0x0800_4000, 0x0800_7000, 0x0801_0000])('linked at %i', (flash) => {
    const { bytes } = loadFile(built({ flags: M3, flash }, program('noise'))).image;
    const area = { appBase: flash, appEnd: 0x0802_0000 };
    expect(inspect(bytes, {}, { area }).findings).toEqual([]);
    const [finding] = inspect(bytes).findings;
    expect(finding).toMatchObject({ id: 'wrong-address', details: { base: flash } });
  });

  test('a raw binary made into a file for the right place is still linked at the wrong one', () => {
    const { bytes } = loadFile(built({ flags: M3, flash: START }, program('zeros'))).image;
    for (const base of [BASE, 0x0800_4000, 0x0801_0000]) {
      const hex = new TextEncoder().encode(writeIntelHex([{ address: base, bytes }]));
      const [finding] = inspect(hex, { name: 'app.hex' }).findings;
      expect(finding).toMatchObject({ id: 'wrong-address', details: { base: START } });
    }
  });

  test('a file for the wrong place, linked for the right one', () => {
    const { bytes } = loadFile(built({ flags: M3 }, program('zeros'))).image;
    for (const base of [START, 0x0800_4000]) {
      const hex = new TextEncoder().encode(writeIntelHex([{ address: base, bytes }]));
      const [finding] = inspect(hex, { name: 'app.hex' }).findings;
      expect(finding?.message).toContain('but its vectors are for 0x08008000');
    }
  });
});

describe('SCB->VTOR', { timeout: 60_000 }, () => {
  test('an image that is right but for it is a warning, whatever its size', () => {
    const file = built({ flags: M3 }, program('noise', START));
    expect(inspect(file).findings.map(({ id }) => id)).toEqual(['vtor-elsewhere']);
    const { bytes } = loadFile(file).image;
    expect(inspect(bytes).findings.map(({ id }) => id)).toEqual(['vtor-elsewhere']);
  });

  test('is told as a part of the evidence', () => {
    const { bytes } = loadFile(built({ flags: M3, flash: START }, program('noise', START))).image;
    const [finding] = inspect(bytes).findings;
    expect(finding?.message).toContain('code sets SCB->VTOR to it');
  });
});

describe('where the evidence does not decide', { timeout: 60_000 }, () => {
  /** Six handlers, each of them the beginning of a function at both bases */
  function twofold(): Uint8Array {
    const bytes = new Uint8Array(40_000).fill(0x46);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, 0x2000_1000, true);
    for (let i = 1; i < 16; i++) {
      const at = 0x400 + 0x24 * (i % 6);
      view.setUint32(4 * i, BASE + at + 1, true);
      for (const base of [0, BASE - START]) view.setUint16(at + base, 0xe7fe, true);
    }
    return bytes;
  }

  test('it is a question, with the evidence, and an answer', async () => {
    const board = await loadBoard('stm32f103xb');
    const { ok, findings } = inspect(twofold(), {}, { area: board });
    expect(ok).toBe(false);
    expect(findings).toMatchObject([
      {
        id: 'linked-unclear',
        severity: 'error',
        code: 'IMAGE_WRONG_ADDRESS',
        details: { addresses: 6, begins: 6, other: START, otherBegins: 6 },
      },
    ]);
    expect(findings[0]?.hint).toContain('--base 0x08008000');
    expect(inspect(twofold(), { base: BASE }, { area: board }).ok).toBe(true);
  });

  test('a file that says where it belongs has answered', () => {
    const hex = new TextEncoder().encode(writeIntelHex([{ address: BASE, bytes: twofold() }]));
    expect(inspect(hex, { name: 'app.hex' }).findings).toEqual([]);
  });

  test('an update asks as well, and takes an answer', () => {
    const target = {
      appBase: BASE,
      appEnd: 0x0802_0000,
      product: new Uint8Array(16),
      hardware: 1,
      identityFlags: 0xff,
      uniqueId: new Uint8Array(12),
      capabilities: 3,
    };
    const image = { base: undefined, bytes: twofold() };
    expect(() => checkImage(image, target)).toThrow('is the image linked at 0x08008000?');
    expect(() => checkImage(image, target, ['linked-unclear'])).not.toThrow();
    expect(() => checkImage({ ...image, base: BASE }, target)).not.toThrow();
  });

  test('bytes without any code are no question: nothing speaks for another place', () => {
    for (let seed = 1; seed <= 30; seed++) {
      for (const size of [100, 1000, 60_000]) {
        expect(inspect(appImage(size, seed)).findings).toEqual([]);
      }
    }
  });
});

test('half a megabyte is judged in less than a second, also on a busy computer', {
  timeout: 60_000,
}, () => {
  const { bytes } = loadFile(built({ flags: M3 }, program('noise'))).image;
  const large = new Uint8Array(480 * 1024);
  for (let at = 0; at < large.length; at += bytes.length) {
    large.set(bytes.subarray(0, large.length - at), at);
  }
  const before = process.cpuUsage();
  expect(inspect(large).findings).toEqual([]);
  expect(process.cpuUsage(before).user / 1000).toBeLessThan(1000);
});
