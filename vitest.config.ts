import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Time is virtual in the tests of the library; only spawned commands take real time.
    testTimeout: 20_000,
  },
});
