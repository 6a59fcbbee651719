// The page as files, with the firmware that it offers.
import { expect, test } from 'vitest';
import { offering, type Site } from '../../host/node/web-site.js';
import { utf8 } from '../support/text-bytes.js';

const text = (site: Site, name: string): string => new TextDecoder().decode(site.get(name));
const HASH = '0123456789abcdef';
const files = (html: string): Site =>
  new Map([
    ['index.html', utf8(html)],
    ['sw.js', utf8(`const e=\`iap-page \`+\`${HASH}\`;`)],
  ]);
const offered = { file: Uint8Array.of(1), name: 'pump.iap', manifest: { format: 1 } };

test('the hash in the service worker is of the page as it is served', () => {
  const page = files('<iap-update></iap-update>');
  const site = offering(page, offered);
  expect(text(site, 'index.html')).toBe('<iap-update manifest="firmware.json"></iap-update>');
  expect(text(site, 'sw.js')).toMatch(/`iap-page `\+`[0-9a-f]{16}`;$/);
  expect(text(site, 'sw.js')).not.toContain(HASH);
  expect(text(offering(page, offered), 'sw.js')).toBe(text(site, 'sw.js'));
  const other = offering(files('<iap-update></iap-update><p>'), offered);
  expect(text(other, 'sw.js')).not.toBe(text(site, 'sw.js'));
  expect(text(page, 'sw.js')).toContain(HASH);
});

test('a page that is not as it was built is not served', () => {
  expect(() => offering(files('<p>'), offered)).toThrow('index.html has no');
  const without = new Map([...files('<iap-update>'), ['sw.js', utf8('')] as const]);
  expect(() => offering(without, offered)).toThrow('sw.js has no hash');
});
