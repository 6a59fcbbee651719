// ELF files for ARM: what objcopy -O binary would take, at its load address. Only the headers needed (TIS ELF 1.2, book I).
import { IapError } from '../errors.js';
import { type Image, merge, type Segment } from './image.js';
import { LARGEST_IMAGE } from './limits.js';

const MAGIC = 0x464c457f;
const CLASS_32 = 1;
const LITTLE_ENDIAN = 1;
const MACHINE_ARM = 40;
const PT_LOAD = 1;
const SHT_NOBITS = 8;
const SHF_ALLOC = 2;
const HEADER_SIZE = 52;
const PROGRAM_HEADER_SIZE = 32;
const SECTION_HEADER_SIZE = 40;
/** A linked application has a few dozen; a crafted file must not keep us busy for minutes. */
const MOST_HEADERS = 1024;

interface Load {
  readonly offset: number;
  readonly physical: number;
  readonly fileSize: number;
}

export function isElf(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && view(bytes).getUint32(0, true) === MAGIC;
}

export function readElf(bytes: Uint8Array): Image {
  try {
    const { address, bytes: merged } = merge(segmentsOf(bytes), LARGEST_IMAGE);
    return { base: address, bytes: merged };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    // Reading beyond the end of a DataView is a RangeError as well.
    throw malformed(
      /DataView|offset/i.test(error.message) ? 'it is cut off' : error.message,
      error,
    );
  }
}

function segmentsOf(bytes: Uint8Array): Segment[] {
  const data = view(bytes);
  if (bytes.length < HEADER_SIZE) throw malformed('it is cut off in its header');
  if (data.getUint8(4) !== CLASS_32 || data.getUint8(5) !== LITTLE_ENDIAN) {
    throw malformed('it is not a 32-bit little-endian file, so not for an STM32');
  }
  if (data.getUint16(18, true) !== MACHINE_ARM) {
    throw malformed(`it is for machine ${data.getUint16(18, true)}, not for ARM (${MACHINE_ARM})`);
  }
  const loads = loadsOf(bytes, data);
  if (loads.length === 0)
    throw malformed('nothing in it is to be loaded; is it an object file, not linked?');
  const sections = sectionsOf(bytes, data, loads);
  // A stripped file may have no sections; its segments may hold the file's own headers, but there is nothing better.
  if (sections.length > 0) return sections;
  return loads.map(({ offset, physical, fileSize }) => ({
    address: physical,
    bytes: slice(bytes, offset, fileSize),
  }));
}

function loadsOf(bytes: Uint8Array, data: DataView): Load[] {
  const start = data.getUint32(28, true);
  const size = data.getUint16(42, true);
  const count = data.getUint16(44, true);
  if (count > MOST_HEADERS) throw malformed(`it has ${count} program headers`);
  if (count > 0 && size < PROGRAM_HEADER_SIZE) throw malformed('its program headers are too short');
  const loads: Load[] = [];
  for (let i = 0; i < count; i++) {
    const at = start + i * size;
    if (at + PROGRAM_HEADER_SIZE > bytes.length) throw malformed('its program headers are cut off');
    const load = {
      offset: data.getUint32(at + 4, true),
      physical: data.getUint32(at + 12, true),
      fileSize: data.getUint32(at + 16, true),
    };
    if (data.getUint32(at, true) === PT_LOAD && load.fileSize > 0) loads.push(load);
  }
  return loads;
}

/** Sections and not segments: the linker may put the file's headers into the first segment, below the image. */
function sectionsOf(bytes: Uint8Array, data: DataView, loads: readonly Load[]): Segment[] {
  const start = data.getUint32(32, true);
  const size = data.getUint16(46, true);
  const count = data.getUint16(48, true);
  if (start === 0 || size < SECTION_HEADER_SIZE) return [];
  if (count > MOST_HEADERS) throw malformed(`it has ${count} sections`);
  const segments: Segment[] = [];
  for (let i = 0; i < count; i++) {
    const at = start + i * size;
    if (at + SECTION_HEADER_SIZE > bytes.length) throw malformed('its section headers are cut off');
    const offset = data.getUint32(at + 16, true);
    const length = data.getUint32(at + 20, true);
    const allocated = (data.getUint32(at + 8, true) & SHF_ALLOC) !== 0;
    if (!allocated || data.getUint32(at + 4, true) === SHT_NOBITS || length === 0) continue;
    const load = loads.find((l) => offset >= l.offset && offset + length <= l.offset + l.fileSize);
    if (!load) continue;
    segments.push({
      address: load.physical + (offset - load.offset),
      bytes: slice(bytes, offset, length),
    });
  }
  return segments;
}

function slice(bytes: Uint8Array, offset: number, length: number): Uint8Array {
  if (offset + length > bytes.length) throw malformed('it is cut off');
  return bytes.subarray(offset, offset + length);
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function malformed(why: string, cause?: unknown): IapError {
  return new IapError('IMAGE_FORMAT', `the ELF file can not be used: ${why}`, {
    hint: 'give the linked application as the compiler made it, or a .bin or .hex of it',
    cause,
  });
}
