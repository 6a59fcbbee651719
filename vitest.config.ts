import { existsSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import { CHROMIUM } from './test/web/support/chromium.js';

const E2E = 'test/e2e/**/*.test.ts';
/** Tests that measure, or run in real time: alone on the machine, or their figures lie. */
const TIMED = 'test/e2e/**/*.timed.test.ts';

/** The page in a browser */
const WEB = 'test/web/**/*.test.ts';

/** No test finds what another one has sent, nor leaves anything in the cache of whoever runs them. */
const env = { IAP_CACHE_DIR: '' };

/** Ends what hangs; a busy computer only needs longer [ms]. */
const A_LONG_TIME = 600_000;

/** Each file is a browser, and a board that wants its time. */
const web = {
  test: {
    name: 'web',
    env,
    include: [WEB],
    testTimeout: A_LONG_TIME,
    hookTimeout: A_LONG_TIME,
    maxWorkers: 1,
    sequence: { groupOrder: 2 },
  },
};
/** Ubuntu has Chromium as a snap alone, which is shut in: there the page is not tested. Where all must hold, it is. */
const withBrowser = existsSync(CHROMIUM) || process.env.CI !== undefined;
if (!withBrowser) console.warn(`no ${CHROMIUM}: the page is not tested`);

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          env,
          include: ['test/**/*.test.ts'],
          exclude: [E2E, WEB],
          // Time is virtual in the tests of the library; only spawned commands take real time.
          testTimeout: A_LONG_TIME,
          hookTimeout: A_LONG_TIME,
          maxWorkers: '100%', // by default it is one core less
        },
      },
      {
        test: {
          name: 'e2e',
          env,
          include: [E2E],
          exclude: [TIMED],
          testTimeout: A_LONG_TIME,
          hookTimeout: A_LONG_TIME,
          // A board and a host wait for each other as often as they work: three keep two cores busy.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      ...(withBrowser ? [web] : []),
      {
        test: {
          name: 'timed',
          env,
          include: [TIMED],
          testTimeout: A_LONG_TIME,
          hookTimeout: A_LONG_TIME,
          maxWorkers: 1,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
