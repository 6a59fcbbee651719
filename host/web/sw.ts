// The page without a network: what was loaded last. With one everything is asked of the server first, so a page is never old for long.

/** The page's own files, and a hash of them all: scripts/web.mjs puts both here; "iap web" changes the hash with the page. */
declare const FILES: readonly string[];
declare const HASH: string;

interface ExtendableEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface FetchEvent extends Event {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}
const scope = globalThis as unknown as {
  skipWaiting(): Promise<void>;
  readonly registration: { readonly scope: string };
  readonly clients: { claim(): Promise<void> };
  addEventListener(type: 'install' | 'activate', listener: (event: ExtendableEvent) => void): void;
  addEventListener(type: 'fetch', listener: (event: FetchEvent) => void): void;
};

/** Others of the same server keep their own. */
const OWN = `iap-page ${scope.registration.scope} `;
const PAGE = OWN + HASH;

scope.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(PAGE)
      // Past the browser's own cache, which may have some of them of another version
      .then((cache) => cache.addAll(FILES.map((file) => new Request(file, { cache: 'reload' }))))
      .then(() => scope.skipWaiting()),
  );
});

scope.addEventListener('activate', (event) => {
  event.waitUntil(forgetOld().then(() => scope.clients.claim()));
});

scope.addEventListener('fetch', (event) => {
  const { request } = event;
  const own = new URL(request.url).origin === location.origin;
  if (own && request.method === 'GET') event.respondWith(fromServer(request));
});

async function forgetOld(): Promise<void> {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(OWN) && name !== PAGE);
  await Promise.all(old.map((name) => caches.delete(name)));
}

async function fromServer(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    const kept = await caches.match(request, { ignoreSearch: request.mode === 'navigate' });
    if (kept) return kept;
    throw error;
  }
}
