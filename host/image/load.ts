// A file's bytes → Image, by what is in it rather than by its name.
import { IapError } from '../errors.js';
import { readBinary } from './binary.js';
import { isElf, readElf } from './elf.js';
import type { Image } from './image.js';
import { isIntelHex, readIntelHex } from './intel-hex.js';
import { isPackage, readPackage } from './package.js';

export interface LoadOptions {
  /** Only for its extension, which must not contradict the content */
  readonly name?: string;
  /** Where a raw binary is linked; other formats say so themselves */
  readonly base?: number;
}

/** @throws IapError IMAGE_EMPTY or IMAGE_FORMAT */
export function loadImage(file: Uint8Array, options: LoadOptions = {}): Image {
  if (file.length === 0) throw empty('the file is empty');
  const image = read(file, options);
  if (image.bytes.length === 0) throw empty('there are no bytes in the image');
  return image;
}

function read(file: Uint8Array, { name = '', base }: LoadOptions): Image {
  const extension = /\.([^./\\]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';
  if (isElf(file)) return readElf(file);
  if (isPackage(file)) return readPackage(file);
  if (isIntelHex(file) && extension !== 'bin') return readIntelHex(file);
  const expected = EXPECTED[extension];
  if (expected) {
    throw new IapError('IMAGE_FORMAT', `${name} is named like ${expected}, but is none`, {
      hint: 'if it is a raw binary, rename it to .bin',
    });
  }
  return readBinary(file, base);
}

/** Writing one of these as a raw binary would be a mistake that costs an application. */
const EXPECTED: Readonly<Record<string, string>> = {
  hex: 'an Intel HEX file',
  ihex: 'an Intel HEX file',
  elf: 'an ELF file',
  axf: 'an ELF file',
  iap: 'a package',
};

function empty(why: string): IapError {
  return new IapError('IMAGE_EMPTY', `the image is empty: ${why}`, {
    hint: 'check that the build went through and that this is the right file',
  });
}
