// From a key to a package that is signed with it: by a file, a command, a digest that goes elsewhere, a token. What does not fit is
// never written.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, generateKeyPairSync, sign as signBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import { CHECK } from '../../host/cli/commands/check.js';
import { PACK, type PackArguments } from '../../host/cli/commands/pack.js';
import { SIGN, type SignArguments } from '../../host/cli/commands/sign.js';
import { Output } from '../../host/cli/output.js';
import { loadImage } from '../../host/image/load.js';
import { writeKeyPair } from '../../host/node/key-file.js';
import { parseDescription } from '../../host/pack/description.js';
import { makePackage } from '../../host/pack/pack.js';
import { withSignature } from '../../host/signing/header.js';
import { decode, encode, Header, Signature } from '../../protocol/index.js';
import { iap, jsonLines } from '../support/cli.js';
import { appImage } from '../support/images.js';

const root = mkdtempSync(join(tmpdir(), 'iap-sign-'));
afterAll(() => rmSync(root, { recursive: true }));

const ORDER = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
const at = (name: string): string => join(root, name);
const key = { private: at('release.pem'), public: at('release.pub') };
const other = { private: at('other.pem'), public: at('other.pub') };
const bench = { private: at('bench.pem'), public: at('bench.pub') };
await writeKeyPair(key, false, 'Passwort');
await writeKeyPair(other, false, undefined);
await writeKeyPair(bench, true, undefined);
const passphraseFile = at('pass');
writeFileSync(passphraseFile, 'Passwort\n', { mode: 0o600 });
writeFileSync(at('app.bin'), appImage(1001));
// Of a file that is new, half may be still to come: it would be waited for.
utimesSync(at('app.bin'), 0, 0);

let folder: string;
let app: string;
beforeEach(async () => {
  folder = mkdtempSync(join(root, 'x-'));
  app = join(folder, 'app.iap');
  await packed({ keyId: 1 });
});

interface Told {
  readonly text: string;
  readonly warnings: string;
  readonly bytes: readonly Uint8Array[];
}

interface Options {
  readonly json?: boolean;
  readonly isTTY?: boolean;
  readonly signal?: AbortSignal;
}

async function run<A>(
  {
    handler,
  }: { handler(args: A, context: { output: Output; signal: AbortSignal }): Promise<void> },
  args: A,
  { json = false, isTTY = false, signal = new AbortController().signal }: Options = {},
): Promise<Told> {
  let text = '';
  let warnings = '';
  const bytes: Uint8Array[] = [];
  const out = {
    isTTY,
    write: (piece: string | Uint8Array) => {
      if (typeof piece === 'string') text += piece;
      else bytes.push(piece);
    },
  };
  const error = { write: (piece: string | Uint8Array) => (warnings += String(piece)) };
  await handler(args, { output: new Output(json, { out, error }), signal });
  return { text, warnings, bytes };
}

function packed(args: Partial<PackArguments>, options?: Options): Promise<Told> {
  const all = { image: at('app.bin'), output: app, version: '1.0.0', product: 'PUMP-2', ...args };
  return run(PACK, all, options);
}

function sign(args: Partial<SignArguments>, options?: Options): Promise<Told> {
  return run(SIGN, { package: app, digest: false, ...args }, options);
}

async function refused(work: () => Promise<unknown>): Promise<IapError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof IapError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** Nothing is written, and nothing is left beside it. */
async function refusedToSign(args: Partial<SignArguments>): Promise<IapError> {
  const before = readFileSync(app);
  const names = readdirSync(folder);
  const error = await refused(() => sign(args));
  expect(readFileSync(app).equals(before)).toBe(true);
  expect(readdirSync(folder)).toEqual(names);
  expect(error.hint?.length ?? 0).toBeGreaterThan(10);
  return error;
}

