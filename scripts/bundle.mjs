// @ts-check
// Makes the command of dist/host, after tsc: a few files in dist/iap instead of some two hundred, because the start of a command is
// mostly the finding, reading and parsing of its files.
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { rolldown } from 'rolldown';

const root = resolve(import.meta.dirname, '..');
const folder = resolve(root, 'dist', 'iap');
const main = resolve(root, 'dist', 'host', 'cli', 'main.js');

/** yargs lays out the help at each start, and counts columns by tables of Unicode for it. Our help has no wide characters. */
const plainWidth = {
  name: 'plain-width',
  /** @param {string} id */
  load: (id) =>
    /node_modules\/string-width\/index\.js$/.test(id)
      ? 'export default (text) => text.length;'
      : undefined,
};

const bundle = await rolldown({
  input: { main },
  platform: 'node',
  plugins: [plainWidth],
  // Native code can not be put into a file of JavaScript.
  external: ['serialport'],
  preserveEntrySignatures: false,
});
rmSync(folder, { recursive: true, force: true });
const { output } = await bundle.write({
  dir: folder,
  // Names without hashes: the same sources give the same files.
  entryFileNames: '[name].js',
  chunkFileNames: '[name].js',
  codeSplitting: {
    includeDependenciesRecursively: false,
    groups: [
      // Only for commands that read JSON: the validator of schemas takes 30 ms to be ready.
      {
        name: 'json',
        test: /node_modules\/(ajv|fast-|json-schema)|host\/(base\/json|parts\/parts)\.js$/,
        priority: 2,
      },
      // Only for commands that open a port
      { name: 'serial', test: /host\/node\/serial\.js$/, priority: 2 },
      // main.js waits for its commands while it is loaded: nothing that these load may lie in it.
      { name: 'common', test: (id) => id !== main, priority: 1 },
    ],
  },
});
await bundle.close();
chmodSync(resolve(folder, 'main.js'), 0o755);

const common = output.find(({ fileName }) => fileName === 'common.js');
const eager = ['json.js', 'serial.js', 'main.js'].filter(
  (name) => common?.type !== 'chunk' || common.imports.includes(name),
);
if (eager.length > 0) throw new Error(`every command would load ${eager.join(', ')}`);

// Whose code that is: scripts/notices.mjs
const modules = output.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : []));
const packages = new Set(
  modules.flatMap((id) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(id)?.[0] ?? []),
);
mkdirSync(resolve(root, 'build'), { recursive: true });
writeFileSync(
  resolve(root, 'build', 'bundled.json'),
  JSON.stringify([...packages].map((path) => relative(root, path)).sort()),
);
