// A page and its Chinese one say the same: the same blocks in the same order, with the same commands, code, figures and links.
// What words say no test can tell. So each section of a translation has a mark of the text that it was made from: whoever
// changes one line of the English page is told which section of the Chinese one to look at.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { anchorsOf, type Block, blocksOf, linksOf, spansOf, targetOf } from './support/markdown.js';

const root = resolve(import.meta.dirname, '..');
const RENEW = 'IAP_UPDATE_DOCS=1 npx vitest run test/translations.test.ts';

/** Chinese pages, and what each is the translation of */
const TRANSLATIONS: ReadonlyMap<string, string> = new Map([
  ['docs/README.zh-CN.md', 'README.md'],
  ['docs/integrating.zh-CN.md', 'docs/integrating.md'],
]);
const translated = new Set(TRANSLATIONS.values());

/** The line that leads from one language to the other */
const isOfLanguages = ({ text }: Block): boolean => / \| 简体中文$|^English \| /.test(text);

interface Section {
  /** Its heading first */
  readonly blocks: readonly Block[];
  /** Of the English text that it was translated from */
  readonly mark: string | undefined;
}

/** The headings of a page, each with what is below it. */
function sectionsOf(page: string): Section[] {
  const sections: { blocks: Block[]; mark: string | undefined }[] = [];
  const blocks = blocksOf(page);
  const anchors = anchorsOf(blocks);
  let dropped = false;
  for (const block of blocks) {
    if (block.kind !== 'table row') dropped = false;
    const section = sections.at(-1);
    if (block.kind === 'heading') sections.push({ blocks: [block], mark: undefined });
    else if (dropped || !section || isOfLanguages(block)) continue;
    else if (block.kind !== 'comment') section.blocks.push(block);
    else if (block.text.startsWith('<!-- not translated')) {
      // A table that a program prints: the translation says instead where it is.
      const link = `[](${basename(page)}#${anchors[sections.length - 1]})`;
      section.blocks.push({ ...block, kind: 'paragraph', text: link });
      dropped = true;
    } else section.mark = /^<!-- en ([0-9a-f]{8}) -->$/.exec(block.text)?.[1];
  }
  return sections;
}

/** Of the text of a section, however its lines are broken. */
const markOf = ({ blocks }: Section): string =>
  createHash('sha256')
    .update(
      blocks
        .map(({ kind, text }) => (kind === 'code' ? text : text.split(/\s+/).join(' ')))
        .join('\n'),
    )
    .digest('hex')
    .slice(0, 8);

/** A page and heading in any language by the English name and a number */
function place(page: string, target: string): string {
  const to = targetOf(page, target);
  if (to === undefined) return target;
  if (!to.file.endsWith('.md')) return to.file;
  const english = TRANSLATIONS.get(to.file) ?? to.file;
  const heading = to.anchor && anchorsOf(blocksOf(to.file)).indexOf(to.anchor);
  const language = translated.has(to.file) ? 'the English ' : '';
  return `${language}${english}${heading === undefined ? '' : `, heading ${heading}`}`;
}

/** Links of the English page lead to the page in its language, those of the Chinese one too, if there is one. */
const placesOf = (page: string, block: Block): string[] =>
  linksOf(block).map(({ target }) =>
    TRANSLATIONS.has(page) || block.text.startsWith('[]')
      ? place(page, target)
      : place(page, target).replace(/^the English /, ''),
  );

