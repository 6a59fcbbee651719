// The library as a browser gets it: one file that imports nothing, run where there is nothing of Node.js. The bundler is vitest's own.
import { join, resolve } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { type OutputChunk, rolldown } from 'rolldown';
import { expect, it } from 'vitest';
import { Bench } from '../support/bench.js';
import { appImage } from '../support/images.js';

const root = resolve(import.meta.dirname, '../..');

/** What browsers have as well, as far as the library uses it */
const WEB = {
  AbortController,
  AbortSignal,
  clearInterval,
  clearTimeout,
  performance,
  setInterval,
  setTimeout,
  TextDecoder,
  TextEncoder,
};

async function bundled(entry: string, minify = false): Promise<OutputChunk> {
  const bundle = await rolldown({
    input: join(root, entry),
    platform: 'browser',
    resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
    // What can not be found in a browser stays an import, which the tests below look at.
    logLevel: 'silent',
  });
  const { output } = await bundle.generate({ format: 'iife', name: 'iap', minify });
  await bundle.close();
  return output[0];
}

it.each(['host/index.ts', 'host/isp/index.ts', 'host/conformance/run.ts', 'host/testing/index.ts'])(
  '%s needs nothing but itself',
  async (entry) => {
    const { imports, dynamicImports } = await bundled(entry);
    expect([...imports, ...dynamicImports]).toEqual([]);
    const bytes = Buffer.from((await bundled(entry, true)).code);
    console.log(`${entry}: ${bytes.length} bytes, ${gzipSync(bytes).length} compressed`);
  },
);

it('updates a device where there is no Node.js', async () => {
  const { code } = await bundled('host/index.ts');
  const context = createContext({ ...WEB });
  runInContext(code, context);
  const library = runInContext('iap', context) as typeof import('../../host/index.js');
  expect(runInContext('typeof process + typeof Buffer + typeof require', context)).toBe(
    'undefined'.repeat(3),
  );

  const bytes = appImage(5000);
  const bench = new Bench();
  const run = library.update(bench.line, { base: undefined, bytes }, { clock: bench.clock });
  let step = await run.next();
  while (!step.done) step = await run.next();
  expect(step.value.boot).toBe('started');
  expect(bench.device.flash.bytes.subarray(0, bytes.length)).toEqual(bytes);
  expect(bench.device.flash.installed?.valid).toBe(true);
});
