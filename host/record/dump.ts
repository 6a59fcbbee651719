// A copy of a device's flash, as a debugger or a read-out makes it.
import { BOOTLOADER_BASE } from '../../protocol/index.js';
import { IapError } from '../errors.js';
import { FLASH_BASE, FLASH_LIMIT } from '../image/areas.js';
import { INTEL_HEX, isIntelHex, readIntelHex } from '../image/intel-hex.js';
import { LARGEST_IMAGE } from '../image/limits.js';
import { isSRecord, readSRecord, S_RECORD } from '../image/s-record.js';
import { type Contents, merge } from '../image/segments.js';
import { hex32 } from '../text.js';

export interface DumpOptions {
  /** For errors; .bin is raw whatever it begins with */
  readonly name?: string;
  /** Address of a raw dump's first byte; the start of flash if missing */
  readonly base?: number;
}

/** Bytes of flash, from the first to the last that the file has; gaps read as erased. */
export class FlashDump {
  readonly address: number;
  readonly #bytes: Uint8Array;

  constructor(address: number, bytes: Uint8Array) {
    this.address = address;
    this.#bytes = bytes;
  }

  get end(): number {
    return this.address + this.#bytes.length;
  }

  /** Undefined if not all of it is in the dump */
  read(address: number, size: number): Uint8Array | undefined {
    if (address < this.address || size > this.end - address) return undefined;
    return this.#bytes.subarray(address - this.address, address - this.address + size);
  }
}

/**
 * Reads a dump: raw, Intel HEX or S-record. What a file has outside of flash, such as option bytes, is left out.
 * @throws IapError IMAGE_EMPTY or IMAGE_FORMAT
 */
export function loadDump(file: Uint8Array, options: DumpOptions = {}): FlashDump {
  const { what, contents } = contentsOf(file, options);
  const flash = contents.segments.flatMap(({ address, bytes }) => {
    const from = Math.max(address, FLASH_BASE);
    const to = Math.min(address + bytes.length, FLASH_LIMIT);
    return to > from
      ? [{ address: from, bytes: bytes.subarray(from - address, to - address) }]
      : [];
  });
  if (flash.length === 0) {
    throw new IapError('IMAGE_EMPTY', 'there is no flash in the dump', {
      hint: `it must begin at ${hex32(FLASH_BASE)}, or tell where with --base`,
    });
  }
  const { address, bytes } = merge(flash, LARGEST_IMAGE, { what, name: options.name });
  return new FlashDump(address, bytes);
}

function contentsOf(
  file: Uint8Array,
  { name, base }: DumpOptions,
): { readonly what: string; readonly contents: Contents } {
  const raw = base !== undefined || /\.bin$/i.test(name ?? '');
  if (!raw && isIntelHex(file)) return { what: INTEL_HEX, contents: readIntelHex(file, name) };
  if (!raw && isSRecord(file)) return { what: S_RECORD, contents: readSRecord(file, name) };
  return {
    what: 'dump',
    contents: { segments: [{ address: base ?? BOOTLOADER_BASE, bytes: file }] },
  };
}
