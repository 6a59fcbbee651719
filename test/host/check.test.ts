// "iap check" on good images, on code of real compilers, and on bytes that are made to mislead it.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ALLOWABLE, type Allowable } from '../../host/check/allow.js';
import { buildAttributes } from '../../host/check/arm-attributes.js';
import { checkImage } from '../../host/check/check-image.js';
import { inspect } from '../../host/check/inspect.js';
import { readCode } from '../../host/check/reading.js';
import { handlerFindings } from '../../host/check/vectors.js';
import { writeIntelHex } from '../../host/image/intel-hex.js';
import { loadFile, loadImage } from '../../host/image/load.js';
import { parseName } from '../../host/image/names.js';
import { boardNames, loadBoard, loadPart, partNames } from '../../host/node/board-file.js';
import { built } from '../support/board.js';
import { type CompileOptions, compile } from '../support/compile.js';
import { elf } from '../support/elf.js';
import { appImage } from '../support/images.js';
import { WRONG_IMAGES } from '../support/wrong-images.js';

const BASE = 0x0800_8000;
const SEED = 20_240_502;
const read = (...path: string[]): Uint8Array =>
  new Uint8Array(readFileSync(built('build', ...path)));

describe("the project's own applications have nothing to find", () => {
  test.each(boardNames())('%s', async (name) => {
    const board = await loadBoard(name);
    for (const ending of ['elf', 'hex', 'bin']) {
      for (const version of ['demo-v1', 'demo-v2']) {
        const file = read(name, `${version}.${ending}`);
        const { findings, facts, ok } = inspect(file, {}, { part: board.part, area: board });
        expect(findings).toEqual([]);
        expect(ok).toBe(true);
        expect(facts).toMatchObject({ base: board.appBase });
        // If it sets VTOR at all, then to its own table.
        expect(facts?.vtor.every(({ value }) => value === board.appBase)).toBe(true);
        expect(facts?.free).toBe(board.appEnd - board.appBase - (facts?.size ?? 0));
        expect(inspect(file, {}, { area: board }).findings).toEqual([]);
      }
    }
  });

  test('a bootloader is none: it is linked elsewhere, and sets VTOR to its own table and to what it is told', () => {
    const { findings } = inspect(read('stm32f103xb', 'bootloader.elf'));
    const [first, ...vtor] = findings;
    expect(first?.id).toBe('wrong-address');
    // In the order of their addresses, which the linker decides.
    expect(vtor.map(({ id }) => id).sort()).toEqual(['vtor-elsewhere', 'vtor-unknown']);
    const addresses = vtor.map(({ details }) => Number(details?.at));
    expect(addresses).toEqual(addresses.toSorted((a, b) => a - b));
  });
});

const VALUES: readonly [string, number | undefined | 'ram'][] = [
  ['0x08000000u | 0x0u', 0x0800_0000],
  ['0x08000000u | 0x8000u', BASE],
  ['0x08010000u', 0x0801_0000],
  ['(uint32_t)table', BASE],
  ['(uint32_t)ram_table', 'ram'],
  ['(REG(0x20000100u) & 0x1FFFFF80u)', undefined],
];

/** What projects do in SystemInit, once for each value */
const SYSTEM_INITS = `// C
#include <stdint.h>
#define REG(a) (*(volatile uint32_t *)(a))
typedef struct { volatile uint32_t cpuid, icsr, vtor, aircr, scr, ccr; volatile uint8_t shp[12];
                 volatile uint32_t shcsr, fault[17], cpacr; } SCB_Type;
#define SCB ((SCB_Type *)0xE000ED00u)
#define RCC_CR REG(0x40021000u)
#define RCC_CFGR REG(0x40021004u)
void reset(void);
extern const uint32_t table[];
uint32_t SystemCoreClock = 8000000;
static uint32_t ready;
uint32_t ram_table[16] __attribute__((aligned(512)));
static const uint8_t shifts[16] = {0, 0, 0, 0, 1, 2, 3, 4, 6, 7, 8, 9, 1, 2, 3, 4};
static void clock(void) {
    uint32_t tries = 0;
    RCC_CR |= 0x10000u;
    do { ready = RCC_CR & 0x20000u; tries++; } while (ready == 0 && tries != 0x500);
    if (RCC_CR & 0x20000u) { REG(0x40022000u) |= 0x12; RCC_CFGR |= 0x1D0402; } else { RCC_CFGR &= ~3u; }
}
${VALUES.map(
  ([value], i) => `
