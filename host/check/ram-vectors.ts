// On a Cortex-M0 there is no VTOR: the bootloader copies the vectors to the start of RAM, and the application leaves them there.
import type { Elf } from '../image/elf.js';
import { variablesOf } from '../image/elf-variables.js';
import type { Part } from '../parts.js';
import { hex32 } from '../text.js';
import type { Finding } from './finding.js';
import { wordAt } from './vector-table.js';
import { ramFixes } from './vectors.js';

export function ramVectorsFinding(
  bytes: Uint8Array,
  part: Part,
  elf: Elf | undefined,
): Finding | undefined {
  if (part.core !== 'cortex-m0') return undefined;
  const first = part.ram.from;
  const free = first + 4 * part.vectors;
  const inVectors = (address: number): boolean => address >= first && address < free;
  const finding = (severity: Finding['severity'], address: number, how: string): Finding => ({
    id: 'ram-over-vectors',
    severity,
    code: 'IMAGE_VECTORS',
    message: `${how} ${hex32(address)}, where the bootloader puts the vectors of a Cortex-M0; an application's RAM starts at ${hex32(free)}`,
    found: `RAM in use from ${hex32(address)}`,
    expected: `RAM in use from ${hex32(free)} on`,
    hint: `set RAM ORIGIN to ${hex32(free)}, and take ${free - first} bytes off its length${severity === 'warning' ? '; give the ELF file to be sure' : ''}`,
    fixes: ramFixes({ from: free, to: part.ram.to }),
    details: { address, free },
  });
  if (elf) {
    const over = variablesOf(elf).find(
      ({ address, size, blank }) =>
        // A table of its own, as ST's application note AN4065 reserves it, has the same vectors.
        inVectors(address) && !(blank && address === first && address + size === free),
    );
    return over && finding('error', over.address, 'variables are linked at');
  }
  const stack = wordAt(bytes, 0);
  if (stack > first && stack <= free) return finding('error', stack, 'the stack begins at');
  // Only an ELF file tells where variables are; a start address in the code of the start-up is a good sign.
  const literal = literalIn(bytes, inVectors);
  return literal === undefined
    ? undefined
    : finding('warning', literal, 'variables seem to be linked at');
}

function literalIn(bytes: Uint8Array, fits: (value: number) => boolean): number | undefined {
  for (let offset = 8; offset + 4 <= bytes.length; offset += 4) {
    const value = wordAt(bytes, offset);
    if (fits(value)) return value;
  }
  return undefined;
}
