// Packages as files, named so that people know them.
import { extname } from 'node:path';
import { decode, Header } from '../../protocol/index.js';
import { IapError } from '../base/errors.js';
import { printable } from '../base/text.js';
import { isPackage, readPackage } from '../image/package.js';
import { readBytes } from '../node/files.js';

export interface PackageFile {
  readonly raw: Uint8Array;
  readonly header: Header;
  readonly bytes: Uint8Array;
}

/** A package that is named like something else is taken for that by people, and refused by no program. */
export function packagePath(path: string): string {
  const extension = extname(path).toLowerCase();
  if (extension === '.iap') return path;
  throw new IapError('USAGE', `the package's name must end in .iap; got "${extension}"`);
}

/** @throws IapError IMAGE_UNREADABLE or IMAGE_FORMAT */
export async function readPackageFile(path: string): Promise<PackageFile> {
  // Half of one that is still being written shows by its size and hash.
  const file = await readBytes(path, 'package', 'IMAGE_UNREADABLE');
  if (!isPackage(file)) {
    throw new IapError('IMAGE_FORMAT', `${printable(path)} is no package`, {
      hint: 'only packages are signed: "iap pack --key-id" makes one of an application',
    });
  }
  const { header: raw, bytes } = readPackage(file, path);
  if (!raw) throw new IapError('IMAGE_FORMAT', `${printable(path)} has no header`);
  return { raw, header: decode(Header, raw), bytes };
}
