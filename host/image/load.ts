// A file's bytes → Image, by what is in it rather than by its name.
import { IapError } from '../base/errors.js';
import { hex32, printable, sizeText } from '../base/text.js';
import { areaName, FLASH_BASE, FLASH_LIMIT, inFlash, inRam } from './areas.js';
import { contentsOf, ELF, type Elf, isElf, parseElf } from './elf.js';
import { fileError } from './file-error.js';
import { foreignFormat } from './foreign.js';
import type { Image } from './image.js';
import { INTEL_HEX, isIntelHex, readIntelHex } from './intel-hex.js';
import { LARGEST_IMAGE } from './limits.js';
import { isPackage, readPackage } from './package.js';
import { ramHint } from './ram-pieces.js';
import { isSRecord, readSRecord, S_RECORD } from './s-record.js';
import {
  type Contents,
  type Gap,
  gapsOf,
  join,
  merge,
  type Origin,
  type Segment,
  sort,
} from './segments.js';
import { startOf } from './text-records.js';

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
  /** What the file leaves out between its first and last byte, and the image has as erased flash */
  readonly gaps: readonly Gap[];
}

/** @throws IapError IMAGE_EMPTY or IMAGE_FORMAT */
export function loadImage(file: Uint8Array, options: LoadOptions = {}): Image {
  return imageOf(loadFile(file, options));
}

/** The image, with what its file says besides */
export function imageOf({ image, elf, gaps }: ImageFile): Image {
  return { ...image, file: { gaps, ...(elf ? { elf } : {}) } };
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
  if (found.contents) {
    const sorted = sort(found.contents.segments, found.origin);
    // Either is for a programmer; both are an application with something that nothing loads into RAM.
    checkPlaces(sorted, found.origin, inRam);
    return join(sorted);
  }
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

/**
 * What the content says a file is
 * @throws IapError IMAGE_FORMAT for what is none of these, and for text that is named like a raw binary
 */
export function recognise(file: Uint8Array, name: string): Recognised {
  if (isElf(file)) {
    const elf = parseElf(file, name);
    return { format: 'elf', contents: contentsOf(elf, name), origin: { what: ELF, name }, elf };
  }
  if (isPackage(file)) return { format: 'package', origin: { what: 'package', name } };
  const extension = extensionOf(name);
  const expected = EXPECTED[extension];
  if (isIntelHex(file) || (expected === HEX_FILE && startOf(file).startsWith(':'))) {
    if (extension === 'bin') throw textNamedBinary(name, HEX_FILE, '.hex');
    const origin = { what: INTEL_HEX, name };
    return { format: 'intel-hex', contents: readIntelHex(file, name), origin };
  }
  if (isSRecord(file) || (expected === S_RECORD_FILE && startOf(file).startsWith('S'))) {
    if (extension === 'bin') throw textNamedBinary(name, S_RECORD_FILE, '.srec');
    const origin = { what: S_RECORD, name };
    return { format: 's-record', contents: readSRecord(file, name), origin };
  }
  const foreign = foreignFormat(file);
  if (expected) {
    throw misnamed(
      `${printable(name)} is named like ${expected}, but is ${foreign?.what ?? 'none'}`,
      foreign?.hint ?? 'if it is a raw binary, rename it to .bin; anything else is the wrong file',
    );
  }
  if (foreign) {
    const subject = name === '' ? 'the file' : printable(name);
    throw new IapError('IMAGE_FORMAT', `${subject} can not be used: it is ${foreign.what}`, {
      hint: foreign.hint,
      details: { problem: 'other-format' },
    });
  }
  return { format: 'binary', origin: { what: 'binary', name } };
}

/** Its digits would be written as code. */
function textNamedBinary(name: string, what: string, ending: string): IapError {
  const message = `${printable(name)} is named like a raw binary, but reads as ${what}`;
  return misnamed(message, `rename it to ${ending}`);
}

function misnamed(message: string, hint: string): IapError {
  return new IapError('IMAGE_FORMAT', message, { hint, details: { problem: 'misnamed' } });
}

/**
 * Bytes that are written as they are, whatever they mean; a file that says where it belongs is surely not meant so.
 * @throws IapError IMAGE_FORMAT
 */
export function checkRaw(file: Uint8Array, name: string): void {
  const what = isElf(file) ? 'an ELF file' : isIntelHex(file) ? HEX_FILE : S_RECORD_FILE;
  if (what === S_RECORD_FILE && !isSRecord(file)) return;
  const message = `${printable(name)} is ${what}; raw bytes are expected`;
  throw misnamed(message, 'convert it to a raw binary: objcopy -O binary');
}

function extensionOf(name: string): string {
  return /\.([^./\\]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';
}

function read(file: Uint8Array, { name = '', base }: LoadOptions): ImageFile {
  const { format, contents, origin, elf } = recognise(file, name);
  if (contents) return { ...built(format, contents, origin), ...(elf ? { elf } : {}) };
  if (format === 'package') return { format, image: readPackage(file, name), gaps: [] };
  return { format, image: { base, bytes: file }, gaps: [] };
}

const HEX_FILE = 'an Intel HEX file';
const S_RECORD_FILE = 'an S-record file';
/** Writing one of these as a raw binary would be a mistake that costs an application. */
const EXPECTED: Readonly<Record<string, string>> = {
  hex: HEX_FILE,
  ihex: HEX_FILE,
  s19: S_RECORD_FILE,
  s28: S_RECORD_FILE,
  s37: S_RECORD_FILE,
  srec: S_RECORD_FILE,
  mot: S_RECORD_FILE,
  elf: 'an ELF file',
  axf: 'an ELF file',
  iap: 'a package',
};

function built(format: ImageFormat, contents: Contents, origin: Origin): ImageFile {
  const sorted = sort(contents.segments, origin);
  checkPlaces(sorted, origin, (address) => !inFlash(address));
  const { address, bytes } = merge(sorted, LARGEST_IMAGE, origin);
  const { entry } = contents;
  return {
    format,
    image: { base: address, bytes },
    ...(entry === undefined ? {} : { entry }),
    gaps: gapsOf(sorted),
  };
}

/** What is linked for elsewhere as a whole has another mistake, which the address of the image shows. */
function checkPlaces(
  segments: readonly Segment[],
  { what, name }: Origin,
  isStrange: (address: number) => boolean,
): void {
  const strange = segments.find(({ address }) => isStrange(address));
  if (!strange || !segments.some(({ address }) => inFlash(address))) return;
  const { address, bytes, line, sections = [] } = strange;
  const names = sections.filter((section) => section !== '').join(', ');
  throw fileError(
    'outside-flash',
    what,
    `its ${sizeText(bytes.length)}${names && ` of ${names}`} for ${hex32(address)}, ${areaName(address)}, are outside of flash, ${hex32(FLASH_BASE)} to ${hex32(FLASH_LIMIT - 1)}`,
    { file: name, line, address },
    inRam(address)
      ? ramHint(strange)
      : 'give the application alone; an update writes flash only, never option bytes or configuration',
  );
}

function empty(why: string): IapError {
  return new IapError('IMAGE_EMPTY', `the image is empty: ${why}`, {
    hint: 'check that the build went through and that this is the right file',
    details: { problem: 'empty' },
  });
}
