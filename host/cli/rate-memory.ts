// Where --baud auto finds which rate held last time.
import type { RateMemory } from '../link/rate-memory.js';
import { cacheFolder } from '../node/cache-folder.js';

/** Loaded only where it is needed; undefined if nothing is kept on this computer. */
export async function rateMemoryOf(port: string): Promise<RateMemory | undefined> {
  const folder = cacheFolder(process.env, process.platform);
  if (folder === undefined) return undefined;
  const [{ RateFile }, { adapterOf }, { listPorts }] = await Promise.all([
    import('../node/rate-file.js'),
    import('../node/adapter.js'),
    import('../node/serial.js'),
  ]);
  return new RateFile(folder, await adapterOf(port, listPorts));
}
