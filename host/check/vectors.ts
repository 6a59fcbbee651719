// The vector table: initial stack pointer, reset vector, handlers (ARMv7-M B1.5.3, ARMv6-M B1.5.3).
import { hex32 } from '../base/text.js';
import { areaName, inFlash } from '../image/areas.js';
import { ANY_RAM, ANY_SRAM, isAlias, isStack, wordAt } from '../image/vector-table.js';
import type { AddressRange, Core } from '../parts/parts.js';
import type { Finding, Fixes } from './finding.js';
import type { ApplicationArea } from './place.js';

/** The procedure call standard wants a stack of whole double words at each call (AAPCS § 6.2.1.2). */
const STACK_ALIGNMENT = 8;
const SYSTEM_VECTORS = 16;
/** Handlers that every core fetches: reset is judged by itself; the others up to 15 are reserved or faults of larger cores. */
const FETCHED_BY_ALL = [2, 3, 11, 14, 15];
const FETCHED: Readonly<Record<Core, readonly number[]>> = {
  'cortex-m0': FETCHED_BY_ALL,
  'cortex-m3': [2, 3, 4, 5, 6, 11, 12, 14, 15],
  'cortex-m4': [2, 3, 4, 5, 6, 11, 12, 14, 15],
};
const NAMES: Readonly<Record<number, string>> = {
  2: 'NMI',
  3: 'HardFault',
  4: 'MemManage',
  5: 'BusFault',
  6: 'UsageFault',
  11: 'SVCall',
  12: 'DebugMonitor',
  14: 'PendSV',
  15: 'SysTick',
};
/** So many of the wrong vectors are named. */
const SHOWN = 4;
const TABLE_FIRST =
  'the vector table must come first in the image; check the linker script, and that this is an application for STM32';
const TABLE_FIXES: Fixes = {
  gcc: 'in the .ld file, the first output section in FLASH is { KEEP(*(.isr_vector)) }',
  keil: 'in the scatter file, *.o (RESET, +First) in the first execution region',
  iar: 'in the .icf file, place at address mem:__ICFEDIT_intvec_start__ { readonly section .intvec };',
};

/** @param rams of the part, or all there may be */
export function stackFinding(
  bytes: Uint8Array,
  rams: readonly AddressRange[] = ANY_RAM,
): Finding | undefined {
  const stack = wordAt(bytes, 0);
  const [ram = ANY_SRAM] = rams;
  const common = { code: 'IMAGE_VECTORS', details: { stack } } as const;
  if (!isStack(stack, rams)) {
    const ranges = rams.map(({ from, to }) => `${hex32(from)} to ${hex32(to)}`).join(' or ');
    const other = isStack(stack, ANY_RAM);
    return {
      ...common,
      id: 'stack-outside-ram',
      severity: 'error',
      message: other
        ? `the first word of the image, the stack pointer, is ${hex32(stack)}, outside of this part's RAM, ${ranges}`
        : `the image does not begin with a vector table: its first word, the stack pointer, is ${hex32(stack)}, not an address in RAM`,
      found: `stack pointer ${hex32(stack)}, ${areaName(stack)}`,
      expected: `an address in RAM, ${ranges}`,
      hint: other ? 'the image is built for a part with more RAM, or for another one' : TABLE_FIRST,
      fixes: other ? ramFixes(ram) : TABLE_FIXES,
    };
  }
  if (stack % STACK_ALIGNMENT === 0) return undefined;
  // The core itself ignores the lowest two bits.
  const fatal = stack % 4 !== 0;
  return {
    ...common,
    id: 'stack-unaligned',
    severity: fatal ? 'error' : 'warning',
    message: `the first word of the image, the stack pointer, is ${hex32(stack)}, not a multiple of ${STACK_ALIGNMENT}${fatal ? '' : ': functions with 64-bit or floating-point arguments may fail'}`,
    found: `stack pointer ${hex32(stack)}`,
    expected: `a multiple of ${STACK_ALIGNMENT}`,
    hint: 'set the initial stack pointer to the end of RAM',
    fixes: {
      gcc: 'in the .ld file, _estack = ORIGIN(RAM) + LENGTH(RAM);',
      keil: 'in the startup file, AREA STACK, NOINIT, READWRITE, ALIGN=3, with a Stack_Size that is a multiple of 8',
      iar: 'in the .icf file, define block CSTACK with alignment = 8, size = __ICFEDIT_size_cstack__ { };',
    },
  };
}

/** @param ram first RAM of the part */
export function ramFixes({ from, to }: AddressRange): Fixes {
  const size = to - from;
  return {
    gcc: `in the .ld file, MEMORY: RAM (xrw) : ORIGIN = ${hex32(from)}, LENGTH = ${size % 1024 === 0 ? `${size / 1024}K` : `0x${size.toString(16).toUpperCase()}`}`,
    keil: `Options for Target, Target: IRAM1 Start ${hex32(from)}, Size 0x${size.toString(16).toUpperCase()}`,
    iar: `Linker, Config, Edit: RAM start ${hex32(from)}, end ${hex32(to - 1)}`,
  };
}

/**
 * @param linked where the image really is linked, as far as known
 * @param area where it should be
 */
