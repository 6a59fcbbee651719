// @ts-check
// Makes the command of dist/host, after tsc: one program in dist/iap, which starts in two thirds of the time that some two hundred
// files take. What only some commands need stays a file of its own, loaded by them.
import { chmodSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { rolldown } from 'rolldown';

const root = resolve(import.meta.dirname, '..');
const folder = resolve(root, 'dist', 'iap');

const bundle = await rolldown({
  input: { main: resolve(root, 'dist', 'host', 'cli', 'main.js') },
  platform: 'node',
  // Native code can not be put into a file of JavaScript.
  external: ['serialport'],
});
rmSync(folder, { recursive: true, force: true });
// Names without hashes: the same sources give the same files.
await bundle.write({ dir: folder, entryFileNames: '[name].js', chunkFileNames: '[name].js' });
await bundle.close();
chmodSync(resolve(folder, 'main.js'), 0o755);
