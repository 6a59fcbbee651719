// Linux's list of locks: who has a port.
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { holderOf } from '../../host/node/port-holder.js';

const folder = mkdtempSync(join(tmpdir(), 'iap-'));
afterAll(() => rmSync(folder, { recursive: true }));
const port = join(folder, 'ttyUSB0');
writeFileSync(port, '');

const { dev, ino } = statSync(port, { bigint: true });
const hex = (value: bigint): string => value.toString(16).padStart(2, '0');
const device = `${hex((dev >> 8n) & 0xfffn)}:${hex((dev & 0xffn) | ((dev >> 12n) & 0xfff00n))}`;
const own = `${process.pid} ${device}:${ino} 0 EOF`;

async function holder(...lines: string[]): Promise<number | undefined> {
  const locks = join(folder, 'locks');
  writeFileSync(locks, lines.map((line, i) => `${i + 1}: ${line}\n`).join(''));
  return (await holderOf(port, locks))?.pid;
}

test.each<[string, string[], number | undefined]>([
  ['nobody', [], undefined],
  ['a lock', [`FLOCK  ADVISORY  WRITE ${own}`], process.pid],
  ['a shared lock', [`FLOCK  ADVISORY  READ ${own}`], process.pid],
  [
    'the same inode of another file system',
    [`FLOCK  ADVISORY  WRITE 1 7f:7f:${ino} 0 EOF`],
    undefined,
  ],
  ['another file', [`FLOCK  ADVISORY  WRITE 1 ${device}:${ino + 1n} 0 EOF`], undefined],
  ['a lock of another kind, which flock() passes by', [`POSIX  ADVISORY  WRITE ${own}`], undefined],
  ['who waits has nothing', [`-> FLOCK  ADVISORY  WRITE ${own}`], undefined],
  [
    'one among others',
    ['FLOCK  ADVISORY  WRITE 1 00:01:2 0 EOF', `FLOCK  ADVISORY  WRITE ${own}`],
    process.pid,
  ],
])('%s', async (_name, lines, pid) => {
  expect(await holder(...lines)).toBe(pid);
});

test('no such port, no such list', async () => {
  expect(await holderOf('/dev/absent')).toBeUndefined();
  expect(await holderOf(port, '/proc/absent')).toBeUndefined();
});
