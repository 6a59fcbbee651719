// What the page has besides the element: a title, what it keeps for use without a network, and its service worker.
import { afterEach, expect, test, vi } from 'vitest';
import { window } from './dom.js';
import { type FakeCaches, PAGE, settled, startBrowser } from './fake-browser.js';

const { document } = window;
vi.mock('../../host/web/element.js', () => ({}));

let caches: FakeCaches;
let pages = 0;

afterEach(() => {
  document.body.replaceChildren();
  vi.unstubAllGlobals();
});

interface Opened {
  readonly element: Element;
  /** Puts it into the element's heading */
  readonly name: (title: string, lang: string) => void;
  readonly emit: (type: string, detail?: object) => void;
}

/** The page around an element; whether it is one that is there says the test. */
async function open(navigator: object = {}, withElement = true): Promise<Opened> {
  caches = startBrowser();
  document.title = 'static';
  document.documentElement.lang = 'en';
  const element = document.createElement('iap-update');
  const heading = document.createElement('h1');
  element.attachShadow({ mode: 'open' }).append(heading);
  const name = (title: string, lang: string): void => {
    heading.textContent = title;
    element.lang = lang;
  };
  name('Firmware update', 'en');
  if (withElement) document.body.append(element);
  vi.stubGlobal('document', document);
  vi.stubGlobal('navigator', navigator);
  // Node.js has no addresses that are relative to a page, and refuses a mode of the cache that a page may ask for.
  vi.stubGlobal('Request', FakeRequest);
  // The page alone begins anew: its element can be defined once.
  const another = `../../host/web/page.js?${++pages}`;
  await import(another);
  return {
    element: element as unknown as Element,
    name,
    emit: (type, detail = {}) => element.dispatchEvent(new window.CustomEvent(type, { detail })),
  };
}

class FakeRequest {
  readonly url: string;
  readonly cache: string;
  constructor(url: string, { cache }: { readonly cache: string }) {
    this.url = url;
    this.cache = cache;
  }
}

test('its title and its language are those of the element', async () => {
  const { name, emit } = await open();
  expect([document.title, document.documentElement.lang]).toEqual(['Firmware update', 'en']);
  name('固件升级', 'zh-CN');
  emit('iap-language');
  expect([document.title, document.documentElement.lang]).toEqual(['固件升级', 'zh-CN']);
});

test('an element that has no title yet: as it was served', async () => {
  const { name, emit } = await open();
  name('', 'de');
  emit('iap-language');
  expect([document.title, document.documentElement.lang]).toEqual(['Firmware update', 'de']);
});

test('a page without the element is as it was served', async () => {
  const register = vi.fn(() => Promise.resolve());
  await open({ serviceWorker: { register } }, false);
  expect(document.title).toBe('static');
  expect(register).toHaveBeenCalledOnce();
});

test('what was loaded is kept', async () => {
  const { emit } = await open();
  emit('iap-loaded', { urls: [`${PAGE}firmware.json`, `${PAGE}a.iap`] });
  await settled();
  const kept = await caches.open(`iap-firmware ${PAGE}`);
  expect([...kept.files.keys()]).toEqual([`${PAGE}firmware.json`, `${PAGE}a.iap`]);
});

test('a browser without room for it needs a network', async () => {
  const { emit } = await open();
  const full = vi.fn(() => Promise.reject(new DOMException('full', 'QuotaExceededError')));
  vi.stubGlobal('caches', { open: full });
  emit('iap-loaded', { urls: [] });
  await settled();
  expect(full).toHaveBeenCalledOnce();
});

test('its service worker is beside it; a page that is not secure has none', async () => {
  const register = vi.fn(() => Promise.reject(new DOMException('insecure', 'SecurityError')));
  await open({ serviceWorker: { register } });
  await settled();
  expect(register.mock.calls).toEqual([['./sw.js']]);
});