void SystemInit${i}(void) {
    RCC_CR |= 1u;
    RCC_CFGR &= 0xF8FF0000u;
    SCB->shp[3] = 0xF0;
    clock();
    if (ready) { SystemCoreClock = 72000000u >> shifts[(RCC_CFGR >> 4) & 15]; }
    SCB->vtor = ${value};
    SCB->aircr = 0x05FA0300u;
}`,
).join('')}
void reset(void) { ${VALUES.map((_, i) => `SystemInit${i}();`).join(' ')} for (;;) { SystemCoreClock++; } }
__attribute__((section(".vectors"), used)) const uint32_t table[2] = {0x20001000u, 0};
`;

/** What VTOR is set to, without an order: compilers put functions where they like. */
function vtorValues(options: Partial<CompileOptions>): string[] {
  const { image } = loadFile(compile({ source: SYSTEM_INITS, ...options }));
  const values = readCode({ base: BASE, bytes: image.bytes }).vtor.map(({ value }) => value);
  return values.map((value) => String(isRam(value) ? 'ram' : value)).sort();
}
const EXPECTED = VALUES.map(([, value]) => String(value)).sort();

const OPTIMISATIONS = ['-O0', '-Og', '-O1', '-O2', '-O3', '-Os'];
const CORES = [
  ['-mcpu=cortex-m3'],
  ['-mcpu=cortex-m4', '-mfloat-abi=hard', '-mfpu=fpv4-sp-d16'],
  ['-mcpu=cortex-m3', '-mslow-flash-data'],
  ['-mcpu=cortex-m3', '-flto'],
];
describe('where SystemInit sets the vector table register', { timeout: 300_000 }, () => {
  // At -O3 a function is inlined as well as there by itself.
  const once = (values: readonly string[]): string[] => [...new Set(values)];

  test.each(CORES.flatMap((core) => OPTIMISATIONS.map((level) => [[...core, level]])))(
    'gcc %j',
    (flags) => {
      expect(once(vtorValues({ flags }))).toEqual(once(EXPECTED));
    },
  );

  test.each(OPTIMISATIONS)('clang %s', (level) => {
    const flags = ['--target=thumbv7m-none-eabi', level];
    expect(once(vtorValues({ flags, compiler: 'clang' }))).toEqual(once(EXPECTED));
  });

  test('a table in RAM, and the right address, are no findings', () => {
    const { findings } = inspect(
      compile({ source: SYSTEM_INITS, flags: ['-mcpu=cortex-m3', '-O0'] }),
    );
    const values = findings
      .filter(({ id }) => id.startsWith('vtor'))
      .map(({ details }) => details?.value);
    expect(values.sort()).toEqual([0x0800_0000, 0x0801_0000, undefined]);
  });
});

function isRam(value: number | undefined): boolean {
  return value !== undefined && value >= 0x2000_0000 && value < 0x2001_0000;
}

