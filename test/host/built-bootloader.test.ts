// Which bootloader a command takes for a board: the one that was built, then the package's, and that one only whole.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { BOOTLOADER } from '../../host/cli/commands/bootloader.js';
import { Output } from '../../host/cli/output.js';
import { builtBootloader } from '../../host/node/built-bootloader.js';

const BOARD = 'stm32f103xb';
const bytes = Uint8Array.of(1, 2, 3, 4);
const sha256 = createHash('sha256').update(bytes).digest('hex');
const SIGNED = Uint8Array.of(5, 6);

/** A package with these bootloaders in it; for BOARD if nothing is said */
function packaged(boards: object = { [BOARD]: { file: 'b.bin', sha256 } }): string {
  const root = mkdtempSync(join(tmpdir(), 'iap-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const folder = join(root, 'dist', 'bootloaders');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'b.bin'), bytes);
  writeFileSync(join(folder, 's.bin'), SIGNED);
  writeFileSync(join(folder, 'index.json'), JSON.stringify({ boards }));
  return root;
}

test('the one in the package', async () => {
  const root = packaged();
  expect(await builtBootloader(BOARD, root)).toEqual({
    path: join(root, 'dist', 'bootloaders', 'b.bin'),
    from: 'package',
    bytes,
    sha256,
  });
  expect(await builtBootloader('other', root)).toBeUndefined();
  expect(await builtBootloader(BOARD, root, true)).toBeUndefined();
});

test('for signed images alone it is another one', async () => {
  const signed = { file: 's.bin', sha256: createHash('sha256').update(SIGNED).digest('hex') };
  const root = packaged({ [BOARD]: { file: 'b.bin', sha256, signed } });
  expect(await builtBootloader(BOARD, root, true)).toMatchObject({ bytes: SIGNED });
  expect(await builtBootloader(BOARD, root)).toMatchObject({ bytes });
});

test('a damaged one is refused', async () => {
  const root = packaged();
  const path = join(root, 'dist', 'bootloaders', 'b.bin');
  writeFileSync(path, Uint8Array.of(1, 2, 3, 5));
  await expect(builtBootloader(BOARD, root)).rejects.toMatchObject({
    code: 'FILE_UNREADABLE',
    hint: `it was ${sha256}: install the package again`,
    details: { path },
  });
});

test('in a checkout the one that was built', async () => {
  const root = packaged();
  const folder = join(root, 'build', BOARD);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'bootloader.bin');
  writeFileSync(path, bytes);
  expect(await builtBootloader(BOARD, root)).toEqual({ path, from: 'build', bytes, sha256 });
  expect(await builtBootloader(BOARD, root, true)).toBeUndefined();
  writeFileSync(join(folder, 'bootloader-signed.bin'), SIGNED);
  expect(await builtBootloader(BOARD, root, true)).toMatchObject({ from: 'build', bytes: SIGNED });
});

test('with neither there is none', async () => {
  const root = packaged();
  rmSync(join(root, 'dist', 'bootloaders', 'index.json'));
  expect(await builtBootloader(BOARD, root)).toBeUndefined();
});

test.each([
  [{ board: BOARD }, '--output FILE is missing'],
  [{ output: 'x.bin' }, 'which board?'],
  [{ board: BOARD, output: 'x.txt' }, 'must end in'],
  [{ board: 'nonsense', output: 'x.bin' }, 'there is no board "nonsense"'],
])('iap bootloader %j is no command line', async (args, message) => {
  const out = { write: () => true };
  const run = BOOTLOADER.handler(
    { signed: false, ...args },
    { output: new Output(false, { out, error: out }) },
  );
  await expect(run).rejects.toMatchObject({ code: 'USAGE' });
  await expect(run).rejects.toThrow(message);
});
