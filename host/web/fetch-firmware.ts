// A manifest and its file, from the server.
import { printable } from '../base/text.js';
import { PageError, type PageFaultCode } from './fault.js';
import { readManifest, type UpdateManifest } from './manifest.js';

export interface FetchedFirmware {
  readonly bytes: Uint8Array;
  readonly name: string;
  readonly manifest: UpdateManifest;
  /** Of the manifest and of the file */
  readonly urls: readonly [string, string];
}

/**
 * @param address of the manifest, absolute or relative to the page
 * @throws PageError MANIFEST_…, FIRMWARE_UNREACHABLE
 */
export async function fetchFirmware(address: string): Promise<FetchedFirmware> {
  const url = new URL(address, document.baseURI);
  const response = await get(url, 'MANIFEST_UNREACHABLE');
  const manifest = readManifest(await response.text());
  const { file, name } = placeOf(manifest, url);
  const bytes = await (await get(file, 'FIRMWARE_UNREACHABLE')).arrayBuffer();
  return { bytes: new Uint8Array(bytes), name, manifest, urls: [url.href, file.href] };
}

function placeOf(
  manifest: UpdateManifest,
  url: URL,
): { readonly file: URL; readonly name: string } {
  try {
    const file = new URL(manifest.file, url);
    return { file, name: decodeURIComponent(file.pathname.split('/').at(-1) ?? '') };
  } catch {
    const found = printable(manifest.file).slice(0, 140);
    throw new PageError(
      'MANIFEST_WRONG',
      `"file" of the manifest is no address: ${found}; "%" and two hex digits are one byte, "%" itself is %25`,
      { key: 'file' },
    );
  }
}

async function get(url: URL, code: PageFaultCode): Promise<Response> {
  let why: string;
  try {
    const response = await fetch(url, { cache: 'no-cache' });
    if (response.ok) return response;
    why = `status ${response.status}`;
  } catch (error) {
    why = error instanceof Error ? error.message : String(error);
  }
  throw new PageError(code, `${url.href}: ${why}`);
}
