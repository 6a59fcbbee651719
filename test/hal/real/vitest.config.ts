// Only for scripts/real-hal, which fetches what it needs.
import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';

/** Ends what hangs; a busy computer only needs longer. */
const A_LONG_TIME = 600_000;

export default defineConfig({
  root: realpathSync(resolve(import.meta.dirname, '..', '..', '..')),
  test: {
    include: ['test/hal/real/real-hal.ts'],
    globalSetup: ['test/hal/real/build.ts'],
    testTimeout: A_LONG_TIME,
    hookTimeout: A_LONG_TIME,
  },
});