function expectSigned(pub = key.public): void {
  const file = readFileSync(app);
  const header = decode(Header, file);
  expect(header).toMatchObject({ signatureAlgorithm: Signature.ECDSA_P256, keyId: 1 });
  expect(BigInt(`0x${file.subarray(224, 256).toString('hex')}`) <= ORDER / 2n).toBe(true);
  // OpenSSL's word for it
  const signature = join(folder, 'signature.der');
  writeFileSync(signature, derOf(file.subarray(192, 256)));
  const args = ['dgst', '-sha256', '-verify', pub, '-signature', signature];
  const verified = spawnSync('openssl', args, { input: file.subarray(0, 192), encoding: 'utf8' });
  expect(verified.stdout.trim()).toBe('Verified OK');
  rmSync(signature);
  expect(Buffer.from(loadImage(new Uint8Array(file)).bytes)).toEqual(Buffer.from(appImage(1001)));
}

function derOf(raw: Uint8Array): Uint8Array {
  const numbers = [raw.subarray(0, 32), raw.subarray(32)].map((number) => {
    const first = number.findIndex((byte) => byte !== 0);
    const digits = [...number.subarray(first)];
    const padded = (digits[0] ?? 0) >= 0x80 ? [0, ...digits] : digits;
    return [2, padded.length, ...padded];
  });
  const all = numbers.flat();
  return Uint8Array.of(0x30, all.length, ...all);
}

describe('a package', () => {
  const plain = { base: undefined, bytes: appImage(1001) };

  test('that nobody signs has the bytes it always had', () => {
    const bytes = makePackage(plain, parseDescription({ version: '1.0.0', product: 'PUMP-2' }));
    expect([...bytes.subarray(124, 188)].every((byte) => byte === 0xff)).toBe(true);
    expect([...bytes.subarray(188, 192)]).toEqual([0, 0, 0, 0]);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(UNSIGNED);
  });

  test('says who is going to sign it, and whom it revokes', async () => {
    const { text, warnings } = await packed({ keyId: 0, revoke: '1,3' });
    expect(text).toMatch(/^signature +not yet, key 0, revokes key 1 and 3$/m);
    expect(warnings).toContain('has to be signed with key 0');
    const header = decode(Header, readFileSync(app));
    expect(header).toMatchObject({ signatureAlgorithm: 1, keyId: 0, usableKeys: 0b1111_0101 });
    const told = await packed({ keyId: 0, revoke: '1' }, { json: true });
    const signature = { state: 'to-be-signed', keyId: 0, revoked: [1] };
    expect(jsonLines(told.text).at(-1)).toMatchObject({ signature });
    const none = await packed({}, { json: true });
    expect(jsonLines(none.text).at(-1)).toMatchObject({
      signature: { state: 'unsigned', revoked: [] },
    });
  });

  test('is described by a file as well', async () => {
    const from = join(folder, 'pump.json');
    const values = { product: 'PUMP-2', version: '1.0.0', keyId: 0, revoke: [2] };
    writeFileSync(from, JSON.stringify(values));
    await run(PACK, { image: at('app.bin'), output: app, from });
    expect(decode(Header, readFileSync(app))).toMatchObject({ keyId: 0, usableKeys: 0xfb });
  });

  test.each([
    [{ keyId: 1, revoke: '1' }, /key 1 can not sign what revokes it/],
    [{ revoke: '1' }, /only a signed package revokes/],
    [{ keyId: 0, revoke: '4' }, /--revoke must be a whole number from 0 to 3/],
    [{ keyId: 0, revoke: '1,' }, /--revoke/],
    [{ keyId: 4 }, /keys have numbers from 0 to 3, got 4/],
    [{ keyId: 1, product: undefined }, /needs a product id/],
  ])('is not made: %j', async (args, why) => {
    const error = await refused(() => packed(args));
    expect(error.code).toBe('USAGE');
    expect(error.message).toMatch(why);
  });
});

