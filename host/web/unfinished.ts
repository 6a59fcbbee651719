// What is needed to go on with an update after its page was reloaded: which device at which port, and the firmware.

import type { Port } from './flow.js';
import type { UpdateManifest } from './manifest.js';

export interface Unfinished {
  /** Unique id of the device, in hex digits */
  readonly only: string;
  readonly port: Extract<Port, { kind: 'serial' }>;
  readonly name: string;
  readonly base?: number | undefined;
  readonly manifest?: UpdateManifest | undefined;
}

/** A tab keeps it over a reload, and other tabs do not see it. */
const KEY = 'iap-unfinished';
/** Where the file is kept: a cache takes any bytes by an address */
const CACHE = 'iap-unfinished';
const FILE = './iap-unfinished-file';

export async function remember(unfinished: Unfinished, file: Uint8Array): Promise<void> {
  const cache = await caches.open(CACHE);
  await cache.put(FILE, new Response(new Blob([file.slice()])));
  sessionStorage.setItem(KEY, JSON.stringify(unfinished));
}

export async function recall(): Promise<{ unfinished: Unfinished; file?: Uint8Array } | undefined> {
  const text = sessionStorage.getItem(KEY);
  if (text === null) return undefined;
  const unfinished = JSON.parse(text) as Unfinished;
  const response = await (await caches.open(CACHE)).match(FILE);
  if (!response) return { unfinished };
  return { unfinished, file: new Uint8Array(await response.arrayBuffer()) };
}

export async function forget(): Promise<void> {
  if (sessionStorage.getItem(KEY) === null) return;
  sessionStorage.removeItem(KEY);
  await caches.delete(CACHE);
}
