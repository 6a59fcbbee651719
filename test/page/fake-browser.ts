// What of a browser the page needs besides its elements: storage, a cache, serial ports, and a worker that answers when the test says so.
import { vi } from 'vitest';
import type { FromWorker, ToWorker } from '../../host/web/messages.js';
import type { NamedPort, WebPortInfo } from '../../host/web/ports.js';
import { startBytes } from './fake-bytes.js';

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
  terminated = false;
  onmessage: ((event: { readonly data: FromWorker }) => void) | undefined;
  onerror: (() => void) | undefined;
  readonly url: URL;
  readonly options: object;

  constructor(url: URL, options: object) {
    FakeWorker.last = this;
    this.url = url;
    this.options = options;
  }
  postMessage(message: ToWorker): void {
    this.sent.push(message);
  }
  answer(message: FromWorker): void {
    this.onmessage?.({ data: message });
  }
  terminate(): void {
    this.terminated = true;
  }
}

/** navigator.serial; ports are granted, and told from each other by what they are */
export class FakeSerial {
  ports: NamedPort[] = [];
  /** Why getPorts() fails */
  refuses: Error | undefined;
  /** What the user chooses, or does not */
  choice: NamedPort | Error | undefined;
  /** What requestPort() was asked for */
  readonly asked: unknown[] = [];
  readonly #listeners = new Map<string, Set<(event: { readonly target: NamedPort }) => void>>();

  async getPorts(): Promise<NamedPort[]> {
    if (this.refuses) throw this.refuses;
    return [...this.ports];
  }
  async requestPort(options: unknown): Promise<NamedPort> {
    this.asked.push(options);
    if (this.choice instanceof Error || this.choice === undefined) throw this.choice;
    return this.choice;
  }
  addEventListener(type: string, listener: (event: { readonly target: NamedPort }) => void): void {
    this.#listeners.set(type, (this.#listeners.get(type) ?? new Set()).add(listener));
  }
  removeEventListener(type: string, listener: () => void): void {
    this.#listeners.get(type)?.delete(listener);
  }
  get listeners(): number {
    return [...this.#listeners.values()].reduce((sum, { size }) => sum + size, 0);
  }
  plug(port: NamedPort): void {
    this.ports.push(port);
    for (const listener of this.#listeners.get('connect') ?? []) listener({ target: port });
  }
  unplug(port: NamedPort): void {
    this.ports = this.ports.filter((other) => other !== port);
    for (const listener of this.#listeners.get('disconnect') ?? []) listener({ target: port });
  }
}

export function fakePort(info: WebPortInfo = {}): NamedPort {
  return { getInfo: () => info };
}

/** All is done that waits for nothing but its turn. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve);
  });
}

/**
 * @param serial its serial ports; undefined: it has none
 * @returns its caches, which all tabs share
 */
export function startBrowser(serial?: FakeSerial): FakeCaches {
  const caches = new FakeCaches();
  startBytes();
  vi.stubGlobal('caches', caches);
  vi.stubGlobal('Worker', FakeWorker);
  vi.stubGlobal('navigator', { serial });
  vi.stubGlobal('document', { baseURI: PAGE, addEventListener() {}, removeEventListener() {} });
  vi.stubGlobal('window', { addEventListener() {}, removeEventListener() {} });
  openTab();
  return caches;
}
