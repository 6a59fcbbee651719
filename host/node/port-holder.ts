// Who has a port, asked without opening it: opening raises DTR and RTS, and serialport sets parity and more before it finds that
// the lock is taken. Linux tells; elsewhere nobody does (Windows refuses the second open itself).
import { readFile, stat } from 'node:fs/promises';

export interface Holder {
  readonly pid: number;
  /** Empty if it is not to be seen */
  readonly name: string;
}

/** `3: FLOCK  ADVISORY  WRITE 5446 00:1a:3 0 EOF`: process, device of the folder's file system, inode; `->` is only waiting */
const FLOCK = /^\d+: FLOCK +\S+ +\S+ +(\d+) +([0-9a-f]+):([0-9a-f]+):(\d+) /gm;

/** The program that has `path` locked with flock(), as serialport, picocom, tio and others do */
export async function holderOf(path: string, locks = '/proc/locks'): Promise<Holder | undefined> {
  try {
    const [{ dev, ino }, text] = await Promise.all([stat(path), readFile(locks, 'utf8')]);
    for (const [, pid, major, minor, inode] of text.matchAll(FLOCK)) {
      if (Number(inode) !== ino || device(`0x${major}`, `0x${minor}`) !== dev) continue;
      return { pid: Number(pid), name: await nameOf(Number(pid)) };
    }
  } catch {
    // No such port, which opening it says better, or a system without this list.
  }
  return undefined;
}

/** As stat() gives it: the minor number's upper bits lie above the major number. */
function device(major: string, minor: string): number {
  const low = Number(minor) & 0xff;
  return low + Number(major) * 0x100 + (Number(minor) - low) * 0x1000;
}

async function nameOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
  return text.trim();
}
