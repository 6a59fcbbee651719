// The folder in which Node.js keeps the command compiled.
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../node/cache-folder.js';

/** Undefined if there is no such folder of this user's own: what is in it runs as this user, and nobody else may have put it there. */
export function compiledFolder(
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const parent = cacheFolder(env, process.platform);
  if (parent === undefined) return undefined;
  const folder = join(parent, 'compiled');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { uid, mode } = statSync(folder);
    const isOwn =
      process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0);
    return isOwn ? folder : undefined;
  } catch {
    return undefined;
  }
}
