// @ts-check
// The bootloaders of all boards as the package has them, in dist/bootloaders: what scripts/build has made, and how.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readJson, readText, root } from './generated.mjs';

const BEARSSL =
  readdirSync(join(root, 'build', 'vendor')).find((name) => name.startsWith('bearssl-')) ??
  'bearssl';
const folder = join(root, 'dist', 'bootloaders');

/** First line that a program prints. @param {string} program @param {string[]} args */
function said(program, ...args) {
  try {
    return (
      execFileSync(program, args, {
        cwd: root,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).split('\n')[0] ?? ''
    );
  } catch {
    return 'unknown';
  }
}

function version() {
  const header = readText('bootloader-c/core/iap.h');
  return ['MAJOR', 'MINOR', 'PATCH']
    .map((name) => new RegExp(`IAP_VERSION_${name} (\\d+)`).exec(header)?.[1])
    .join('.');
}

/** @param {string} built @param {string} file */
function copied(built, file) {
  const bytes = readFileSync(built);
  copyFileSync(built, join(folder, file));
  return { file, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
/** @type {Record<string, object>} */
const boards = {};
for (const name of readdirSync(join(root, 'bootloader-c', 'boards')).sort()) {
  const board = basename(name, '.json');
  boards[board] = {
    part: readJson(`bootloader-c/boards/${name}`).part,
    address: '0x08000000',
    ...copied(join(root, 'build', board, 'bootloader.bin'), `${board}.bin`),
    signed: copied(join(root, 'build', board, 'bootloader-signed.bin'), `${board}-signed.bin`),
  };
}
const index = {
  bootloader: version(),
  package: readJson('package.json').version,
  commit: said('git', 'describe', '--always', '--dirty', '--abbrev=40', '--exclude=*'),
  built: 'scripts/build: bootloader-c/CMakeLists.txt with the preset of the board',
  compiler: said('arm-none-eabi-gcc', '--version'),
  linker: said('arm-none-eabi-ld', '--version'),
  contains: `${BEARSSL.replace('-', ' ')} (SHA-256); those for signed images p256-m: dist/THIRD-PARTY-NOTICES.md`,
  boards,
};
writeFileSync(join(folder, 'index.json'), `${JSON.stringify(index, null, 2)}\n`);
