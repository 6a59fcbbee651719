// Files that commands write: all of it or nothing, and never in the place of what is none of theirs.
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { LARGEST_FILE } from '../../host/image/limits.js';
import {
  checkWritable,
  readBytes,
  refuseExisting,
  unwritable,
  writeBytes,
  writeNew,
} from '../../host/node/files.js';
import { newFolder } from '../support/new-folder.js';

const posix = process.platform !== 'win32';

const modeOf = (path: string): number => statSync(path).mode & 0o777;
const read = (path: string): string => readFileSync(path, 'utf8');
const CHECK = 'check that the folder exists, and that it may be written to';

test('a file is made, and takes the place of one that was there, whose mode stays', async () => {
  const folder = newFolder();
  const path = join(folder, 'a');
  await writeBytes(path, 'one');
  if (posix) chmodSync(path, 0o640);
  await checkWritable(path);
  await writeBytes(path, Uint8Array.of(50));
  expect(read(path)).toBe('2');
  if (posix) expect(modeOf(path)).toBe(0o640);
  expect(readdirSync(folder)).toEqual(['a']);
});

test('whoever reads the old one meanwhile reads all of it', async () => {
  const path = join(newFolder(), 'a');
  await writeBytes(path, 'old');
  const reader = await open(path);
  await writeBytes(path, 'a new one');
  expect(await reader.readFile('utf8')).toBe('old');
  await reader.close();
});

test('a device is written to, and stays one; so does a link, whose file is written', async () => {
  const folder = newFolder();
  const [file, link] = [join(folder, 'file'), join(folder, 'link')];
  writeFileSync(file, 'old');
  symlinkSync(file, link);
  await checkWritable(link);
  await writeBytes(link, 'new');
  expect([read(file), readdirSync(folder).sort()]).toEqual(['new', ['file', 'link']]);
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  if (!posix) return;
  await checkWritable('/dev/null');
  await writeBytes('/dev/null', 'x');
  expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
});

test.each<[string, (folder: string) => string, string]>([
  ['a folder', (folder) => folder, 'it is a folder'],
  ['in no folder', (folder) => join(folder, 'absent', 'a'), 'ENOENT'],
  ['in a file', (folder) => join(folder, 'file', 'a'), 'ENOTDIR'],
])('%s: refused before and when it is written', async (_, where, why) => {
  const folder = newFolder();
  writeFileSync(join(folder, 'file'), 'x');
  const path = where(folder);
  const refused = {
    code: 'FILE_UNWRITABLE',
    message: expect.stringContaining(why),
    hint: CHECK,
    details: { path },
    cause: expect.any(Error),
  };
  await expect(checkWritable(path)).rejects.toMatchObject(refused);
  await expect(writeBytes(path, 'x')).rejects.toMatchObject(refused);
  expect(readdirSync(folder)).toEqual(['file']);
});

test('what can not take its place leaves no half behind', async () => {
  const folder = newFolder();
  const path = join(folder, 'a');
  // A name for the file that is made first is too long.
  await expect(writeBytes(`${path}${'b'.repeat(300)}`, 'x')).rejects.toMatchObject({
    code: 'FILE_UNWRITABLE',
  });
  writeFileSync(path, 'old');
  const there = join(folder, 'there');
  mkdirSync(there);
  await expect(writeBytes(there, 'x')).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
  expect(readdirSync(folder).sort()).toEqual(['a', 'there']);
  // Why it was, and not why nothing was there to be removed
  await expect(writeBytes(join(folder, 'absent', 'a'), 'x')).rejects.toThrow(/ENOENT.*, open /);
});

test('a new one is never written over, and is as private as was asked', async () => {
  const path = join(newFolder(), 'a');
  await refuseExisting(path);
  await writeNew(path, 'one', 0o600);
  if (posix) expect(modeOf(path)).toBe(0o600);
  const refused = {
    code: 'FILE_UNWRITABLE',
    hint: expect.stringContaining('it is there already, and not written over'),
    details: { path },
  };
  await expect(writeNew(path, 'two', 0o600)).rejects.toMatchObject(refused);
  await expect(refuseExisting(path)).rejects.toMatchObject(refused);
  expect(read(path)).toBe('one');
});

test('a link that leads nowhere is there, too', async () => {
  const path = join(newFolder(), 'a');
  symlinkSync(`${path}.absent`, path);
  await expect(refuseExisting(path)).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
});

test('a new one that the disk has no room for is removed again', async () => {
  const path = join(newFolder(), 'a');
  const file = await open('/dev/null');
  await file.close();
  const methods = Object.getPrototypeOf(file) as typeof file;
  const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
  const sync = vi
    .spyOn(methods, 'sync')
    .mockClear()
    .mockImplementationOnce(() => {
      rmSync(path);
      return Promise.reject(full);
    });
  onTestFinished(() => sync.mockRestore());
  const refused = { code: 'FILE_UNWRITABLE', hint: expect.stringContaining('make room') };
  await expect(writeNew(path, 'one', 0o600)).rejects.toMatchObject(refused);
  sync.mockRejectedValueOnce(full);
  await expect(writeNew(path, 'one', 0o600)).rejects.toMatchObject(refused);
  expect(existsSync(path)).toBe(false);
  expect(sync.mock.contexts).toMatchObject([{ fd: -1 }, { fd: -1 }]);
  await writeNew(path, 'one', 0o600);
  expect(sync).toHaveBeenCalledTimes(3);
});

test.each([
  ['ENOSPC', 'make room on that disk, or choose another'],
  ['EDQUOT', 'make room on that disk, or choose another'],
  ['EEXIST', 'it is there already, and not written over: choose another name, or move it away'],
  ['EACCES', CHECK],
  [undefined, CHECK],
])('%s: what to do', (code, hint) => {
  const cause = Object.assign(new Error('why\u0007'), code ? { code } : {});
  expect(unwritable('x', cause)).toMatchObject({
    code: 'FILE_UNWRITABLE',
    message: 'x can not be written: why?',
    hint,
    details: { path: 'x' },
    cause,
  });
});

test('what is no error is passed on as it is', () => {
  expect(unwritable('x', 7)).toBe(7);
});

test.each<[string, (folder: string) => string, string]>([
  ['a folder', (folder) => folder, 'it is not a file'],
  ['absent', (folder) => join(folder, 'absent'), 'ENOENT'],
  [
    'larger than any image',
    (folder) => {
      const path = join(folder, 'large');
      writeFileSync(path, '');
      truncateSync(path, LARGEST_FILE + 1);
      return path;
    },
    `it has ${LARGEST_FILE + 1} bytes`,
  ],
])('what can not be read is told: %s', async (_, make, why) => {
  const path = make(newFolder());
  const refused = {
    message: expect.stringContaining(`the image ${path} can not be read: ${why}`),
    hint: 'check the path',
    details: { path },
  };
  await expect(readBytes(path, 'image')).rejects.toMatchObject({
    ...refused,
    code: 'FILE_UNREADABLE',
  });
  await expect(readBytes(path, 'image', 'IMAGE_UNREADABLE')).rejects.toMatchObject({
    ...refused,
    code: 'IMAGE_UNREADABLE',
  });
});

test('what is read is bytes, and no buffer of others', async () => {
  const path = join(newFolder(), 'a');
  writeFileSync(path, 'abc');
  const bytes = await readBytes(path, 'image');
  expect(bytes.constructor).toBe(Uint8Array);
  expect(bytes).toEqual(Uint8Array.of(97, 98, 99));
});
