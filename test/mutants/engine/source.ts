// A C source as clang sees it: functions with the ranges of their statements and expressions in the text. clang knows
// types and what a macro brought; its tree is part of every installation that fuzzes.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A statement or an expression; begin and end are offsets into the text */
export interface Tree {
  readonly kind: string;
  readonly begin: number;
  readonly end: number;
  /** All of it is one use of a macro */
  readonly macro: boolean;
  /** As the type is after all typedefs; empty for a statement */
  readonly type: string;
  readonly opcode: string;
  readonly postfix: boolean;
  /** A name that stands for a constant of an enum */
  readonly enumerator: boolean;
  /** Of a literal, in decimal */
  readonly value: string;
  readonly parts: readonly Tree[];
}

export interface CFunction {
  readonly name: string;
  readonly returns: string;
  readonly body: Tree;
}

export interface Source {
  /** One character a byte, as clang counts bytes */
  readonly text: string;
  readonly functions: readonly CFunction[];
}

interface Place {
  readonly offset?: number;
  readonly tokLen?: number;
  readonly includedFrom?: unknown;
  readonly expansionLoc?: Place;
}

interface Json {
  readonly kind?: string;
  readonly name?: string;
  readonly loc?: Place;
  readonly range?: { readonly begin: Place; readonly end: Place };
  readonly type?: { readonly qualType: string; readonly desugaredQualType?: string };
  readonly opcode?: string;
  readonly value?: unknown;
  readonly isPostfix?: boolean;
  readonly storageClass?: string;
  readonly referencedDecl?: { readonly kind: string };
  readonly inner?: readonly Json[];
}

const AST_BYTES = 1 << 28;

/** After the parenthesis that closes the one at `at` */
function afterParenthesis(text: string, at: number): number {
  let depth = 0;
  for (let i = at; i < text.length; i++) {
    if (text[i] === '(') depth++;
    if (text[i] === ')' && --depth === 0) return i + 1;
  }
  return text.length;
}

function beginOf({ expansionLoc, offset }: Place): number | undefined {
  return expansionLoc ? expansionLoc.offset : offset;
}

function endOf(text: string, place: Place): number | undefined {
  const { offset, tokLen = 0 } = place.expansionLoc ?? place;
  if (offset === undefined) return undefined;
  const end = offset + tokLen;
  // A macro with arguments
  return place.expansionLoc && text[end] === '(' ? afterParenthesis(text, end) : end;
}

/** What is initialised once, before anything runs, holds constants only: it can not be chosen while a program runs. */
function once({ kind, storageClass }: Json): boolean {
  return kind === 'StaticAssertDecl' || (kind === 'VarDecl' && storageClass === 'static');
}

function treeOf(text: string, json: Json): Tree | undefined {
  const { begin: from = {}, end: to = {} } = json.range ?? {};
  const begin = beginOf(from);
  const end = endOf(text, to);
  if (json.kind === undefined || begin === undefined || end === undefined) return undefined;
  const inner = once(json) ? [] : (json.inner ?? []);
  return {
    kind: json.kind,
    begin,
    end,
    macro:
      from.expansionLoc !== undefined &&
      to.expansionLoc !== undefined &&
      from.expansionLoc.offset === to.expansionLoc.offset,
    type: json.type?.desugaredQualType ?? json.type?.qualType ?? '',
    opcode: json.opcode ?? '',
    postfix: json.isPostfix ?? false,
    enumerator: json.referencedDecl?.kind === 'EnumConstantDecl',
    value: typeof json.value === 'string' ? json.value : '',
    parts: inner.flatMap((part) => treeOf(text, part) ?? []),
  };
}

/** @throws Error if clang does not take it */
export function parse(path: string, includes: readonly string[]): Source {
  const text = readFileSync(path, 'latin1');
  const args = ['-x', 'c', '-std=c11', '-fsyntax-only', ...includes.map((folder) => `-I${folder}`)];
  const out = execFileSync('clang', [...args, '-Xclang', '-ast-dump=json', path], {
    maxBuffer: AST_BYTES,
  });
  const unit = JSON.parse(out.toString()) as Json;
  const functions = (unit.inner ?? []).flatMap((json) => {
    const { kind, name = '', loc = {}, type, inner = [] } = json;
    const place = loc.expansionLoc ?? loc;
    const body = inner.find((part) => part.kind === 'CompoundStmt');
    if (kind !== 'FunctionDecl' || place.includedFrom !== undefined || body === undefined)
      return [];
    const tree = treeOf(text, body);
    const returns = (type?.qualType ?? '').replace(/ ?\(.*$/, '');
    return tree ? [{ name, returns, body: tree }] : [];
  });
  return { text, functions };
}
