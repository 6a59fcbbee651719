// One program whose linker put much data before the code, as compilers make it at any address.
import { type CompileOptions, compile } from './compile.js';

export const START = 0x0800_0000;
export const BASE = 0x0800_8000;
/** More than the bootloader's 32 KB, so that all handlers are above BASE wherever it is linked */
const FILLER = 36 * 1024;

export const FILLERS = {
  zeros: '{1}',
  noise: `{${Array.from({ length: FILLER / 4 }, (_, i) => `${Math.imul(i + 1, 0x9e37_79b1) >>> 0}u`).join(',')}}`,
} as const;

/** The vector table, much data, then code: as a project with fonts or pictures is linked. */
export function program(filler: keyof typeof FILLERS, vtor?: number): string {
  return `// C
#include <stdint.h>
void reset(void); void other(void); void tick(void); void hard(void);
__attribute__((section(".vectors"), used)) void (*const table[48])(void) = {(void (*)(void))0x20001000, reset, other, hard,
  [11] = other, [14] = other, [15] = tick, [16 ... 47] = other};
__attribute__((section(".vectors"), used)) const uint32_t filler[${FILLER / 4}] = ${FILLERS[filler]};
static volatile uint32_t count, last;
static const char *const names[] = {"pump", "valve"};
static void first(void) { last = filler[count & 7]; }
static void second(void) { last = (uint32_t)names[count & 1][0]; }
static void (*const steps[])(void) = {first, second};
__attribute__((noinline)) static void step(uint32_t i) { steps[i & 1](); }
void tick(void) { count++; }
void other(void) { for (;;) {} }
void hard(void) { last = count; for (;;) {} }
void reset(void) {
  ${vtor === undefined ? '' : `*(volatile uint32_t *)0xE000ED08 = ${vtor}u;`}
  for (;;) { step(count); if (last == filler[count & 15]) tick(); }
}
`;
}

export function built(options: Partial<CompileOptions>, source: string): Uint8Array {
  const order = options.compiler === 'clang' ? [] : ['-fno-toplevel-reorder'];
  return compile({ source, ...options, flags: [...(options.flags ?? []), ...order] });
}
