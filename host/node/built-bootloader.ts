// The bootloader that was built for a board: in a checkout the newest build, in an installed package the one that came with it.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { IapError } from '../base/errors.js';
import { sha256 } from '../base/sha256.js';
import { hexBytes } from '../base/text.js';
import { readWhole } from './files.js';
import { packageRoot } from './package-root.js';

export interface BuiltBootloader {
  readonly path: string;
  readonly from: 'build' | 'package';
  readonly bytes: Uint8Array;
  /** Hex digits */
  readonly sha256: string;
}

/** What scripts/bootloaders.mjs says of the bootloaders in the package */
interface Index {
  readonly boards: Readonly<Record<string, Entry & { readonly signed?: Entry }>>;
}

interface Entry {
  readonly file: string;
  readonly sha256: string;
}

/**
 * Undefined if there is none for this board.
 * @param signedOnly the one that takes signed images alone
 * @throws IapError FILE_UNREADABLE; also if the package's is not what was put into it
 */
export async function builtBootloader(
  board: string,
  root: string = packageRoot(),
  signedOnly = false,
): Promise<BuiltBootloader | undefined> {
  const built = join(root, 'build', board, signedOnly ? 'bootloader-signed.bin' : 'bootloader.bin');
  if (existsSync(built)) {
    const bytes = await readWhole(built, 'bootloader');
    return { path: built, from: 'build', bytes, sha256: hexBytes(sha256(bytes)) };
  }
  const folder = join(root, 'dist', 'bootloaders');
  const index = join(folder, 'index.json');
  if (!existsSync(index)) return undefined;
  const text = new TextDecoder().decode(await readWhole(index, 'file'));
  const both = (JSON.parse(text) as Index).boards[board];
  const entry = signedOnly ? both?.signed : both;
  if (!entry) return undefined;
  const path = join(folder, entry.file);
  const bytes = await readWhole(path, 'bootloader');
  const found = hexBytes(sha256(bytes));
  if (found !== entry.sha256) {
    throw new IapError('FILE_UNREADABLE', `${path} is damaged: its SHA-256 is ${found}`, {
      hint: `it was ${entry.sha256}: install the package again`,
      details: { path },
    });
  }
  return { path, from: 'package', bytes, sha256: found };
}
