#!/usr/bin/env node
// @ts-check
// host/api.txt: all that the package exports, as its types have it. A change of it is a change of what users build on; --check only
// compares. Fails when an exported declaration names a type that is not exported.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { emit, readJson, root } from './generated.mjs';

/** @typedef {{ file: string, name: string, text: string }} Declaration */
/** @typedef {{ own: Map<string, Declaration>, imported: Map<string, [string, string]>, exported: Map<string, [string, string]>, all: string[] }} Module */

const types = mkdtempSync(join(tmpdir(), 'iap-api-'));
process.on('exit', () => rmSync(types, { recursive: true }));
execFileSync(
  join(root, 'node_modules', '.bin', 'tsc'),
  ['-p', root, '--emitDeclarationOnly', '--outDir', types],
  { stdio: 'inherit' },
);

/** @type {Map<string, Module>} */
const modules = new Map();

/** What a file declares, imports and exports. @param {string} file @returns {Module} */
function read(file) {
  const known = modules.get(file);
  if (known) return known;
  /** @type {Module} */
  const module = { own: new Map(), imported: new Map(), exported: new Map(), all: [] };
  modules.set(file, module);
  const text = readFileSync(file, 'utf8').replace(/\/\*\*[\s\S]*?\*\/\s*/g, '');
  for (const statement of text.split(/^(?=export |declare |interface |type |import )/m)) {
    const [, kind, list, from] =
      /^(import|export)(?: type)? (\{[^}]*\}|\*) from '([^']+)';/.exec(statement) ?? [];
    if (kind && list && from) {
      const target = from.startsWith('.')
        ? resolve(dirname(file), from.replace(/\.js$/, '.d.ts'))
        : from;
      if (list === '*') module.all.push(target);
      for (const [, name = '', as = name] of list.matchAll(/(?:type )?(\w+)(?: as (\w+))?/g)) {
        (kind === 'import' ? module.imported : module.exported).set(as, [target, name]);
      }
      continue;
    }
    const [, name] =
      /^(?:export )?(?:declare )?(?:abstract )?(?:function|class|const|interface|type|enum) (\w+)/.exec(
        statement,
      ) ?? [];
    if (!name) continue;
    const before = module.own.get(name);
    // A constant and the type of the same name, and overloads, are one declaration.
    module.own.set(name, { file, name, text: (before ? before.text : '') + statement });
    if (statement.startsWith('export ')) module.exported.set(name, [file, name]);
  }
  return module;
}

/** Where a name that a module exports is declared. @param {string} file @param {string} name @returns {Declaration | undefined} */
function find(file, name) {
  if (!file.startsWith('/')) return undefined;
  const module = read(file);
  const own = module.own.get(name);
  if (own) return own;
  const [target, original] = module.exported.get(name) ?? module.imported.get(name) ?? [];
  if (target && original) return find(target, original);
  for (const other of module.all) {
    const found = find(other, name);
    if (found) return found;
  }
  return undefined;
}

/** @param {string} file @returns {string[]} */
function namesOf(file) {
  const { exported, all } = read(file);
  return [...exported.keys(), ...all.flatMap(namesOf)].sort();
}

/** @type {[string, string][]} */
const entries = Object.entries(readJson('package.json').exports)
  .filter(([, target]) => /^\.\/dist\/.*\.js$/.test(target))
  .map(([entry, target]) => [
    entry,
    join(types, target.slice('./dist/'.length).replace(/\.js$/, '.d.ts')),
  ]);

/** @type {Set<Declaration>} */
const open = new Set();
/** @type {string[]} */
const lines = [
  'Made by scripts/api.mjs from the declarations of the package: what users build on.',
];
for (const [entry, file] of entries) {
  lines.push('', `==== stm32-iap${entry.slice(1)}`);
  for (const name of namesOf(file)) {
    const declaration = find(file, name);
    if (!declaration) throw new Error(`${entry}: no declaration of ${name}`);
    const told = open.has(declaration);
    open.add(declaration);
    if (told) lines.push('', `${name}: as above`);
    else
      lines.push(
        '',
        ...(name === declaration.name ? [] : [`${name}:`]),
        declaration.text.replace(/^export /gm, '').trim(),
      );
  }
}

const hidden = new Set();
for (const { file, text, name } of open) {
  const { own, imported } = read(file);
  // The type of a constant can be had without its name.
  for (const [word] of text.matchAll(/(?<!typeof )\b[A-Z]\w*\b/g)) {
    if (!own.has(word) && !imported.has(word)) continue;
    const used = find(file, word);
    if (used && !open.has(used))
      hidden.add(`${used.file.slice(types.length + 1)}: ${word}, named by ${name}`);
  }
}
for (const line of hidden) console.error(`not exported: ${line}`);
emit(new Map([['host/api.txt', `${lines.join('\n')}\n`]]), 'node scripts/api.mjs');
if (hidden.size > 0) process.exitCode = 1;
