// The page of the package as files, with a firmware to install: to serve, or to put on any server.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { IapError } from '../base/errors.js';
import { sha256 } from '../base/sha256.js';
import { hexBytes } from '../base/text.js';
import { readBytes } from './files.js';
import { packageRoot } from './package-root.js';

/** Content by path, relative to the page */
export type Site = ReadonlyMap<string, Uint8Array>;

const PAGE = 'index.html';
const WORKER = 'sw.js';
const MANIFEST = 'firmware.json';
const ELEMENT = '<iap-update>';

/** What the page offers */
export interface OfferedFirmware {
  readonly file: Uint8Array;
  /** Of the file, as browsers see it */
  readonly name: string;
  /** The manifest as it is served */
  readonly manifest: object;
}

/** @throws IapError FILE_UNREADABLE where the page is not built */
export async function webSite(firmware?: OfferedFirmware): Promise<Site> {
  const folder = join(packageRoot(), 'dist', 'web');
  const names: string[] = await readdir(folder).catch(() => []);
  if (!names.includes(PAGE)) {
    throw new IapError('FILE_UNREADABLE', `the page is not in ${folder}`, {
      hint: 'in a checkout "npm run build" makes it',
    });
  }
  const site = new Map<string, Uint8Array>();
  for (const name of names.sort()) site.set(name, await readBytes(join(folder, name), 'page'));
  return firmware ? offering(site, firmware) : site;
}

/** @param page the files of the page that offers nothing */
export function offering(page: Site, { file, name, manifest }: OfferedFirmware): Site {
  const html = withManifest(textOf(page, PAGE));
  return new Map([
    ...page,
    [PAGE, utf8(html)],
    [WORKER, utf8(withPage(textOf(page, WORKER), html))],
    [MANIFEST, utf8(`${JSON.stringify(manifest, null, 2)}\n`)],
    [name, file],
  ]);
}

function withManifest(page: string): string {
  if (!page.includes(ELEMENT)) throw new Error(`${PAGE} has no ${ELEMENT}`);
  return page.replace(ELEMENT, `<iap-update manifest="${MANIFEST}">`);
}

/** Browsers look for new files where its hash is another. */
function withPage(worker: string, page: string): string {
  const [hash] = /\b[0-9a-f]{16}\b/.exec(worker) ?? [];
  if (hash === undefined) throw new Error(`${WORKER} has no hash`);
  return worker.replace(hash, hexBytes(sha256(utf8(hash + page))).slice(0, hash.length));
}

function textOf(site: Site, name: string): string {
  return new TextDecoder().decode(site.get(name));
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** What the page itself says that it may do, for the header that says it too */
export function policyOf(site: Site): string {
  const [, policy] =
    /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(textOf(site, PAGE)) ?? [];
  if (policy === undefined) throw new Error(`${PAGE} has no content security policy`);
  return policy;
}
