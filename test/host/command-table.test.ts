// Commands as data: what holds for each of them.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { AnyCommand, CommandTable } from '../../host/cli/command.js';
import { COMMANDS } from '../../host/cli/commands.js';

const root = resolve(import.meta.dirname, '../..');

interface Named {
  readonly path: string;
  readonly command: AnyCommand;
}

async function all(table: CommandTable, above = ''): Promise<Named[]> {
  const found = await Promise.all(
    Object.entries(table).map(async ([name, load]) => {
      const one = await load();
      const path = `${above}${name}`;
      expect(one.name.split(' ')[0]).toBe(name);
      return 'commands' in one ? all(one.commands, `${path} `) : [{ path, command: one }];
    }),
  );
  return found.flat();
}

const commands = await all(COMMANDS);

test('each has its name in the table, and examples of itself', () => {
  expect(commands.length).toBeGreaterThanOrEqual(20);
  for (const { path, command } of commands) {
    expect(command.examples.length, path).toBeGreaterThan(0);
    for (const [line] of command.examples) expect(line.startsWith(path), line).toBe(true);
  }
});

test('each number has bounds', () => {
  const without = commands.flatMap(({ path, command }) =>
    Object.entries(command.options)
      .filter(([, { type, least, most }]) => type === 'number' && (least ?? most) === undefined)
      .map(([name]) => `${path} --${name}`),
  );
  expect(without).toEqual([]);
});

describe('files', () => {
  const folder = join(root, 'host/cli/commands');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));

  test('each have one constant, the command', () => {
    for (const file of files) {
      const exported = readFileSync(file, 'utf8').match(/^export (?!type|interface).*$/gm);
      expect(exported, file).toHaveLength(1);
      expect(exported?.[0]).toMatch(/^export const [A-Z_]+(: CommandGroup)? = /);
    }
  });

  /** What is loaded with a file, before anything of it runs */
  function loaded(file: string, found = new Set<string>()): Set<string> {
    if (found.has(file)) return found;
    found.add(file);
    const text = readFileSync(file, 'utf8');
    for (const [, name = ''] of text.matchAll(
      /^(?:import|export) (?!type)[^;]*?from '([^']+)';$/gm,
    )) {
      if (name.startsWith('.')) loaded(resolve(dirname(file), name.replace(/\.js$/, '.ts')), found);
      else found.add(name);
    }
    return found;
  }

  test.each(files.map((file) => [relative(root, file), file]))(
    '%s: what takes long to load is loaded when it is used',
    (_, file) => {
      const heavy = [...loaded(file)].filter((name) =>
        /^(ajv|serialport)$|conformance\/checks/.test(name),
      );
      expect(heavy).toEqual([]);
    },
  );
});
