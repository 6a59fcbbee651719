// Which bootloader a command takes for a board: the one that was built, then the package's, and that one only whole.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BOOTLOADER } from '../../host/cli/commands/bootloader.js';
import { Output } from '../../host/cli/output.js';
import { builtBootloader } from '../../host/node/built-bootloader.js';

const BOARD = 'stm32f103xb';
const bytes = Uint8Array.of(1, 2, 3, 4);
const sha256 = createHash('sha256').update(bytes).digest('hex');
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'iap-'));
  const folder = join(root, 'dist', 'bootloaders');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'b.bin'), bytes);
  const boards = { [BOARD]: { file: 'b.bin', sha256 } };
  writeFileSync(join(folder, 'index.json'), JSON.stringify({ boards }));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test('the one in the package', async () => {
  expect(await builtBootloader(BOARD, root)).toMatchObject({ from: 'package', sha256 });
  expect(await builtBootloader('other', root)).toBeUndefined();
});

test('a damaged one is refused', async () => {
  writeFileSync(join(root, 'dist', 'bootloaders', 'b.bin'), Uint8Array.of(1, 2, 3, 5));
  await expect(builtBootloader(BOARD, root)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
});

test('in a checkout the one that was built', async () => {
  mkdirSync(join(root, 'build', BOARD), { recursive: true });
  writeFileSync(join(root, 'build', BOARD, 'bootloader.bin'), Uint8Array.of(9));
  const found = await builtBootloader(BOARD, root);
  expect(found).toMatchObject({ from: 'build', bytes: Uint8Array.of(9) });
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
