// The benchmark as anybody runs it: one quick row. Its figures are for a quiet computer; that it comes out is not.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Figures } from '../bench/report.js';
import { built } from '../support/board.js';
import { tempDir } from './bench.js';

test('npm run bench: a row as JSON and as a picture', () => {
  const picture = join(tempDir().path, 'bench.svg');
  const args = ['--only', 'blank-100', '--runs', '1', '--json', '--svg', picture];
  const run = spawnSync('npm', ['run', '--silent', 'bench', '--', ...args], { encoding: 'utf8' });
  expect({ status: run.status, stderr: run.stderr }).toMatchObject({ status: 0 });
  const { rows } = JSON.parse(run.stdout) as { readonly rows: readonly Figures[] };
  expect(rows).toMatchObject([
    { name: 'blank-100', seconds: expect.any(Number), stm32flash: null },
  ]);
  const [row] = rows;
  console.log(`${row?.what}: ${row?.seconds} s, ${row?.ratio} times what line and flash need`);
  // Nothing is faster than the flash.
  expect(row?.ratio).toBeGreaterThan(1);
  expect(readFileSync(picture, 'utf8')).toContain('100 KB onto blank flash');
});

test.each([
  [['--only', 'nothing'], 'there is no row nothing'],
  [['--runs', '0'], '--runs takes a number from 1 on, got 0'],
  [['--against', '/absent'], '/absent is no checkout that was built'],
  [['--fast'], "Unknown option '--fast'"],
])('%s is refused, with what there is', (args, message) => {
  const { status, stderr } = spawnSync(
    process.execPath,
    [built('dist', 'scripts', 'bench.js'), ...args],
    { encoding: 'utf8' },
  );
  expect(status).toBe(2);
  expect(stderr).toContain(message);
  expect(stderr).toContain('rows:');
});
