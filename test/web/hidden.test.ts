// An update in a tab that nobody sees: its page gets a turn once a second, and the update goes on all the same.
import { expect, onTestFinished, test } from 'vitest';
import { expectDemo, powerUp } from '../e2e/bench.js';
import { TempDir } from '../support/board.js';
import { FTDI } from './support/adapters.js';
import { demoPackage, PART } from './support/firmware.js';
import { PlainBrowser } from './support/plain-browser.js';
import { Served } from './support/served.js';

test('a hidden tab', async () => {
  const files = new TempDir();
  onTestFinished(() => files.remove());
  const site = await Served.start(files.write('pump.iap', demoPackage(1, 20)));
  onTestFinished(() => site.stop());
  const browser = new PlainBrowser({ origin: site.origin, granted: [FTDI] });
  onTestFinished(() => browser.close());
  const board = await powerUp(PART);
  browser.adapters.plug(FTDI, board.port);
  const tab = await browser.open(site.origin);
  await tab.until('port');
  await browser.open('about:blank');
  await expect.poll(() => tab.evaluate('document.visibilityState')).toBe('hidden');
  // Or this would be no test of a hidden tab
  expect(Number(await tab.evaluate(`(${timers})()`))).toBeGreaterThan(1000);
  await tab.press('last-port');
  await tab.until('found');
  await tab.press('install');
  await tab.until('done');
  await expectDemo(board, 1, 1);
});

/** How long the page waits three times for 5 ms */
const timers = `async () => {
  const since = performance.now();
  for (let i = 0; i < 3; i++) await new Promise((done) => setTimeout(done, 5));
  return performance.now() - since;
}`;
