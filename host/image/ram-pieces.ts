// Bytes of an application that are to be loaded into RAM, where nothing loads them: an update writes flash, and the start-up code copies.
import { isZero } from '../base/bytes.js';
import type { Segment } from './segments.js';

/** Sections that nobody expects values in, as compilers and projects name them */
const NO_VALUES = /no_?init|uninit|bss|stack|heap/i;

/** What to do about them, by what is in them */
export function ramHint({ bytes, sections = [] }: Segment): string {
  const names = sections.filter((name) => name !== '');
  const without = names.filter((name) => NO_VALUES.test(name));
  const others = names.filter((name) => !NO_VALUES.test(name));
  if (without.length > 0) {
    const rest = others.length > 0 ? `; ${loadFromFlash(others)}` : '';
    return `nothing needs values in ${without.join(', ')}: ${noLoad(without)}${rest}`;
  }
  if (!isZero(bytes)) {
    return `${names.join(', ') || 'it'} has initial values: ${loadFromFlash(others)}`;
  }
  return `it has only zeros: ${noLoad(others)} if nothing needs them, otherwise ${loadFromFlash(others)}`;
}

function noLoad(names: readonly string[]): string {
  return `mark ${sectionText(names)} (NOLOAD) in the linker script (Keil: UNINIT in the scatter file; IAR: "do not initialize")`;
}

function loadFromFlash(names: readonly string[]): string {
  return `give ${sectionText(names)} a load address in flash ("AT > FLASH" behind its region in the linker script, and a copy in the start-up code; Keil: in the load region of flash; IAR: "initialize by copy")`;
}

function sectionText(names: readonly string[]): string {
  return names.join(', ') || 'the section';
}