describe('the code is read as objdump reads it', () => {
  // A constant goes through each instruction that compilers make constants with, and ends in VTOR.
  const cases: [string, number | undefined][] = [
    ['movs r2, #8\n lsls r2, r2, #24', 0x0800_0000],
    ['movw r2, #0x8000\n movt r2, #0x0800', BASE],
    ['mov.w r2, #0x08000000\n orr.w r2, r2, #0x8000', BASE],
    ['mov.w r2, #0x08000000\n add.w r2, r2, #0x10000\n sub.w r2, r2, #0x8000', BASE],
    ['mov.w r2, #0xff00ff00\n mvn r2, r2', 0x00ff_00ff],
    ['mvn.w r2, #0', 0xffff_ffff],
    ['mov.w r2, #0x12001200', 0x1200_1200],
    ['mov.w r2, #0x34343434', 0x3434_3434],
    ['ldr r2, =0x08008000', BASE],
    ['ldr.w r2, =0x08012345', 0x0801_2345],
    ['ldr r4, =0x08000000\n ldr r5, =0x8000\n adds r2, r4, r5', BASE],
    ['ldr r4, =0x08000000\n ldr r5, =0x8000\n orrs r4, r5\n mov r2, r4', BASE],
    ['ldr r4, =0x08018000\n ldr r5, =0x10000\n bics r4, r5\n mov r2, r4', BASE],
    ['ldr r4, =0x08018000\n ldr r5, =0x10000\n eor.w r2, r4, r5', BASE],
    ['ldr r4, =0x8008\n ldr r5, =0x1000\n mul r2, r4, r5', undefined],
    ['ldr r4, =0x8008\n ldr r5, =0x1000\n muls r4, r5\n mov r2, r4', 0x0800_8000],
    ['ldr r4, =0x1001\n movs r2, #0\n orr.w r2, r2, r4, lsl #15', 0x0800_8000],
    ['ldr r2, =0x08008000\n bl other', undefined],
    ['ldr r2, =0x08008000\n blx r5', undefined],
    ['ldr r2, =0x08000000\n cmp r0, #0\n bne 1f\n ldr r2, =0x08008000\n1:', undefined],
    ['ldr r2, =0x08008000\n cmp r0, #0\n it ne\n movne r2, #0', undefined],
    ['cmp r0, #0\n ite ne\n movne r2, #1\n moveq r2, #2', undefined],
    ['ldr r2, =0x08000000\n cmp r0, #0\n beq 1f\n bx lr\n ldr r2, =0x08008000\n1:', undefined],
    ['ldr r2, =0x08008000\n cmp r0, #0\n beq 1f\n nop\n1:', BASE],
    ['ldr r2, =0x08008000\n b 1f\n .word 0xffffffff\n1:', BASE],
    ['ldr r2, =0x08008000\n cbz r0, 1f\n nop\n1:', BASE],
    ['ldr r2, =0x08008000\n cmp r0, #0\n it ne\n bxne lr', BASE],
    ['ldr r2, =0x08008000\n cmp r0, #0\n beq 1f\n bx lr\n1:', BASE],
    ['ldr r2, =0x08008000\n cmp r0, #0\n beq 1f\n pop {r4, pc}\n1:', BASE],
    ['ldr r2, =0x08008000\n ldmia r0!, {r1, r2}', undefined],
    ['ldr r2, =0x08008000\n ldrd r2, r4, [r0]', undefined],
    ['ldr r2, =0x08008000\n uxth r2, r2', undefined],
    ['ldr r2, =0x08008000\n ubfx r2, r2, #0, #4', undefined],
    ['ldr r2, =0x08008000\n umull r2, r4, r0, r1', undefined],
    ['ldr r2, =0x08008000\n mrs r2, primask', undefined],
    ['ldr r2, =0x08008000\n msr primask, r2\n dsb\n isb\n cpsid i\n nop', BASE],
    [
      'ldr r2, =0x08008000\n str r0, [r1]\n strb r0, [r1]\n strh r0, [r1]\n push {r4}\n tst r2, r0',
      BASE,
    ],
    ['ldr r2, =0x08008000\n strd r0, r1, [r5]\n stmia r5!, {r0, r1}\n strb.w r2, [r5, #1]', BASE],
  ];
  const stores = [
    'ldr r3, =0xE000ED00\n str r2, [r3, #8]',
    'ldr r3, =0xE000ED08\n str r2, [r3]',
    'mov.w r3, #0xE000E000\n str.w r2, [r3, #0xD08]',
    'ldr r3, =0xE000ED10\n str.w r2, [r3, #-8]',
    'ldr r3, =0xE000ED00\n movs r6, #8\n str r2, [r3, r6]',
    'ldr r3, =0xE000ED00\n str.w r2, [r3, #8]!',
    'ldr r3, =0xE000ED08\n str.w r2, [r3], #4',
    'ldr r3, =0xE000ED04\n str.w r0, [r3], #4\n str r2, [r3]',
    'ldr r3, =0xE000ED00\n str.w r0, [r3, #4]!\n str r2, [r3, #4]',
    'movw r3, #0xED08\n movt r3, #0xE000\n str r2, [r3]',
    'ldr r3, =0xE000ED04\n strd r0, r2, [r3]',
  ];
  const values = (bodies: readonly string[]): (number | undefined)[] => {
    const functions = bodies.map(
      (body, i) => `.thumb_func\n.type f${i},%function\nf${i}: ${body}\n b .\n.ltorg\n.balign 4`,
    );
    const { image } = loadFile(
      compile({
        source: `.syntax unified\n.thumb\n.section .vectors,"a"\n.word 0x20001000, reset\n.fill 14,4,0
          .text\n.thumb_func\n.global reset\n.type reset,%function\nreset: b .
          .thumb_func\n.type other,%function\nother: bx lr\n${functions.join('\n')}`,
      }),
    );
    return readCode({ base: BASE, bytes: image.bytes }, cases.length).vtor.map(
      ({ value }) => value,
    );
  };

  test.each(stores)('%j', (store) => {
    const found = values(cases.map(([code]) => `${code}\n ${store}`));
    expect(cases.map(([code], i) => [code, found[i]])).toEqual(cases);
    expect(found.length).toBe(cases.length);
  });

  test('stores to its neighbours are none of its', () => {
    const addresses = ['0xE000ED00', '0xE000ED04', '0xE000ED0C', '0xE000E000', '0x20000008'];
    const store = (address: string): string =>
      `ldr r3, =${address}\n ldr r2, =0x08000000\n str r2, [r3]`;
    expect(values(addresses.map(store))).toEqual([]);
  });

  test('anything at all is read to its end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 64, maxLength: 4000 }), (bytes) => {
        const { findings } = inspect(Uint8Array.of(0, 0x50, 0, 0x20, 0x41, 0x80, 0, 8, ...bytes));
        expect(findings.length).toBeLessThan(30);
      }),
      { seed: SEED, numRuns: 300 },
    );
  });
});

