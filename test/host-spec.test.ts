// docs/protocol.md § 13 against what it names: every requirement has tests, every test exists, and for every requirement a
// broken host shows that one of its tests can fail.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Status } from '../protocol/index.js';
import { HOST_MUTANTS } from './mutants/host/index.js';
import { broken, editsOf } from './mutants/mutant.js';

const root = resolve(import.meta.dirname, '..');
const page = readFileSync(join(root, 'docs/protocol.md'), 'utf8');
const requirements = [...page.matchAll(/^- \*\*(H-\d+)\*\* (.*)$/gm)].map(
  ([, id = '', text = '']) => ({
    id,
    text,
    tests: [...text.matchAll(/\[host:([^\]]+)\]/g)].map(([, title = '']) => title),
  }),
);
const sources = readdirSync(join(root, 'test/host'))
  .map((file) => readFileSync(join(root, 'test/host', file), 'utf8'))
  .join('\n');

describe('requirements on hosts', () => {
  it('are numbered from 1 without a gap', () => {
    expect(requirements.map(({ id }) => id)).toEqual(requirements.map((_, i) => `H-${i + 1}`));
    expect(requirements.length).toBeGreaterThan(30);
  });

  it('each say MUST or SHOULD', () => {
    const vague = requirements.filter(({ text }) => !/\b(MUST|SHOULD)\b/.test(text));
    expect(vague).toEqual([]);
  });

  it('each name a test', () => {
    expect(requirements.filter(({ tests }) => tests.length === 0)).toEqual([]);
  });

  it('name tests that exist, and mean one', () => {
    const wrong = requirements
      .flatMap(({ id, tests }) => tests.map((title) => ({ id, title })))
      .filter(({ title }) => sources.split(`'${title}'`).length !== 2);
    expect(wrong).toEqual([]);
  });

  it('say what to do on every status', () => {
    const missing = Object.keys(Status)
      .filter((name) => name !== 'OK')
      .filter((name) => !requirements.some(({ text }) => new RegExp(`\\b${name}\\b`).test(text)));
    expect(missing).toEqual([]);
  });
});

describe('broken hosts', () => {
  it('exist for every requirement', () => {
    const without = requirements.filter(
      ({ id }) => !HOST_MUTANTS.some((mutant) => mutant.requirements.includes(id)),
    );
    expect(without.map(({ id }) => id)).toEqual([]);
  });

  it('are each caught by a test that one of their requirements names', () => {
    const wrong = HOST_MUTANTS.filter(({ requirements: numbers, caughtBy }) => {
      const named = requirements.filter(({ id }) => numbers.includes(id));
      return (
        named.length !== numbers.length ||
        !named.some(({ tests }) => tests.some((title) => caughtBy === `host:${title}`))
      );
    });
    expect(wrong.map(({ id, caughtBy }) => `${caughtBy}: ${id}`)).toEqual([]);
  });

  it('have ids of their own', () => {
    const ids = HOST_MUTANTS.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)]);
  });

  it.each(HOST_MUTANTS.map((mutant) => [mutant.id, mutant] as const))('fit: %s', (_, mutant) => {
    for (const edit of editsOf(mutant)) {
      const source = readFileSync(join(root, edit.file), 'utf8');
      expect(broken(source, edit)).not.toBe(source);
    }
  });
});
