// docs/signing.md does what it says: its blocks of commands, run one after the other as they stand there.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeIntelHex } from '../../host/image/intel-hex.js';
import { readPublicKey, verifySignature } from '../../host/node/key-file.js';
import { isSignedBy } from '../../host/signing/header.js';
import { MAIN } from '../support/cli.js';
import { appImage } from '../support/images.js';

test('docs/signing.md', { timeout: 300_000 }, async () => {
  const page = readFileSync('docs/signing.md', 'utf8');
  const blocks = [...page.matchAll(/^( *)```sh\n(.*?)^ *```$/gms)].map(
    ([, indent = '', block = '']) => block.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  );
  expect(blocks.length).toBeGreaterThanOrEqual(8);
  const folder = mkdtempSync(join(tmpdir(), 'iap-docs-'));
  try {
    const app = join(folder, 'app.hex');
    writeFileSync(app, writeIntelHex([{ address: 0x0800_8000, bytes: appImage(2000) }]));
    utimesSync(app, 0, 0);
    const iap = `iap() { '${process.execPath}' '${MAIN}' "$@"; }`;
    const ran = spawnSync('bash', ['-c', `set -euo pipefail\n${iap}\n${blocks.join('\n')}`], {
      cwd: folder,
      env: { ...process.env, IAP_PASSPHRASE: 'correct horse' },
      encoding: 'utf8',
    });
    expect(ran.status, ran.stderr).toBe(0);
    // Each of the packages that are left is signed by the key that the page says.
    for (const [file, key] of [
      ['app.iap', 'release'],
      ['revoke.iap', 'root'],
      ['next.iap', 'release-2'],
    ]) {
      const header = readFileSync(join(folder, `${file}`)).subarray(0, 256);
      const { point } = await readPublicKey(join(folder, `${key}.pub`));
      expect(await isSignedBy(new Uint8Array(header), point, verifySignature), file).toBe(true);
      expect(header[124]).toBe(file === 'app.iap' ? 0xff : 0xfd);
    }
    // The digest is what openssl would make of the same bytes.
    const digest = spawnSync('bash', [
      '-c',
      `head -c 192 '${folder}/app.iap' | openssl dgst -sha256 -binary | cmp - '${folder}/app.digest'`,
    ]);
    expect(digest.status).toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