describe('signed', () => {
  test('with a key in a file, in place', async () => {
    const { text } = await sign({ key: key.private, passphraseFile });
    expect(text).toMatch(/^signed by key 1, fingerprint [0-9a-f]{16}$/m);
    expectSigned();
    expect(readdirSync(folder)).toEqual(['app.iap']);
  });

  test('into another file, the first stays as it is', async () => {
    const before = readFileSync(app);
    const output = join(folder, 'signed.iap');
    await sign({ key: other.private, output });
    expect(readFileSync(app).equals(before)).toBe(true);
    app = output;
    expectSigned(other.public);
  });

  test('with a development key, which is told', async () => {
    const { warnings } = await sign({ key: bench.private });
    expect(warnings).toContain('development key');
  });

  const signer = `openssl pkeyutl -sign -inkey '${key.private}' -passin 'file:${passphraseFile}'`;

  test('by a command', async () => {
    const told = await sign({ signer, publicKey: key.public }, { json: true });
    expect(jsonLines(told.text).at(-1)).toMatchObject({
      ok: true,
      signature: { state: 'signed', keyId: 1 },
    });
    expectSigned();
  });

  test('elsewhere, by openssl alone', async () => {
    const digest = join(folder, 'digest');
    await sign({ digest: true, output: digest });
    const signed = createHash('sha256').update(readFileSync(app).subarray(0, 192)).digest();
    expect(readFileSync(digest).equals(signed)).toBe(true);
    const args = ['pkeyutl', '-sign', '-inkey', key.private, '-passin', `file:${passphraseFile}`];
    execFileSync('openssl', [...args, '-in', digest, '-out', join(folder, 'der')]);
    await sign({ attach: join(folder, 'der'), publicKey: key.public });
    expectSigned();
    // r and s as they are, of the same
    const raw = join(folder, 'raw');
    writeFileSync(raw, readFileSync(app).subarray(192, 256));
    await sign({ attach: raw, publicKey: key.public, keyId: 1 });
    expectSigned();
  });

  test('the digest comes as bytes, as hex digits, and not onto a terminal', async () => {
    const digest = createHash('sha256').update(readFileSync(app).subarray(0, 192)).digest();
    const { text, bytes } = await sign({ digest: true });
    expect(text).toBe('');
    expect(Buffer.concat(bytes).equals(digest)).toBe(true);
    const json = await sign({ digest: true }, { json: true });
    expect(json.bytes).toEqual([]);
    expect(jsonLines(json.text).at(-1)).toMatchObject({ digest: digest.toString('hex'), keyId: 1 });
    const onTerminal = await refused(() => sign({ digest: true }, { isTTY: true }));
    expect(onTerminal.message).toContain('no text for a terminal');
  });

  test('again only if that is said', async () => {
    await sign({ key: other.private });
    const error = await refusedToSign({ key: key.private, passphraseFile });
    expect(error.message).toContain('signed already, with key 1');
    await sign({ key: key.private, passphraseFile, keyId: 1 });
    expectSigned();
  });
});

