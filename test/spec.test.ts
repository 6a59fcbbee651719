// docs/bootloader-spec.md against what it names: every requirement has a check, every check exists, and for every MUST a
// broken bootloader shows that its check can fail.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CHECKS } from '../host/conformance/checks/index.js';
import { REQUIREMENTS } from '../host/conformance/requirements.js';
import { DEFECTS } from './mutants/bootloader/defects.js';
import { BOOTLOADER_MUTANTS as MUTANTS, WITHOUT } from './mutants/bootloader/index.js';

const root = resolve(import.meta.dirname, '..');
const read = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8');

interface Requirement {
  readonly number: string;
  readonly text: string;
  readonly checks: readonly string[];
}

/** Lines such as "- **B-1** The device MUST … [core:name] [conformance:id]" */
const requirements: Requirement[] = [
  ...read('docs', 'bootloader-spec.md').matchAll(/^- \*\*([BS]-\d+)\*\* (.*)$/gm),
].map(([, number = '', rest = '']) => ({
  number,
  text: rest,
  checks: [...rest.matchAll(/\[([a-z0-9]+:[\w-]+)\]/g)].map(([, check = '']) => check),
}));

function names(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, name = '']) => name);
}

/** What exists, by kind of check */
const known: Readonly<Record<string, readonly string[]>> = {
  // A C test is a RUN(name) in a program of test/bootloader.
  core: readdirSync(join(root, 'test', 'bootloader'))
    .filter((name) => /^test_.*\.c$/.test(name))
    .flatMap((name) => names(read('test', 'bootloader', name), /^ {4}RUN\((\w+)\);$/gm)),
  conformance: CHECKS.map(({ id }) => id),
  // The exploration reports findings by label, and runs cases of resets by name.
  explore: [
    ...names(read('test', 'explore', 'tally.c'), /"([A-Z ]+)"/g).map((label) =>
      label.toLowerCase().replaceAll(' ', '-'),
    ),
    ...names(read('test', 'explore', 'resets.c'), /^ {4}\{"([a-z-]+)", \w+\},$/gm),
  ],
  // An end-to-end test is named by its file.
  e2e: readdirSync(join(root, 'test', 'e2e')).flatMap((name) =>
    names(name, /^([\w-]+)(?:\.timed)?\.test\.ts$/g),
  ),
  // Hardware that fails, on which a check must pass all the same: test/mutants
  defect: DEFECTS.map(({ id }) => id),
};

function exists(check: string): boolean {
  const [kind = '', name = ''] = check.split(':');
  return known[kind]?.includes(name) ?? false;
}

describe('docs/bootloader-spec.md', () => {
  it('has requirements, each with its own number, a MUST or SHOULD, and a check', () => {
    expect(requirements.length).toBeGreaterThan(50);
    const numbers = requirements.map(({ number }) => number);
    expect(numbers).toEqual([...new Set(numbers)]);
    expect(requirements.filter(({ checks }) => checks.length === 0)).toEqual([]);
    expect(requirements.filter(({ text }) => !/\b(MUST|SHOULD)\b|\bmay ever\b/.test(text))).toEqual(
      [],
    );
  });

  it('names checks that exist', () => {
    for (const [kind, all] of Object.entries(known))
      expect({ kind, all }).not.toEqual({ kind, all: [] });
    const missing = requirements.flatMap(({ number, checks }) =>
      checks.filter((check) => !exists(check)).map((check) => `${number} ${check}`),
    );
    expect(missing).toEqual([]);
  });

  it('and "iap conformance" agree on numbers and on what checks them', () => {
    expect(Object.keys(REQUIREMENTS)).toEqual(requirements.map(({ number }) => number));
    for (const { number, checks } of requirements) {
      const named = checks.filter((check) => check.startsWith('conformance:'));
      const here = CHECKS.filter((check) => check.requirements.includes(number));
      expect([number, ...named.sort()]).toEqual([
        number,
        ...here.map(({ id }) => `conformance:${id}`).sort(),
      ]);
      expect([number, REQUIREMENTS[number] === undefined]).toEqual([number, named.length > 0]);
    }
  });
});

describe('mutants', () => {
  it('exist for every MUST, or it is said why not', () => {
    const missing = requirements
      .filter(({ text }) => /\bMUST\b/.test(text))
      .filter(({ number }) => !MUTANTS.some((mutant) => mutant.requirements.includes(number)))
      .map(({ number }) => number);
    expect(missing).toEqual(Object.keys(WITHOUT));
  });

  it('are caught by a check that the requirement names', () => {
    const wrong = MUTANTS.filter(({ requirements: numbers, caughtBy }) => {
      const named = requirements.filter(({ number }) => numbers.includes(number));
      return (
        !named.some(({ checks }) => checks.includes(caughtBy)) || named.length !== numbers.length
      );
    });
    expect(wrong.map(({ id, caughtBy }) => `${caughtBy}: ${id}`)).toEqual([]);
    const ids = MUTANTS.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)]);
  });

  it('fit the bootloader as it is', () => {
    const edits = [
      ...MUTANTS.flatMap((mutant) => [mutant, ...(mutant.also ? [mutant.also] : [])]),
      ...DEFECTS.map(({ edit }) => edit),
    ];
    const wrong = edits.filter(
      ({ file, find }) => read('bootloader-c', file).split(find).length !== 2,
    );
    expect(wrong.map(({ file, find }) => `${file}: ${find}`)).toEqual([]);
  });

  it('break at least half of their requirements in a way that is seen from outside', () => {
    const outside = MUTANTS.filter(({ caughtBy }) => caughtBy.startsWith('conformance:'));
    expect(MUTANTS.length).toBeGreaterThanOrEqual(40);
    expect(outside.length).toBeGreaterThanOrEqual(20);
  });
});
