// Pages as their readers see them: blocks, links, and where a link leads.
import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');

export interface Block {
  readonly kind: 'heading' | 'code' | 'table row' | 'list item' | 'paragraph' | 'comment';
  /** As it stands in the file; of code, without its fences */
  readonly text: string;
  /** Of its first line, from 1 */
  readonly line: number;
}

const KINDS: readonly (readonly [RegExp, Block['kind']])[] = [
  [/^#{1,6} /, 'heading'],
  [/^\|/, 'table row'],
  [/^\s*(?:[-*]|\d+\.) /, 'list item'],
  [/^<!--/, 'comment'],
];

/** The blocks of a page of this repository, whose paragraphs and list items may go over several lines. */
export function blocksOf(file: string): Block[] {
  const blocks: Block[] = [];
  let open = false;
  let code: { line: number; lines: string[] } | undefined;
  for (const [index, text] of readFileSync(join(root, file), 'utf8').split('\n').entries()) {
    const line = index + 1;
    if (/^\s*```/.test(text)) {
      if (code) blocks.push({ kind: 'code', text: code.lines.join('\n'), line: code.line });
      code = code ? undefined : { line, lines: [] };
      open = false;
    } else if (code) {
      code.lines.push(text);
    } else {
      const blank = text.trim() === '';
      const kind = KINDS.find(([start]) => start.test(text))?.[1];
      const last = blocks.at(-1);
      if (open && last && !kind && !blank)
        blocks[blocks.length - 1] = { ...last, text: `${last.text}\n${text}` };
      else if (!blank) blocks.push({ kind: kind ?? 'paragraph', text, line });
      open = !blank && (kind === undefined || kind === 'list item');
    }
  }
  return blocks;
}

const SPAN = /`([^`]+)`/g;

/** What a block has in `code` */
export const spansOf = ({ kind, text }: Block): string[] =>
  kind === 'code' ? [] : [...text.matchAll(SPAN)].map(([, span = '']) => span.trim());

export interface Link {
  readonly target: string;
  /** What follows it */
  readonly behind: string;
}

export function linksOf({ kind, text }: Block): Link[] {
  if (kind === 'code') return [];
  const plain = text.replace(SPAN, (span) => '`'.repeat(span.length));
  return [...plain.matchAll(/\]\(([^()\s]+)\)/g)].map(({ 0: whole, 1: target = '', index }) => ({
    target,
    behind: plain.slice(index + whole.length),
  }));
}

/** The names that GitHub gives to the headings of a page, in their order */
export function anchorsOf(blocks: readonly Block[]): string[] {
  const seen = new Map<string, number>();
  return blocks
    .filter(({ kind }) => kind === 'heading')
    .map(({ text }) => {
      const words = text.replace(/^#+ /, '').replace(/\]\([^)]*\)/g, ']');
      const name = words
        .toLowerCase()
        .replace(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, '')
        .replaceAll(' ', '-');
      const before = seen.get(name) ?? 0;
      seen.set(name, before + 1);
      return before === 0 ? name : `${name}-${before}`;
    });
}

/** File, from the root, and anchor that a link of a page leads to; undefined if it leads out of the repository. */
export function targetOf(
  page: string,
  target: string,
): { readonly file: string; readonly anchor?: string | undefined } | undefined {
  if (/^[a-z]+:/.test(target)) return undefined;
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? page : relative(root, resolve(root, dirname(page), path));
  return { file, anchor: anchor === undefined ? undefined : decodeURIComponent(anchor) };
}
