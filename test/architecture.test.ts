// Who may import whom. The table is the rule; CONTRIBUTING.md has it in words.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');

function files(folder: string, endings: readonly string[]): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && endings.some((ending) => entry.name.endsWith(ending)))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

/** Every module a TypeScript file names, as a path from the root, or a package's name. */
function imports(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/(?<![-\w])(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, name = '']) =>
    name.startsWith('.') ? relative(root, resolve(root, dirname(file), name)) : name,
  );
}

/** The layer of a file: its folder below host/, `host` for what lies in host/ itself; of a package, its name. */
function layer(path: string): string {
  const [top = '', folder = ''] = path.split('/');
  if (top === 'host') return folder.includes('.') ? 'host' : folder;
  if (top === 'protocol') return 'protocol';
  return path.startsWith('node:') ? 'node:' : path.replace(/^(@[^/]+\/)?([^/]+).*/, '$1$2');
}

/** What each layer may name besides itself, from the bottom up: there is no way back. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  protocol: ['crc'],
  base: ['ajv', '@noble/hashes'],
  parts: ['base'],
  image: ['base', 'parts', 'protocol'],
  signing: ['base', 'image', 'protocol'],
  check: ['base', 'parts', 'image', 'signing', 'protocol'],
  pack: ['base', 'image', 'signing', 'check', 'protocol'],
  record: ['base', 'parts', 'image', 'protocol'],
  link: ['base', 'protocol'],
  device: ['base', 'link', 'protocol'],
  compress: ['base', 'image', 'device', 'protocol'],
  update: ['base', 'image', 'check', 'link', 'device', 'compress', 'protocol'],
  isp: ['base', 'parts', 'image', 'link'],
  factory: ['base', 'parts', 'image', 'signing', 'check', 'record', 'isp', 'protocol'],
  conformance: ['base', 'image', 'link', 'device', 'protocol'],
  testing: ['base', 'link', 'protocol'],
};
const library = Object.keys(allowed).filter((name) => name !== 'protocol' && name !== 'testing');
const needBrowser: Readonly<Record<string, readonly string[]>> = {
  web: [...library, 'protocol', 'testing'],
};
const needNode: Readonly<Record<string, readonly string[]>> = {
  node: ['base', 'parts', 'image', 'signing', 'link', 'compress', 'serialport', 'node:'],
  cli: [...library, 'node', 'protocol', 'yargs', 'node:'],
};
const rules: Readonly<Record<string, readonly string[]>> = {
  ...allowed,
  ...needBrowser,
  ...needNode,
  // The public surface
  host: library,
};

const sources = [...files('protocol', ['.ts']), ...files('host', ['.ts'])];

/** Files that import each other in a circle, each circle once, from its first file on. */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found = new Set<string>();
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file);
    if (at >= 0) {
      found.add([...path.slice(at), file].join(' → '));
      return;
    }
    if (done.has(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return [...found];
}

describe('TypeScript layers', () => {
  it('import only what the table allows', () => {
    const wrong = sources.flatMap((file) => {
      const own = layer(file);
      const may = [own, ...(rules[own] ?? [])];
      return imports(file)
        .filter((name) => !may.includes(layer(name)) && !may.includes(name))
        .map((name) => `${file} imports ${name}`);
    });
    expect(wrong).toEqual([]);
  });

  it('have no way back in the table', () => {
    expect(circles(new Map(Object.entries(rules)))).toEqual([]);
  });

  it('have no circle of files', () => {
    const graph = sources.map(
      (file) => [file, imports(file).map((name) => name.replace(/\.js$/, '.ts'))] as const,
    );
    expect(circles(new Map(graph))).toEqual([]);
  });

  it('know Node.js in node/ and cli/ only', () => {
    const node = /\bBuffer\b|(?<![.\w])(process\.\w|require\(')|\b__dirname\b/;
    const wrong = sources
      .filter((file) => !Object.hasOwn(needNode, layer(file)))
      .filter((file) => node.test(readFileSync(join(root, file), 'utf8')));
    expect(wrong).toEqual([]);
  });

  it('ends the process in one place', () => {
    const exits = files('host', ['.ts']).filter((file) =>
      /process\.(exit\b|exitCode)/.test(readFileSync(join(root, file), 'utf8')),
    );
    expect(exits).toEqual(['host/cli/main.ts']);
  });
});

describe('C layers', () => {
  const freestanding = ['<stdint.h>', '<stdbool.h>', '<stddef.h>'];
  const libraries: Readonly<Record<string, readonly string[]>> = {
    'iap_sha256.c': ['<inner.h>'], // BearSSL
    'iap_trust_keys.c': ['<p256-m.h>'],
  };

  function includes(file: string): string[] {
    const text = readFileSync(join(root, file), 'utf8');
    return [...text.matchAll(/^#include\s+(["<][^">]+[">])/gm)].map(([, name = '']) => name);
  }

  const core = files('bootloader-c/core', ['.c', '.h']);

  it("the core includes itself and the compiler's own headers only", () => {
    const wrong = core.flatMap((file) => {
      const library = libraries[file.slice('bootloader-c/core/'.length)] ?? [];
      return includes(file)
        .filter((name) => !/^"iap[_a-z0-9]*\.h"$/.test(name))
        .filter((name) => ![...freestanding, ...library].includes(name))
        .map((name) => `${file} includes ${name}`);
    });
    expect(wrong).toEqual([]);
  });

  it('the core has no state of its own, no heap and no family', () => {
    const state = /^static (?!const|inline|_Noreturn)[\w\s*]+(\[[^\]]*\])?( =|;)/m;
    const wrong = core.filter((file) => {
      const text = readFileSync(join(root, file), 'utf8');
      return state.test(text) || /#\s*(if|elif).*STM32|\b(malloc|alloca)\b/.test(text);
    });
    expect(wrong).toEqual([]);
  });

  it('the app kit does not know ports or boards', () => {
    for (const file of files('bootloader-c/app', ['.c', '.h'])) {
      expect(includes(file).filter((name) => /stm32|board/.test(name))).toEqual([]);
    }
  });
});
