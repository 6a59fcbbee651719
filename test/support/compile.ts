// Small programs for the cross compiler: applications with a mistake, as people build them.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface CompileOptions {
  /** Assembly, or C if it begins with a comment of C */
  readonly source: string;
  /** Flags for the core and the optimisation */
  readonly flags?: readonly string[];
  readonly flash?: number;
  readonly ram?: number;
  /** [bytes] */
  readonly ramSize?: number;
  /** Linker script of the variables' section; in flash by default */
  readonly dataIn?: string;
  /** Compiles to an object, which gcc links */
  readonly compiler?: 'gcc' | 'clang';
  /** Only compiled, not linked */
  readonly object?: boolean;
}

/** An ELF file */
export function compile({
  source,
  flags = ['-mcpu=cortex-m3'],
  flash = 0x0800_8000,
  ram = 0x2000_0000,
  ramSize = 0x1000,
  dataIn = '> RAM AT > FLASH',
  compiler = 'gcc',
  object = false,
}: CompileOptions): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'iap-compile-'));
  try {
    const input = join(folder, source.startsWith('//') ? 'app.c' : 'app.S');
    const [script, output] = [join(folder, 'app.ld'), join(folder, 'app.elf')];
    writeFileSync(input, source);
    writeFileSync(
      script,
      `ENTRY(reset)
      MEMORY { FLASH (rx) : ORIGIN = ${flash}, LENGTH = 64K  RAM (rw) : ORIGIN = ${ram}, LENGTH = ${ramSize} }
      SECTIONS {
        .text : { KEEP(*(.vectors)) *(.text .text.* .rodata .rodata.*) } > FLASH
        .data : { *(.data) } ${dataIn}
        .bss (NOLOAD) : { *(.bss) } > RAM
      }`,
    );
    const gcc = (args: readonly string[]): unknown =>
      execFileSync('arm-none-eabi-gcc', ['-mthumb', ...args], { stdio: 'pipe' });
    const link = ['-nostdlib', '-nostartfiles', '-T', script, '-Wl,-n', '-o', output];
    if (compiler === 'clang') {
      const compiled = join(folder, 'app.o');
      execFileSync('clang', [...flags, '-ffreestanding', '-c', input, '-o', compiled]);
      gcc(['-mcpu=cortex-m3', compiled, ...link]);
    } else {
      gcc([...flags, '-ffreestanding', input, ...(object ? ['-c', '-o', output] : link)]);
    }
    return new Uint8Array(readFileSync(output));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
