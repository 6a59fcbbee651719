// Small files that others must not read: read once, together with who may read them.
import { open } from 'node:fs/promises';
import { IapError } from '../base/errors.js';
import { printable } from '../base/text.js';

export interface Secret {
  readonly bytes: Uint8Array;
  /** Group or others can read it; never so on a system without modes. */
  readonly exposed: boolean;
}

/** More than any key or passphrase [bytes] */
const LARGEST = 65_536;
const NOT_OWNER = 0o077;

/**
 * @param what for messages, for example "key"
 * @throws IapError FILE_UNREADABLE
 */
export async function readSecret(path: string, what: string): Promise<Secret> {
  const unreadable = (why: string, cause?: Error): IapError =>
    new IapError(
      'FILE_UNREADABLE',
      `the ${what} ${printable(path)} can not be read: ${printable(why)}`,
      { hint: 'check the path', details: { path }, cause },
    );
  try {
    const file = await open(path);
    try {
      const info = await file.stat();
      if (info.isDirectory()) throw unreadable('it is a folder');
      const room = new Uint8Array(LARGEST + 1);
      let size = 0;
      // A pipe gives what it has, a part at a time.
      for (;;) {
        const { bytesRead } = await file.read(room, size, room.length - size, null);
        size += bytesRead;
        if (bytesRead === 0 || size === room.length) break;
      }
      if (size > LARGEST) throw unreadable(`it has more than ${LARGEST} bytes`);
      const exposed =
        process.platform !== 'win32' && info.isFile() && (info.mode & NOT_OWNER) !== 0;
      return { bytes: room.slice(0, size), exposed };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof IapError || !(error instanceof Error)) throw error;
    throw unreadable(error.message, error);
  }
}
