// The page that people have, over the real Web Serial: every state of it, in both languages, against the virtual board.
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { expectDemo, expectDone, powerUp, powerUpInstalled } from '../e2e/bench.js';
import { firstPowerUp, productionLine } from '../e2e/production-line.js';
import { type Board, TempDir } from '../support/board.js';
import { Iap } from '../support/iap.js';
import { FTDI } from './support/adapters.js';
import { type Browser, startBrowser } from './support/browser.js';
import { demoPackage, PART } from './support/firmware.js';
import { UpdatePage } from './support/page.js';
import { Served } from './support/served.js';

const PAGES = 30;

const files = new TempDir();
const file = (name: string): string => join(files.path, name);
const first = demoPackage(1, PAGES);
const second = demoPackage(2, PAGES);
let site: Served;
let browser: Browser;
let ui: UpdatePage;

beforeAll(async () => {
  files.write('pump-1.4.0.iap', first);
  files.write('pump-2.4.0.iap', second);
  files.write('fan.iap', demoPackage(1, 8, 'FAN-1'));
  files.write('notes.txt', 'no firmware');
  const notes = ['--notes', 'en=Quieter at night', '--notes', 'zh=夜间更安静'];
  site = await Served.start(
    file('pump-1.4.0.iap'),
    '--name',
    'en=Pump',
    '--name',
    'zh=水泵',
    ...notes,
  );
  browser = await startBrowser({ origin: site.origin, granted: [FTDI] });
});

afterAll(async () => {
  await browser?.close();
  await site?.stop();
  files.remove();
});

beforeEach(async () => {
  ui = new UpdatePage(await browser.context.newPage());
  await ui.page.goto(site.origin);
  await ui.until('port');
});

afterEach(async () => {
  browser.adapters.unplug();
  await untilPorts(0);
  await ui.page.close();
  expect(ui.violations).toEqual([]);
});

async function untilPorts(count: number): Promise<void> {
  const ports = (): Promise<number> =>
    ui.page.evaluate(async () => (await navigator.serial.getPorts()).length);
  const message = 'ports: the browser took neither the stand-in for libudev nor the permission';
  await expect.poll(ports, { message, timeout: 60_000 }).toBe(count);
}

async function plugIn(board: Board): Promise<void> {
  browser.adapters.plug(FTDI, board.port);
  await untilPorts(1);
}

/** With a device that is plugged in */
async function find(): Promise<void> {
  await ui.press('last-port');
  await ui.until('found');
}

async function install(): Promise<void> {
  await ui.press('install');
  await ui.until('done');
}

test('from nothing to an update that was interrupted and is done', async () => {
  await ui.look('port', (texts) => texts.connect);
  const board = await powerUp(PART, { args: ['--power', 'off'] });
  await plugIn(board);
  await ui.press('last-port');
  await ui.until('finding');
  await ui.page.locator('iap-update[state=failed]').waitFor();
  expect(await ui.faultCode()).toBe('NO_ANSWER');
  await ui.look('silent', (texts) => texts.unreachableTitle);

  await ui.press('wait');
  await ui.until('updating');
  await ui.look('waiting', (texts) => texts.updating);
  await board.command('power on');
  await ui.untilDone(0.2);
  board.signal('SIGSTOP');
  await ui.look('updating', (texts) => texts.updating);
  browser.adapters.unplug();
  board.signal('SIGCONT');
  await ui.until('lost');
  expect(await ui.faultCode()).toBe('PORT_LOST');
  expect(await ui.page.locator('button[data-do=all-ports]').count()).toBe(1);
  await ui.look('lost', (texts) => texts.lostTitle);

  await plugIn(board);
  await ui.until('updating');
  await ui.untilDone(0.2);
  expect(await ui.title()).toBe('Going on with the update');
  await ui.until('done');
  await ui.look('done', (texts) => texts.doneTitle);
  const { ok, result, device, firmware } = await ui.report();
  expect({ ok, result, device, firmware }).toMatchObject({
    ok: true,
    result: { changed: true, boot: 'started' },
    device: { part: PART },
    firmware: { file: 'pump-1.4.0.iap', facts: { version: '1.4.0', product: 'PUMP-2' } },
  });
  expect(result?.pagesSent).toBeLessThan(PAGES);
  await expectDemo(board, 1, 1);
});

test('an update out of the running application, at another rate; then the same again', async () => {
  const board = await powerUpInstalled(PART, 'first', first, { allowed: ['overruns'] });
  await plugIn(board);
  await ui.chooseFile(file('pump-2.4.0.iap'));
  await ui.until('port');
  await ui.transferAt(921600);
  await find();
  expect(await ui.fact('Installed now')).toContain('1.4.0');
  await ui.look('found', (texts) => texts.foundTitle);
  await install();
  expect(await ui.report()).toMatchObject({
    firmware: { file: 'pump-2.4.0.iap' },
    result: { changed: true, boot: 'started', rate: 921600 },
  });
  await expectDemo(board, 2, 1);

  await ui.press('other-port');
  await find();
  await ui.look('found-same', (texts) => texts.foundTitle);
  await install();
  await ui.look('done-same', (texts) => texts.doneTitle);
  expect((await ui.report()).result).toMatchObject({ changed: false, pagesSent: 0 });
});

