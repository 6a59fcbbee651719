// iap web, asked as a browser asks: the page, its policy, the manifest and the package; and the same as files.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sha256 } from '../../host/base/sha256.js';
import { hexBytes } from '../../host/base/text.js';
import { makePackage } from '../../host/pack/pack.js';
import { Iap, iap } from '../support/iap.js';
import { appImage } from '../support/images.js';

const folder = mkdtempSync(join(tmpdir(), 'iap-web-'));
afterAll(() => rmSync(folder, { recursive: true }));

const path = join(folder, 'pump 2.iap');
const file = makePackage(
  { base: undefined, bytes: appImage(5000) },
  {
    version: { major: 1, minor: 4, patch: 0, build: 0 },
    product: new TextEncoder().encode('PUMP-2'.padEnd(16, '\0')),
  },
);
writeFileSync(path, file);
const schema = JSON.parse(readFileSync('protocol/update-manifest.schema.json', 'utf8')) as object;
const validate = new Ajv({ strict: true, allowUnionTypes: true }).compile(schema);

interface Manifest {
  readonly file: string;
  readonly sha256: string;
  readonly notes: object;
}

describe('served', () => {
  let server: Iap;
  let url: string;
  beforeAll(async () => {
    server = new Iap([
      'web',
      path,
      '--port',
      '0',
      '--notes',
      'en=Quieter',
      '--notes',
      'zh=更安静',
      '--json',
    ]);
    url = String((await server.until('serving')).url);
  });

  test('the page with its manifest, under its policy', async () => {
    const response = await fetch(url);
    const text = await response.text();
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const [, policy = 'none'] = /Content-Security-Policy" content="([^"]+)"/.exec(text) ?? [];
    expect(response.headers.get('content-security-policy')).toBe(
      `${policy}; frame-ancestors 'none'`,
    );
    expect(policy).toContain("default-src 'none'; script-src 'self'");
    expect(policy).not.toContain('unsafe');
    expect(text).toContain('<iap-update manifest="firmware.json">');
    // Nothing in it that the policy forbids, and no address but relative ones
    expect(text).not.toMatch(/<script>|<style|style=|\son\w+=|(src|href)="(?!\.\/)/);
  });

  test('all that the page loads, as what it is', async () => {
    const types = {
      'page.js': 'text/javascript; charset=utf-8',
      'worker.js': 'text/javascript; charset=utf-8',
      'sw.js': 'text/javascript; charset=utf-8',
      'page.css': 'text/css; charset=utf-8',
      'icon.svg': 'image/svg+xml',
      'boot0.svg': 'image/svg+xml',
      'app.webmanifest': 'application/manifest+json',
      'firmware.json': 'application/json',
    };
    for (const [name, type] of Object.entries(types)) {
      const { status, headers } = await fetch(`${url}${name}`);
      expect([name, status, headers.get('content-type')]).toEqual([name, 200, type]);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    }
  });

  test('the manifest, and the package that it names', async () => {
    const manifest = (await (await fetch(`${url}firmware.json`)).json()) as Manifest;
    expect(validate(manifest)).toBe(true);
    expect(manifest.notes).toEqual({ en: 'Quieter', zh: '更安静' });
    const bytes = new Uint8Array(await (await fetch(new URL(manifest.file, url))).arrayBuffer());
    expect(bytes).toEqual(file);
    expect(hexBytes(sha256(bytes))).toBe(manifest.sha256);
  });

  test('nothing else, and to nobody else', async () => {
    for (const other of ['nothing', '..%2f..%2fpackage.json', '%zz', 'firmware.json/']) {
      expect((await fetch(`${url}${other}`)).status).toBe(404);
    }
    expect((await fetch(url, { method: 'POST' })).status).toBe(405);
    expect(await statusAs('evil.example')).toBe(403);
    expect(await statusAs('127.0.0.1')).toBe(200);
  });

  function statusAs(host: string): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      get(url.replace('localhost', '127.0.0.1'), { headers: { host } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).on('error', reject);
    });
  }

  test('until it is interrupted, which is no error', async () => {
    const { code, result } = await server.signal('SIGINT');
    expect(code).toBe(0);
    expect(result).toMatchObject({ ok: true, url, version: '1.4.0' });
    expect(Number(result?.requests)).toBeGreaterThan(10);
    await expect(fetch(url)).rejects.toThrow();
  });
});

test('without a package people choose a file', async () => {
  const server = new Iap(['web', '--port', '0', '--json']);
  const { url } = await server.until('serving');
  expect(await (await fetch(String(url))).text()).toContain('<iap-update><img');
  expect((await fetch(`${url}firmware.json`)).status).toBe(404);
  await server.signal('SIGTERM');
});

test('as files for any server', async () => {
  const site = join(folder, 'made', 'site');
  const { code, result } = await iap('web', path, '-o', site, '--name', 'en=Pump', '--json');
  expect(code).toBe(0);
  const names = readdirSync(site);
  expect(result).toMatchObject({ path: site, files: names.length, version: '1.4.0' });
  expect(names).toEqual(expect.arrayContaining(['index.html', 'element.js', 'pump 2.iap']));
  const manifest = JSON.parse(readFileSync(join(site, 'firmware.json'), 'utf8')) as Manifest;
  expect(validate(manifest)).toBe(true);
  expect(manifest.file).toBe('pump%202.iap');
  expect(new Uint8Array(readFileSync(join(site, 'pump 2.iap')))).toEqual(file);
});

describe('refused', () => {
  test('a port that is in use', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => {
      other.listen(0, '127.0.0.1', resolve);
    });
    const { port } = other.address() as AddressInfo;
    const { code, result } = await iap('web', '--port', String(port), '--json');
    expect(code).toBe(2);
    expect(result).toMatchObject({ code: 'USAGE', details: { port } });
    other.close();
  });

  test('what is no package', async () => {
    const plain = join(folder, 'plain.iap');
    writeFileSync(plain, appImage(5000));
    expect((await iap('web', plain, '--json')).result?.code).toBe('IMAGE_FORMAT');
    expect((await iap('web', join(folder, 'plain.bin'), '--json')).result?.code).toBe('USAGE');
    expect((await iap('web', join(folder, 'none.iap'), '--json')).result?.code).toBe(
      'IMAGE_UNREADABLE',
    );
  });

  test('texts without a language, or of nothing', async () => {
    expect((await iap('web', path, '--notes', 'Quieter', '--json')).result?.code).toBe('USAGE');
    expect((await iap('web', '--notes', 'en=Quieter', '--json')).result?.code).toBe('USAGE');
  });

  test('a folder that is a file', async () => {
    const { code, result } = await iap('web', path, '-o', path, '--json');
    expect([code, result?.code]).toEqual([2, 'FILE_UNWRITABLE']);
  });
});
