// ELF files for ARM: what objcopy -O binary would take, at its load address. Only the headers needed (TIS ELF 1.2, book I).
import { hex32, sizeText } from '../text.js';
import { type FileProblem, fileError } from './file-error.js';
import type { Contents, Segment } from './segments.js';

export const ELF = 'ELF file';

const MAGIC = 0x464c457f;
const CLASS_32 = 1;
const LITTLE_ENDIAN = 1;
const MACHINE_ARM = 40;
const PT_LOAD = 1;
export const SHT_NOBITS = 8;
export const SHF_ALLOC = 2;
const HEADER_SIZE = 52;
const PROGRAM_HEADER_SIZE = 32;
const SECTION_HEADER_SIZE = 40;
/** A linked application has a few dozen; a crafted file must not keep us busy for minutes. */
const MOST_HEADERS = 1024;
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
  readonly type: number;
  readonly flags: number;
  /** At run time */
  readonly address: number;
  readonly offset: number;
  readonly size: number;
}

export interface Elf {
  readonly file: Uint8Array;
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
  const entry = data.getUint32(24, true);
  return { file, entry, segments: segmentsOf(data, fail), sections: sectionsOf(data, fail) };
}

/**
 * The bytes to be loaded, at their load addresses.
 * @throws IapError IMAGE_FORMAT
 */
export function contentsOf({ file, entry, segments, sections }: Elf, name?: string): Contents {
  const fail = failure(name);
  const loads = segments.filter(({ fileSize }) => fileSize > 0);
  if (loads.length === 0) {
    const why = 'nothing in it is to be loaded; is it an object file, not linked?';
    throw fail('elf-not-linked', why);
  }
  const slice = (offset: number, length: number, address: number): Segment => {
    if (offset + length > file.length) {
      const why = `it is cut off: its ${sizeText(length)} for ${hex32(address)} end behind the file`;
      throw fail('cut-off', why, address);
    }
    return { address, bytes: file.subarray(offset, offset + length) };
  };
  // A stripped file may have no sections.
  const wholeSegment = ({ offset, physical, fileSize }: ElfSegment): Segment => {
    if (offset === 0) {
      const why = `its sections are stripped, and its segment for ${hex32(physical)} begins with the file's own headers`;
      throw fail('elf-headers', why, physical);
    }
    return slice(offset, fileSize, physical);
  };
  // Sections and not segments: the linker may put the file's headers into the first segment, below the image.
  const pieces: Segment[] = [];
  for (const { type, flags, offset, size } of sections) {
    if ((flags & SHF_ALLOC) === 0 || type === SHT_NOBITS || size === 0) continue;
    const load = loads.find((l) => offset >= l.offset && offset + size <= l.offset + l.fileSize);
    if (load) pieces.push(slice(offset, size, load.physical + (offset - load.offset)));
  }
  const found = pieces.length > 0 ? pieces : loads.map(wholeSegment);
  return { segments: found, ...(entry === 0 ? {} : { entry }) };
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
  const sections: ElfSection[] = [];
  for (const at of table(data, [32, 46, SECTION_HEADER_SIZE], fail)) {
    sections.push({
      type: data.getUint32(at + 4, true),
      flags: data.getUint32(at + 8, true),
      address: data.getUint32(at + 12, true),
      offset: data.getUint32(at + 16, true),
      size: data.getUint32(at + 20, true),
    });
  }
  return sections;
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
