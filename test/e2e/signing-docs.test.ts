// docs/signing.md does what it says: its blocks of commands, run one after the other as they stand there, and their packages flashed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildIdentity } from '../../host/factory/identity.js';
import { readPublicKey, verifySignature } from '../../host/node/key-file.js';
import { parseProduct } from '../../host/pack/description.js';
import { placesBelow } from '../../host/record/places.js';
import { isSignedBy } from '../../host/signing/header.js';
import { buildKeyBlock } from '../../host/signing/key-block.js';
import { APP_BASE, BOOTLOADER_BASE, KeyRole } from '../../protocol/index.js';
import { type Board, built } from '../support/board.js';
import { MAIN } from '../support/cli.js';
import { expectDone, flash, powerUp, tempDir } from './bench.js';

const PAGE = 'docs/signing.md';
const BLOCK = /^( *)```sh( token)?\n(.*?)^ *```$/gms;
/** Blocks "sh token" need SoftHSM, which every machine has that scripts/setup has set up. */
const HAS_TOKEN = existsSync('/usr/lib/softhsm/libsofthsm2.so');

test(PAGE, async () => {
  const dir = tempDir();
  const at = (name: string): string => join(dir.path, name);
  dir.write('app.hex', readFileSync(built('build', 'stm32f103xb', 'demo-v1.hex')));
  mkdirSync(at('tokens'));
  const config = `directories.tokendir = ${at('tokens')}\nobjectstore.backend = file\n`;
  const blocks = [...readFileSync(PAGE, 'utf8').matchAll(BLOCK)]
    .filter(([, , token]) => token === undefined || HAS_TOKEN)
    .map(([, indent = '', , block = '']) => block.replaceAll(new RegExp(`^${indent}`, 'gm'), ''));
  expect(blocks.length).toBeGreaterThanOrEqual(9);
  const iap = `iap() { '${process.execPath}' '${MAIN}' "$@"; }`;
  const ran = spawnSync('bash', ['-c', `set -euo pipefail\n${iap}\n${blocks.join('\n')}`], {
    cwd: dir.path,
    env: {
      ...process.env,
      IAP_PASSPHRASE: 'correct horse',
      SOFTHSM2_CONF: dir.write('softhsm2.conf', config),
    },
    encoding: 'utf8',
  });
  expect(ran.status, ran.stderr).toBe(0);
  // The digest is what openssl would make of the same bytes.
  const digest = spawnSync('bash', [
    '-c',
    `head -c 192 '${at('app.iap')}' | openssl dgst -sha256 -binary | cmp - '${at('app.digest')}'`,
  ]);
  expect(digest.status).toBe(0);

  const { point } = await readPublicKey(at('release.pub'));
  expect(new Uint8Array(dir.read('release.point'))).toEqual(point);

  // Each of the packages that are left is signed by the key that the page says, and a unit with these keys takes it.
  const packages: [file: string, key: string][] = [
    ['app.iap', 'release'],
    ['own-signed.iap', 'release'],
    ['revoke.iap', 'root'],
    ['next.iap', 'release-2'],
  ];
  const board = await unit(['root', 'release', 'release-2'].map((key) => at(`${key}.pub`)));
  for (const [file, key] of packages) {
    const header = dir.read(file).subarray(0, 256);
    const { point } = await readPublicKey(at(`${key}.pub`));
    expect(await isSignedBy(header, point, verifySignature), file).toBe(true);
    expect(header[124]).toBe(key === 'release' ? 0xff : 0xfd);
    expectDone(await flash(board, at(file)));
  }
  expect(await flash(board, at('app.iap'))).toMatchObject({
    code: 3,
    result: { details: { finding: 'revoked-key' } },
  });
  if (!HAS_TOKEN) return;
  const token = await unit([at('root.pub'), at('token.pub')]);
  expectDone(await flash(token, at('token.iap')));
});

/** A new unit with these public keys, the first of them root */
async function unit(paths: readonly string[]): Promise<Board> {
  const { identity, keys } = placesBelow(APP_BASE);
  const points = await Promise.all(paths.map(async (path) => (await readPublicKey(path)).point));
  const block = buildKeyBlock(
    points.map((point, id) => ({ role: id === 0 ? KeyRole.ROOT : KeyRole.RELEASE, point })),
  );
  const bootloader = readFileSync(built('build', 'stm32f103xb', 'bootloader-signed.bin'));
  return powerUp('stm32f103xb', {
    load: new Map([
      [BOOTLOADER_BASE, new Uint8Array(bootloader)],
      [keys, block],
      [identity, buildIdentity({ product: parseProduct('PUMP-2') })],
    ]),
    // The application answers from its reception interrupt, and may miss what a host says meanwhile.
    allowed: ['overruns'],
  });
}