describe('vectors', () => {
  const facts = { linked: BASE, rams: [], core: 'cortex-m3', vectors: 76 } as const;

  test('a table that is shorter than the part has, and code behind it', () => {
    const demo = loadFile(read('stm32f103xe', 'demo-v1.bin')).image.bytes;
    expect(handlerFindings(demo, facts)).toEqual([]);
    expect(handlerFindings(appImage(5000), { ...facts, vectors: 2 })).toEqual([]);
  });

  test('each wrong one is found wherever it is in the table, and named', () => {
    const table = new Uint8Array(1000);
    const view = new DataView(table.buffer);
    for (let i = 1; i < 76; i++) view.setUint32(4 * i, BASE + 0x181, true);
    for (const i of [2, 3, 11, 14, 15, 16, 20, 40, 66]) {
      const wrong = table.slice();
      new DataView(wrong.buffer).setUint32(4 * i, 0x0800_0201, true);
      const [finding, ...more] = handlerFindings(wrong, facts);
      expect(more).toEqual([]);
      expect(finding).toMatchObject({ id: 'vector-outside', details: { vector: i, count: 1 } });
      expect(finding?.severity).toBe(i < 16 ? 'error' : 'warning');
    }
    for (const i of [0, 7, 8, 9, 10, 13]) {
      const reserved = table.slice();
      new DataView(reserved.buffer).setUint32(4 * i, 0x1234_5678, true);
      expect(handlerFindings(reserved, facts)).toEqual([]);
    }
  });

  test('a handler may run from RAM', async () => {
    const part = await loadPart('stm32f303xc');
    const bytes = appImage(1000);
    const view = new DataView(bytes.buffer);
    for (let i = 2; i < 98; i++) view.setUint32(4 * i, i === 20 ? 0x1000_0001 : BASE + 0x181, true);
    expect(inspect(bytes, {}, { part }).findings).toEqual([]);
  });
});

