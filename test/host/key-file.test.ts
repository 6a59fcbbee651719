// Keys in PEM files, as the library reads and writes them; "iap keys" is in keys.test.ts.
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  readKeyFile,
  readPublicKey,
  readSigningKey,
  verifySignature,
  writeKeyPair,
  writePublicKey,
} from '../../host/node/key-file.js';
import { readSecret } from '../../host/node/secret-file.js';
import { newFolder } from '../support/new-folder.js';

const PASSPHRASE = 'Zwölf Boxkämpfer jagen';
const MESSAGE = Uint8Array.of(1, 2, 3);
const posix = process.platform !== 'win32';
const never = (): Promise<string> => Promise.reject(new Error('nobody was to be asked'));
const typed = (): Promise<string> => Promise.resolve(PASSPHRASE);

function newPaths(): { readonly private: string; readonly public: string } {
  const folder = newFolder();
  return { private: join(folder, 'k.pem'), public: join(folder, 'k.pub') };
}

function file(content: string | Uint8Array, mode = 0o600): string {
  const path = join(newFolder(), 'file');
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

test.each([
  [false, undefined],
  [true, undefined],
  [false, PASSPHRASE],
  [true, PASSPHRASE],
])('a pair, for development: %s, with passphrase %s', async (development, passphrase) => {
  const paths = newPaths();
  const made = await writeKeyPair(paths, development, passphrase);
  expect(made).toMatchObject({ development, point: { length: 64 } });
  const ask = passphrase === undefined ? never : typed;
  const encrypted = passphrase !== undefined;
  expect(await readPublicKey(paths.public)).toEqual(made);
  expect(await readKeyFile(paths.public, never)).toEqual({
    kind: 'public',
    encrypted: false,
    publicKey: made,
  });
  expect(await readKeyFile(paths.private, ask)).toEqual({
    kind: 'private',
    encrypted,
    publicKey: made,
  });
  const signer = await readSigningKey(paths.private, ask);
  expect(signer.publicKey).toEqual(made);
  const signature = signer.sign(MESSAGE);
  expect(signature).toHaveLength(64);
  expect(verifySignature(MESSAGE, signature, made.point)).toBe(true);
  expect(verifySignature(Uint8Array.of(1), signature, made.point)).toBe(false);
  const key = createPublicKey(readFileSync(paths.public, 'utf8'));
  expect(verify('sha256', MESSAGE, { key, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true);
  const pem = readFileSync(paths.private, 'utf8');
  expect(pem.startsWith('Development key')).toBe(development);
  expect(pem.includes('ENCRYPTED')).toBe(encrypted);
  if (posix) {
    expect(statSync(paths.private).mode & 0o777).toBe(0o600);
    expect(statSync(paths.public).mode & 0o444).toBe(0o444);
  }
});

test('a pair whose private half can not be written leaves none', async () => {
  const paths = newPaths();
  writeFileSync(paths.private, 'precious');
  await expect(writeKeyPair(paths, false, undefined)).rejects.toMatchObject({
    code: 'FILE_UNWRITABLE',
    details: { path: paths.private },
  });
  expect(existsSync(paths.public)).toBe(false);
  expect(readFileSync(paths.private, 'utf8')).toBe('precious');
});

test('a point that is none of the curve is neither written nor used', async () => {
  const { public: path } = newPaths();
  const wrong = { code: 'KEY_WRONG', details: { problem: 'format' }, cause: expect.any(Error) };
  const point = new Uint8Array(64).fill(1);
  await expect(writePublicKey(path, { point, development: false })).rejects.toMatchObject(wrong);
  expect(existsSync(path)).toBe(false);
  expect(() => verifySignature(MESSAGE, new Uint8Array(64), point)).toThrow(
    expect.objectContaining({ code: 'KEY_WRONG' }) as Error,
  );
});

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = String(privateKey.export({ format: 'pem', type: 'pkcs8' }));
const sec1 = String(privateKey.export({ format: 'pem', type: 'sec1' }));
const spki = String(publicKey.export({ format: 'pem', type: 'spki' }));
const PARAMETERS = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';

test('parameters before a key say nothing that it does not, and are passed by', async () => {
  const { publicKey: found } = await readSigningKey(file(PARAMETERS + pem), never);
  expect(found.development).toBe(false);
});

test.each<[string, string | Uint8Array, string, string]>([
  ['an empty file', '', 'is empty', 'another copy'],
  ['parameters alone', PARAMETERS, 'no key in PEM form', '-----BEGIN PRIVATE KEY-----'],
  ['two keys', pem + spki, 'there are 2 keys', 'a file of its own'],
  ['two keys and parameters', PARAMETERS + pem + spki, 'there are 2 keys', 'a file of its own'],
  ['a key in DER', der(5), 'it is in DER', 'openssl pkcs8 -topk8 -inform DER'],
  ['a long key in DER', der(200), 'it is in DER', 'openssl pkey -pubin'],
  ['a longer key in DER', der(300), 'it is in DER', '-inform DER'],
  ['a key in DER that is cut off', der(5).subarray(0, 6), 'no key in PEM form', 'BEGIN'],
  ['a long key in DER that is cut off', der(200).subarray(0, 150), 'no key in PEM form', 'BEGIN'],
  ['a longer key in DER and more', Uint8Array.of(...der(300), 1), 'no key in PEM form', 'BEGIN'],
  ['what begins otherwise', Uint8Array.of(0x31, 1, 0), 'no key in PEM form', 'BEGIN'],
  ['one byte', Uint8Array.of(0x30), 'no key in PEM form', 'BEGIN'],
  ['another form of private key', sec1, 'it has a "EC PRIVATE KEY"', 'openssl pkcs8 -topk8 -in'],
  [
    'a certificate',
    '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
    'it has a "CERTIFICATE"',
    'openssl x509 -pubkey',
  ],
  ['a damaged key', pem.replace(/\n./, '\nA'), 'it is damaged, or no key', 'another copy'],
])('%s: what is wrong is told', async (_, content, why, hint) => {
  const path = file(content);
  await expect(readKeyFile(path, never)).rejects.toMatchObject({
    code: 'KEY_WRONG',
    message: expect.stringContaining(why),
    hint: expect.stringContaining(hint),
    details: { path, problem: 'format' },
  });
});

/** A SEQUENCE of so many bytes */
function der(length: number): Uint8Array {
  const head =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, 1, length - 0x100];
  return Uint8Array.of(0x30, ...head, ...new Uint8Array(length));
}

test('which half is wanted is told', async () => {
  const path = file(spki);
  await expect(readSigningKey(path, never)).rejects.toMatchObject({
    code: 'KEY_WRONG',
    details: { path, problem: 'public' },
  });
  const other = file(pem);
  await expect(readPublicKey(other)).rejects.toMatchObject({
    code: 'KEY_WRONG',
    hint: `"iap keys export ${other} -o NAME.pub" writes the public one; keep the private one where it is`,
    details: { path: other, problem: 'private' },
  });
});

test.each([
  ['ec', generateKeyPairSync('ec', { namedCurve: 'secp384r1' }), 'on the curve secp384r1'],
  ['ed25519', generateKeyPairSync('ed25519'), 'of type ed25519'],
])('a key of another kind: %s', async (_, pair, what) => {
  const wrong = {
    code: 'KEY_WRONG',
    message: expect.stringContaining(`it is a key ${what}; bootloaders know P-256`),
    hint: expect.stringContaining('iap keys new'),
    details: { problem: 'curve' },
  };
  const cipher = { cipher: 'aes-256-cbc', passphrase: PASSPHRASE };
  const contents = [
    pair.privateKey.export({ format: 'pem', type: 'pkcs8' }),
    pair.privateKey.export({ format: 'pem', type: 'pkcs8', ...cipher }),
    pair.publicKey.export({ format: 'pem', type: 'spki' }),
  ];
  for (const content of contents) {
    await expect(readKeyFile(file(String(content)), typed)).rejects.toMatchObject(wrong);
  }
});

test('a passphrase that is wrong leaves no trace of the key', async () => {
  const cipher = { cipher: 'aes-256-cbc', passphrase: 'another' };
  const path = file(String(privateKey.export({ format: 'pem', type: 'pkcs8', ...cipher })));
  const error: unknown = await readKeyFile(path, typed).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    code: 'KEY_WRONG',
    hint: expect.stringContaining('the passphrase that the key was made with'),
    details: { path, problem: 'passphrase' },
  });
  expect((error as Error).cause).toBeUndefined();
});

