// The firmware of the newest manifest, with the manifest, for a page without a network; the page itself is the service worker's.

/**
 * In place of what was kept before.
 * @param urls absolute
 * @param page where this page is: others of the same server keep their own
 */
export async function keep(urls: readonly string[], page: string): Promise<void> {
  const cache = await caches.open(`iap-firmware ${new URL('./', page).href}`);
  // Asked of the server again: manifest and file, of the same version
  await cache.addAll(urls.map((url) => new Request(url, { cache: 'reload' })));
  for (const { url } of await cache.keys()) {
    if (!urls.includes(url)) await cache.delete(url);
  }
}
