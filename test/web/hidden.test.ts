// An update in a tab that nobody sees: its page gets a turn once a second, and the update goes on all the same.
import { expect, onTestFinished, test } from 'vitest';
import { expectDemo, powerUp } from '../e2e/bench.js';
import { demoImage, PARTS, TempDir } from '../support/board.js';
import { FTDI } from './support/adapters.js';
import { bundlePage } from './support/bundle.js';
import { PlainBrowser } from './support/plain-browser.js';
import { Site } from './support/site.js';

const PART = 'stm32f103xb';
const PAGES = 20;

test('a hidden tab', async () => {
  const folder = new TempDir();
  onTestFinished(() => folder.remove());
  await bundlePage(folder.path);
  folder.write('v1.bin', demoImage(PART, 1, PAGES * PARTS[PART].pageSize - 77));
  const site = await Site.start(folder.path);
  onTestFinished(() => site.stop());
  const browser = new PlainBrowser({ origin: site.origin, granted: [FTDI] });
  onTestFinished(() => browser.close());
  const board = await powerUp(PART);
  browser.adapters.plug(FTDI, board.port);
  const tab = await browser.open(site.origin);
  await browser.open('about:blank');
  const hidden =
    'document.visibilityState === "hidden" && navigator.serial.getPorts().then(({ length }) => length)';
  await expect.poll(() => tab.evaluate(hidden), { timeout: 60_000 }).toBe(1);
  const timers =
    'new Promise(async (resolve) => { const since = performance.now(); for (let i = 0; i < 3; i++) await new Promise((done) => setTimeout(done, 5)); resolve(performance.now() - since); })';
  expect(await tab.evaluate(timers)).toBeGreaterThan(1000);
  const report = await tab.evaluate('iap.update("v1.bin", {})');
  expect(report).toMatchObject({ result: { changed: true, boot: 'started' } });
  await expectDemo(board, 1, 1);
});
