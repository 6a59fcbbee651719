// Updates over the real Web Serial: the library in a worker, Chromium's serial port, the virtual board.
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectDemo, powerUp } from '../e2e/bench.js';
import { type Board, demoImage, PARTS, TempDir } from '../support/board.js';
import { FTDI } from './support/adapters.js';
import { type Browser, startBrowser } from './support/browser.js';
import { bundlePage } from './support/bundle.js';
import { Site } from './support/site.js';

const PART = 'stm32f103xb';
const PAGES = 40;
const size = PAGES * PARTS[PART].pageSize - 77;

let folder: TempDir;
let site: Site;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  folder = new TempDir();
  await bundlePage(folder.path);
  for (const version of [1, 2] as const) {
    folder.write(`v${version}.bin`, demoImage(PART, version, size));
  }
  site = await Site.start(folder.path);
  browser = await startBrowser({ origin: site.origin, granted: [FTDI] });
  page = await browser.context.newPage();
  await page.goto(site.origin);
});

afterAll(async () => {
  await browser?.close();
  await site?.stop();
  folder?.remove();
});

/** Nothing works if this does not: the stand-in for libudev, or the permission in the profile, was not taken. */
async function plug(board: Board): Promise<void> {
  browser.adapters.plug(FTDI, board.port);
  await expect
    .poll(() => page.evaluate(async () => (await navigator.serial.getPorts()).length), {
      message:
        'the browser sees no port: the stand-in for libudev, or the profile’s permission, was not taken',
      timeout: 30_000,
    })
    .toBe(1);
}

async function unplug(): Promise<void> {
  browser.adapters.unplug();
  await page.waitForFunction(async () => (await navigator.serial.getPorts()).length === 0);
}

const update = (version: 1 | 2, options: object = {}) =>
  page.evaluate(([file, opts]) => window.iap.update(file as string, opts as object), [
    `v${version}.bin`,
    options,
  ] as const);

test('first installation, the same again, an update out of the running application, another rate', async () => {
  const board = await powerUp(PART, { allowed: ['overruns'] });
  await plug(board);
  const installed = await update(1);
  expect(installed).toMatchObject({ result: { changed: true, boot: 'started', pagesSent: PAGES } });
  await expectDemo(board, 1, 1);
  const again = await update(1);
  expect(again).toMatchObject({ result: { changed: false } });
  const updated = await update(2, { rate: 921600 });
  expect(updated).toMatchObject({ result: { changed: true, boot: 'started', rate: 921600 } });
  await expectDemo(board, 2, 1);
  await unplug();
});

test('the cable is pulled in mid-update: it says so, and goes on where it stopped', async () => {
  const board = await powerUp(PART);
  await plug(board);
  const broken = update(1);
  await page.waitForFunction(
    () => window.iap.events.filter(({ event }) => event === 'progress').length > 8,
  );
  await unplug();
  expect(await broken).toMatchObject({ error: { code: 'PORT_LOST' } });
  await plug(board);
  const done = await update(1);
  expect(done).toMatchObject({ result: { changed: true, boot: 'started' } });
  expect((done.result as { pagesSent: number }).pagesSent).toBeLessThan(PAGES);
  await expectDemo(board, 1, 1);
});
