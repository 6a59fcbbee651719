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

function layer(path: string): string {
  if (path.startsWith('host/cli/')) return 'cli';
  if (path === 'host/transport/serial.js' || path === 'host/transport/serial.ts') return 'serial';
  if (path.startsWith('host/')) return 'host';
  if (path.startsWith('protocol/')) return 'protocol';
  return path.startsWith('node:') ? 'node' : path.replace(/^(@[^/]+\/)?([^/]+).*/, '$1$2');
}

/** What each layer may name. Pure layers have no `node`: no files, no processes, no clocks of their own. */
const allowed: Record<string, readonly string[]> = {
  protocol: ['protocol', 'crc'],
  host: ['host', 'protocol', 'ajv', 'node:crypto'],
  serial: ['host', 'serialport', 'node'],
  cli: ['cli', 'host', 'serial', 'protocol', 'yargs', 'node'],
};

describe('TypeScript layers', () => {
  it('import only what the table allows', () => {
    const wrong = [...files('protocol', ['.ts']), ...files('host', ['.ts'])].flatMap((file) => {
      const may = allowed[layer(file)] ?? [];
      return imports(file)
        .filter((name) => !may.includes(layer(name)) && !may.includes(name))
        .map((name) => `${file} imports ${name}`);
    });
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

  function includes(file: string): string[] {
    const text = readFileSync(join(root, file), 'utf8');
    return [...text.matchAll(/^#include\s+(["<][^">]+[">])/gm)].map(([, name = '']) => name);
  }

  const core = files('bootloader-c/core', ['.c', '.h']);

  it("the core includes itself and the compiler's own headers only", () => {
    const wrong = core.flatMap((file) => {
      const bearssl = file.endsWith('iap_sha256.c') ? ['<inner.h>'] : [];
      return includes(file)
        .filter((name) => !/^"iap[_a-z0-9]*\.h"$/.test(name))
        .filter((name) => ![...freestanding, ...bearssl].includes(name))
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
