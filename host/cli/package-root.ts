// Where the package is, from wherever this file was compiled to.
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error('package.json not found above this program');
    folder = parent;
  }
  return folder;
}

/** Names of the parts and boards there are files for */
export function boardNames(): string[] {
  const names = ['parts', 'boards'].flatMap((kind) => {
    const folder = join(packageRoot(), 'linker', kind);
    return existsSync(folder) ? readdirSync(folder) : [];
  });
  const json = names.filter((name) => name.endsWith('.json'));
  return [...new Set(json.map((name) => name.slice(0, -'.json'.length)))].sort();
}
