#!/usr/bin/env node
// @ts-check
// dist/web: the page, after tsc of host/web. Static files with relative addresses, for any server; nothing else is loaded.
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { root } from './generated.mjs';

const source = join(root, 'dist', 'host', 'web');
const statics = join(root, 'host', 'web', 'static');
const folder = join(root, 'dist', 'web');

/** One file each, without imports: what a page needs comes all at once. The page is the element and what is around it.
 * @param {string} name @param {Record<string, string>} [define] */
async function bundle(name, define = {}) {
  const made = await rolldown({
    input: join(source, `${name}.js`),
    platform: 'browser',
    transform: { define },
  });
  const { output } = await made.write({
    file: join(folder, `${name}.js`),
    format: 'esm',
    minify: true,
  });
  await made.close();
  if (output.length !== 1 || output[0].imports.length > 0) {
    throw new Error(`${name}.js is not one file by itself`);
  }
}

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const name of readdirSync(statics)) copyFileSync(join(statics, name), join(folder, name));
for (const name of ['page', 'element', 'worker']) await bundle(name);

const files = readdirSync(folder).sort();
const hash = createHash('sha256');
for (const name of files) hash.update(readFileSync(join(folder, name)));
// The element by itself is for other pages.
const own = files.filter((name) => name !== 'element.js').map((name) => `./${name}`);
await bundle('sw', {
  FILES: JSON.stringify(['./', ...own]),
  HASH: JSON.stringify(hash.digest('hex').slice(0, 16)),
});
