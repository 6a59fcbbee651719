// A manifest and its file, from a server.
import { afterEach, expect, test, vi } from 'vitest';
import { faultOf } from '../../host/web/fault.js';
import { fetchFirmware } from '../../host/web/fetch-firmware.js';
import { PAGE, startBrowser } from './fake-browser.js';

const manifest = {
  format: 1,
  version: '1.4.0',
  hardware: [0, 65535],
  size: 3,
  sha256: 'ab'.repeat(32),
};

afterEach(() => {
  vi.unstubAllGlobals();
});

function serve(file: string): void {
  startBrowser();
  vi.stubGlobal('fetch', async ({ href }: URL) =>
    href.endsWith('.json')
      ? new Response(JSON.stringify({ ...manifest, file }))
      : new Response(Uint8Array.of(1, 2, 3)),
  );
}

test('the file is beside the manifest, and named as people named it', async () => {
  serve('pump%202%25.iap');
  const fetched = await fetchFirmware('files/firmware.json');
  expect(fetched).toMatchObject({
    bytes: Uint8Array.of(1, 2, 3),
    manifest: { version: '1.4.0' },
    name: 'pump 2%.iap',
    urls: [`${PAGE}files/firmware.json`, `${PAGE}files/pump%202%25.iap`],
  });
});

test.each(['pump%.iap', '100%25/%zz', 'http://['])('%j is no address', async (file) => {
  serve(file);
  const fault = await fetchFirmware('firmware.json').then(() => undefined, faultOf);
  expect(fault).toMatchObject({ code: 'MANIFEST_WRONG', details: { key: 'file' } });
});

test.each([
  ['firmware.json', 'MANIFEST_UNREACHABLE', `${PAGE}firmware.json: status 404`],
  ['a.iap', 'FIRMWARE_UNREACHABLE', `${PAGE}a.iap: status 404`],
])('%s is not on the server', async (missing, code, message) => {
  serve('a.iap');
  const server = fetch;
  const asked: unknown[] = [];
  vi.stubGlobal('fetch', async (url: URL, options: RequestInit) => {
    asked.push(options);
    return url.href.endsWith(missing) ? new Response('', { status: 404 }) : server(url);
  });
  const fault = await fetchFirmware('firmware.json').then(() => undefined, faultOf);
  expect(fault).toEqual({ code, message, details: {} });
  // Asked of the server each time: manifest and file belong together.
  expect(new Set(asked.map((options) => JSON.stringify(options)))).toEqual(
    new Set(['{"cache":"no-cache"}']),
  );
});

test.each([
  [new TypeError('Failed to fetch'), 'Failed to fetch'],
  ['odd', 'odd'],
])('there is no server: %s', async (error, why) => {
  startBrowser();
  vi.stubGlobal('fetch', () => Promise.reject(error));
  const fault = await fetchFirmware('firmware.json').then(() => undefined, faultOf);
  expect(fault).toMatchObject({
    code: 'MANIFEST_UNREACHABLE',
    message: `${PAGE}firmware.json: ${why}`,
  });
});
