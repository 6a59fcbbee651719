#!/usr/bin/env node
// @ts-check
// dist/web: the page, after tsc of host/web. Static files with relative addresses, for any server; nothing else is loaded.
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { rolldown } from 'rolldown';
import { parseAst } from 'rolldown/parseAst';
import { readJson, root } from './generated.mjs';

const source = join(root, 'dist', 'host', 'web');
const statics = join(root, 'host', 'web', 'static');
const folder = join(root, 'dist', 'web');

/**
 * The library says what to do next in words of the command line ("add --wait"), and how to change a linker script. The page has words
 * of its own, and never shows these: they would be a third of it.
 */
const withoutHints = {
  name: 'without-hints',
  /** @param {string} code @param {string} id */
  transform(code, id) {
    if (!/dist\/host\//.test(id)) return undefined;
    let text = code;
    for (const { start, end, key } of hints(parseAst(code)).reverse()) {
      text = `${text.slice(0, start)}${key === 'hint' ? "''" : 'undefined'}${text.slice(end)}`;
    }
    return { code: text, map: null };
  },
};

/** Values of these properties of objects, in their order. @param {unknown} node @returns {{ start: number, end: number, key: string }[]} */
function hints(node) {
  if (Array.isArray(node)) return node.flatMap(hints);
  if (typeof node !== 'object' || node === null) return [];
  const { type, key, value, shorthand } = /** @type {any} */ (node);
  const name = type === 'Property' && !shorthand ? key.name : undefined;
  if ((name === 'hint' || name === 'fixes') && !/Pattern|Function|Identifier/.test(value.type)) {
    return [{ start: value.start, end: value.end, key: name }];
  }
  return Object.values(node).flatMap(hints);
}

/** One file each, without imports: what a page needs comes all at once.
 * @param {string} name @param {Record<string, string>} [define] */
async function bundle(name, define = {}) {
  const made = await rolldown({
    input: join(source, `${name}.js`),
    platform: 'browser',
    plugins: [withoutHints],
    transform: { define },
  });
  const { output } = await made.write({
    file: join(folder, `${name}.js`),
    format: 'esm',
    minify: true,
  });
  await made.close();
  const [{ imports, dynamicImports, moduleIds }, ...more] = output;
  if (more.length + imports.length + dynamicImports.length > 0) {
    throw new Error(`${name}.js is not one file by itself`);
  }
  const others = moduleIds.flatMap(
    (id) => /.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? [],
  );
  const strange = others.find((id) => !known.has(relative(root, id)));
  // scripts/notices.mjs looks at what is in the command.
  if (strange !== undefined) throw new Error(`${name}.js has ${strange}, and the command has not`);
}

/** @type {Set<string>} */
const known = new Set(
  readJson('build/bundled.json').map((/** @type {string} */ path) => path.replace(/\/$/, '')),
);

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
