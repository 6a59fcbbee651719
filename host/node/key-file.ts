// Keys in PEM files, through node:crypto: P-256, PKCS#8 and SPKI. A private key leaves this file as something that signs.
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { rm } from 'node:fs/promises';
import { concat } from '../base/bytes.js';
import { IapError } from '../base/errors.js';
import { excerpt, printable } from '../base/text.js';
import type { PublicKey, VerifySignature } from '../signing/public-key.js';
import { writeNew } from './files.js';
import { readSecret, type Secret } from './secret-file.js';

export interface SigningKey {
  readonly publicKey: PublicKey;
  /** r and s of ECDSA with SHA-256, 32 bytes each */
  sign(message: Uint8Array): Uint8Array;
}

export interface KeyFile {
  readonly kind: 'private' | 'public';
  readonly encrypted: boolean;
  readonly publicKey: PublicKey;
}

/** Asked for only when a key turns out to be encrypted */
export type AskPassphrase = () => Promise<string>;

/** OpenSSL takes no longer one [bytes]. */
export const LONGEST_PASSPHRASE = 1024;
/** As node:crypto calls P-256 */
const CURVE = 'prime256v1';
/** Before the key, where PEM has room for words; every program reads past it. */
const DEVELOPMENT = 'Development key: not for units that leave the house';
const DEVELOPMENT_LINE = /^Development key\b/m;
const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----/gs;
/** Stands before a key of "openssl ecparam", and says nothing that the key does not */
const PARAMETERS = 'EC PARAMETERS';
const OWNER_ONLY = 0o600;
const EVERYBODY = 0o644;

/** @param passphrase undefined: the private key is not encrypted */
export async function writeKeyPair(
  paths: { readonly private: string; readonly public: string },
  development: boolean,
  passphrase: string | undefined,
): Promise<PublicKey> {
  const pair = generateKeyPairSync('ec', { namedCurve: CURVE });
  const publicKey = publicKeyOf(pair.publicKey, development);
  const pem = pair.privateKey.export({
    format: 'pem',
    type: 'pkcs8',
    ...(passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase }),
  });
  await writePublicKey(paths.public, publicKey);
  try {
    await writeNew(paths.private, `${preamble(development)}${pem}`, OWNER_ONLY);
  } catch (error) {
    await rm(paths.public, { force: true });
    throw error;
  }
  return publicKey;
}

/** @throws IapError FILE_UNWRITABLE, also where there is such a file: it may be the only copy of a key. */
export async function writePublicKey(path: string, key: PublicKey): Promise<void> {
  const pem = keyOf(key.point).export({ format: 'pem', type: 'spki' });
  await writeNew(path, `${preamble(key.development)}${pem}`, EVERYBODY);
}

/** @throws IapError KEY_WRONG or FILE_UNREADABLE */
export async function readPublicKey(path: string): Promise<PublicKey> {
  const { label, pem, development } = pemOf(path, await readSecret(path, 'key'));
  if (label !== 'PUBLIC KEY') {
    throw wrong(path, 'private', 'it is a private key, and a public one is wanted', [
      `"iap keys export ${printable(path)} -o NAME.pub" writes the public one`,
      'keep the private one where it is',
    ]);
  }
  return publicKeyOf(publicObject(path, pem), development);
}

/** @throws IapError KEY_WRONG or FILE_UNREADABLE */
export async function readSigningKey(path: string, ask: AskPassphrase): Promise<SigningKey> {
  const file = await readSecret(path, 'key');
  const { label, pem, development } = pemOf(path, file);
  if (label === 'PUBLIC KEY') {
    throw wrong(path, 'public', 'it is a public key, which can not sign', [
      'give the private one that belongs to it',
    ]);
  }
  const key = await privateObject(path, file, label, pem, ask);
  return {
    publicKey: publicKeyOf(createPublicKey(key), development),
    sign: (message) => new Uint8Array(sign('sha256', message, { key, dsaEncoding: 'ieee-p1363' })),
  };
}

/** Whatever kind of key it is. */
export async function readKeyFile(path: string, ask: AskPassphrase): Promise<KeyFile> {
  const file = await readSecret(path, 'key');
  const { label, pem, development } = pemOf(path, file);
  if (label === 'PUBLIC KEY') {
    const publicKey = publicKeyOf(publicObject(path, pem), development);
    return { kind: 'public', encrypted: false, publicKey };
  }
  const key = await privateObject(path, file, label, pem, ask);
  return {
    kind: 'private',
    encrypted: label === ENCRYPTED,
    publicKey: publicKeyOf(createPublicKey(key), development),
  };
}

/** With node:crypto */
export const verifySignature: VerifySignature = (message, signature, point) =>
  verify('sha256', message, { key: keyOf(point), dsaEncoding: 'ieee-p1363' }, signature);

const ENCRYPTED = 'ENCRYPTED PRIVATE KEY';

interface Pem {
  readonly label: 'PUBLIC KEY' | 'PRIVATE KEY' | typeof ENCRYPTED;
  readonly pem: string;
  readonly development: boolean;
}

