// Small ELF files, field by field (TIS ELF 1.2, book I).

export interface ElfSection {
  readonly address: number;
  readonly bytes: Uint8Array;
  /** SHT_PROGBITS 1, SHT_NOBITS 8 */
  readonly type?: number;
  /** SHF_ALLOC 2 */
  readonly flags?: number;
}

export interface ElfOptions {
  /** Load address minus run address of the one segment */
  readonly sections: readonly ElfSection[];
  readonly machine?: number;
  readonly withSections?: boolean;
  /** The segment begins with the file's own headers, as GNU ld does when there is room below the first section. */
  readonly headersInSegment?: boolean;
}

const HEADER = 52;
const PROGRAM = 32;
const SECTION = 40;

export function elf(options: ElfOptions): Uint8Array {
  const { sections, machine = 40, withSections = true, headersInSegment = false } = options;
  const first = Math.min(...sections.map(({ address }) => address));
  const end = Math.max(...sections.map(({ address, bytes }) => address + bytes.length));
  const dataAt = headersInSegment ? 0x1000 : HEADER + PROGRAM;
  const tableAt = dataAt + (end - first);
  const count = withSections ? sections.length + 1 : 0;
  const out = new Uint8Array(tableAt + count * SECTION);
  const view = new DataView(out.buffer);
  out.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, machine, true);
  view.setUint32(28, HEADER, true);
  view.setUint32(32, count > 0 ? tableAt : 0, true);
  view.setUint16(42, PROGRAM, true);
  view.setUint16(44, 1, true);
  view.setUint16(46, count > 0 ? SECTION : 0, true);
  view.setUint16(48, count, true);
  const below = headersInSegment ? dataAt : 0;
  view.setUint32(HEADER, 1, true);
  view.setUint32(HEADER + 4, dataAt - below, true);
  view.setUint32(HEADER + 8, 0x2000_0000, true);
  view.setUint32(HEADER + 12, first - below, true);
  view.setUint32(HEADER + 16, end - first + below, true);
  sections.forEach(({ address, bytes, type = 1, flags = 2 }, i) => {
    out.set(bytes, dataAt + address - first);
    if (!withSections) return;
    const at = tableAt + (i + 1) * SECTION;
    view.setUint32(at + 4, type, true);
    view.setUint32(at + 8, flags, true);
    view.setUint32(at + 12, address, true);
    view.setUint32(at + 16, dataAt + address - first, true);
    view.setUint32(at + 20, bytes.length, true);
  });
  return out;
}
