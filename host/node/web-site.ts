// The page of the package as files, with a firmware to install: to serve, or to put on any server.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { IapError } from '../base/errors.js';
import { readBytes } from './files.js';
import { packageRoot } from './package-root.js';

/** Content by path, relative to the page */
export type Site = ReadonlyMap<string, Uint8Array>;

const PAGE = 'index.html';
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
  if (!firmware) return site;
  site.set(PAGE, withManifest(site.get(PAGE) ?? new Uint8Array()));
  site.set(MANIFEST, utf8(`${JSON.stringify(firmware.manifest, null, 2)}\n`));
  site.set(firmware.name, firmware.file);
  return site;
}

function withManifest(page: Uint8Array): Uint8Array {
  const text = new TextDecoder().decode(page);
  if (!text.includes(ELEMENT)) throw new Error(`${PAGE} has no ${ELEMENT}`);
  return utf8(text.replace(ELEMENT, `<iap-update manifest="${MANIFEST}">`));
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** What the page itself says that it may do, for the header that says it too */
export function policyOf(site: Site): string {
  const text = new TextDecoder().decode(site.get(PAGE));
  const [, policy] = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(text) ?? [];
  if (policy === undefined) throw new Error(`${PAGE} has no content security policy`);
  return policy;
}