function pemOf(path: string, { bytes }: Secret): Pem {
  const text = new TextDecoder('latin1').decode(bytes);
  const blocks = [...text.matchAll(BLOCK)].filter(([, label]) => label !== PARAMETERS);
  const [block, second] = blocks;
  if (bytes.length === 0) {
    throw wrong(path, 'format', 'it is empty', ['take another copy of it']);
  }
  if (!block && isDer(bytes)) {
    const name = printable(path);
    throw wrong(path, 'format', 'it is in DER, and keys are in PEM', [
      `a private key: openssl pkcs8 -topk8 -inform DER -in ${name} -out NEW.pem`,
      `a public one: openssl pkey -pubin -inform DER -in ${name} -out NEW.pub`,
    ]);
  }
  if (!block) {
    throw wrong(path, 'format', 'there is no key in PEM form in it', [
      'a key file has a line "-----BEGIN PRIVATE KEY-----" or "-----BEGIN PUBLIC KEY-----"',
    ]);
  }
  if (second) {
    throw wrong(path, 'format', `there are ${blocks.length} keys or certificates in it`, [
      'put each into a file of its own',
    ]);
  }
  const [pem, label = ''] = block;
  if (label !== 'PUBLIC KEY' && label !== 'PRIVATE KEY' && label !== ENCRYPTED) {
    const name = printable(path);
    const into = label.endsWith('PRIVATE KEY')
      ? `openssl pkcs8 -topk8 -in ${name} -out NEW.pem`
      : `openssl pkey -pubin -in ${name} -out NEW.pub, or openssl x509 -pubkey of a certificate`;
    throw wrong(path, 'format', `it has a "${excerpt(label)}"`, [
      `keys are in PKCS#8 (private) or SPKI (public): ${into}`,
    ]);
  }
  const development = DEVELOPMENT_LINE.test(text.slice(0, block.index));
  return { label, pem, development };
}

/** SEQUENCE, as every key is, to the end of the file */
function isDer(bytes: Uint8Array): boolean {
  const [tag, length = 0, long = 0, low = 0] = bytes;
  if (tag !== 0x30) return false;
  if (length === 0x81) return bytes.length === 3 + long;
  if (length === 0x82) return bytes.length === 4 + long * 0x100 + low;
  return bytes.length === 2 + length;
}

function publicObject(path: string, pem: string): KeyObject {
  try {
    return checked(path, createPublicKey(pem));
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function privateObject(
  path: string,
  { exposed }: Secret,
  label: Pem['label'],
  pem: string,
  ask: AskPassphrase,
): Promise<KeyObject> {
  if (exposed) {
    throw wrong(path, 'exposed', 'others than its owner can read this private key', [
      `chmod 600 ${printable(path)}`,
      'whoever may have read it has it: if that can be, take a new key',
    ]);
  }
  if (label !== ENCRYPTED) {
    try {
      return checked(path, createPrivateKey(pem));
    } catch (error) {
      throw unreadable(path, error);
    }
  }
  const passphrase = await ask();
  try {
    return checked(path, createPrivateKey({ key: pem, passphrase }));
  } catch (error) {
    if (error instanceof IapError) throw error;
    // A wrong passphrase gives nonsense, and what OpenSSL says to that differs.
    throw wrong(path, 'passphrase', 'the passphrase is wrong, or the file is damaged', [
      'give the passphrase that the key was made with',
    ]);
  }
}

function checked(path: string, key: KeyObject): KeyObject {
  const { asymmetricKeyType: type = '', asymmetricKeyDetails: { namedCurve } = {} } = key;
  if (namedCurve === CURVE) return key;
  const what = type === 'ec' ? `on the curve ${namedCurve ?? 'of its own'}` : `of type ${type}`;
  throw wrong(path, 'curve', `it is a key ${what}; bootloaders know P-256 (${CURVE}) alone`, [
    'make one with "iap keys new", or: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256',
  ]);
}

function publicKeyOf(key: KeyObject, development: boolean): PublicKey {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  const point = concat([x, y].map((part) => Uint8Array.from(Buffer.from(part, 'base64url'))));
  return { point, development };
}

/** @throws IapError KEY_WRONG for a point that is not on the curve */
function keyOf(point: Uint8Array): KeyObject {
  const half = point.length / 2;
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
  const [x, y] = [text(point.subarray(0, half)), text(point.subarray(half))];
  try {
    return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
  } catch (cause) {
    throw new IapError('KEY_WRONG', 'this public key is no point of P-256', {
      details: { problem: 'format' },
      cause,
    });
  }
}

function preamble(development: boolean): string {
  return development ? `${DEVELOPMENT}\n` : '';
}

function unreadable(path: string, error: unknown): IapError {
  if (error instanceof IapError) return error;
  return wrong(path, 'format', 'it is damaged, or no key', ['take another copy of it']);
}

/** Never with a cause: an error may be written down somewhere, and what it holds of a key with it. */
function wrong(path: string, problem: string, why: string, hints: readonly string[]): IapError {
  return new IapError('KEY_WRONG', `the key ${printable(path)} can not be used: ${why}`, {
    hint: hints.join('; '),
    details: { path, problem },
  });
}
