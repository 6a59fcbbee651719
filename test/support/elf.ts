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

/** Bytes of an ELF file, with a segment and a section of their own */
export interface ElfPiece {
  /** Load address */
  readonly address: number;
  /** Where it is at run time, if elsewhere */
  readonly runs?: number;
  readonly bytes: Uint8Array;
  /** Name of its section; without one it is in a segment only */
  readonly section?: string;
  /** In a PT_LOAD segment; yes if missing */
  readonly segment?: boolean;
}

/** An ELF file of pieces as odd tools leave them. */
export function elfOf(pieces: readonly ElfPiece[]): Uint8Array {
  const loads = pieces.filter(({ segment = true }) => segment);
  const named = pieces.filter(({ section }) => section !== undefined);
  const names = ['', ...named.map(({ section }) => section ?? ''), '.shstrtab'];
  const text = new TextEncoder().encode(names.map((name) => `${name}\0`).join(''));
  const dataAt = HEADER + PROGRAM * loads.length;
  const offsets = new Map<ElfPiece, number>();
  let textAt = dataAt;
  for (const piece of pieces) {
    offsets.set(piece, textAt);
    textAt += piece.bytes.length;
  }
  const tableAt = textAt + text.length;
  const out = new Uint8Array(tableAt + names.length * SECTION);
  const view = new DataView(out.buffer);
  const words = (at: number, values: readonly number[]): void =>
    values.forEach((value, i) => void view.setUint32(at + 4 * i, value, true));
  out.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  words(16, [(40 << 16) | 2, 1, pieces[0]?.address ?? 0, HEADER, tableAt, 0x0500_0000]);
  words(40, [(PROGRAM << 16) | HEADER, (SECTION << 16) | loads.length]);
  words(48, [((names.length - 1) << 16) | names.length]);
  loads.forEach((piece, i) => {
    const { address, runs = address, bytes } = piece;
    const size = bytes.length;
    words(HEADER + i * PROGRAM, [1, offsets.get(piece) ?? 0, runs, address, size, size, 7, 1]);
  });
  for (const piece of pieces) out.set(piece.bytes, offsets.get(piece));
  out.set(text, textAt);
  let nameAt = 1;
  named.forEach((piece, i) => {
    const { address, runs = address, bytes, section = '' } = piece;
    const at = tableAt + (i + 1) * SECTION;
    words(at, [nameAt, 1, 2, runs, offsets.get(piece) ?? 0, bytes.length, 0, 0, 1, 0]);
    nameAt += section.length + 1;
  });
  const last = tableAt + (names.length - 1) * SECTION;
  words(last, [nameAt, 3, 0, 0, textAt, text.length, 0, 0, 1, 0]);
  return out;
}
