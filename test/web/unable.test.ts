// Why there is nothing to do in a page: each reason has its words, in both languages.
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type Site, webSite } from '../../host/node/web-site.js';
import { makeUpdateManifest } from '../../host/pack/update-manifest.js';
import { type Browser, startBrowser } from './support/browser.js';
import { demoPackage } from './support/firmware.js';
import { UpdatePage } from './support/page.js';
import { serveFiles } from './support/site.js';

const NAME = 'pump.iap';
const file = demoPackage(1, 8);
const manifest = makeUpdateManifest(file, NAME);
let browser: Browser;

beforeAll(async () => {
  browser = await startBrowser({ origin: 'http://localhost' });
});

afterAll(() => browser?.close());

async function open(site: Site, host = 'localhost', before = ''): Promise<UpdatePage> {
  const server = await serveFiles(site);
  onTestFinished(() => server.stop());
  const page = await browser.context.newPage();
  onTestFinished(() => page.close());
  if (before !== '') await page.addInitScript(before);
  await page.goto(`http://${host}:${server.port}/`);
  return new UpdatePage(page);
}

test.each([
  ['MANIFEST_UNREACHABLE', undefined, file],
  ['MANIFEST_WRONG', '<html>', file],
  ['MANIFEST_VERSION', JSON.stringify({ ...manifest, format: 2 }), file],
  ['FIRMWARE_UNREACHABLE', JSON.stringify(manifest), undefined],
  ['FIRMWARE_DIFFERS', JSON.stringify(manifest), demoPackage(2, 8)],
])('%s', async (code, said, bytes) => {
  const site = new Map(await webSite({ file, name: NAME, manifest }));
  if (said === undefined) site.delete('firmware.json');
  else site.set('firmware.json', new TextEncoder().encode(said));
  if (bytes === undefined) site.delete(NAME);
  else site.set(NAME, bytes);
  const ui = await open(site);
  await ui.until('firmware');
  expect(await ui.faultCode()).toBe(code);
  if (code === 'FIRMWARE_DIFFERS') await ui.look('differs', (texts) => texts.chooseFirmware);
});

test('a browser without Web Serial', async () => {
  const site = await webSite({ file, name: NAME, manifest });
  const ui = await open(site, 'localhost', 'delete Navigator.prototype.serial');
  await ui.until('port');
  expect(await ui.faultCode()).toBe('NO_WEB_SERIAL');
  await ui.look('no-web-serial', (texts) => texts.connect);
});

test('a page that is not secure', async () => {
  const ui = await open(await webSite({ file, name: NAME, manifest }), 'pump.test');
  await ui.until('port');
  expect(await ui.faultCode()).toBe('INSECURE_PAGE');
  await ui.look('insecure', (texts) => texts.connect);
});
