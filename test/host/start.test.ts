// What a command loads before it does anything, and what it keeps for the next start.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { compiledFolder } from '../../host/cli/compiled-folder.js';
import { cacheFolder } from '../../host/node/cache-folder.js';
import { MAIN } from '../support/cli.js';

/** Another Node.js than that of the tests */
const NODE = process.env.IAP_NODE ?? process.execPath;

function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'iap-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function iap(args: readonly string[], env: NodeJS.ProcessEnv, main = MAIN) {
  const { status, stdout, stderr } = spawnSync(NODE, [main, ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return { status, stdout, stderr };
}

describe('what is loaded', () => {
  /** Names of the files, by what V8 says of itself */
  function loadedBy(...args: string[]): string[] {
    const coverage = tempFolder();
    iap(args, { NODE_V8_COVERAGE: coverage, IAP_CACHE_DIR: '' });
    const files = readdirSync(coverage).map((name) => readFileSync(join(coverage, name), 'utf8'));
    const urls = files.flatMap((text) =>
      (JSON.parse(text) as { readonly result: readonly { readonly url: string }[] }).result.map(
        ({ url }) => url,
      ),
    );
    return urls.filter((url) => url.startsWith('file:'));
  }

  const own = pathToFileURL(join(MAIN, '..')).href;

  test.each([
    ['flash', [MAIN, '--port', '/dev/absent']],
    ['info', ['--port', '/dev/absent']],
    ['verify', [MAIN, '--port', '/dev/absent']],
  ])('iap %s: no package, no validator of schemas, nothing of the other commands', (name, args) => {
    const urls = loadedBy(name, ...args);
    expect(urls.filter((url) => !url.startsWith(own))).toEqual([]);
    const large = urls.filter((url) => statSync(new URL(url)).size > 2000);
    expect(['common.js', 'serial.js']).toEqual(
      expect.arrayContaining(large.map((url) => basename(url))),
    );
    expect(large.length).toBeGreaterThan(0);
  });

  test('a serialport of another version than this was made with is taken as it is', () => {
    const folder = tempFolder();
    cpSync(join(MAIN, '..'), join(folder, 'dist', 'iap'), { recursive: true });
    const write = (file: string, text: string): void => {
      mkdirSync(join(folder, file, '..'), { recursive: true });
      writeFileSync(join(folder, file), text);
    };
    write('package.json', '{"name":"stm32-iap","version":"1.2.3","type":"module"}');
    write('node_modules/@serialport/bindings-cpp/package.json', '{"version":"99.0.0"}');
    write('node_modules/serialport/package.json', '{"name":"serialport","main":"index.js"}');
    write(
      'node_modules/serialport/index.js',
      'exports.SerialPort = class { constructor() { throw new Error("the other one"); } };',
    );
    const main = join(folder, 'dist', 'iap', 'main.js');
    const { stderr } = iap(['info', '--port', '/dev/absent'], { IAP_CACHE_DIR: '' }, main);
    expect(stderr).toContain('the other one');
  });
});

describe('what is kept', () => {
  test.each([
    [{ IAP_CACHE_DIR: '/here' }, 'linux', '/here'],
    [{ IAP_CACHE_DIR: '' }, 'linux', undefined],
    [{ XDG_CACHE_HOME: '/x' }, 'linux', '/x/iap'],
  ])('%o on %s: %s', (env, platform, folder) => {
    expect(cacheFolder(env, platform)).toBe(folder);
  });

  test("a folder that is the user's alone, or none", () => {
    const parent = tempFolder();
    const folder = join(parent, 'compiled');
    expect(compiledFolder({ IAP_CACHE_DIR: '' })).toBeUndefined();
    expect(compiledFolder({ IAP_CACHE_DIR: parent })).toBe(folder);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    chmodSync(folder, 0o777);
    expect(compiledFolder({ IAP_CACHE_DIR: parent })).toBeUndefined();
    chmodSync(folder, 0o700);
    if (process.getuid?.() === 0) {
      chownSync(folder, 1, 1);
      expect(compiledFolder({ IAP_CACHE_DIR: parent })).toBeUndefined();
    }
    const file = join(parent, 'file');
    writeFileSync(file, '');
    expect(compiledFolder({ IAP_CACHE_DIR: file })).toBeUndefined();
  });

  test('damaged, cut, of somebody else: the command starts', () => {
    const [cache, fresh] = [tempFolder(), tempFolder()];
    const version = (): unknown => iap(['--version'], { IAP_CACHE_DIR: cache });
    const good = iap(['--version'], { IAP_CACHE_DIR: '' });
    expect(good).toMatchObject({ status: 0, stderr: '' });
    expect(version()).toEqual(good);
    const folder = join(cache, 'compiled');
    // Node.js before 22.1 keeps nothing.
    if (!existsSync(folder)) return;
    const files = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    expect(files.length).toBeGreaterThan(2);
    const damage: readonly ((bytes: Buffer) => Buffer)[] = [
      (bytes) => bytes.subarray(0, bytes.length / 2),
      () => Buffer.alloc(0),
      (bytes) => bytes.map((byte, i) => (i % 97 === 96 ? byte ^ 0x55 : byte)) as Buffer,
    ];
    for (const spoil of damage) {
      for (const file of files) writeFileSync(file, spoil(readFileSync(file)));
      expect(version()).toEqual(good);
    }
    writeFileSync(join(fresh, 'compiled'), 'a file');
    expect(iap(['--version'], { IAP_CACHE_DIR: fresh })).toEqual(good);
  });
});
