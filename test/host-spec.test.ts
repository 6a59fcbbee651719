// Every numbered requirement on hosts names a test that exists.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const page = readFileSync(join(root, 'docs/protocol.md'), 'utf8');
const requirements = [...page.matchAll(/^- \*\*(H-\d+)\*\* (.*)$/gm)].map(
  ([, id = '', text = '']) => ({
    id,
    tests: [...text.matchAll(/\[host:([^\]]+)\]/g)].map(([, title = '']) => title),
  }),
);
const sources = readdirSync(join(root, 'test/host'))
  .map((file) => readFileSync(join(root, 'test/host', file), 'utf8'))
  .join('\n');

describe('requirements on hosts', () => {
  it('are numbered from 1 without a gap', () => {
    expect(requirements.map(({ id }) => id)).toEqual(requirements.map((_, i) => `H-${i + 1}`));
    expect(requirements.length).toBeGreaterThan(10);
  });

  it('each name a test', () => {
    expect(requirements.filter(({ tests }) => tests.length === 0)).toEqual([]);
  });

  it('name tests that exist', () => {
    const missing = requirements
      .flatMap(({ id, tests }) => tests.map((title) => ({ id, title })))
      .filter(({ title }) => !sources.includes(`'${title}'`));
    expect(missing).toEqual([]);
  });
});
