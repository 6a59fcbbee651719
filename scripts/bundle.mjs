// @ts-check
// Makes the command of dist/host, after tsc: a few files in dist/iap instead of some two hundred, because the start of a command is
// mostly the finding, reading and parsing of its files.
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { rolldown } from 'rolldown';

const root = resolve(import.meta.dirname, '..');
const folder = resolve(root, 'dist', 'iap');
const start = resolve(root, 'dist', 'host', 'cli', 'start.js');
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

/** yargs lays it out once more before a command runs, for a command that fails: ours say what is wrong themselves. */
const noHelpAhead = {
  name: 'no-help-ahead',
  /** @param {string} id */
  load(id) {
    if (!/node_modules\/yargs\/build\/lib\/usage\.js$/.test(id)) return undefined;
    const text = readFileSync(id, 'utf8');
    const ahead = 'cachedHelpMessage = this.help();';
    if (!text.includes(ahead)) throw new Error(`${id} has no "${ahead}"`);
    return text.replace(ahead, '');
  },
};

/**
 * serialport is some hundred files with all its parsers, and takes longer to load than all the rest. Native code can not be put into a
 * file of JavaScript: it is taken from where npm has installed it, if it is of the same version; else all of serialport is.
 */
const bindings = JSON.parse(
  readFileSync(resolve(root, 'node_modules/@serialport/bindings-cpp/package.json'), 'utf8'),
);
const serialport = {
  name: 'serialport',
  /** @param {string} id */
  resolveId: (id) => (id === 'serialport' ? '\0serialport.cjs' : undefined),
  /** @param {string} id */
  load(id) {
    if (id === '\0serialport.cjs')
      return `
const near = require('node:module').createRequire(require.resolve('serialport'));
const { version } = near('@serialport/bindings-cpp/package.json');
const { SerialPort } = version === '${bindings.version}' ? require(${JSON.stringify(resolve(root, 'node_modules/serialport/dist/serialport.js'))}) : near('serialport');
exports.SerialPort = SerialPort;
`;
    if (/@serialport\/bindings-cpp\/dist\/serialport-bindings\.js$/.test(id))
      return `
const near = require('node:module').createRequire(require.resolve('serialport'));
const folder = require('node:path').dirname(near.resolve('@serialport/bindings-cpp/package.json'));
exports.binding = require('node-gyp-build')(folder);
`;
    return undefined;
  },
};

/**
 * @param {readonly string[]} files of dist/host
 * @returns {Set<string>} these, and what is loaded with them before anything of them runs
 */
function loadedWith(files) {
  /** @type {Set<string>} */
  const found = new Set();
  /** @param {string} file */
  const look = (file) => {
    if (found.has(file)) return;
    found.add(file);
    const text = readFileSync(file, 'utf8');
    for (const [, name = ''] of text.matchAll(/^(?:import|export) [^;]*?from '(\..*?)';$/gm)) {
      look(resolve(dirname(file), name));
    }
  };
  for (const file of files) look(file);
  return found;
}

/** @param {string[]} names */
const commands = (names) => names.map((name) => resolve(dirname(main), 'commands', `${name}.js`));
const folderOfCommands = readdirSync(resolve(dirname(main), 'commands'), { recursive: true });
/** What people wait for: the commands that talk to a device, and the port */
const often = loadedWith([
  main,
  resolve(root, 'dist', 'host', 'node', 'serial.js'),
  ...commands(['flash', 'info', 'verify', 'boot']),
]);
const seldom = loadedWith(
  commands(folderOfCommands.map(String).flatMap((file) => /^(.*)\.js$/.exec(file)?.[1] ?? [])),
);

const bundle = await rolldown({
  input: { main: start },
  platform: 'node',
  plugins: [plainWidth, noHelpAhead, serialport],
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
      {
        name: 'serial',
        test: /host\/node\/serial\.js$|serialport|node_modules\/(debug|ms|node-gyp-build)\//,
        priority: 2,
      },
      // Before all else, and by itself
      {
        name: 'compiled-folder',
        test: /host\/(cli\/compiled|node\/cache)-folder\.js$/,
        priority: 2,
      },
      // start.js waits for what is loaded while it is: nothing of that may lie in it.
      {
        name: 'common',
        test: (id) => often.has(id) || (id !== start && /node_modules/.test(id)),
        priority: 1,
      },
      { name: 'more', test: (id) => seldom.has(id) },
    ],
  },
});
await bundle.close();
chmodSync(resolve(folder, 'main.js'), 0o755);

const common = output.find(({ fileName }) => fileName === 'common.js');
const eager = ['json.js', 'serial.js', 'more.js', 'main.js'].filter(
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
