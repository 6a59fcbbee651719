// Compiles what makes mutants and runs one of its programs.
import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..', '..');

/** @param {string} folder with its run.ts */
export async function runCompiled(folder) {
  execFileSync(
    join(root, 'node_modules', '.bin', 'tsc'),
    ['-p', 'test/conformance/tsconfig.json'],
    { cwd: root, stdio: 'inherit' },
  );
  const program = join(root, 'build', 'test-js', 'test', 'mutants', folder, 'run.js');
  const { main } = await import(program);
  process.exitCode = await main(process.argv.slice(2), root);
}
