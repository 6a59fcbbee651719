// Where files lie: what is generated apart from what is written, and the package with all that the command reads.
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '..');
const GENERATED = 'bootloader-c/generated';

function files(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
}

const names = (folder: string): string[] =>
  readdirSync(join(root, folder))
    .map((file) => file.replace(/\.\w+$/, ''))
    .sort();

/** With the first line of what a generator wrote */
const isGenerated = (file: string): boolean =>
  /^.{0,3}Generated from .* Do not edit/.test(readFileSync(join(root, file), 'utf8'));

test('one sequence works the flash controller', () => {
  const unlocks = files('bootloader-c').filter((file) =>
    /\bFLASH_KEYR *=|cdef89ab/i.test(readFileSync(join(root, file), 'utf8')),
  );
  expect(unlocks).toEqual([
    'bootloader-c/ports/stm32/flash_steps.h',
    'bootloader-c/ports/stm32/stm32.h',
  ]);
});

describe('bootloader-c/generated', () => {
  test('has all that is generated for C and the linker, and nothing else', () => {
    const sources = [...files('bootloader-c'), ...files('linker')];
    const inside = (file: string): boolean => file.startsWith(`${GENERATED}/`);
    expect(sources.filter(isGenerated).filter((file) => !inside(file))).toEqual([]);
    const written = sources.filter(inside).filter((file) => !isGenerated(file));
    expect(written).toEqual([`${GENERATED}/README.md`]);
  });

  test.each(['app', 'bootloader', 'memory'])('%s: the boards that there are', (folder) => {
    expect(names(join(GENERATED, folder))).toEqual(names('bootloader-c/boards'));
  });
});

test('the package has what the command reads, and what a product builds from', async () => {
  const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    maxBuffer: 1 << 24,
  });
  const [{ files: packed } = { files: [] }] = JSON.parse(stdout) as { files: { path: string }[] }[];
  const paths = packed.map(({ path }) => path);
  expect(paths).toEqual(expect.arrayContaining([...files('bootloader-c'), ...files('linker')]));
  expect(paths).toContain('protocol/package.schema.json');
  expect(paths).toContain('docs/README.zh-CN.md');
  expect(paths).toContain('docs/integrating.zh-CN.md');
  expect(paths).toContain('protocol/update-manifest.schema.json');
  expect(paths).toContain('dist/web/index.html');
});

test('npm shows README.md as the page of the package: it takes any README.* in this folder', () => {
  expect(readdirSync(root).filter((file) => /^readme\b/i.test(file))).toEqual(['README.md']);
});