export function resetFinding(
  bytes: Uint8Array,
  linked: number,
  area: ApplicationArea,
): Finding | undefined {
  const reset = wordAt(bytes, 4);
  const inside = reset >= linked && reset < linked + bytes.length;
  if (inside && reset % 2 === 1) return undefined;
  const range = `${hex32(linked)} to ${hex32(linked + bytes.length - 1)}`;
  // Another place in flash, or its alias, is a wrong address.
  if (!inside && (inFlash(reset) || isAlias(reset, bytes.length))) return undefined;
  return {
    id: inside ? 'reset-even' : 'reset-outside',
    severity: 'error',
    code: 'IMAGE_VECTORS',
    message: `the image does not begin with a vector table: its second word, the reset vector, is ${hex32(reset)}, not an odd address from ${range}`,
    found: `reset vector ${hex32(reset)}${inside ? ', which is even' : `, ${areaName(reset)}`}`,
    expected: `an odd address from ${range}`,
    hint: inside
      ? 'bit 0 says Thumb, the only instructions of a Cortex-M: declare the handler as a function, in assembly with .thumb_func'
      : TABLE_FIRST,
    fixes: inside
      ? {
          gcc: 'in the startup file, .thumb_func or .type Reset_Handler, %function before Reset_Handler:',
          keil: 'in the startup file, Reset_Handler PROC … ENDP under THUMB; for armclang as with GCC',
          iar: 'in the startup file, THUMB before Reset_Handler',
        }
      : TABLE_FIXES,
    details: { reset, appBase: area.appBase },
  };
}

export interface TableFacts {
  /** Where the image is linked */
  readonly linked: number;
  readonly rams: readonly AddressRange[];
  readonly core: Core | undefined;
  /** Words of the part's table; the system's, if the part is not known */
  readonly vectors?: number | undefined;
}

/** Handlers behind the reset vector: each is 0, or odd and in the image or in RAM. */
export function handlerFindings(bytes: Uint8Array, facts: TableFacts): Finding[] {
  const { linked, rams, core, vectors = SYSTEM_VECTORS } = facts;
  const end = Math.min(vectors, Math.floor(bytes.length / 4));
  const fault = (i: number): 'even' | 'outside' | undefined => {
    const value = wordAt(bytes, 4 * i);
    if (value === 0) return undefined;
    const inImage = value >= linked && value < linked + bytes.length;
    if (!inImage && !rams.some(({ from, to }) => value >= from && value < to)) return 'outside';
    return value % 2 === 0 ? 'even' : undefined;
  };
  const judged = [...(core ? FETCHED[core] : FETCHED_BY_ALL)];
  for (let i = SYSTEM_VECTORS; i < end; i++) {
    if (!fault(i)) continue;
    // An image may have a shorter table than its part; what follows is code.
    if (!tableGoesOn(bytes, i + 1, end, fault)) break;
    judged.push(i);
  }
  const range = `${hex32(linked)} to ${hex32(linked + bytes.length - 1)}`;
  return (['even', 'outside'] as const).flatMap((kind) => {
    const these = judged.filter((i) => fault(i) === kind);
    const [first] = these;
    return first === undefined ? [] : [handlerFinding(bytes, kind, these, range)];
  });
}

/** Words that a run of code hardly ever has: mostly handlers, not only zeros */
const AHEAD = 6;
const GOOD_AHEAD = 5;
const HANDLERS_AHEAD = 3;

function tableGoesOn(
  bytes: Uint8Array,
  from: number,
  end: number,
  fault: (i: number) => unknown,
): boolean {
  const next = Array.from({ length: Math.min(AHEAD, end - from) }, (_, i) => from + i);
  const good = next.filter((i) => !fault(i));
  const handlers = good.filter((i) => wordAt(bytes, 4 * i) !== 0);
  return good.length >= GOOD_AHEAD && handlers.length >= HANDLERS_AHEAD;
}

function handlerFinding(
  bytes: Uint8Array,
  kind: 'even' | 'outside',
  these: readonly number[],
  range: string,
): Finding {
  const named = these.slice(0, SHOWN).map((i) => `${nameOf(i)} is ${hex32(wordAt(bytes, 4 * i))}`);
  const more = these.length > SHOWN ? `, and ${these.length - SHOWN} more` : '';
  const found = `${named.join(', ')}${more}`;
  const certain = these.some((i) => i < SYSTEM_VECTORS);
  return {
    id: kind === 'even' ? 'vector-even' : 'vector-outside',
    // Behind the system's vectors the end of the table is a guess.
    severity: certain ? 'error' : 'warning',
    code: 'IMAGE_VECTORS',
    message: `a vector is no handler: ${found}; a handler is an odd address from ${range}, or in RAM`,
    found,
    expected: `0, or an odd address from ${range}, or in RAM`,
    hint:
      kind === 'even'
        ? 'bit 0 says Thumb: declare the handler as a function, in assembly with .thumb_func'
        : 'check the startup file, and that all of the image was linked and converted together',
    details: { vector: these[0] ?? 0, count: these.length },
  };
}

function nameOf(i: number): string {
  return i in NAMES ? `vector ${i} (${NAMES[i]})` : `vector ${i} (interrupt ${i - SYSTEM_VECTORS})`;
}
