// What the package exports: host/api.txt has it, so that a change of it is seen; and it names no type that users can not name.
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

test('host/api.txt is what the declarations say: node scripts/api.mjs writes it', () => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/api.mjs', '--check'], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
});
