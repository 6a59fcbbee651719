// What a tab keeps of an update over a reload, beside other tabs of the same page.
import { afterEach, expect, test, vi } from 'vitest';
import { forget, recall, remember } from '../../host/web/unfinished.js';
import { type FakeCaches, openTab, startBrowser } from './fake-browser.js';

const unfinished = {
  only: '01'.repeat(12),
  port: { kind: 'serial', id: { nth: 0 } },
  name: 'pump.iap',
} as const;
const first = Uint8Array.of(1, 2, 3);
const second = Uint8Array.of(4, 5, 6);
let caches: FakeCaches;

/** A browser that has kept nothing yet */
function begin(): void {
  caches = startBrowser();
}
afterEach(() => {
  vi.unstubAllGlobals();
});

const count = async (): Promise<number> =>
  (await (await caches.open('iap-unfinished')).keys()).length;

test('two tabs: each has its own file, and forgets its own', async () => {
  begin();
  const one = openTab();
  await remember(unfinished, first);
  openTab();
  await remember(unfinished, second);
  openTab(one);
  expect(await recall()).toMatchObject({ unfinished, file: first });
  await remember(unfinished, first);
  expect(await count()).toBe(2);
  await forget();
  expect(await recall()).toBeUndefined();
  expect(await count()).toBe(1);
});

test('a file that is not the one of this update is none', async () => {
  begin();
  await remember(unfinished, first);
  const cache = await caches.open('iap-unfinished');
  for (const { url } of await cache.keys()) await cache.put(url, new Response(second.slice()));
  const left = await recall();
  expect(left).toMatchObject({ unfinished });
  expect(left).not.toHaveProperty('file');
});

test('what closed tabs have left does not pile up', async () => {
  begin();
  for (let i = 0; i < 40; i++) {
    openTab();
    await remember(unfinished, first);
  }
  expect(await count()).toBe(16);
  expect(await recall()).toMatchObject({ file: first });
});

test('a browser that has lost the file: which update it was', async () => {
  begin();
  await remember(unfinished, first);
  caches.all.clear();
  expect(await recall()).toEqual({ unfinished: expect.objectContaining(unfinished) });
});

test('nothing is recalled, and nothing forgotten, where nothing was begun', async () => {
  begin();
  expect(await recall()).toBeUndefined();
  await forget();
  expect(caches.all.size).toBe(0);
});
