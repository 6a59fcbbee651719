// What a compiler says an ELF file needs: build attributes (Addenda to the ABI for the Arm Architecture, § 3).
import type { Elf } from '../image/elf.js';

/** As far as it matters for a Cortex-M */
export interface BuildAttributes {
  /** Tag_CPU_arch */
  readonly architecture: number;
  /** Tag_CPU_arch_profile: A, R, M or S; empty if none is told */
  readonly profile: string;
  /** Uses floating-point instructions (Tag_FP_arch) */
  readonly floatingPoint: boolean;
}

const SHT_ARM_ATTRIBUTES = 0x7000_0003;
const FORMAT = 'A'.charCodeAt(0);
const VENDOR = 'aeabi';
const TAG_FILE = 1;
const TAG_CPU_ARCH = 6;
const TAG_CPU_ARCH_PROFILE = 7;
const TAG_FP_ARCH = 10;
const TAG_COMPATIBILITY = 32;

/** Undefined if the file has none, or none that make sense */
export function buildAttributes({ file, sections }: Elf): BuildAttributes | undefined {
  const section = sections.find(({ type }) => type === SHT_ARM_ATTRIBUTES);
  if (!section || section.offset + section.size > file.length) return undefined;
  const values = read(file.subarray(section.offset, section.offset + section.size));
  const architecture = values.get(TAG_CPU_ARCH);
  if (architecture === undefined) return undefined;
  const profile = values.get(TAG_CPU_ARCH_PROFILE) ?? 0;
  return {
    architecture,
    profile: /^[ARMS]$/.test(String.fromCharCode(profile)) ? String.fromCharCode(profile) : '',
    floatingPoint: (values.get(TAG_FP_ARCH) ?? 0) !== 0,
  };
}

/** Numbers of the file's own subsection, by tag */
function read(bytes: Uint8Array): ReadonlyMap<number, number> {
  const values = new Map<number, number>();
  if (bytes[0] !== FORMAT) return values;
  const all = new Reader(bytes, 1);
  while (all.left > 4) {
    const vendor = all.part(all.word() - 4);
    if (vendor.text() !== VENDOR) continue;
    while (vendor.left > 4) {
      const start = vendor.at;
      const tag = vendor.number();
      const size = vendor.word();
      const attributes = vendor.part(size - (vendor.at - start));
      if (tag === TAG_FILE) readAttributes(attributes, values);
    }
  }
  return values;
}

function readAttributes(reader: Reader, values: Map<number, number>): void {
  while (reader.left > 0) {
    const tag = reader.number();
    // Below 32 two tags have text; from there on it is the odd ones.
    if (tag === TAG_COMPATIBILITY) {
      reader.number();
      reader.text();
    } else if (tag === 4 || tag === 5 || (tag > TAG_COMPATIBILITY && tag % 2 === 1)) {
      reader.text();
    } else {
      values.set(tag, reader.number());
    }
  }
}

/** Reads on to the end of its bytes, and zeros from there. */
class Reader {
  readonly #bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.at = at;
  }

  get left(): number {
    return this.#bytes.length - this.at;
  }

  #byte(): number {
    return this.#bytes[this.at++] ?? 0;
  }

  word(): number {
    return (this.#byte() | (this.#byte() << 8) | (this.#byte() << 16) | (this.#byte() << 24)) >>> 0;
  }

  /** ULEB128 */
  number(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#byte();
      value += (byte & 0x7f) * 2 ** shift;
      if ((byte & 0x80) === 0) break;
    }
    return value;
  }

  /** Up to a zero */
  text(): string {
    let text = '';
    while (this.left > 0) {
      const byte = this.#byte();
      if (byte === 0) break;
      text += String.fromCharCode(byte);
    }
    return text;
  }

  /** @param length of a size field that may be anything */
  part(length: number): Reader {
    const end = Math.min(this.#bytes.length, this.at + Math.max(0, length));
    const part = new Reader(this.#bytes.subarray(this.at, end));
    this.at = end;
    return part;
  }
}
