// ELF files for ARM: the bytes of its segments, and what objcopy -O binary takes besides, at their load addresses. Only the
// headers needed (TIS ELF 1.2, book I).
import { sizeOf } from '../base/bytes.js';
import { hex32, printable, sizeText } from '../base/text.js';
import { type FileProblem, fileError } from './file-error.js';
import { type Contents, HOLE, type Segment } from './segments.js';

export const ELF = 'ELF file';

const MAGIC = 0x464c457f;
const CLASS_32 = 1;
const LITTLE_ENDIAN = 1;
const MACHINE_ARM = 40;
const ET_REL = 1;
const PT_LOAD = 1;
const SHN_UNDEF = 0;
const SHT_NULL = 0;
export const SHT_NOBITS = 8;
export const SHF_ALLOC = 2;
const HEADER_SIZE = 52;
const PROGRAM_HEADER_SIZE = 32;
const SECTION_HEADER_SIZE = 40;
/** A linked application has a few dozen; a crafted file must not keep us busy for minutes. */
const MOST_HEADERS = 1024;
const LONGEST_NAME = 40;
/** What people give by mistake, by e_machine */
const MACHINES: Readonly<Record<number, string>> = {
  3: 'Intel 80386',
  8: 'MIPS',
  62: 'x86-64',
  94: 'Xtensa',
  183: 'AArch64',
  243: 'RISC-V',
};
const HINT = 'give the linked application as the compiler made it, or a .bin or .hex of it';

/** A loadable segment: bytes in the file, and the memory they are for */
export interface ElfSegment {
  readonly offset: number;
  /** Where the program expects it at run time */
  readonly virtual: number;
  /** Where it is loaded */
  readonly physical: number;
  readonly fileSize: number;
  readonly memorySize: number;
}

export interface ElfSection {
  /** Empty if the file does not say */
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  /** At run time */
  readonly address: number;
  readonly offset: number;
  readonly size: number;
}

export interface Elf {
  readonly file: Uint8Array;
  /** An object file, as the compiler makes it before linking */
  readonly relocatable: boolean;
  readonly entry: number;
  readonly segments: readonly ElfSegment[];
  /** None in a file that was stripped of them */
  readonly sections: readonly ElfSection[];
}

export function isElf(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && view(bytes).getUint32(0, true) === MAGIC;
}

/** @throws IapError IMAGE_FORMAT */
export function parseElf(file: Uint8Array, name?: string): Elf {
  const fail = failure(name);
  const data = view(file);
  if (file.length < HEADER_SIZE) throw fail('cut-off', 'it is cut off in its header');
  const [bits, order] = [data.getUint8(4), data.getUint8(5)];
  if (bits !== CLASS_32 || order !== LITTLE_ENDIAN) {
    const found = `${bits === CLASS_32 ? '32' : '64'}-bit ${order === LITTLE_ENDIAN ? 'little' : 'big'}-endian`;
    throw fail('elf-class', `it is ${found}; an STM32 needs 32-bit little-endian`);
  }
  const machine = data.getUint16(18, true);
  if (machine !== MACHINE_ARM) {
    const found = MACHINES[machine] ? `machine ${machine} (${MACHINES[machine]})` : machine;
    throw fail('elf-machine', `it is for ${found}, not for ARM (${MACHINE_ARM})`);
  }
  return {
    file,
    relocatable: data.getUint16(16, true) === ET_REL,
    entry: data.getUint32(24, true),
    segments: segmentsOf(data, fail),
    sections: sectionsOf(data, fail),
  };
}

/**
 * The bytes to be loaded, at their load addresses.
 * @throws IapError IMAGE_FORMAT
 */
export function contentsOf(elf: Elf, name?: string): Contents {
  const { file, entry, segments, sections, relocatable } = elf;
  const fail = failure(name);
  const empty = 'nothing in it is to be loaded; is it an object file, not linked?';
  if (relocatable) throw fail('elf-not-linked', empty);
  const slice = (offset: number, length: number, address: number): Segment => {
    if (offset + length > file.length) {
      const why = `it is cut off: its ${sizeText(length)} for ${hex32(address)} end behind the file`;
      throw fail('cut-off', why, address);
    }
    return { address, bytes: file.subarray(offset, offset + length) };
  };
  const loads = segments.filter(({ fileSize }) => fileSize > 0);
  const filled = sections.filter(isFilled);
  const isInside = ({ offset, size }: ElfSection, load: ElfSegment): boolean =>
    offset >= load.offset && offset + size <= load.offset + load.fileSize;
  // Some linkers leave all load addresses zero, and mean where the program runs.
  const unplaced = segments.every(({ physical }) => physical === 0);
  const pieces = loads.map((load): Segment => {
    const inside = filled.filter((section) => isInside(section, load));
    const skipped = headersIn(load, inside, elf, fail);
    const address = (unplaced ? load.virtual : load.physical) + skipped;
    const { bytes } = slice(load.offset + skipped, load.fileSize - skipped, address);
    return { address, bytes, sections: inside.map((section) => section.name) };
  });
  // What other tools put in afterwards, such as a checksum, has no segment.
  for (const section of filled) {
    if (loads.some((load) => isInside(section, load))) continue;
    const piece = slice(section.offset, section.size, section.address);
    pieces.push({ ...piece, sections: [section.name] });
  }
  const total = sizeOf(pieces);
  if (total === 0) throw fail('elf-not-linked', empty);
  // Of a crafted file each header may name all of it.
  if (total > 2 * file.length) {
    const why = `its headers name ${total} bytes to be loaded; the file has ${file.length}`;
    throw fail('elf-headers', why);
  }
  return { segments: padded(pieces), ...(entry === 0 ? {} : { entry }) };
}

