// The bootloader of a board, as it was built or came with the package.
import { IapError } from '../base/errors.js';
import { type BuiltBootloader, builtBootloader } from '../node/built-bootloader.js';

/** @throws IapError FILE_UNREADABLE if there is none */
export async function bootloaderOf(board: string, signedOnly = false): Promise<BuiltBootloader> {
  const found = await builtBootloader(board, undefined, signedOnly);
  if (found) return found;
  throw new IapError(
    'FILE_UNREADABLE',
    `no bootloader${signedOnly ? ' for signed images' : ''} was built for ${board}`,
    {
      hint: 'run "npm run build" in a checkout of this package, or give a file with --bootloader',
    },
  );
}

/** Which one it is, for programs */
export function aboutJson({ bytes, sha256, from, path: source }: BuiltBootloader): object {
  return { bytes: bytes.length, sha256, from, source };
}
