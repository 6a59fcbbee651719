// Files that commands read and write.
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import {
  access,
  chmod,
  lstat,
  open,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { IapError, type IapErrorCode } from '../base/errors.js';
import { printable } from '../base/text.js';
import { LARGEST_FILE } from '../image/limits.js';

/** A file that was changed so lately may still be on its way: a build, a copy or a download goes on [ms]. */
const STILL_MS = 1000;
/** A file that grows for so long is not waited for [ms]. */
const LONGEST_MS = 10_000;

/**
 * For what goes out to devices: half of a file that is being written is waited for, and never taken for all of it.
 * @throws IapError as {@link readBytes}
 */
export function readWhole(path: string, what: string, code?: IapErrorCode): Promise<Uint8Array> {
  return readBytes(path, what, code, STILL_MS);
}

/**
 * @param what for messages, for example "image"
 * @param stillMs the file must have been left alone for so long
 * @throws IapError with this code
 */
export async function readBytes(
  path: string,
  what: string,
  code: IapErrorCode = 'FILE_UNREADABLE',
  stillMs = 0,
): Promise<Uint8Array> {
  const unreadable = (why: string, hint = 'check the path', cause?: Error): IapError =>
    new IapError(code, `the ${what} ${printable(path)} can not be read: ${printable(why)}`, {
      hint,
      details: { path },
      cause,
    });
  const deadline = Date.now() + LONGEST_MS;
  try {
    for (;;) {
      const info = await stat(path);
      if (!info.isFile()) throw unreadable('it is not a file');
      if (info.size > LARGEST_FILE) throw unreadable(`it has ${info.size} bytes`);
      // The clock of a file server may be ahead.
      const age = Math.max(0, Date.now() - info.mtimeMs);
      if (age < stillMs) await setTimeout(stillMs - age);
      const bytes = await readFile(path);
      const after = await stat(path);
      if (after.mtimeMs === info.mtimeMs && after.size === info.size) return new Uint8Array(bytes);
      if (Date.now() > deadline) {
        const why = `it is still being written: ${info.size} bytes, then ${after.size}`;
        throw unreadable(why, 'wait until the build, copy or download is done');
      }
    }
  } catch (error) {
    if (error instanceof IapError || !(error instanceof Error)) throw error;
    throw unreadable(error.message, undefined, error);
  }
}

/**
 * For work that takes long, before it begins.
 * @throws IapError FILE_UNWRITABLE
 */
export async function checkWritable(path: string): Promise<void> {
  try {
    if (await replaceable(path)) await access(dirname(path), constants.W_OK);
  } catch (error) {
    throw unwritable(path, error);
  }
}

/**
 * All of it, or what was there before stays.
 * @throws IapError FILE_UNWRITABLE
 */
export async function writeBytes(path: string, bytes: Uint8Array | string): Promise<void> {
  try {
    if (await replaceable(path)) await replace(path, bytes);
    else await writeFile(path, bytes);
  } catch (error) {
    throw unwritable(path, error);
  }
}

/**
 * A file that was not there before: nothing is ever written over.
 * @param mode who may read it, on systems that have modes
 * @throws IapError FILE_UNWRITABLE
 */
export async function writeNew(
  path: string,
  bytes: Uint8Array | string,
  mode: number,
): Promise<void> {
  try {
    const file = await open(path, 'wx', mode);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    } finally {
      await file.close();
    }
  } catch (error) {
    throw unwritable(path, error);
  }
}

/**
 * Before somebody is asked for what {@link writeNew} would then not write
 * @throws IapError FILE_UNWRITABLE if there is such a file
 */
export async function refuseExisting(path: string): Promise<void> {
  const there = await lstat(path).catch(() => undefined);
  if (!there) return;
  const error = Object.assign(new Error('there is such a file'), { code: 'EEXIST' });
  throw unwritable(path, error);
}

/** Whether another file may take its place: there is none, or a plain one that may be written; not a device, nor a link. */
async function replaceable(path: string): Promise<boolean> {
  const there = await lstat(path).catch(absent);
  if (!there) return true;
  if (there.isDirectory()) throw new Error('it is a folder');
  if (there.isFile()) await access(path, constants.W_OK);
  return there.isFile();
}

function absent(error: unknown): undefined {
  if (codeOf(error) !== 'ENOENT') throw error;
}

async function replace(path: string, bytes: Uint8Array | string): Promise<void> {
  const temporary = join(dirname(path), `.iap-${randomUUID()}.tmp`);
  const mode = (await stat(path).catch(absent))?.mode;
  try {
    // Some disks say that they are full only when the bytes are really stored.
    await writeFile(temporary, bytes, { flag: 'wx', flush: true });
    if (mode !== undefined) await chmod(temporary, mode);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** FILE_UNWRITABLE for what the system said; anything else as it is */
export function unwritable(path: string, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const full = codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT';
  const there = codeOf(error) === 'EEXIST';
  return new IapError(
    'FILE_UNWRITABLE',
    printable(`${path} can not be written: ${error.message}`),
    {
      hint: full
        ? 'make room on that disk, or choose another'
        : there
          ? 'it is there already, and not written over: choose another name, or move it away'
          : 'check that the folder exists, and that it may be written to',
      details: { path },
      cause: error,
    },
  );
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