/** Memory with bytes in the file */
function isFilled({ flags, type, size }: ElfSection): boolean {
  return (flags & SHF_ALLOC) !== 0 && type !== SHT_NOBITS && type !== SHT_NULL && size > 0;
}

/** The linker may put the file's own headers into the first segment, below the image: so many bytes to leave out. */
function headersIn(
  { offset, fileSize, physical }: ElfSegment,
  inside: readonly ElfSection[],
  { file, sections }: Elf,
  fail: Fail,
): number {
  if (offset >= HEADER_SIZE) return 0;
  if (inside.length > 0) return Math.min(...inside.map((section) => section.offset)) - offset;
  const data = view(file);
  const end = data.getUint32(28, true) + data.getUint16(42, true) * data.getUint16(44, true);
  if (offset + fileSize <= end) return fileSize;
  const why =
    sections.length === 0 ? 'its sections are stripped' : 'its sections do not say what to load';
  const and = `and its segment for ${hex32(physical)} begins with the file's own headers`;
  throw fail('elf-headers', `${why}, ${and}`, physical);
}

/** With the zeros that objcopy puts between pieces, as linkers do within them; holes are left. */
function padded(pieces: readonly Segment[]): Segment[] {
  const sorted = pieces
    .filter(({ bytes }) => bytes.length > 0)
    .sort((a, b) => a.address - b.address);
  let end = sorted[0]?.address ?? 0;
  return sorted.flatMap((piece) => {
    const address = end;
    const missing = piece.address - address;
    end = Math.max(end, piece.address + piece.bytes.length);
    if (missing <= 0 || missing >= HOLE) return [piece];
    return [{ address, bytes: new Uint8Array(missing) }, piece];
  });
}

type Fail = (problem: FileProblem, why: string, address?: number) => Error;

function failure(name: string | undefined): Fail {
  return (problem, why, address) => fileError(problem, ELF, why, { file: name, address }, HINT);
}

/** Where the headers of a table begin in the file */
function* table(data: DataView, fields: readonly [number, number, number], fail: Fail) {
  const [startAt, sizeAt, least] = fields;
  const what = least === PROGRAM_HEADER_SIZE ? 'program headers' : 'section headers';
  const start = data.getUint32(startAt, true);
  const size = data.getUint16(sizeAt, true);
  const count = data.getUint16(sizeAt + 2, true);
  if (start === 0 || count === 0) return;
  if (count > MOST_HEADERS) throw fail('elf-headers', `it has ${count} ${what}`);
  if (size < least) throw fail('elf-headers', `its ${what} are too short`);
  for (let i = 0; i < count; i++) {
    const at = start + i * size;
    if (at + least > data.byteLength) throw fail('cut-off', `its ${what} are cut off`);
    yield at;
  }
}

function segmentsOf(data: DataView, fail: Fail): ElfSegment[] {
  const segments: ElfSegment[] = [];
  for (const at of table(data, [28, 42, PROGRAM_HEADER_SIZE], fail)) {
    if (data.getUint32(at, true) !== PT_LOAD) continue;
    segments.push({
      offset: data.getUint32(at + 4, true),
      virtual: data.getUint32(at + 8, true),
      physical: data.getUint32(at + 12, true),
      fileSize: data.getUint32(at + 16, true),
      memorySize: data.getUint32(at + 20, true),
    });
  }
  return segments;
}

function sectionsOf(data: DataView, fail: Fail): ElfSection[] {
  const headers = [...table(data, [32, 46, SECTION_HEADER_SIZE], fail)];
  const number = data.getUint16(50, true);
  const names = number === SHN_UNDEF ? undefined : headers[number];
  const nameAt = names === undefined ? undefined : data.getUint32(names + 16, true);
  return headers.map((at) => ({
    name: nameAt === undefined ? '' : textAt(data, nameAt + data.getUint32(at, true)),
    type: data.getUint32(at + 4, true),
    flags: data.getUint32(at + 8, true),
    address: data.getUint32(at + 12, true),
    offset: data.getUint32(at + 16, true),
    size: data.getUint32(at + 20, true),
  }));
}

/** Up to a zero */
function textAt({ buffer, byteOffset, byteLength }: DataView, at: number): string {
  const bytes = new Uint8Array(buffer, byteOffset, byteLength).subarray(at, at + LONGEST_NAME);
  const [text = ''] = new TextDecoder('latin1').decode(bytes).split('\0');
  return printable(text);
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
