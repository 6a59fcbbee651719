// Writes the projects and builds them.
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { BUILD, writeProjects } from './projects.js';

export function setup(): void {
  writeProjects();
  const vendor = `-DVENDOR=${resolve('build/vendor')}`;
  execFileSync('cmake', ['-S', 'test/hal/real', '-B', BUILD, '-G', 'Ninja', vendor]);
  execFileSync('cmake', ['--build', BUILD], { stdio: ['ignore', 'ignore', 'inherit'] });
}
