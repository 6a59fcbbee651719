#!/usr/bin/env node
// Mutants of the library by Stryker: see typescript/run.ts, which this compiles first. --help shows the options.
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
execFileSync(join(root, 'node_modules', '.bin', 'tsc'), ['-p', 'test/conformance/tsconfig.json'], {
  cwd: root,
  stdio: 'inherit',
});
const { main } = await import(
  join(root, 'build', 'test-js', 'test', 'mutants', 'typescript', 'run.js')
);
process.exitCode = await main(process.argv.slice(2), root);
