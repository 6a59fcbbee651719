// A page of this folder as a site has it.
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

/** @param folder where to */
export async function bundlePage(folder: string): Promise<void> {
  const source = join(import.meta.dirname, '..', 'page');
  for (const name of ['page', 'worker']) {
    const bundle = await rolldown({
      input: join(source, `${name}.ts`),
      platform: 'browser',
      resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
    });
    await bundle.write({ dir: folder, entryFileNames: '[name].js' });
    await bundle.close();
  }
  copyFileSync(join(source, 'index.html'), join(folder, 'index.html'));
}
