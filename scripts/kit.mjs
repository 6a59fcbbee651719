#!/usr/bin/env node
// @ts-check
// The app kit as a product takes it, a folder for each board in dist/kit: iap_app.c and iap_app.h, put together from the
// sources that the bootloader is built from; the glue for ST's HAL; the board's facts and linker script.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { readText, root } from './generated.mjs';

const APP = 'bootloader-c/app/iap_app';
const GENERATED = 'bootloader-c/generated';
const FOLDERS = [dirname(APP), 'bootloader-c/core', GENERATED, 'bootloader-c/ports/cortexm'];
/** Others have VTOR */
const VECTORS_M0 = 'bootloader-c/ports/stm32/f0/vectors.c';
const LOCAL = /^#include "(.*)"\n/gm;

/** Path of a header, without its extension. @param {string} name */
function find(name) {
  const stem = name.replace(/\.h$/, '');
  const path = FOLDERS.map((folder) => `${folder}/${stem}`).find((file) => exists(`${file}.h`));
  if (!path) throw new Error(`no ${name} in ${FOLDERS.join(', ')}`);
  return path;
}

/** @param {string} path */
function exists(path) {
  return existsSync(join(root, path));
}

/** @param {string} file */
function localIncludes(file) {
  return [...readText(file).matchAll(LOCAL)].map(([, name]) => find(String(name)));
}

/** Adds the headers that a file includes, each behind those that it includes itself. @param {string} file @param {Set<string>} headers */
function addHeaders(file, headers) {
  for (const path of localIncludes(file)) {
    if (headers.has(path)) continue;
    addHeaders(`${path}.h`, headers);
    headers.add(path);
  }
}

/** What a file says beyond its includes of others. @param {string} path */
function body(path) {
  return `// ---- ${basename(path)}\n\n${readText(path).replace(LOCAL, '').trim()}\n`;
}

/** @param {string} what */
function notice(what) {
  return `// ${what} of stm32-iap, MIT licence. Put together from bootloader-c by scripts/kit.mjs: edit there.\n`;
}

/** @returns {[string, string]} header and source */
function kit() {
  /** @type {Set<string>} */
  const open = new Set();
  addHeaders(`${APP}.h`, open);
  const all = new Set([...open, APP]);
  addHeaders(`${APP}.c`, all);
  // A header's source belongs to it, and may need more.
  for (const path of all) if (exists(`${path}.c`)) addHeaders(`${path}.c`, all);

  const [head = '', ...rest] = readText(`${APP}.h`).split(/(?:^#include ".*"\n)+/m);
  if (rest.length !== 1) throw new Error(`${APP}.h has its includes in one place`);
  const headers = [...open].map((path) => body(`${path}.h`));
  const inner = [...all].filter((path) => !open.has(path) && path !== APP);
  const sources = [...all].filter((path) => exists(`${path}.c`));
  const source = [
    notice('The app kit'),
    '#include "iap_app.h"\n',
    ...inner.map((path) => body(`${path}.h`)),
    ...sources.map((path) => body(`${path}.c`)),
    '#if __ARM_ARCH == 6\n',
    body('bootloader-c/ports/stm32/stm32.h'),
    body(VECTORS_M0),
    '#endif\n',
  ].join('\n');
  return [
    [notice('The app kit'), head, headers.join('\n'), ...rest].join('\n'),
    source.replace(/\bvectors_(use|own|address)\b/g, 'iap_vectors_$1'),
  ];
}

/** Memory of a board and layout of an application in one script, for where only one can be named. @param {string} board */
function script(board) {
  return [`${GENERATED}/memory/${board}.ld`, 'linker/app.ld'].map(readText).join('\n');
}

const [header, source] = kit();
const target = join(root, 'dist/kit');
for (const file of readdirSync(join(root, 'bootloader-c/boards'))) {
  const board = basename(file, '.json');
  const folder = join(target, board);
  mkdirSync(folder, { recursive: true });
  const write = (/** @type {string} */ name, /** @type {string} */ text) => {
    const path = join(folder, name);
    // Whoever compiles it need not do so again.
    if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
    writeFileSync(path, text);
  };
  write('iap_app.h', header);
  write('iap_app.c', source);
  write('iap_board.h', readText(`${GENERATED}/app/${board}/iap_board.h`));
  for (const name of ['iap_hal.h', 'iap_hal.c'])
    write(name, `${notice("Glue for ST's HAL")}\n${readText(`bootloader-c/hal/${name}`)}`);
  write('iap_app.ld', script(board));
}
