// A manifest and its file, from a server.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
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

beforeEach(() => {
  startBrowser();
});
afterEach(() => {
  vi.unstubAllGlobals();
});

function serve(file: string): void {
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
    name: 'pump 2%.iap',
    urls: [`${PAGE}files/firmware.json`, `${PAGE}files/pump%202%25.iap`],
  });
});

test.each(['pump%.iap', '100%25/%zz', 'http://['])('%j is no address', async (file) => {
  serve(file);
  const fault = await fetchFirmware('firmware.json').then(() => undefined, faultOf);
  expect(fault).toMatchObject({ code: 'MANIFEST_WRONG', details: { key: 'file' } });
});