describe('not signed', () => {
  const digest = 'cat >/dev/null; ';
  test.each([
    ['in no way', {}, /say in one way/],
    ['in two ways', { key: other.private, digest: true }, /say in one way/],
    ['by a command, without what verifies it', { signer: 'true' }, /add --public-key/],
    ['by something attached, likewise', { attach: key.public }, /add --public-key/],
    ['with another key number', { key: other.private, keyId: 2 }, /is for key 1, not for key 2/],
    ['with a passphrase for nothing', { digest: true, passphraseFile }, /belongs to --key/],
    ['into a file of another kind', { key: other.private, output: 'x.bin' }, /must end in .iap/],
  ])('%s', async (_, args, why) => {
    const before = readFileSync(app);
    const error = await refused(() => sign(args));
    expect(error.code).toBe('USAGE');
    expect(error.message).toMatch(why);
    expect(readFileSync(app).equals(before)).toBe(true);
  });

  test.each([
    ['one that fails', `${digest}exit 3`, 'SIGNER_FAILED', /exit code 3/],
    ['one that is not there', '/nonexistent/signer 2>/dev/null', 'SIGNER_FAILED', /exit code 127/],
    ['one that a signal ends', 'kill -9 $$', 'SIGNER_FAILED', /ended by SIGKILL/],
    ['one that writes nothing', 'true', 'SIGNER_FAILED', /wrote nothing/],
    ['one that writes without end', 'head -c 100000 /dev/zero', 'SIGNER_FAILED', /100000 bytes/],
    ['one that writes text', `${digest}echo done`, 'SIGNATURE_WRONG', /5 bytes that are neither/],
    ['one that gives the digest back', 'cat', 'SIGNATURE_WRONG', /32 bytes that are neither/],
    ['one with zeros', 'head -c 64 /dev/zero', 'SIGNATURE_WRONG', /no number that ECDSA/],
    [
      'one that hashes once more',
      `openssl dgst -sha256 -sign '${other.private}'`,
      'SIGNATURE_WRONG',
      /does not fit/,
    ],
    [
      'one with another key',
      `openssl pkeyutl -sign -inkey '${bench.private}'`,
      'SIGNATURE_WRONG',
      /does not fit/,
    ],
  ])('by a command: %s', async (_, signer, code, why) => {
    const error = await refusedToSign({ signer, publicKey: other.public });
    expect(error.code).toBe(code);
    expect(error.message).toMatch(why);
  });

  test('by a command that is interrupted', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 200);
    const before = readFileSync(app);
    const error = await refused(() =>
      sign({ signer: 'sleep 3; true', publicKey: other.public }, { signal: controller.signal }),
    );
    expect(error.code).toBe('INTERRUPTED');
    expect(readFileSync(app).equals(before)).toBe(true);
  });

  test('with the signature of another package', async () => {
    await sign({ key: other.private });
    const signature = join(folder, 'signature');
    writeFileSync(signature, readFileSync(app).subarray(192, 256));
    await packed({ keyId: 1, version: '1.0.1' });
    const error = await refusedToSign({ attach: signature, publicKey: other.public });
    expect(error.code).toBe('SIGNATURE_WRONG');
  });

  test('with a key that does not belong to the public one', async () => {
    const error = await refusedToSign({ key: other.private, publicKey: bench.public });
    expect(error.message).toContain('does not fit');
  });

  test('with the two keys the wrong way round', async () => {
    const asPublic = await refusedToSign({ key: other.public });
    expect(asPublic).toMatchObject({ code: 'KEY_WRONG', details: { problem: 'public' } });
    const asPrivate = await refusedToSign({ signer: 'true', publicKey: other.private });
    expect(asPrivate).toMatchObject({ code: 'KEY_WRONG', details: { problem: 'private' } });
  });

  test('with another curve, or the wrong passphrase', async () => {
    const pem = join(folder, 'k1.pem');
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
    writeFileSync(pem, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
    const curve = await refusedToSign({ key: pem });
    expect(curve).toMatchObject({ code: 'KEY_WRONG', details: { problem: 'curve' } });
    const wrong = join(folder, 'wrong');
    writeFileSync(wrong, 'Kaffee', { mode: 0o600 });
    const passphrase = await refusedToSign({ key: key.private, passphraseFile: wrong });
    expect(passphrase).toMatchObject({ details: { problem: 'passphrase' } });
  });

  test('a package that was made for nobody to sign', async () => {
    await packed({});
    const error = await refusedToSign({ key: other.private });
    expect(error).toMatchObject({ code: 'IMAGE_SIGNATURE' });
    expect(error.hint).toContain('--key-id');
  });

  test('what is no package, or a damaged one', async () => {
    const plain = await refused(() => sign({ package: at('app.bin'), key: other.private }));
    expect(plain.code).toBe('IMAGE_FORMAT');
    const bytes = readFileSync(app);
    bytes[300] = (bytes[300] ?? 0) ^ 1;
    writeFileSync(app, bytes);
    expect((await refusedToSign({ key: other.private })).message).toContain('damaged');
  });
});

