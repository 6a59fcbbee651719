// Where an ELF file has its variables, and everything else that takes up memory.
import { type Elf, SHF_ALLOC, SHT_NOBITS } from './elf.js';

export interface Variables {
  readonly address: number;
  readonly size: number;
  /** Without initial values */
  readonly blank: boolean;
}

/** By section; by segment in a file that was stripped of its sections */
export function variablesOf({ sections, segments }: Elf): Variables[] {
  const all =
    sections.length > 0
      ? sections
          .filter(({ flags }) => (flags & SHF_ALLOC) !== 0)
          .map(({ type, address, size }) => ({ address, size, blank: type === SHT_NOBITS }))
      : segments.map(({ virtual, memorySize, fileSize }) => ({
          address: virtual,
          size: memorySize,
          blank: fileSize === 0,
        }));
  return all.filter(({ size }) => size > 0);
}
