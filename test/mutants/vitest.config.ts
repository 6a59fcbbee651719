// The tests of the host with one mutant in it, named by IAP_MUTANT: a source is broken while it is loaded, no file changes.
import { realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { defineConfig } from 'vitest/config';
import { HOST_MUTANTS } from './host/index.js';
import { broken, editsOf } from './mutant.js';

const root = realpathSync(resolve(import.meta.dirname, '..', '..'));
const mutant = HOST_MUTANTS.find(({ id }) => id === process.env.IAP_MUTANT);
if (process.env.IAP_MUTANT && !mutant)
  throw new Error(`there is no mutant ${process.env.IAP_MUTANT}`);

export default defineConfig({
  root,
  plugins: [
    {
      name: 'mutant',
      enforce: 'pre',
      transform(code, id) {
        const edits = mutant ? editsOf(mutant).filter(({ file }) => id === join(root, file)) : [];
        return edits.reduce(broken, code);
      },
    },
  ],
  test: {
    include: ['test/host/*.test.ts'],
    // A thread ends with its process, also when a mutant has it in an endless loop.
    pool: 'threads',
    testTimeout: 20_000,
  },
});
