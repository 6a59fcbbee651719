// Where this computer keeps what can be made anew.
import { homedir } from 'node:os';
import { join } from 'node:path';

/** IAP_CACHE_DIR, nowhere if that is empty; or the system's place for what a program can make anew. */
export function cacheFolder(
  env: Readonly<Record<string, string | undefined>>,
  platform: string,
): string | undefined {
  if (env.IAP_CACHE_DIR !== undefined) return env.IAP_CACHE_DIR || undefined;
  if (platform === 'win32') {
    return join(env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'iap', 'cache');
  }
  if (platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'iap');
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'iap');
}
