// ELF files as compilers and other tools leave them: what objcopy -O binary makes of them is read here, or it is said what is not.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { inspect } from '../../host/check/inspect.js';
import { loadFile } from '../../host/image/load.js';
import { type ElfPiece, elfOf } from '../support/elf.js';
import { tableImage } from '../support/images.js';
import { refusal } from '../support/refusal.js';

const BASE = 0x0800_8000;
const SEED = 20_261_128;
const folder = mkdtempSync(join(tmpdir(), 'iap-elf-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string): string => join(folder, name);

function binaryOf(file: Uint8Array): Uint8Array {
  writeFileSync(path('in.elf'), file);
  execFileSync('arm-none-eabi-objcopy', ['-O', 'binary', path('in.elf'), path('out.bin')], {
    stdio: 'pipe',
  });
  return new Uint8Array(readFileSync(path('out.bin')));
}

/** The same bytes, but for gaps that a warning names */
function expectAsObjcopy(file: Uint8Array): void {
  const { image, gaps } = loadFile(file, { name: 'x.elf' });
  const expected = binaryOf(file);
  const base = image.base ?? 0;
  for (const { address, length } of gaps) {
    expect(length).toBeGreaterThanOrEqual(1024);
    expected.fill(0xff, address - base, address - base + length);
  }
  expect([image.bytes.length, Buffer.compare(image.bytes, expected)]).toEqual([expected.length, 0]);
  const told = inspect(file).findings.some(({ id }) => id === 'gap-filled');
  expect(told).toBe(gaps.length > 0);
}

describe('built by GCC', { timeout: 60_000 }, () => {
  const SOURCE = `
    #include <stdint.h>
    void reset(void);
    extern volatile uint64_t counter;
    __attribute__((section(".vectors"), used)) void (*const vectors[76])(void) =
      { (void (*)(void))0x20001000, reset, reset, reset };
    volatile uint64_t counter = 5;
    volatile uint32_t seen;
    __attribute__((section(".odd"), used)) const char odd[] = "odd";
    __attribute__((section(".eeprom"), used)) const uint32_t eeprom[4] = { 1, 2, 3, 4 };
    __attribute__((section(".ramfunc"), noinline)) void in_ram(void) { seen++; }
    void reset(void) { counter += odd[1]; in_ram(); for (;;) ; }
  `;
  const PLUS = `
    struct Thing { int value; Thing(); ~Thing(); };
    extern "C" void reset();
    __attribute__((section(".vectors"), used)) void (*const vectors[76])() =
      { (void (*)())0x20001000, reset, reset, reset };
    Thing::Thing() : value(7) {}
    Thing::~Thing() { value = 0; }
    Thing thing;
    thread_local int own = 3;
    extern "C" void *__aeabi_read_tp() { return &thing; }
    extern "C" void reset() { if (thing.value) throw own; for (;;) ; }
  `;

  interface Build {
    readonly source?: string;
    /** Of the linker script, between code and data */
    readonly middle?: string;
    readonly data?: string;
    readonly flags?: readonly string[];
    /** Of objcopy, afterwards */
    readonly after?: readonly string[];
  }

  function build({
    source = SOURCE,
    middle = '',
    data = '',
    flags = [],
    after,
  }: Build): Uint8Array {
    const plus = source === PLUS;
    const input = path(plus ? 'app.cpp' : 'app.c');
    writeFileSync(input, source);
    writeFileSync(
      path('app.ld'),
      `ENTRY(reset)
      MEMORY {
        FLASH (rx) : ORIGIN = ${BASE}, LENGTH = 95K
        RAM (rwx) : ORIGIN = 0x20000000, LENGTH = 16K
        LAST (r) : ORIGIN = 0x0801fc00, LENGTH = 1K
      }
      SECTIONS {
        .vectors : { KEEP(*(.vectors)) } > FLASH
        .text : { *(.text .text.* .rodata .rodata.*) } > FLASH
        .odd : { KEEP(*(.odd)) } > FLASH
        ${middle}
        .ARM.extab : { *(.ARM.extab*) } > FLASH
        .ARM.exidx : { __exidx_start = .; *(.ARM.exidx*) __exidx_end = .; } > FLASH
        .init_array : { KEEP(*(.init_array*)) } > FLASH
        .ramfunc : { *(.ramfunc) } > RAM AT > FLASH
        .data ${data} : { *(.data .data.*) } > RAM AT > FLASH
        .bss (NOLOAD) : { *(.bss .bss.* COMMON) PROVIDE(end = .); PROVIDE(__dso_handle = 0); } > RAM
        .eeprom : { KEEP(*(.eeprom)) } > FLASH
      }`,
    );
    const common = ['-mcpu=cortex-m3', '-mthumb', '-Os', '-g', '-T', path('app.ld')];
    const options = ['-nostartfiles', '--specs=nosys.specs', ...flags];
    const output = path('built.elf');
    execFileSync(
      plus ? 'arm-none-eabi-g++' : 'arm-none-eabi-gcc',
      [...common, ...options, input, '-o', output],
      { stdio: 'pipe' },
    );
    if (after) execFileSync('arm-none-eabi-objcopy', [...after, output], { stdio: 'pipe' });
    return new Uint8Array(readFileSync(output));
  }

  writeFileSync(path('info'), new Uint8Array(64).fill(0x49));
  const added = (address: string, name = '.appinfo'): string[] => [
    ...['--add-section', `${name}=${path('info')}`],
    ...['--set-section-flags', `${name}=alloc,load,readonly,contents`],
    ...['--change-section-address', `${name}=${address}`],
  ];

  test.each<[string, Build]>([
    ['as usual', {}],
    ['with data that is aligned to 64', { data: 'ALIGN(64)' }],
    ['with code that is aligned to 512', { flags: ['-falign-functions=512'] }],
    ['with the headers in no segment (-N)', { flags: ['-Wl,-N'] }],
    ['without pages (-n)', { flags: ['-Wl,-n'] }],
    ['with pages of 64 KB', { flags: ['-Wl,-z,max-page-size=65536'] }],
    ['with pages of 4 bytes', { flags: ['-Wl,-z,max-page-size=4'] }],
    ['with a build id', { flags: ['-Wl,--build-id'], middle: '.id : { *(.note*) } > FLASH' }],
    ['with relocations kept', { flags: ['-Wl,-q'] }],
    ['in C++, with exceptions and a thread local', { source: PLUS }],
    [
      'with newlib',
      {
        source: `${SOURCE}\n#include <stdio.h>\nint go(void) { return printf("%f", 1.0); }`,
        flags: ['-u', 'go'],
      },
    ],
    ['with a hole of 80 bytes', { middle: '.far BLOCK(1) : { . = . + 80; BYTE(7) } > FLASH' }],
    [
      'with overlays',
      { middle: 'OVERLAY : { .o1 { LONG(1) LONG(2) } .o2 { LONG(3) } } > RAM AT > FLASH' },
    ],
    ['stripped', { after: ['--strip-all'] }],
    ['with a section added behind it', { after: added('0x08008800') }],
    ['with a section added far behind it', { after: added('0x08018000') }],
    ['with a section taken out in the middle', { after: ['-R', '.odd'] }],
    ['with a section taken out at the start', { after: ['-R', '.vectors'] }],
    ['with a section padded', { after: ['--pad-to', '0x0800a000', '--gap-fill', '0x55'] }],
    ['with a hole up to the last page', { middle: '.last : { LONG(1) } > LAST' }],
    ['without code for the device: variables only', { after: ['-R', '.text', '-R', '.odd'] }],
  ])('%s', (_what, how) => {
    expectAsObjcopy(build(how));
  });

  test('a section for a place where nothing is loaded is named', () => {
    const file = build({ after: added('0x20002000', '.state') });
    const { message } = refusal(() => loadFile(file, { name: 'x.elf' }));
    expect(message).toContain('its 64 bytes of .state for 0x20002000, RAM');
  });

  test('only the debug information', () => {
    const file = build({ after: ['--only-keep-debug'] });
    const { details } = refusal(() => loadFile(file, { name: 'x.elf' }));
    expect(details.problem).toBe('elf-not-linked');
  });
});

describe('pieces as odd tools leave them', { timeout: 60_000 }, () => {
  const piece = fc.record({
    gap: fc.oneof(fc.constant(0), fc.nat(40), fc.nat(3000)),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 60 }),
    segment: fc.boolean(),
    moved: fc.boolean(),
  });

  test('sections with a segment and without, at run addresses of their own', () => {
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 6 }), (parts) => {
        let at = BASE;
        const pieces = parts.map(({ gap, bytes, segment, moved }, i): ElfPiece => {
          at += gap;
          const address = at;
          at += bytes.length;
          const runs = segment && moved ? { runs: 0x2000_0000 + 0x100 * i } : {};
          return { address, bytes, segment, section: `.s${i}`, ...runs };
        });
        expectAsObjcopy(elfOf(pieces));
      }),
      { seed: SEED, numRuns: 60 },
    );
  });

  const app = { address: BASE, bytes: tableImage(), section: '.text' };

  test('load addresses that are all zero are none', () => {
    const file = elfOf([{ ...app, address: 0, runs: BASE }]);
    expectAsObjcopy(file);
    expect(loadFile(file).image.base).toBe(BASE);
  });

  test('headers that name the whole file again and again take no time', () => {
    const large = { address: BASE, bytes: new Uint8Array(2_000_000), section: '.text' };
    const file = elfOf([
      large,
      ...Array.from({ length: 900 }, () => ({ ...large, bytes: new Uint8Array(1) })),
    ]);
    const view = new DataView(file.buffer);
    for (let i = 0; i < 901; i++) {
      view.setUint32(52 + 32 * i + 4, 52 + 32 * 901, true);
      view.setUint32(52 + 32 * i + 16, 2_000_000 - i, true);
    }
    const start = performance.now();
    expect(refusal(() => loadFile(file)).details.problem).toBe('elf-headers');
    expect(performance.now() - start).toBeLessThan(1000);
  });
});