/** Lines of code without what people are told in them; of a picture, its figures. */
const codeOf = (text: string): string[] =>
  text.includes('+---')
    ? figuresOf(text).sort()
    : text
        .replace(/\/\*.*?\*\//gs, '')
        .split('\n')
        .map((line) => line.replace(/\s#\s.*$/, '').trim())
        .filter((line) => line !== '');

const cellsOf = (text: string): string[] => text.split(/(?<!\\)\|/).slice(1, -1);

/** Numbers, and names in capitals such as NO_RECORD */
function figuresOf(text: string): string[] {
  const words = text.replace(/`[^`]+`/g, ' ').replace(/\]\([^()]*\)/g, '] ');
  return words.match(/(?<![\w.-])(?:0x[\dA-F]+|\d+(?:[.,]\d+)*)|\b[A-Z]+(?:_[A-Z\d]+)+\b/g) ?? [];
}

/** What a block says in any language */
function factsOf(page: string, block: Block): string[] {
  const { kind, text } = block;
  if (kind === 'code') return codeOf(text);
  const own = (part: string): string => {
    const some = { ...block, text: part };
    return [...spansOf(some), ...placesOf(page, some), ...figuresOf(part)].sort().join(' · ');
  };
  if (kind === 'heading') return [text.replace(/ .*/s, ''), own(text)];
  return kind === 'table row' ? cellsOf(text).map(own) : [own(text)];
}

const excerpt = ({ kind, text }: Block): string => `the ${kind} "${text.trim().slice(0, 60)}…"`;

/** What a reader of the translation would miss, or find too much. */
function differences(page: string, original: string, chinese: Section, english: Section): string[] {
  const length = Math.max(chinese.blocks.length, english.blocks.length);
  for (let i = 0; i < length; i++) {
    const [ours, theirs] = [chinese.blocks[i], english.blocks[i]];
    const at = `${page}:${(ours ?? chinese.blocks.at(-1))?.line}`;
    const of = `${original}:${(theirs ?? english.blocks.at(-1))?.line}`;
    if (!theirs) return [`${at}: ${ours && excerpt(ours)} is not in ${of}: remove it`];
    if (!ours)
      return [`${at}: here ends the section, but ${of} has ${excerpt(theirs)}: translate it`];
    if (ours.kind !== theirs.kind)
      return [
        `${at}: ${excerpt(ours)} stands where ${of} has ${excerpt(theirs)}: translate it, or remove what is too much`,
      ];
  }
  return chinese.blocks.flatMap((ours, i) => {
    const theirs = english.blocks[i] ?? ours;
    const [have, want] = [factsOf(page, ours), factsOf(original, theirs)];
    const wrong = Array.from({ length: Math.max(have.length, want.length) }, (_, n) => n).find(
      (n) => have[n] !== want[n],
    );
    return wrong === undefined
      ? []
      : [
          `${page}:${ours.line}: has [${have[wrong] ?? 'nothing'}] where ${original}:${theirs.line} has [${want[wrong] ?? 'nothing'}]: make it the same`,
        ];
  });
}

test('each Chinese page is in the table', () => {
  const pages = ['.', 'docs'].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((file) => file.endsWith('zh-CN.md'))
      .map((file) => join(folder, file)),
  );
  expect(pages).toEqual([...TRANSLATIONS.keys()]);
});

describe.each([...TRANSLATIONS])('%s', (page, original) => {
  const sections = sectionsOf(page);
  const originals = sectionsOf(original);

  test('and the English page lead to each other in their first lines', () => {
    const first = (file: string): string | undefined =>
      blocksOf(file).filter(({ kind }) => kind !== 'comment')[1]?.text;
    expect(first(original)).toBe(`English | [简体中文](${relative(dirname(original), page)})`);
    expect(first(page)).toBe(`[English](${relative(dirname(page), original)}) | 简体中文`);
  });

  const levels = (of: readonly Section[]): string =>
    of.map(({ blocks: [heading] }) => heading?.text.replace(/[^#].*/, '')).join(' ');
  const sameSections = levels(sections) === levels(originals);

  test('has the sections of the English page', () => {
    const known = sections.map(({ mark }) => mark);
    const titles = originals
      .filter((section) => !known.includes(markOf(section)))
      .map(({ blocks: [heading] }) => heading?.text);
    const wrong = `${page} has not the sections of ${original}; new or changed there: ${titles.join(', ')}. Translate them, or remove what is no longer there`;
    expect(sameSections ? '' : wrong).toBe('');
  });

  // Section for section, so only if these are the same; the test above says so if not.
  test.runIf(sameSections)('has the blocks, code, figures and links of the English page', () => {
    const wrong = sections.flatMap((section, i) => {
      const english = originals[i];
      return english ? differences(page, original, section, english) : [];
    });
    expect(wrong).toEqual([]);
  });

  test('says of links that they lead to an English page', () => {
    const wrong = blocksOf(page).flatMap((block) =>
      linksOf(block)
        .filter(({ target }) => /\.md(#|$)/.test(target) && !target.includes('zh-CN.md'))
        .filter(({ behind }) => !behind.startsWith('（英文）') && !isOfLanguages(block))
        .map(({ target }) => `${page}:${block.line}: write （英文） behind ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  test.runIf(sameSections)('was translated from the English page as it is', () => {
    if (process.env.IAP_UPDATE_DOCS) renew();
    const wrong = sectionsOf(page).flatMap(({ blocks: [heading], mark }, i) => {
      const english = originals[i];
      const from = english && markOf(english);
      return mark === from
        ? []
        : [
            `${page}:${heading?.line}: "${english?.blocks[0]?.text}" of ${original} has other words now (git log -p ${original}): bring this section up to date, then ${RENEW}`,
          ];
    });
    expect(wrong).toEqual([]);
  });

  /** Writes behind each heading what it was translated from; the other tests say what is still missing. */
  function renew(): void {
    const lines = readFileSync(join(root, page), 'utf8').split('\n');
    for (const [i, { blocks }] of [...sections.entries()].reverse()) {
      const [heading, english] = [blocks[0], originals[i]];
      if (!heading || !english) continue;
      const old = lines[heading.line]?.startsWith('<!-- en ') ? 1 : 0;
      lines.splice(heading.line, old, `<!-- en ${markOf(english)} -->`);
    }
    writeFileSync(join(root, page), lines.join('\n'));
  }
});
