// A file's bytes → Image, by what is in it rather than by its name.
import { IapError } from '../errors.js';
import { hex32, sizeText } from '../text.js';
import { areaName, FLASH_BASE, FLASH_LIMIT, inFlash } from './areas.js';
import { contentsOf, ELF, type Elf, isElf, parseElf } from './elf.js';
import { fileError, printable } from './file-error.js';
import type { Image } from './image.js';
import { INTEL_HEX, isIntelHex, readIntelHex } from './intel-hex.js';
import { LARGEST_IMAGE } from './limits.js';
import { isPackage, readPackage } from './package.js';
import { isSRecord, readSRecord, S_RECORD } from './s-record.js';
import { type Contents, join, merge, type Origin, type Segment, sort } from './segments.js';

export interface LoadOptions {
  /** For errors, and for its extension, which must not contradict the content */
  readonly name?: string;
  /** Where a raw binary is linked; other formats say so themselves */
  readonly base?: number;
}

export type ImageFormat = 'elf' | 'intel-hex' | 's-record' | 'package' | 'binary';

/** An image and what its file says besides */
export interface ImageFile {
  readonly format: ImageFormat;
  readonly image: Image;
  /** Start address, if the file names one */
  readonly entry?: number;
  readonly elf?: Elf;
}

/** @throws IapError IMAGE_EMPTY or IMAGE_FORMAT */
export function loadImage(file: Uint8Array, options: LoadOptions = {}): Image {
  return loadFile(file, options).image;
}

/** @throws IapError IMAGE_EMPTY or IMAGE_FORMAT */
export function loadFile(file: Uint8Array, options: LoadOptions = {}): ImageFile {
  if (file.length === 0) throw empty('the file is empty');
  const loaded = read(file, options);
  if (loaded.image.bytes.length === 0) throw empty('there are no bytes in the image');
  return loaded;
}

/**
 * What a file holds, at its own addresses and with its gaps: for a programmer, which may write more than an update does.
 * @throws IapError IMAGE_EMPTY or IMAGE_FORMAT
 */
export function loadSegments(file: Uint8Array, { name = '', base }: LoadOptions): Segment[] {
  if (file.length === 0) throw empty('the file is empty');
  const found = recognise(file, name);
  if (found.contents) return join(found.contents.segments, found.origin);
  const { image } = read(file, { name, ...(base === undefined ? {} : { base }) });
  if (image.base === undefined) {
    throw new IapError(
      'USAGE',
      `${printable(name)} is a raw binary, which does not say where it belongs`,
      {
        hint: 'add --base, for example --base 0x08000000',
      },
    );
  }
  return [{ address: image.base, bytes: image.bytes }];
}

interface Recognised {
  readonly format: ImageFormat;
  readonly origin: Origin;
  /** Of formats that have addresses */
  readonly contents?: Contents;
  readonly elf?: Elf;
}

/** What the content says a file is */
function recognise(file: Uint8Array, name: string): Recognised {
  const extension = extensionOf(name);
  if (isElf(file)) {
    const elf = parseElf(file, name);
    return { format: 'elf', contents: contentsOf(elf, name), origin: { what: ELF, name }, elf };
  }
  if (isPackage(file)) return { format: 'package', origin: { what: 'package', name } };
  if (extension !== 'bin') {
    if (isIntelHex(file)) {
      const origin = { what: INTEL_HEX, name };
      return { format: 'intel-hex', contents: readIntelHex(file, name), origin };
    }
    if (isSRecord(file)) {
      const origin = { what: S_RECORD, name };
      return { format: 's-record', contents: readSRecord(file, name), origin };
    }
  }
  return { format: 'binary', origin: { what: 'binary', name } };
}

function extensionOf(name: string): string {
  return /\.([^./\\]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';
}

function read(file: Uint8Array, { name = '', base }: LoadOptions): ImageFile {
  const { format, contents, origin, elf } = recognise(file, name);
  if (contents) return { ...built(format, contents, origin), ...(elf ? { elf } : {}) };
  if (format === 'package') return { format, image: readPackage(file, name) };
  const expected = EXPECTED[extensionOf(name)];
  if (expected) {
    throw new IapError(
      'IMAGE_FORMAT',
      `${printable(name)} is named like ${expected}, but is none`,
      {
        hint: 'if it is a raw binary, rename it to .bin; anything else is the wrong file',
        details: { problem: 'misnamed' },
      },
    );
  }
  return { format: 'binary', image: { base, bytes: file } };
}

/** Writing one of these as a raw binary would be a mistake that costs an application. */
const EXPECTED: Readonly<Record<string, string>> = {
  hex: 'an Intel HEX file',
  ihex: 'an Intel HEX file',
  s19: 'an S-record file',
  s28: 'an S-record file',
  s37: 'an S-record file',
  srec: 'an S-record file',
  mot: 'an S-record file',
  elf: 'an ELF file',
  axf: 'an ELF file',
  iap: 'a package',
};

function built(format: ImageFormat, contents: Contents, origin: Origin): ImageFile {
  const sorted = sort(contents.segments, origin);
  checkPlaces(sorted, origin);
  const { address, bytes } = merge(sorted, LARGEST_IMAGE, origin);
  const { entry } = contents;
  return { format, image: { base: address, bytes }, ...(entry === undefined ? {} : { entry }) };
}

/** What is linked for elsewhere as a whole has another mistake, which the address of the image shows. */
function checkPlaces(segments: readonly Segment[], { what, name }: Origin): void {
  const strange = segments.find(({ address }) => !inFlash(address));
  if (!strange || !segments.some(({ address }) => inFlash(address))) return;
  const { address, bytes, line } = strange;
  throw fileError(
    'outside-flash',
    what,
    `its ${sizeText(bytes.length)} for ${hex32(address)}, ${areaName(address)}, are outside of flash, ${hex32(FLASH_BASE)} to ${hex32(FLASH_LIMIT - 1)}`,
    { file: name, line, address },
    address >= 0x2000_0000 && address < 0x4000_0000
      ? 'initialised variables need a load address in flash ("> RAM AT > FLASH" in the linker script)'
      : 'give the application alone; an update writes flash only, never option bytes or configuration',
  );
}

function empty(why: string): IapError {
  return new IapError('IMAGE_EMPTY', `the image is empty: ${why}`, {
    hint: 'check that the build went through and that this is the right file',
    details: { problem: 'empty' },
  });
}
