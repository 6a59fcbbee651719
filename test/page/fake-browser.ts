// What of a browser the page needs besides its elements: storage, a cache, and a worker that answers when the test says so.
import { vi } from 'vitest';
import type { FromWorker, ToWorker } from '../../host/web/messages.js';

export const PAGE = 'https://pumps.test/two/';

class FakeCache {
  readonly files = new Map<string, { readonly mode: string; readonly bytes: ArrayBuffer }>();

  async put(url: string, response: Response): Promise<void> {
    const key = new URL(url, PAGE).href;
    this.files.delete(key);
    this.files.set(key, { mode: 'put', bytes: await response.arrayBuffer() });
  }
  async match(url: string): Promise<Response | undefined> {
    const file = this.files.get(new URL(url, PAGE).href);
    return file && new Response(file.bytes);
  }
  async addAll(requests: readonly (Request | string)[]): Promise<void> {
    for (const request of requests) {
      const [url, mode] =
        typeof request === 'string' ? [request, 'default'] : [request.url, request.cache];
      this.files.set(new URL(url, PAGE).href, { mode, bytes: new ArrayBuffer(0) });
    }
  }
  async keys(): Promise<{ url: string }[]> {
    return [...this.files.keys()].map((url) => ({ url }));
  }
  async delete(request: string | { readonly url: string }): Promise<boolean> {
    const url = typeof request === 'string' ? request : request.url;
    return this.files.delete(new URL(url, PAGE).href);
  }
}

export class FakeCaches {
  readonly all = new Map<string, FakeCache>();

  async open(name: string): Promise<FakeCache> {
    const cache = this.all.get(name) ?? new FakeCache();
    this.all.set(name, cache);
    return cache;
  }
  async keys(): Promise<string[]> {
    return [...this.all.keys()];
  }
  async delete(name: string): Promise<boolean> {
    return this.all.delete(name);
  }
}

/** What a tab has of its own. Becomes the one that the page sees. */
export function openTab(values = new Map<string, string>()): Map<string, string> {
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => values.set(key, value),
    removeItem: (key: string) => values.delete(key),
  });
  return values;
}

export class FakeWorker {
  static last: FakeWorker;
  readonly sent: ToWorker[] = [];
  onmessage: ((event: { readonly data: FromWorker }) => void) | undefined;

  constructor() {
    FakeWorker.last = this;
  }
  postMessage(message: ToWorker): void {
    this.sent.push(message);
  }
  answer(message: FromWorker): void {
    this.onmessage?.({ data: message });
  }
  terminate(): void {}
}

/** @returns its caches, which all tabs share */
export function startBrowser(): FakeCaches {
  const caches = new FakeCaches();
  vi.stubGlobal('caches', caches);
  vi.stubGlobal('Worker', FakeWorker);
  vi.stubGlobal('navigator', {});
  vi.stubGlobal('document', { baseURI: PAGE, addEventListener() {}, removeEventListener() {} });
  vi.stubGlobal('window', { addEventListener() {}, removeEventListener() {} });
  openTab();
  return caches;
}
