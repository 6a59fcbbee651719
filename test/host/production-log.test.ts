// The production log as a file: appended to, never written over, and what it knows of units that were done before.
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type LogEntry, ProductionLog } from '../../host/node/production-log.js';

const UNIT = '0123456789abcdef01234567';
const HASH = 'a5'.repeat(32);

function entry(changed: Partial<LogEntry> = {}): LogEntry {
  return {
    format: 1,
    time: '2026-01-02T03:04:05.000Z',
    port: 'COM3',
    uniqueId: UNIT,
    serial: null,
    part: 'stm32f103xb',
    product: null,
    hardware: null,
    bootloader: '1.0.0',
    before: null,
    image: { file: 'app.bin', product: null, version: null, size: 1, sha256: HASH },
    host: '1.0.0',
    seconds: 1.5,
    result: 'installed',
    ...changed,
  };
}

function newPath(content?: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'iap-log-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'log.jsonl');
  if (content !== undefined) writeFileSync(path, content);
  return path;
}

const line = (changed?: Partial<LogEntry>): string => `${JSON.stringify(entry(changed))}\n`;
const read = (path: string): string => readFileSync(path, 'utf8');

/** What every open file has; there is no other way to make a disk fail. */
async function fileMethods(): Promise<Awaited<ReturnType<typeof open>>> {
  const file = await open('/dev/null');
  await file.close();
  return Object.getPrototypeOf(file) as Awaited<ReturnType<typeof open>>;
}

test('a line for each unit, in the order of the calls, and readable by all', async () => {
  const path = newPath();
  const log = await ProductionLog.open(path);
  const units = ['A', 'B', 'C'].map((port) => entry({ port }));
  const appended = units.map((unit) => log.append(unit));
  await log.close();
  expect(read(path)).toBe(units.map((unit) => `${JSON.stringify(unit)}\n`).join(''));
  await Promise.all(appended);
  if (process.platform !== 'win32') expect(statSync(path).mode & 0o444).toBe(0o444);
});

test('what was there stays, and so does what another program appends meanwhile', async () => {
  const path = newPath('not ours\n');
  const log = await ProductionLog.open(path);
  await log.append(entry({ port: 'A' }));
  appendFileSync(path, 'theirs\n');
  await log.append(entry({ port: 'B' }));
  await log.close();
  expect(read(path)).toBe(`not ours\n${line({ port: 'A' })}theirs\n${line({ port: 'B' })}`);
});

test.each([
  ['nothing', '', ''],
  ['a whole line', 'abc\n', 'abc\n'],
  ['half a line', 'abc\n{"form', 'abc\n{"form\n'],
  ['one letter', '{', '{\n'],
])('after %s it begins on a line of its own, once', async (_, before, kept) => {
  const path = newPath(before);
  const log = await ProductionLog.open(path);
  await log.append(entry());
  await log.append(entry());
  await log.close();
  expect(read(path)).toBe(`${kept}${line()}${line()}`);
});

test.each(['installed', 'unchanged'] as const)('%s: the unit is done', async (result) => {
  const path = newPath();
  const log = await ProductionLog.open(path);
  expect(log.doneAt(UNIT, HASH)).toBeUndefined();
  await log.append(entry({ result, time: 'first' }));
  await log.append(entry({ result, time: 'second' }));
  await log.close();
  const again = await ProductionLog.open(path);
  await again.close();
  for (const each of [log, again]) {
    expect(each.doneAt(UNIT, HASH)).toBe('first');
    expect(each.doneAt(UNIT, 'b6'.repeat(32))).toBeUndefined();
    expect(each.doneAt('76543210fedcba9876543210', HASH)).toBeUndefined();
  }
});

test.each<[string, Partial<LogEntry>]>([
  ['that failed', { result: 'failed' }],
  ['that nobody knows', { uniqueId: null }],
])('a unit %s is not done', async (_, changed) => {
  const path = newPath();
  const log = await ProductionLog.open(path);
  await log.append(entry(changed));
  await log.close();
  const again = await ProductionLog.open(path);
  await again.close();
  for (const each of [log, again]) {
    for (const id of [UNIT, 'null']) expect(each.doneAt(id, HASH)).toBeUndefined();
  }
});

const { result, uniqueId, image, time } = entry();
test.each<[string, unknown]>([
  ['no result', { uniqueId, image, time }],
  ['no id', { result, image, time }],
  ['no image', { result, uniqueId, time }],
  ['no hash', { result, uniqueId, image: { file: 'x' }, time }],
  ['no time', { result, uniqueId, image }],
  ['a time that is a number', { result, uniqueId, image, time: 7 }],
  ['null', null],
  ['a number', 7],
])('a line of another program with %s is passed by', async (_, value) => {
  const path = newPath(`${JSON.stringify(value)}\n{\n\n${line({ time: 'ours' })}`);
  const log = await ProductionLog.open(path);
  await log.close();
  expect(log.doneAt(UNIT, HASH)).toBe('ours');
  expect(log.doneAt('undefined', HASH)).toBeUndefined();
});

test('a line that reached no disk counts for nothing, and the next one begins anew', async () => {
  const path = newPath();
  const methods = await fileMethods();
  const log = await ProductionLog.open(path);
  const full = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
  const sync = vi.spyOn(methods, 'sync').mockClear().mockRejectedValueOnce(full);
  onTestFinished(() => sync.mockRestore());
  const failed = log.append(entry({ time: 'lost' }));
  const next = log.append(entry({ time: 'kept' }));
  await expect(failed).rejects.toMatchObject({
    code: 'FILE_UNWRITABLE',
    details: { path },
    hint: expect.stringContaining('make room'),
    cause: full,
  });
  await next;
  expect(sync).toHaveBeenCalledTimes(2);
  await log.close();
  expect(log.doneAt(UNIT, HASH)).toBe('kept');
  expect(read(path)).toBe(`${line({ time: 'lost' })}\n${line({ time: 'kept' })}`);
});

test('what can not be a log is refused, and left closed', async () => {
  const stat = vi.spyOn(await fileMethods(), 'stat').mockClear();
  onTestFinished(() => stat.mockRestore());
  const there = newPath('');
  const device = `${there}.null`;
  symlinkSync('/dev/null', device);
  await expect(ProductionLog.open(device)).rejects.toMatchObject({
    code: 'FILE_UNWRITABLE',
    message: expect.stringContaining('it is not a file'),
    details: { path: device },
  });
  expect(stat.mock.contexts).toMatchObject([{ fd: -1 }]);
  const absent = join(there, 'in-a-file');
  await expect(ProductionLog.open(absent)).rejects.toMatchObject({
    code: 'FILE_UNWRITABLE',
    details: { path: absent },
  });
});

test('closed it is closed', async () => {
  const path = newPath();
  const log = await ProductionLog.open(path);
  await log.close();
  await expect(log.append(entry())).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
  expect(read(path)).toBe('');
});