describe('the start of RAM on a Cortex-M0', () => {
  const ids = async (bss: number, data: number, ram = 0x2000_0000): Promise<string[]> => {
    const part = await loadPart('stm32f030x8');
    const space = (section: string, size: number): string =>
      size ? `${section}\n.space ${size}\n` : '';
    const source = `.syntax unified\n.thumb\n.section .vectors,"a"\n.word 0x20001000, reset\n.fill 46,4,0
      .text\n.thumb_func\n.global reset\n.type reset,%function\nreset: b .\n${space('.bss', bss)}${space('.data', data)}`;
    const file = compile({ source, flags: ['-mcpu=cortex-m0'], ram });
    return inspect(file, {}, { part }).findings.map(({ id }) => id);
  };

  test('variables there', async () => {
    expect(await ids(16, 0)).toEqual(['ram-over-vectors']);
    expect(await ids(0, 16)).toEqual(['ram-over-vectors']);
    expect(await ids(192, 16)).toEqual(['ram-over-vectors']);
    expect(await ids(4, 4, 0x2000_00bc)).toEqual(['ram-over-vectors']);
  });

  test('variables behind it, none at all, or room for the vectors themselves', async () => {
    expect(await ids(16, 16, 0x2000_00c0)).toEqual([]);
    expect(await ids(0, 0)).toEqual([]);
    expect(await ids(192, 0)).toEqual([]);
  });
});

describe('the start of RAM on a Cortex-M0, from the code alone', () => {
  const ids = async (body: string): Promise<string[]> => {
    const part = await loadPart('stm32f072xb');
    const source = `.syntax unified\n.thumb\n.section .vectors,"a"\n.word 0x20001000, reset\n.fill 46,4,0
      .text\n.thumb_func\n.global reset\n.type reset,%function\nreset:\n${body}\n b .\n .ltorg`;
    const { image } = loadFile(compile({ source, flags: ['-mcpu=cortex-m0'], ram: 0x2000_00c0 }));
    const hex = new TextEncoder().encode(writeIntelHex([{ address: BASE, bytes: image.bytes }]));
    return inspect(hex, { name: 'app.hex' }, { part }).findings.map(({ id }) => id);
  };

  test('a variable that code loads the address of', async () => {
    expect(await ids('ldr r0, =0x20000010\n str r0, [r0]')).toEqual(['ram-over-vectors']);
    expect(await ids('ldr r0, =0x20000000\n str r0, [r0]')).toEqual(['ram-over-vectors']);
    expect(await ids('ldr r0, =0x200000BC\n ldr r1, =0x200000C0')).toEqual(['ram-over-vectors']);
  });

  test('two instructions that look like an address, a byte of one, a copy of the vectors', async () => {
    expect(await ids('.balign 4\n movs r3, r0\n movs r0, #0')).toEqual([]);
    expect(await ids('.balign 4\n movs r0, r2\n movs r0, #0')).toEqual([]);
    expect(await ids('ldr r0, =0x20000003')).toEqual([]);
    expect(await ids('ldr r0, =0x20000000\n ldr r1, =0x200000C0\n str r1, [r1]')).toEqual([]);
  });
});

describe('what is not known is said', () => {
  test('without a part', () => {
    const { assumed } = inspect(appImage(1000));
    expect(assumed.join('\n')).toContain('applications start at 0x08008000');
    expect(assumed.join('\n')).toContain('the part is not known');
    expect(assumed.join('\n')).toContain('a raw binary is linked where it will be written');
  });

  test('with a board and its ELF file there is nothing to assume', async () => {
    const board = await loadBoard('stm32f103xb');
    const file = read('stm32f103xb', 'demo-v1.elf');
    expect(inspect(file, {}, { part: board.part, area: board }).assumed).toEqual([]);
  });

  test('every part there is a file for has all that is needed', async () => {
    for (const name of partNames()) {
      const part = await loadPart(name);
      const { findings } = inspect(appImage(1000), {}, { part });
      const fits = findings.filter(({ id }) => !/^(vector|stack)/.test(id));
      expect(fits).toEqual([]);
    }
  });
});