test('the page is reloaded in mid-update: it asks before, and goes on afterwards', async () => {
  const board = await powerUp(PART);
  await plugIn(board);
  await find();
  await ui.press('install');
  await ui.untilDone(0.3);
  const asked: string[] = [];
  ui.page.on('dialog', (dialog) => {
    asked.push(dialog.type());
    void dialog.accept();
  });
  await ui.page.reload();
  expect(asked).toEqual(['beforeunload']);
  await ui.until('updating');
  await ui.untilDone(0.1);
  expect(await ui.title()).toBe('Going on with the update');
  await ui.until('done');
  const { result } = await ui.report();
  expect(result?.changed).toBe(true);
  expect(result?.pagesSent).toBeLessThan(PAGES);
  await expectDemo(board, 1, 1);
});

test('firmware for another product is refused before anything is disturbed', async () => {
  const unit = await productionLine(PART).unit(
    'unit.bin',
    file('pump-1.4.0.iap'),
    '--product',
    'PUMP-2',
  );
  const board = await firstPowerUp(PART, unit);
  await expectDemo(board, 1, 2); // by then it has confirmed itself
  const before = await board.counters();
  await plugIn(board);
  await ui.chooseFile(file('fan.iap'));
  await ui.until('port');
  await find();
  expect(await ui.faultCode()).toBe('IMAGE_WRONG_PRODUCT');
  await ui.look('refused', (texts) => texts.refusedTitle);
  expect(await ui.page.locator('button[data-do=install]').count()).toBe(0);
  const after = await board.counters();
  expect([after.flashOps, after.resets]).toEqual([before.flashOps, before.resets]);
});

test('a file that is no firmware', async () => {
  await ui.chooseFile(file('notes.txt'));
  await ui.until('firmware');
  expect(await ui.faultCode()).toBe('IMAGE_FORMAT');
  await ui.look('no-firmware', (texts) => texts.chooseFirmware);
});

test('a port that can not be opened', async () => {
  browser.adapters.plug(FTDI, '/nonexistent');
  await ui.press('last-port');
  await ui.page.locator('iap-update[state=failed]').waitFor();
  expect(await ui.faultCode()).toBe('PORT_BUSY');
  await ui.look('busy', (texts) => texts.unreachableTitle);
});

test('without a network, once it was open', async () => {
  await ui.untilKept();
  await site.stop();
  onTestFinished(() => site.restart());
  await expect(fetch(site.origin)).rejects.toThrow();
  await ui.page.reload();
  await ui.until('port');
  expect(await ui.fact('File')).toBe('pump-1.4.0.iap');
  const board = await powerUp(PART);
  await plugIn(board);
  await ui.transferAt(921600);
  await find();
  await install();
  await expectDemo(board, 1, 1);
});

test('a demonstration, and one that is stopped', async () => {
  await ui.press('demo-device');
  await ui.until('found');
  await ui.look('demo', (texts) => texts.foundTitle);
  await ui.press('install');
  await ui.untilDone(0.1);
  await ui.press('stop');
  await ui.page.locator('iap-update[state=failed]').waitFor();
  expect(await ui.faultCode()).toBe('INTERRUPTED');
  await ui.look('stopped', (texts) => texts.failedTitle);
});

/** What a busy worker says of a failure comes after what the browser says of ports. */
const LATE_FAILURES = `
  const { set } = Object.getOwnPropertyDescriptor(Worker.prototype, 'onmessage');
  Object.defineProperty(Worker.prototype, 'onmessage', {
    set(listener) {
      set.call(this, (event) => setTimeout(listener, event.data.answer === 'failed' ? 1000 : 0, event));
    },
  });
`;

test('a loose contact: gone, and back before anybody has noticed', async () => {
  await ui.page.addInitScript(LATE_FAILURES);
  await ui.page.reload();
  await ui.until('port');
  const board = await powerUp(PART);
  await plugIn(board);
  await find();
  await ui.press('install');
  await ui.untilDone(0.2);
  browser.adapters.unplug();
  browser.adapters.plug(FTDI, board.port);
  await ui.until('done');
  expect((await ui.report()).result?.pagesSent).toBeLessThan(PAGES);
});

test('a device that stands still is left when somebody says so', async () => {
  const board = await powerUp(PART);
  await plugIn(board);
  await find();
  await ui.press('install');
  await ui.untilDone(0.2);
  board.signal('SIGSTOP');
  await ui.press('stop');
  await ui.page.locator('iap-update[state=failed]').waitFor();
  expect(await ui.faultCode()).toBe('INTERRUPTED');
  board.signal('SIGCONT');
  await ui.press('again');
  await ui.until('done');
});

test('the same update by the page and by the command: how long each takes', async () => {
  const byPage = await powerUp(PART);
  await plugIn(byPage);
  await ui.transferAt(921600);
  await find();
  const since = performance.now();
  await install();
  const page = (performance.now() - since) / 1000;
  const byCommand = await powerUp(PART);
  const args = [
    'flash',
    file('pump-1.4.0.iap'),
    '--port',
    byCommand.port,
    '--baud',
    '921600',
    '--json',
  ];
  const outcome = await new Iap(args, { ownClock: true }).done;
  expectDone(outcome);
  const { result } = await ui.report();
  const seconds = (value = 0): string => value.toFixed(2);
  console.log(
    `${PAGES} KB at 921600 baud: page ${seconds(page)} s, command line ${seconds(outcome.ms / 1000)} s;`,
    `the update itself ${seconds(result?.seconds)} and ${seconds(outcome.result?.seconds)} s`,
  );
});
