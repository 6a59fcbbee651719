// Tests that spawn the command need it compiled.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export function setup(): void {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const compiler = fileURLToPath(new URL('../../node_modules/.bin/tsc', import.meta.url));
  execFileSync(compiler, ['-p', 'tsconfig.json'], { cwd: root, stdio: 'inherit' });
}
