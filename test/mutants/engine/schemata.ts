// Mutant schemata: one source that holds all its mutants, of which a number chooses one while the program runs. So the
// sources are compiled once, and a mutant costs what its tests cost.
import { type Change, changesOf } from './operators.js';
import type { CFunction, Source } from './source.js';

export interface Mutant {
  readonly number: number;
  readonly file: string;
  readonly line: number;
  readonly function: string;
  readonly operator: string;
  /** Source text around, as it is and as it would be */
  readonly from: string;
  readonly to: string;
}

interface Numbered extends Change {
  readonly number: number;
}

const flat = (text: string): string =>
  Buffer.from(text, 'latin1').toString('utf8').replace(/\s+/g, ' ').trim();

/** [begin, end) of the text with the mutants inside it in place; `changes` lie within, outer ones first. */
function render(text: string, begin: number, end: number, changes: readonly Numbered[]): string {
  let out = '';
  let at = begin;
  let rest = changes;
  while (rest[0]) {
    const { begin: from, end: to, statement } = rest[0];
    const inside = rest.filter((change) => change.begin >= from && change.end <= to);
    const same = inside.filter((change) => change.begin === from && change.end === to);
    const original = render(
      text,
      from,
      to,
      inside.filter((change) => !same.includes(change)),
    );
    out += text.slice(at, from);
    out += same.reduceRight(
      (other, { number, replacement }) =>
        statement
          ? `if (!MUTANT(${number})) { ${other} }`
          : `(MUTANT(${number}) ? (${replacement}) : ${other})`,
      statement ? original : `(${original})`,
    );
    at = to;
    rest = rest.filter((change) => !inside.includes(change));
  }
  return out + text.slice(at, end);
}

function numbered(text: string, source: CFunction, first: number): Numbered[] {
  return changesOf(text, source)
    .sort((a, b) => a.begin - b.begin || b.end - a.end)
    .map((change, i) => ({ ...change, number: first + i }));
}

function body(
  text: string,
  { body: { begin, end }, returns }: CFunction,
  changes: readonly Numbered[],
): string {
  const original = text.slice(begin, end);
  const [first, last] = [changes[0]?.number, changes.at(-1)?.number];
  if (first === undefined || last === undefined) return original;
  const mutated = render(text, begin, end, changes);
  const done = returns === 'void' ? ' return;' : '';
  // What has no mutant in force runs as fast as ever.
  return `{ if (MUTANTS(${first}, ${last})) {${mutated}${done} }\n${original} }`;
}

/** The source with all mutants in it, numbered from `first`, and what they are */
export function schemata(
  file: string,
  { text, functions }: Source,
  first: number,
): { text: string; mutants: Mutant[] } {
  const mutants: Mutant[] = [];
  let out = '';
  let at = 0;
  for (const source of functions) {
    const changes = numbered(text, source, first + mutants.length);
    out += text.slice(at, source.body.begin) + body(text, source, changes);
    at = source.body.end;
    for (const { number, operator, begin, end, replacement, around } of changes) {
      const [from, to] = around;
      mutants.push({
        ...{ number, file, operator, function: source.name },
        line: text.slice(0, begin).split('\n').length,
        from: flat(text.slice(from, to)),
        to: flat(text.slice(from, begin) + replacement + text.slice(end, to)),
      });
    }
  }
  return { text: out + text.slice(at), mutants };
}
