// Files that commands read and write.
import { readFile, stat, writeFile } from 'node:fs/promises';
import { IapError, type IapErrorCode } from '../errors.js';
import { LARGEST_FILE } from '../image/limits.js';

/**
 * @param what for messages, for example "image"
 * @throws IapError with this code
 */
export async function readBytes(
  path: string,
  what: string,
  code: IapErrorCode = 'FILE_UNREADABLE',
): Promise<Uint8Array> {
  const unreadable = (why: string, cause?: Error): IapError =>
    new IapError(code, `the ${what} ${path} can not be read: ${why}`, {
      hint: 'check the path',
      details: { path },
      cause,
    });
  try {
    const info = await stat(path);
    if (!info.isFile()) throw unreadable('it is not a file');
    if (info.size > LARGEST_FILE) throw unreadable(`it has ${info.size} bytes`);
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if (error instanceof IapError || !(error instanceof Error)) throw error;
    throw unreadable(error.message, error);
  }
}

/** @throws IapError FILE_UNWRITABLE */
export async function writeBytes(path: string, bytes: Uint8Array | string): Promise<void> {
  try {
    await writeFile(path, bytes);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new IapError('FILE_UNWRITABLE', `${path} can not be written: ${error.message}`, {
      hint: 'check that the folder exists, and that it may be written to',
      details: { path },
      cause: error,
    });
  }
}
