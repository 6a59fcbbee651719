// The browser's own dialog for ports, on a screen: what it offers, what comes of it, and an adapter that must be chosen again.
import { setTimeout } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { expectDemo, powerUp } from '../e2e/bench.js';
import { TempDir } from '../support/board.js';
import { CH340 } from './support/adapters.js';
import { Display } from './support/display.js';
import { demoPackage, PART } from './support/firmware.js';
import { PlainBrowser, type PlainTab } from './support/plain-browser.js';
import { Served } from './support/served.js';

/** A dialog that has just come up takes no keys, lest they were meant for the page. */
const DEAF_MS = 1000;

/** Its list has a row, the first, for each port that the page's filters let through. */
const TAKE_THE_FIRST = ['Tab', 'Down', 'Return'];

test('the real chooser', async () => {
  const files = new TempDir();
  onTestFinished(() => files.remove());
  const site = await Served.start(files.write('pump.iap', demoPackage(1, 30)));
  onTestFinished(() => site.stop());
  const display = await Display.start();
  onTestFinished(() => display.stop());
  const browser = new PlainBrowser({ origin: site.origin, display: display.name });
  onTestFinished(() => browser.close());
  const board = await powerUp(PART);
  // Before the other, were it not for the filters
  const unknown = { ...CH340, vendorId: 0x1234, name: 'A modem' };
  browser.adapters.plug(unknown, '/nonexistent', 'ttyACM0');
  browser.adapters.plug(CH340, board.port);
  const tab = await browser.open(site.origin);
  await tab.until('port');

  await choose(tab, display, ['Escape']);
  await expect.poll(() => tab.fault()).toBe('NO_PORT_CHOSEN');

  await choose(tab, display, TAKE_THE_FIRST);
  await tab.until('found');
  await tab.press('install');
  await tab.untilSending();

  // Without a serial number the browser does not know it again.
  browser.adapters.unplug();
  await tab.until('lost');
  browser.adapters.plug(CH340, board.port);
  await choose(tab, display, TAKE_THE_FIRST);
  await tab.until('done');
  await expectDemo(board, 1, 1);
});

/** The dialog takes the focus from the page, and gives it back. */
async function choose(tab: PlainTab, display: Display, keys: readonly string[]): Promise<void> {
  await tab.untilFocus(true);
  await tab.press('choose-port');
  await tab.untilFocus(false);
  await setTimeout(DEAF_MS);
  await display.press(...keys);
  await tab.untilFocus(true);
}
