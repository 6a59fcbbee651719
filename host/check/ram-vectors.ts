// On a Cortex-M0 there is no VTOR: the bootloader copies the vectors to the start of RAM, and the application leaves them there.
import { hex32 } from '../base/text.js';
import type { Elf } from '../image/elf.js';
import { variablesOf } from '../image/elf-variables.js';
import { wordAt } from '../image/vector-table.js';
import type { Part } from '../parts/parts.js';
import type { Finding } from './finding.js';
import { ramFixes } from './vectors.js';

export function ramVectorsFinding(
  bytes: Uint8Array,
  part: Part,
  elf: Elf | undefined,
  literals: ReadonlySet<number>,
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
  // Only an ELF file tells where variables are; an address that code loads is a good sign.
  const variable = [...literals]
    .sort((a, b) => a - b)
    .find((value) => value % 4 === 0 && inVectors(value));
  if (variable === undefined || (variable === first && beginsBehind(bytes, free))) return undefined;
  return finding('warning', variable, 'variables seem to be linked at');
}

/** Whether variables begin right behind the vectors: then an address of the vectors is for copying them, as AN4065 does. */
function beginsBehind(bytes: Uint8Array, free: number): boolean {
  for (let offset = 8; offset + 4 <= bytes.length; offset += 4) {
    if (wordAt(bytes, offset) === free) return true;
  }
  return false;
}
