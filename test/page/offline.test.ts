// What a page keeps for use without a network: of one version, and beside other pages of the same server.
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type FakeCaches, PAGE, startBrowser } from './fake-browser.js';

type Take = (work: Promise<unknown>) => void;
type Listener = (event: {
  readonly request: object | undefined;
  readonly waitUntil: Take;
  readonly respondWith: Take;
}) => void;

let caches: FakeCaches;
let listeners: Map<string, Listener>;
/** What the service worker did besides, in this order */
let done: string[];

/** A browser that has nothing of it yet */
function begin(): void {
  caches = startBrowser();
  listeners = new Map();
  done = [];
  vi.resetModules();
}
afterEach(() => {
  vi.unstubAllGlobals();
});

/** Returns what became of it; undefined: nothing was waited for */
async function emit(type: string, request?: object): Promise<unknown> {
  let work: Promise<unknown> | undefined;
  const take = (promise: Promise<unknown>): void => {
    work = promise;
  };
  listeners.get(type)?.({ request, waitUntil: take, respondWith: take });
  return await work;
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
  vi.stubGlobal('clients', { claim: async () => done.push('claim') });
  vi.stubGlobal('skipWaiting', async () => done.push('skipWaiting'));
  vi.stubGlobal('location', { origin: new URL(PAGE).origin });
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
  begin();
  const others = ['iap-page https://pumps.test/ 0', 'iap-page https://pumps.test/two/more/ 0'];
  for (const name of others) await caches.open(name);
  await install('1');
  expect(done).toEqual(['skipWaiting', 'claim']);
  expect(await modes(`iap-page ${PAGE} 1`)).toEqual(['reload', 'reload']);
  await install('2');
  expect(await caches.keys()).toEqual([...others, `iap-page ${PAGE} 2`]);
});

test('firmware: past the cache of the browser, in place of its own last one alone', async () => {
  begin();
  const { keep } = await import('../../host/web/keep.js');
  await keep(['https://pumps.test/fan/firmware.json'], 'https://pumps.test/fan/index.html');
  await keep([`${PAGE}firmware.json`, `${PAGE}a.iap`], PAGE);
  await keep([`${PAGE}firmware.json`, `${PAGE}b.iap`], PAGE);
  const kept = await caches.open(`iap-firmware ${PAGE}`);
  expect([...kept.files.keys()]).toEqual([`${PAGE}firmware.json`, `${PAGE}b.iap`]);
  expect(await modes(`iap-firmware ${PAGE}`)).toEqual(['reload', 'reload']);
  expect(await modes('iap-firmware https://pumps.test/fan/')).toEqual(['reload']);
});

describe('what is asked for', () => {
  const get = { url: `${PAGE}page.js`, method: 'GET', mode: 'cors' };
  const begun = async (server: () => Promise<Response>): Promise<unknown[]> => {
    begin();
    await install('1');
    const matched: unknown[] = [];
    vi.stubGlobal('fetch', server);
    vi.stubGlobal('caches', {
      match: async (request: { readonly url: string }, options: object) => {
        matched.push([request.url, options]);
        return request.url.endsWith('.js') ? new Response('kept') : undefined;
      },
    });
    return matched;
  };
  const offline = (): Promise<Response> => Promise.reject(new TypeError('no network'));

  test('comes from the server', async () => {
    const matched = await begun(async () => new Response('new'));
    expect(await ((await emit('fetch', get)) as Response).text()).toBe('new');
    expect(matched).toEqual([]);
  });

  test('is what was kept where there is no network', async () => {
    const matched = await begun(offline);
    expect(await ((await emit('fetch', get)) as Response).text()).toBe('kept');
    expect(matched).toEqual([[get.url, { ignoreSearch: false }]]);
  });

  test('a page is the same whatever was asked of it, and fails where it was not kept', async () => {
    const matched = await begun(offline);
    const page = { ...get, url: `${PAGE}?lang=zh`, mode: 'navigate' };
    await expect(emit('fetch', page)).rejects.toThrow('no network');
    expect(matched).toEqual([[page.url, { ignoreSearch: true }]]);
  });

  test.each([
    ['another server', { ...get, url: 'https://other.test/page.js' }],
    ['what is sent', { ...get, method: 'POST' }],
  ])('not of %s: that is not its business', async (_, request) => {
    await begun(offline);
    expect(await emit('fetch', request)).toBeUndefined();
  });
});
