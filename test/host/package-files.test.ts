// The files of this package, wherever it is: boards, parts and the page.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { boardNames, loadBoard, loadPart, partNames } from '../../host/node/board-file.js';
import { cacheFolder } from '../../host/node/cache-folder.js';
import { packageRoot, packageVersion } from '../../host/node/package-root.js';
import { policyOf, webSite } from '../../host/node/web-site.js';
import { utf8 } from '../support/text-bytes.js';

const root = vi.hoisted(() => ({ path: undefined as string | undefined }));
vi.mock('../../host/node/package-root.js', async (original) => {
  const real = await original<typeof import('../../host/node/package-root.js')>();
  return { ...real, packageRoot: () => root.path ?? real.packageRoot() };
});

/** A package with these files in its page */
function packageWith(files: Readonly<Record<string, string>>): void {
  const folder = mkdtempSync(join(tmpdir(), 'iap-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const web = join(folder, 'dist', 'web');
  mkdirSync(web, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(web, name), text);
  root.path = folder;
}

const POLICY = "default-src 'self'; img-src data:";
const PAGE = `<meta http-equiv="Content-Security-Policy" content="${POLICY}"><iap-update></iap-update>`;
const WORKER = `const e="0123456789abcdef";`;

test('the page is all files that were built, by their names in order', async () => {
  packageWith({ 'z.js': '1', 'index.html': PAGE, 'sw.js': WORKER });
  const site = await webSite();
  root.path = undefined;
  expect([...site]).toEqual([
    ['index.html', utf8(PAGE)],
    ['sw.js', utf8(WORKER)],
    ['z.js', utf8('1')],
  ]);
  expect(policyOf(site)).toBe(POLICY);
});

test('with a firmware it has that, and its manifest', async () => {
  packageWith({ 'index.html': PAGE, 'sw.js': WORKER });
  const manifest = { format: 1, name: 'Pump' };
  const site = await webSite({ file: Uint8Array.of(7), name: 'pump.iap', manifest });
  root.path = undefined;
  expect([...site.keys()]).toEqual(['index.html', 'sw.js', 'firmware.json', 'pump.iap']);
  expect(site.get('pump.iap')).toEqual(Uint8Array.of(7));
  expect(site.get('firmware.json')).toEqual(utf8('{\n  "format": 1,\n  "name": "Pump"\n}\n'));
});

test.each([{}, { 'page.js': '1' }])('a page that is not built, of %j, is told', async (files) => {
  packageWith(files);
  const folder = join(root.path ?? '', 'dist', 'web');
  const built = webSite();
  await expect(built).rejects.toMatchObject({
    code: 'FILE_UNREADABLE',
    message: `the page is not in ${folder}`,
    hint: expect.stringContaining('npm run build'),
  });
  rmSync(folder, { recursive: true });
  await expect(webSite()).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  root.path = undefined;
});

test('each board and part that there is a file for can be loaded', async () => {
  expect(boardNames()).toContain('stm32f103xb');
  expect(boardNames()).toEqual(boardNames().toSorted());
  expect(partNames()).toEqual(partNames().toSorted());
  expect([...boardNames(), ...partNames()].join()).not.toContain('.json');
  const board = await loadBoard('stm32f103xb');
  expect(board).toMatchObject({ part: { name: board.part.name } });
  expect(await loadPart(board.part.name)).toEqual(board.part);
});

test.each([
  ['board', () => loadBoard('absent')],
  ['part', () => loadPart('../parts/stm32f103xb')],
] as const)('there is no other %s', async (what, load) => {
  await expect(load()).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringMatching(new RegExp(`^there is no ${what} ".*"; there are \\w+, `)),
    hint: `copy a file in bootloader-c/${what}s/ for a ${what} of your own`,
  });
});

test('it is where its package.json is, which has its version', () => {
  expect(existsSync(join(packageRoot(), 'package.json'))).toBe(true);
  expect(packageVersion()).toMatch(/^\d+\.\d+\.\d+/);
});

const home = homedir();
test.each([
  ['win32', {}, join(home, 'AppData', 'Local', 'iap', 'cache')],
  ['win32', { LOCALAPPDATA: 'L' }, join('L', 'iap', 'cache')],
  ['darwin', { XDG_CACHE_HOME: '/x' }, join(home, 'Library', 'Caches', 'iap')],
  ['linux', {}, join(home, '.cache', 'iap')],
  ['linux', { XDG_CACHE_HOME: '' }, join(home, '.cache', 'iap')],
  ['freebsd', { XDG_CACHE_HOME: '/x', LOCALAPPDATA: 'L' }, join('/x', 'iap')],
  ['win32', { IAP_CACHE_DIR: '/here', LOCALAPPDATA: 'L' }, '/here'],
  ['darwin', { IAP_CACHE_DIR: '' }, undefined],
])('what can be made anew, on %s with %j', (platform, env, folder) => {
  expect(cacheFolder(env, platform)).toBe(folder);
});