test.runIf(posix)(
  'a private key that others can read is refused before anybody is asked',
  async () => {
    for (const mode of [0o640, 0o604, 0o610, 0o601]) {
      const path = file(pem, mode);
      await expect(readKeyFile(path, never)).rejects.toMatchObject({
        code: 'KEY_WRONG',
        hint: expect.stringContaining(`chmod 600 ${path}`),
        details: { path, problem: 'exposed' },
      });
    }
    expect(await readKeyFile(file(spki, 0o644), never)).toMatchObject({ kind: 'public' });
  },
);

test('a secret is read whole, with who may read it', async () => {
  const largest = new Uint8Array(65_536).fill(7);
  const { bytes, exposed } = await readSecret(file(largest), 'key');
  expect([Buffer.compare(bytes, largest), exposed]).toEqual([0, false]);
  expect(await readSecret(file('abc', 0o644), 'key')).toEqual({
    bytes: new TextEncoder().encode('abc'),
    exposed: posix,
  });
  if (posix) {
    // What is no file belongs to whoever made it.
    expect(await readSecret('/dev/null', 'key')).toEqual({
      bytes: new Uint8Array(),
      exposed: false,
    });
  }
});

test.each<[string, () => string, string]>([
  ['too long', () => file(new Uint8Array(65_537)), 'it has more than 65536 bytes'],
  ['a folder', newFolder, 'it is a folder'],
  ['absent', () => join(newFolder(), 'absent'), 'ENOENT'],
])('a secret that is %s', async (_, make, why) => {
  const path = make();
  await expect(readSecret(path, 'passphrase')).rejects.toMatchObject({
    code: 'FILE_UNREADABLE',
    message: expect.stringContaining(`the passphrase ${path} can not be read: ${why}`),
    hint: 'check the path',
    details: { path },
  });
});
