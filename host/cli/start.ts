#!/usr/bin/env node
// Where the command begins: before anything else is loaded, so that all of it can come from what an earlier start has compiled.
import * as nodeModule from 'node:module';

/** Of Node.js 22.1 on; an older one only starts more slowly. It looks at what it finds there, and compiles anew what does not fit. */
type EnableCompileCache = (folder: string) => unknown;

const { enableCompileCache } = nodeModule as { readonly enableCompileCache?: EnableCompileCache };
// Who says where Node.js keeps it, or that it keeps nothing, has said so to this command too.
if (enableCompileCache && !process.env.NODE_COMPILE_CACHE) {
  const { compiledFolder } = await import('./compiled-folder.js');
  const folder = compiledFolder(process.env);
  if (folder !== undefined) enableCompileCache(folder);
}
const { main } = await import('./main.js');
await main(process.argv.slice(2));
