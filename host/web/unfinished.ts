// What is needed to go on with an update after its page was reloaded: which device at which port, and the firmware.

import { hexBytes } from '../base/text.js';
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

interface Kept extends Unfinished {
  /** Address of the file in the cache: each tab has its own */
  readonly file: string;
  /** Of the file */
  readonly sha256: string;
}

/** A tab keeps it over a reload, and other tabs do not see it. */
const KEY = 'iap-unfinished';
/** Where files are kept: a cache takes any bytes by an address */
const CACHE = 'iap-unfinished';
/** Tabs that were closed in mid-update leave their files. */
const MOST_FILES = 16;

export async function remember(unfinished: Unfinished, bytes: Uint8Array): Promise<void> {
  const file = kept()?.file ?? `./iap-unfinished-${crypto.randomUUID()}`;
  const cache = await caches.open(CACHE);
  await cache.put(file, new Response(new Blob([bytes.slice()])));
  const sha256 = await hashOf(bytes);
  sessionStorage.setItem(KEY, JSON.stringify({ ...unfinished, file, sha256 } satisfies Kept));
  for (const old of (await cache.keys()).slice(0, -MOST_FILES)) await cache.delete(old);
}

/** Without the file where the browser has not kept it as it was */
export async function recall(): Promise<{ unfinished: Unfinished; file?: Uint8Array } | undefined> {
  const unfinished = kept();
  if (!unfinished) return undefined;
  const response = await (await caches.open(CACHE)).match(unfinished.file);
  if (!response) return { unfinished };
  const file = new Uint8Array(await response.arrayBuffer());
  return (await hashOf(file)) === unfinished.sha256 ? { unfinished, file } : { unfinished };
}

export async function forget(): Promise<void> {
  const unfinished = kept();
  if (!unfinished) return;
  sessionStorage.removeItem(KEY);
  await (await caches.open(CACHE)).delete(unfinished.file);
}

function kept(): Kept | undefined {
  const text = sessionStorage.getItem(KEY);
  return text === null ? undefined : (JSON.parse(text) as Kept);
}

async function hashOf(bytes: Uint8Array): Promise<string> {
  return hexBytes(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes.slice())));
}
