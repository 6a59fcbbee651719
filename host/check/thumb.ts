// Thumb code read just far enough to know what constants it stores where (ARMv7-M Architecture Reference Manual, A5).
// One pass in the order of addresses: a register has the constant last put into it, unless a jump forward brings another; calls
// forget what callees may change. That is how compilers write configuration registers; it is no proof of what runs.
import { type Code, type Instruction, Thumb, type Watch } from './thumb-cpu.js';
import { NARROW } from './thumb-narrow.js';
import { WIDE } from './thumb-wide.js';

/** First half-words from here on have a second one. */
const FIRST_WIDE = 0xe800;

/** The rows that may fit, by the upper nine bits of the first half-word: half a megabyte of code is looked up in a blink. */
function byUpperBits(table: readonly Instruction[], shift: number): Instruction[][] {
  const upper = (0x1ff << shift) >>> 0;
  return Array.from({ length: 0x200 }, (_, i) => {
    const key = (i << shift) >>> 0;
    return table.filter(([mask, bits]) => (key & mask) >>> 0 === (bits & upper) >>> 0);
  });
}

/** Made when code is read for the first time: most commands read none. */
let tables: { readonly narrow: Instruction[][]; readonly wide: Instruction[][] } | undefined;

/** @param from offset of the first instruction, in whole half-words */
export function runThumb(code: Code, watch: Watch, from: number): void {
  tables ??= { narrow: byUpperBits(NARROW, 7), wide: byUpperBits(WIDE, 23) };
  const { narrow, wide: wides } = tables;
  const { base, bytes } = code;
  const cpu = new Thumb(code, watch);
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { marks } = cpu;
  for (let offset = from; offset + 2 <= bytes.length; ) {
    cpu.at = base + offset;
    if (marks[offset] !== 0 && !cpu.arrive()) {
      offset += 4;
      continue;
    }
    const first = data.getUint16(offset, true);
    const wide = first >= FIRST_WIDE && offset + 4 <= bytes.length;
    const rows = (wide ? wides : narrow)[first >>> 7] as Instruction[];
    // Many change nothing that is looked at.
    if (rows.length > 0 || cpu.inBlock) {
      cpu.step(rows, wide ? ((first << 16) | data.getUint16(offset + 2, true)) >>> 0 : first);
    }
    offset += wide ? 4 : 2;
  }
}