describe('checked', () => {
  const check = (publicKey?: string, image = app, options?: Options): Promise<Told> =>
    run(CHECK, { images: [image], ...(publicKey === undefined ? {} : { publicKey }) }, options);

  /** Its findings, whether or not they are errors */
  async function found(publicKey?: string, image = app): Promise<Record<string, unknown>> {
    let text = '';
    const out = { write: (piece: string | Uint8Array) => (text += String(piece)) };
    const args = { images: [image], ...(publicKey === undefined ? {} : { publicKey }) };
    await CHECK.handler(args, { output: new Output(true, { out, error: out }) }).catch(() => {});
    return jsonLines(text)[0] ?? {};
  }

  test('against the key that has signed it', async () => {
    await sign({ key: other.private });
    expect((await check(other.public)).text).toContain('signature by key 1, verified');
    expect(await found(other.public)).toMatchObject({
      ok: true,
      signature: { state: 'signed', keyId: 1, verified: true },
    });
    // Without a key nothing is said of its worth.
    expect((await found()).signature).toEqual({ state: 'signed', keyId: 1, revoked: [] });
  });

  test.each<[Partial<Header>, string, RegExp]>([
    [
      { usableKeys: 0xfd },
      'revocation',
      /key 1 signs it, and revokes key 1: .* root key, or without --revoke 1/,
    ],
    [
      { keyId: 0, usableKeys: 0xfe },
      'revocation',
      /key 0 signs it, and revokes key 0: .*never revoked/,
    ],
    [{ keyId: 4 }, 'no-key', /key 4 signs it, and devices have keys 0 to 3: .*--key-id/],
    [
      { product: new Uint8Array(16) },
      'packages-only',
      /key 1 signs it, and is for any product: .*--product/,
    ],
  ])('that no device would take, however right its signature is: %o', async (fields, id, why) => {
    const bytes = readFileSync(app);
    bytes.set(encode(Header, { ...decode(Header, bytes), ...fields }));
    writeFileSync(app, bytes);
    // By a signer of one's own; "iap sign" signs no such package.
    for (const how of [
      { key: other.private },
      { digest: true, output: join(folder, 'd') },
      { signer: 'exit 1', publicKey: other.public },
      { attach: at('pass'), publicKey: other.public },
    ]) {
      expect(await refusedToSign(how)).toMatchObject({ details: { finding: id } });
    }
    expect(await found()).toMatchObject({ ok: false, findings: [{ id }, { id: 'unsigned' }] });
    const signature = signBytes('sha256', bytes.subarray(0, 192), readFileSync(other.private));
    writeFileSync(app, bytes.fill(withSignature(bytes, signature).subarray(192), 192, 256));
    for (const publicKey of [undefined, other.public]) {
      const { ok, findings } = await found(publicKey);
      expect(ok).toBe(false);
      expect(findings).toMatchObject([{ id, severity: 'error' }]);
      const [{ message, hint }] = findings as [{ message: string; hint: string }];
      expect(`${message}: ${hint}`).toMatch(why);
    }
  });

  test('against another key', async () => {
    await sign({ key: other.private });
    expect(await found(key.public)).toMatchObject({
      ok: false,
      signature: { verified: false },
      findings: [{ id: 'wrong-signature', severity: 'error', code: 'IMAGE_SIGNATURE' }],
    });
  });

  test('before it is signed, and where it never is', async () => {
    expect(await found()).toMatchObject({
      ok: true,
      findings: [{ id: 'unsigned', severity: 'warning' }],
    });
    const unsigned = { ok: false, findings: [{ id: 'unsigned', severity: 'error' }] };
    expect(await found(other.public)).toMatchObject(unsigned);
    expect(await found(other.public, at('app.bin'))).toMatchObject(unsigned);
    await packed({});
    expect(await found(other.public)).toMatchObject(unsigned);
    expect(await found()).toMatchObject({ ok: true, findings: [] });
  });

  test('a header that was changed after it was signed', async () => {
    await sign({ key: other.private });
    const bytes = readFileSync(app);
    // The version, which no other check looks at
    bytes[28] = (bytes[28] ?? 0) ^ 1;
    writeFileSync(app, bytes);
    expect(await found()).toMatchObject({ ok: true });
    expect(await found(other.public)).toMatchObject({ findings: [{ id: 'wrong-signature' }] });
  });
});

