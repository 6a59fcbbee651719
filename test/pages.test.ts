// What every page names is there: files and headings that it links to, commands and their options, scripts.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../host/cli/commands.js';
import { levelsOf } from '../host/cli/completion/levels.js';
import { anchorsOf, type Block, blocksOf, linksOf, spansOf, targetOf } from './support/markdown.js';

const root = resolve(import.meta.dirname, '..');
const FOLDERS = ['bootloader-c', 'docs', 'host', 'linker', 'protocol', 'test'];
const pages = [
  ...readdirSync(root),
  ...FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) =>
      join(folder, file),
    ),
  ),
].filter((file) => file.endsWith('.md'));

const levels = new Map((await levelsOf(COMMANDS)).map((level) => [level.path, level]));
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly scripts: object;
};

/** Lines of a block that somebody may type, without what is said of them */
const typed = (block: Block): string[] =>
  block.kind === 'code'
    ? block.text.split('\n').map((line) => line.replace(/(?:^|\s)#.*$/, '').trim())
    : spansOf(block);

/** What is wrong with a command line that begins with "iap"; what a shell does behind it is not ours */
function wrongWith(line: string): string | undefined {
  const [own = ''] = line.replace(/'[^']*'|"[^"]*"/g, 'QUOTED').split(/ -- |[|;&<>]/);
  const words = own.trim().split(/\s+/).slice(1);
  let path = '';
  while (words[0] !== undefined && levels.has(`${path} ${words[0]}`.trim()))
    path = `${path} ${words.shift()}`.trim();
  const level = levels.get(path);
  const [word] = words;
  if (level?.commands.length && word !== undefined && /^[a-z]/.test(word))
    return `there is no "iap ${`${path} ${word}`.trim()}"`;
  const known = level?.options.flatMap(({ names }) => names) ?? [];
  const unknown = words
    .filter((option) => /^--?[a-z]/.test(option))
    .map((option) => option.replace(/=.*/, ''))
    .filter((option) => !known.includes(option) && !known.includes(option.replace('--no-', '--')));
  return unknown.length > 0 ? `"iap ${path}" has no ${unknown.join(', ')}` : undefined;
}

test('there are pages', () => {
  expect(pages).toEqual(expect.arrayContaining(['README.md', 'docs/integrating.md']));
  expect(pages.length).toBeGreaterThan(20);
});

describe.each(pages)('%s', (page) => {
  const blocks = blocksOf(page);
  const at = ({ line }: Block, what: string): string => `${page}:${line}: ${what}`;

  test('links lead somewhere', () => {
    const wrong = blocks.flatMap((block) =>
      linksOf(block).flatMap(({ target }) => {
        const to = targetOf(page, target);
        if (to === undefined) return [];
        if (!existsSync(join(root, to.file))) return [at(block, `${to.file} is not there`)];
        if (to.anchor === undefined || !to.file.endsWith('.md')) return [];
        const anchors = anchorsOf(blocksOf(to.file));
        return anchors.includes(to.anchor)
          ? []
          : [at(block, `${to.file} has no heading #${to.anchor}, but ${anchors.join(', ')}`)];
      }),
    );
    expect(wrong).toEqual([]);
  });

  test('commands have their names and options', () => {
    const wrong = blocks.flatMap((block) =>
      typed(block)
        .filter((line) => /^iap [a-z-]/.test(line))
        .flatMap((line) => wrongWith(line) ?? [])
        .map((what) => at(block, what)),
    );
    expect(wrong).toEqual([]);
  });

  test('scripts are there', () => {
    const wrong = blocks.flatMap((block) =>
      typed(block).flatMap((line) => {
        const [, ofNpm] = /^npm run (?:-s )?([a-z]+)/.exec(line) ?? [];
        const [, script] = /^(?:node )?(scripts\/[\w.-]+)/.exec(line) ?? [];
        const missing = [
          ...(ofNpm !== undefined && !(ofNpm in scripts) ? [`npm run ${ofNpm}`] : []),
          ...(script !== undefined && !existsSync(join(root, script)) ? [script] : []),
        ];
        return missing.map((name) => at(block, `${name} is not there`));
      }),
    );
    expect(wrong).toEqual([]);
  });
});
