// A copy of a device's flash, as a debugger or a read-out makes it.
import { BOOTLOADER_BASE } from '../../protocol/index.js';
import { IapError } from '../base/errors.js';
import { hex32 } from '../base/text.js';
import { FLASH_BASE, FLASH_LIMIT } from '../image/areas.js';
import { LARGEST_IMAGE } from '../image/limits.js';
import { recognise } from '../image/load.js';
import { type Contents, merge } from '../image/segments.js';

export interface DumpOptions {
  /** For errors, and for its extension, which must not contradict the content */
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
 * Reads a dump: raw, or a file with addresses. What a file has outside of flash, such as option bytes, is left out.
 * @throws IapError IMAGE_EMPTY or IMAGE_FORMAT
 */
export function loadDump(file: Uint8Array, options: DumpOptions = {}): FlashDump {
  const { what, contents } = contentsOf(file, options);
  const flash = contents.segments.flatMap((segment) => {
    const { address, bytes } = segment;
    const from = Math.max(address, FLASH_BASE);
    const to = Math.min(address + bytes.length, FLASH_LIMIT);
    return to > from
      ? [{ ...segment, address: from, bytes: bytes.subarray(from - address, to - address) }]
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
  { name = '', base }: DumpOptions,
): { readonly what: string; readonly contents: Contents } {
  const { format, contents, origin } = recognise(file, name);
  if (format === 'package') {
    throw new IapError('IMAGE_FORMAT', 'this is a package, which holds an application: no dump', {
      hint: `read the flash of a unit from ${hex32(FLASH_BASE)}`,
    });
  }
  if (!contents) {
    const segments = [{ address: base ?? BOOTLOADER_BASE, bytes: file }];
    return { what: 'dump', contents: { segments } };
  }
  if (base !== undefined) {
    throw new IapError('USAGE', `--base is for raw dumps; this is an ${origin.what}`, {
      hint: 'leave --base away: the file has addresses of its own',
    });
  }
  return { what: origin.what, contents };
}