test('from the command line: keys, pack, sign, check', async () => {
  const pem = join(folder, 'k.pem');
  const env = { ...process.env };
  expect(env.IAP_PASSPHRASE).toBeUndefined();
  const made = await iap(['keys', 'new', '-o', pem, '--passphrase-file', passphraseFile, '--json']);
  expect(made).toMatchObject({ code: 0, error: '' });
  const image = at('app.bin');
  const what = ['--product', 'PUMP-2', '--version', '1.0.0', '--key-id', '1'];
  expect((await iap(['pack', image, '-o', app, ...what, '--json'])).code).toBe(0);
  const signed = ['sign', app, '--key', pem, '--json'];
  // Nobody is there to be asked.
  expect((await iap(signed)).code).toBe(2);
  expect((await iap([...signed, '--passphrase-file', passphraseFile])).code).toBe(0);
  const pub = join(folder, 'k.pub');
  expect((await iap(['check', app, '--public-key', pub, '--json'])).code).toBe(0);
  expect((await iap(['check', app, '--public-key', other.public, '--json'])).code).toBe(3);
  const digest = await iap(['sign', app, '--digest', '--json']);
  expect(jsonLines(digest.out).at(-1)).toMatchObject({ ok: true, keyId: 1 });
});

/** Of a package of version 1.0.0 for PUMP-2, as it was before packages could be signed */
const UNSIGNED = 'd92e648d1e0d5c6ad27231ed2df1ebad5d5beb6e236bfcee7f4077c04a58b4ff';

const TOKEN =
  spawnSync('softhsm2-util', ['--version']).error === undefined &&
  spawnSync('pkcs11-tool', ['--version']).error === undefined;

describe.runIf(TOKEN)('with a key that never leaves its token', () => {
  test('SoftHSM, through pkcs11-tool', async () => {
    const tokens = join(folder, 'tokens');
    const config = join(folder, 'softhsm2.conf');
    execFileSync('mkdir', [tokens]);
    writeFileSync(config, `directories.tokendir = ${tokens}\nobjectstore.backend = file\n`);
    const env = { ...process.env, SOFTHSM2_CONF: config };
    const [module = ''] = execFileSync('sh', ['-c', 'ls /usr/lib/*/softhsm/libsofthsm2.so'], {
      encoding: 'utf8',
    }).split('\n');
    const util = ['--init-token', '--free', '--label', 'iap', '--pin', '1234', '--so-pin', '1234'];
    execFileSync('softhsm2-util', util, { env });
    const pkcs11 = ['--module', module, '--token-label', 'iap', '--login', '--pin', '1234'];
    const generate = ['--keypairgen', '--key-type', 'EC:prime256v1', '--id', '01', '--label', 'r'];
    const made = execFileSync('pkcs11-tool', [...pkcs11, ...generate], { env, encoding: 'utf8' });
    expect(made).toContain('sensitive, always sensitive, never extractable');
    const der = join(folder, 'token.der');
    const pub = join(folder, 'token.pub');
    const read = ['--read-object', '--type', 'pubkey', '--id', '01', '-o', der];
    execFileSync('pkcs11-tool', [...pkcs11, ...read], { env, stdio: 'pipe' });
    execFileSync('openssl', ['pkey', '-pubin', '-inform', 'DER', '-in', der, '-out', pub]);
    const script = join(folder, 'signer.sh');
    const words = pkcs11.map((word) => `'${word === '1234' ? 'env:PIN' : word}'`).join(' ');
    writeFileSync(
      script,
      `set -e
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/digest"
PIN=1234 SOFTHSM2_CONF='${config}' pkcs11-tool ${words} --sign --mechanism ECDSA --id 01 -i "$work/digest" -o "$work/raw" >&2
cat "$work/raw"
`,
    );
    await sign({ signer: `sh '${script}' 2>/dev/null`, publicKey: pub });
    expectSigned(pub);
  });
});