test('an update refuses what a check calls an error, for the same reason, and takes what it warns of', {
  timeout: 120_000,
}, async () => {
  const target = {
    appBase: BASE,
    appEnd: BASE + 0x18000,
    product: parseName('product', 'PUMP-2', 16),
    hardware: 3,
    identityFlags: 0xff,
    uniqueId: new Uint8Array(12),
    capabilities: 3,
  };
  let refused = 0;
  for (const { name, file, part: partName = 'stm32f103xb' } of WRONG_IMAGES) {
    const part = await loadPart(partName);
    const expected = { part, area: target, identity: target };
    const { facts, findings } = inspect(file(), { name }, expected);
    const errors = findings.filter(({ severity }) => severity === 'error');
    if (!facts) continue;
    const image = loadImage(file(), { name });
    const device = { ...target, part: partName, pageSize: part.page };
    const [first] = errors;
    if (!first) {
      expect(() => checkImage(image, device), name).not.toThrow();
      continue;
    }
    refused++;
    expect(() => checkImage(image, device), name).toThrow(first.message);
    const allow = errors
      .map(({ id }) => id)
      .filter((id): id is Allowable => ALLOWABLE.some((known) => known === id));
    if (allow.length < errors.length) {
      expect(() => checkImage(image, device, allow), name).toThrow();
    } else {
      const left = checkImage(image, device, allow);
      expect(left.filter(({ allowed }) => allowed).map(({ id }) => id)).toEqual(allow);
    }
  }
  expect(refused).toBeGreaterThan(20);
});

describe('build attributes', () => {
  const attributes = (flags: readonly string[]) => {
    const source = '.syntax unified\n.thumb\n.text\n.global reset\nreset: b .';
    return buildAttributes(loadFile(compile({ source, flags })).elf ?? (undefined as never));
  };

  test.each([
    [['-mcpu=cortex-m0'], [11, 12]],
    [['-mcpu=cortex-m3'], [10]],
    [['-mcpu=cortex-m4'], [13]],
  ])('%j', (flags, architectures) => {
    expect(architectures).toContain(attributes(flags)?.architecture);
    expect(attributes(flags)).toMatchObject({ profile: 'M', floatingPoint: false });
  });

  test('a floating-point unit that the core does not have', async () => {
    const source =
      '.syntax unified\n.thumb\n.eabi_attribute 10, 6\n.text\n.global reset\nreset: b .';
    const { findings } = inspect(compile({ source }), {}, { part: await loadPart('stm32f103xb') });
    const found = findings.find(({ id }) => id === 'wrong-core');
    expect(found?.message).toContain('ARMv7-M (Cortex-M3) with floating-point unit');
  });

  test('as readelf reads them, for the demo', () => {
    const path = built('build', 'stm32f103xb', 'demo-v1.elf');
    const text = execFileSync('arm-none-eabi-readelf', ['-A', path], { encoding: 'utf8' });
    expect(text).toContain('Tag_CPU_arch: v7');
    expect(inspect(read('stm32f103xb', 'demo-v1.elf')).facts?.builtFor).toContain('ARMv7-M');
  });

  test('any bytes in their section are read to the end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const attributes = {
          address: BASE + 0x400,
          bytes: Uint8Array.of(0x41, ...bytes),
          type: 0x7000_0003,
        };
        const file = elf({
          sections: [
            { address: BASE, bytes: appImage(64) },
            { ...attributes, flags: 0 },
          ],
        });
        inspect(file);
      }),
      { seed: SEED, numRuns: 500 },
    );
  });
});
