// What a page keeps for use without a network: of one version, and beside other pages of the same server.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type FakeCaches, PAGE, startBrowser } from './fake-browser.js';

type Listener = (event: { waitUntil(work: Promise<unknown>): void }) => void;

let caches: FakeCaches;
let listeners: Map<string, Listener>;

beforeEach(() => {
  caches = startBrowser();
  listeners = new Map();
  vi.resetModules();
});
afterEach(() => {
  vi.unstubAllGlobals();
});

async function emit(type: string): Promise<void> {
  let work: Promise<unknown> | undefined;
  listeners.get(type)?.({
    waitUntil: (promise) => {
      work = promise;
    },
  });
  await work;
}

/** The service worker of a page of that version */
async function install(hash: string): Promise<void> {
  // Node.js has no page that an address is relative to.
  class RelativeRequest extends Request {
    constructor(url: string, init: RequestInit) {
      super(new URL(url, PAGE), init);
    }
  }
  vi.stubGlobal('Request', RelativeRequest);
  vi.stubGlobal('FILES', ['./', './page.js']);
  vi.stubGlobal('HASH', hash);
  vi.stubGlobal('registration', { scope: PAGE });
  vi.stubGlobal('clients', { claim: async () => {} });
  vi.stubGlobal('skipWaiting', async () => {});
  vi.stubGlobal('addEventListener', (type: string, listener: Listener) => {
    listeners.set(type, listener);
  });
  vi.resetModules();
  await import('../../host/web/sw.js');
  await emit('install');
  await emit('activate');
}

const modes = async (name: string): Promise<string[]> =>
  [...(await caches.open(name)).files.values()].map(({ mode }) => mode);

test('the page: past the cache of the browser, in place of its own last version alone', async () => {
  const others = ['iap-page https://pumps.test/ 0', 'iap-page https://pumps.test/two/more/ 0'];
  for (const name of others) await caches.open(name);
  await install('1');
  expect(await modes(`iap-page ${PAGE} 1`)).toEqual(['reload', 'reload']);
  await install('2');
  expect(await caches.keys()).toEqual([...others, `iap-page ${PAGE} 2`]);
});

test('firmware: past the cache of the browser, in place of its own last one alone', async () => {
  const { keep } = await import('../../host/web/keep.js');
  await keep(['https://pumps.test/fan/firmware.json'], 'https://pumps.test/fan/index.html');
  await keep([`${PAGE}firmware.json`, `${PAGE}a.iap`], PAGE);
  await keep([`${PAGE}firmware.json`, `${PAGE}b.iap`], PAGE);
  const kept = await caches.open(`iap-firmware ${PAGE}`);
  expect([...kept.files.keys()]).toEqual([`${PAGE}firmware.json`, `${PAGE}b.iap`]);
  expect(await modes(`iap-firmware ${PAGE}`)).toEqual(['reload', 'reload']);
  expect(await modes('iap-firmware https://pumps.test/fan/')).toEqual(['reload']);
});
