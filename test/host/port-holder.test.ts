// Linux's list of locks: who has a port.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { holderOf } from '../../host/node/port-holder.js';

vi.mock('node:fs/promises', async (original) => {
  const all = await original<typeof import('node:fs/promises')>();
  return { ...all, stat: vi.fn(all.stat) };
});

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

test.runIf(process.platform === 'linux')('its name is told, where it is to be seen', async () => {
  const locks = join(folder, 'names');
  const comm = readFileSync('/proc/self/comm', 'utf8').trim();
  writeFileSync(locks, `1: FLOCK  ADVISORY  WRITE ${own}\n`);
  expect(await holderOf(port, locks)).toEqual({ pid: process.pid, name: comm });
  writeFileSync(locks, `1: FLOCK  ADVISORY  WRITE 999999999 ${device}:${ino} 0 EOF\n`);
  expect(await holderOf(port, locks)).toEqual({ pid: 999_999_999, name: '' });
});

test.each([
  [0x0823, '08:23'],
  [0x10_0823, '08:123'],
  [0x1230_0845, '08:12345'],
])('a file system whose device is %i is %s in the list', async (dev, shown) => {
  const locks = join(folder, `dev-${dev}`);
  writeFileSync(locks, `1: FLOCK  ADVISORY  WRITE 1 ${shown}:77 0 EOF\n`);
  vi.mocked(stat).mockResolvedValueOnce({ dev, ino: 77 } as never);
  expect((await holderOf(port, locks))?.pid).toBe(1);
  vi.mocked(stat).mockResolvedValueOnce({ dev: dev + 0x100, ino: 77 } as never);
  expect(await holderOf(port, locks)).toBeUndefined();
});
