// Key files: made, shown, exported; and each wrong one refused in words of its own, with nothing written.
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import type { AnyCommand, CommandTable } from '../../host/cli/command.js';
import { KEYS_EXPORT } from '../../host/cli/commands/keys/export.js';
import { KEYS_NEW, type KeysNewArguments } from '../../host/cli/commands/keys/new.js';
import { KEYS_SHOW } from '../../host/cli/commands/keys/show.js';
import { COMMANDS } from '../../host/cli/commands.js';
import { Output } from '../../host/cli/output.js';
import { newPassphrase, passphraseOf } from '../../host/cli/passphrase.js';
import { readPublicKey, readSigningKey } from '../../host/node/key-file.js';
import { jsonLines } from '../support/cli.js';

const folder = mkdtempSync(join(tmpdir(), 'iap-keys-'));
afterAll(() => rmSync(folder, { recursive: true }));
const PASSPHRASE = 'Zwölf Boxkämpfer jagen';

/** Where the files of a test are */
let here = folder;
function begin(): void {
  here = mkdtempSync(join(folder, 'test-'));
}
afterEach(() => {
  vi.unstubAllEnvs();
});

function file(name: string, content: string | Uint8Array, mode = 0o600): string {
  const path = join(here, name);
  rmSync(path, { force: true });
  writeFileSync(path, content, { mode });
  chmodSync(path, mode);
  return path;
}

interface Told {
  readonly text: string;
  readonly lines: Record<string, unknown>[];
}

async function run<A>(
  {
    handler,
  }: { handler(args: A, context: { output: Output; signal: AbortSignal }): Promise<void> },
  args: A,
): Promise<Told> {
  let text = '';
  let json = '';
  const signal = new AbortController().signal;
  const plain = { write: (piece: string) => (text += piece) };
  await handler(args, { output: new Output(false, { out: plain, error: plain }), signal });
  const out = { write: (piece: string) => (json += piece) };
  // Of what writes no file, the same for programs
  if ('key' in (args as object) && !('output' in (args as object))) {
    await handler(args, { output: new Output(true, { out, error: out }), signal });
  }
  return { text, lines: json === '' ? [] : jsonLines(json) };
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

async function made(
  name: string,
  args: Partial<KeysNewArguments> = {},
): Promise<Told & { readonly path: string }> {
  const output = join(here, name);
  const told = await run(KEYS_NEW, { output, development: false, unencrypted: true, ...args });
  return { ...told, path: output };
}

const never = (): Promise<string> => Promise.reject(new Error('nobody was to be asked'));

describe('a new key', () => {
  test('is encrypted, can be read by nobody else, and OpenSSL reads it', async () => {
    begin();
    const passphraseFile = file('pass', `${PASSPHRASE}\nmore\n`);
    const { path, text } = await made('release.pem', { unencrypted: false, passphraseFile });
    expect(readdirSync(here).sort()).toEqual(['pass', 'release.pem', 'release.pub']);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const pem = readFileSync(path, 'utf8');
    expect(pem).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----$/m);
    const env = { ...process.env, PASS: PASSPHRASE };
    const openssl = execFileSync(
      'openssl',
      ['pkey', '-in', path, '-passin', 'env:PASS', '-pubout'],
      { env, encoding: 'utf8' },
    );
    const exported = readFileSync(join(here, 'release.pub'), 'utf8');
    expect(exported).toBe(openssl);
    expect(text).toMatch(/^fingerprint [0-9a-f]{16}$/m);
    expect(text).not.toMatch(/not encrypted|development/);
    expect(text).not.toContain(PASSPHRASE);
  });

  test('for development says so, in both files and to who looks', async () => {
    begin();
    const { path, text } = await made('dev.pem', { development: true });
    expect(text).toMatch(/not encrypted[\s\S]*development key/);
    for (const key of [path, join(here, 'dev.pub')]) {
      expect(readFileSync(key, 'utf8')).toMatch(/^Development key/);
      const { text: shown, lines } = await run(KEYS_SHOW, { key });
      expect(shown).toContain('development key');
      expect(lines.at(-1)).toMatchObject({ development: true, ok: true });
      execFileSync('openssl', ['pkey', '-noout', ...(key === path ? [] : ['-pubin']), '-in', key]);
    }
  });

  test.each(['k.pem', 'k.pub'])('never takes the place of a file: %s', async (there) => {
    begin();
    const path = file(there, 'precious');
    // Nobody is asked for a passphrase before that is told.
    const asked = await refused(() => made('k.pem', { unencrypted: false }));
    expect(asked.code).toBe('FILE_UNWRITABLE');
    const { code, message, hint } = await refused(() => made('k.pem'));
    expect(code).toBe('FILE_UNWRITABLE');
    expect(message).toContain(there);
    expect(hint).toContain('not written over');
    expect(readFileSync(path, 'utf8')).toBe('precious');
    expect(readdirSync(here)).toEqual([there]);
  });

  test('is not named like a public one', async () => {
    begin();
    expect((await refused(() => made('k.pub'))).message).toContain('public key');
    expect(readdirSync(here)).toEqual([]);
  });

  test.each([
    ['an empty passphrase', '\n', /empty/],
    ['a passphrase that OpenSSL would not take again', 'x'.repeat(1025), /1025 bytes/],
  ])('is not made with %s', async (_, content, why) => {
    begin();
    const passphraseFile = file('pass', content);
    const { message } = await refused(() => made('k.pem', { unencrypted: false, passphraseFile }));
    expect(message).toMatch(why);
    expect(readdirSync(here)).toEqual(['pass']);
  });

  test('with the longest passphrase can be used', async () => {
    begin();
    const passphraseFile = file('pass', 'x'.repeat(1024));
    const { path } = await made('k.pem', { unencrypted: false, passphraseFile });
    const { text } = await run(KEYS_SHOW, { key: path, passphraseFile });
    expect(text).toContain('private key, encrypted');
  });
});

describe('a key is shown and exported', () => {
  test('with the same fingerprint everywhere, never with what is secret', async () => {
    begin();
    const { path, text } = await made('k.pem');
    const [, fingerprint = ''] = /fingerprint ([0-9a-f]{16})/.exec(text) ?? [];
    const pub = join(here, 'again.pub');
    const exported = await run(KEYS_EXPORT, { key: path, output: pub });
    expect(exported.text).toContain(fingerprint);
    expect(readFileSync(pub)).toEqual(readFileSync(join(here, 'k.pub')));
    const secret = readFileSync(path, 'utf8').split('\n')[1] ?? '';
    const args = ['pkey', '-in', path, '-text', '-noout'];
    const words = execFileSync('openssl', args, { encoding: 'utf8' });
    const [, hex = ''] = /priv:\s+((?:[0-9a-f]{2}[:\s]*)+)pub/.exec(words) ?? [];
    const digits = hex.replace(/[^0-9a-f]/g, '');
    expect(digits.length).toBeGreaterThan(60);
    for (const key of [path, pub]) {
      const shown = await run(KEYS_SHOW, { key });
      expect(shown.text).toContain(fingerprint);
      expect(shown.lines.at(-1)).toMatchObject({
        fingerprint,
        kind: key === pub ? 'public' : 'private',
        encrypted: false,
        development: false,
      });
      for (const told of [shown.text, JSON.stringify(shown.lines)]) {
        expect(told).not.toContain(digits);
        expect(told).not.toContain(secret);
      }
    }
  });

  test('a public key is none to export, and no file is written over', async () => {
    begin();
    const { path } = await made('k.pem');
    const pub = join(here, 'k.pub');
    const output = join(here, 'x.pub');
    const error = await refused(() => run(KEYS_EXPORT, { key: pub, output }));
    expect(error).toMatchObject({ code: 'KEY_WRONG', details: { problem: 'public' } });
    const before = readFileSync(path, 'utf8');
    const over = await refused(() => run(KEYS_EXPORT, { key: path, output: path }));
    expect(over.code).toBe('FILE_UNWRITABLE');
    expect(readFileSync(path, 'utf8')).toBe(before);
  });
});

function pair(curve: string): { privateKey: KeyObject; publicKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: curve });
}

const privatePem = (key: KeyObject): string =>
  key.export({ format: 'pem', type: 'pkcs8' }).toString();
const publicPem = (key: KeyObject): string =>
  key.export({ format: 'pem', type: 'spki' }).toString();

describe('a wrong key', () => {
  const p256 = pair('P-256');
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const ed = generateKeyPairSync('ed25519');
  const good = privatePem(p256.privateKey);

  const curves = [
    ['secp256k1', pair('secp256k1')],
    ['P-384', pair('P-384')],
    ['P-224', pair('P-224')],
    ['RSA', rsa],
    ['Ed25519', ed],
  ] as const;

  test.each(curves)('of %s, private and public', async (_, keys) => {
    const key = file('k.pem', privatePem(keys.privateKey));
    const pub = file('k.pub', publicPem(keys.publicKey));
    for (const work of [
      () => readSigningKey(key, never),
      () => readPublicKey(pub),
      () => run(KEYS_SHOW, { key }),
      () => run(KEYS_SHOW, { key: pub }),
    ]) {
      const error = await refused(work);
      expect(error).toMatchObject({ code: 'KEY_WRONG', details: { problem: 'curve' } });
      expect(error.message).toMatch(/P-256 \(prime256v1\) alone/);
    }
  });

  const damaged = good.replace(/\n./, '\nA').replace(/.\n-----END/, '?\n-----END');
  test.each([
    ['nothing', '', 'format', /it is empty/],
    ...[
      ['DER', p256.privateKey.export({ format: 'der', type: 'pkcs8' })],
      ['long DER', rsa.privateKey.export({ format: 'der', type: 'pkcs8' })],
      ['a public key in DER', p256.publicKey.export({ format: 'der', type: 'spki' })],
    ].map(([name, der]): [string, Uint8Array, string, RegExp] => [
      String(name),
      new Uint8Array(der as Buffer),
      'format',
      /it is in DER, and keys are in PEM/,
    ]),
    ['binary', Uint8Array.from({ length: 138 }, (_, i) => i), 'format', /no key in PEM form/],
    ['words', 'my key is 42\n', 'format', /no key in PEM form/],
    ['a key that was damaged', damaged, 'format', /damaged, or no key/],
    ['two keys', good + publicPem(p256.publicKey), 'format', /2 keys/],
    ['a public key', publicPem(p256.publicKey), 'public', /which can not sign/],
    [
      'the form of ecparam',
      p256.privateKey.export({ format: 'pem', type: 'sec1' }),
      'format',
      /"EC PRIVATE KEY"/,
    ],
    ['PKCS#1', rsa.privateKey.export({ format: 'pem', type: 'pkcs1' }), 'format', /"RSA PRIVATE/],
    [
      'a certificate',
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
      'format',
      /"CERTIFICATE"/,
    ],
    [
      'the form of ssh',
      '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n',
      'format',
      /"OPENSSH PRIVATE KEY"/,
    ],
  ])('to sign with: %s', async (_, content, problem, why) => {
    const error = await refused(() => readSigningKey(file('k.pem', content), never));
    expect(error).toMatchObject({ code: 'KEY_WRONG', details: { problem } });
    expect(error.message).toMatch(why);
    expect(error.hint?.length).toBeGreaterThan(5);
  });

  test('that is private where a public one is wanted, encrypted or not', async () => {
    const cipher = { cipher: 'aes-256-cbc', passphrase: PASSPHRASE };
    const locked = p256.privateKey.export({ format: 'pem', type: 'pkcs8', ...cipher });
    for (const content of [good, locked]) {
      const error = await refused(() => readPublicKey(file('k.pem', content)));
      expect(error).toMatchObject({ code: 'KEY_WRONG', details: { problem: 'private' } });
      expect(error.hint).toContain('iap keys export');
    }
  });

  test('that is no point of the curve', async () => {
    const der = p256.publicKey.export({ format: 'der', type: 'spki' });
    der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
    const pem = `-----BEGIN PUBLIC KEY-----\n${der.toString('base64')}\n-----END PUBLIC KEY-----\n`;
    const error = await refused(() => readPublicKey(file('k.pub', pem)));
    expect(error.message).toContain('damaged, or no key');
  });

  test.each(['Kaffee', ` ${PASSPHRASE}`, 'ß'])('whose passphrase is wrong: %j', async (typed) => {
    const cipher = { cipher: 'aes-256-cbc', passphrase: PASSPHRASE };
    const locked = p256.privateKey.export({ format: 'pem', type: 'pkcs8', ...cipher });
    const path = file('k.pem', locked);
    const error = await refused(() => readSigningKey(path, () => Promise.resolve(typed)));
    expect(error).toMatchObject({ code: 'KEY_WRONG', details: { problem: 'passphrase' } });
    expect(error.message).toContain('passphrase is wrong');
    for (const text of [error.message, error.hint ?? '', JSON.stringify(error.details)]) {
      expect(text).not.toContain(typed);
    }
    expect(error.cause).toBeUndefined();
  });

  test.each([0o640, 0o604, 0o644, 0o660, 0o777])('that others can read: mode %i', async (mode) => {
    const path = file('k.pem', good, mode);
    const error = await refused(() => readSigningKey(path, never));
    expect(error).toMatchObject({ code: 'KEY_WRONG', details: { problem: 'exposed' } });
    expect(error.hint).toContain(`chmod 600 ${path}`);
    chmodSync(path, 0o400);
    await readSigningKey(path, never);
  });

  test('that is public may be read by all', async () => {
    await readPublicKey(file('k.pub', publicPem(p256.publicKey), 0o644));
  });

  test('that is not there, is a folder, or is no key by its size', async () => {
    for (const path of [join(here, 'none.pem'), here, file('big', new Uint8Array(70_000))]) {
      expect((await refused(() => readPublicKey(path))).code).toBe('FILE_UNREADABLE');
    }
  });

  test('with words around it is read: PEM has room for them', async () => {
    const path = file('k.pem', `Bag Attributes\n  friendlyName: x\n${good}\ntrailing\n`);
    expect((await readSigningKey(path, never)).publicKey.development).toBe(false);
    // Only what stands before the key is said of it.
    const later = file('l.pem', `${good}\nDevelopment key\n`);
    expect((await readSigningKey(later, never)).publicKey.development).toBe(false);
  });

  test('of OpenSSL with more rounds, or with scrypt, is read', async () => {
    const plain = file('k.pem', good);
    const pass = file('pass', 'abc');
    for (const how of [['-v2', 'aes-256-cbc', '-iter', '5000'], ['-scrypt']]) {
      const path = join(here, `${how.length}.pem`);
      const args = ['pkcs8', '-topk8', ...how, '-in', plain, '-out', path];
      execFileSync('openssl', [...args, '-passout', `file:${pass}`]);
      await readSigningKey(path, () => Promise.resolve('abc'));
    }
  });
});

describe('a passphrase', () => {
  const quiet = { write: () => true };
  const context = {
    output: new Output(false, { out: quiet, error: quiet }),
    signal: new AbortController().signal,
  };

  /** Types one line after each question. */
  function terminal(answers: readonly string[], isTTY = true) {
    let text = '';
    const input = Object.assign(new PassThrough(), { isTTY });
    const output = Object.assign(new PassThrough(), { isTTY });
    const left = [...answers];
    output.on('data', (bytes: Buffer) => {
      text += bytes.toString();
      if (bytes.toString().endsWith(': ')) setImmediate(() => input.write(left.shift() ?? ''));
    });
    return { terminal: { input, output }, text: () => text };
  }

  test('is asked for, and not shown', async () => {
    const t = terminal([`${PASSPHRASE}\r`]);
    expect(await passphraseOf('k.pem', {}, context, t.terminal)).toBe(PASSPHRASE);
    expect(t.text()).toBe('Passphrase of k.pem: \n');
  });

  test('of a new key is asked for twice', async () => {
    const same = terminal(['one\r', 'one\r']);
    expect(await newPassphrase('k.pem', {}, context, same.terminal)).toBe('one');
    expect(same.text()).not.toContain('one');
    const other = terminal(['one\r', 'two\r']);
    const error = await refused(() => newPassphrase('k.pem', {}, context, other.terminal));
    expect(error.message).toContain('two passphrases');
    const empty = terminal(['\r']);
    const none = await refused(() => newPassphrase('k.pem', {}, context, empty.terminal));
    expect(none.message).toContain('empty');
  });

  test('that is not given ends it', async () => {
    const t = terminal(['\u0003']);
    const error = await refused(() => passphraseOf('k.pem', {}, context, t.terminal));
    expect(error.code).toBe('INTERRUPTED');
  });

  test('nobody can be asked for is told', async () => {
    const t = terminal([], false);
    const error = await refused(() => passphraseOf('k.pem', {}, context, t.terminal));
    expect(error.code).toBe('USAGE');
    expect(error.hint).toMatch(/--passphrase-file.*IAP_PASSPHRASE/);
    const json = { ...context, output: new Output(true, { out: quiet, error: quiet }) };
    const tty = terminal(['x\r']);
    expect((await refused(() => passphraseOf('k.pem', {}, json, tty.terminal))).code).toBe('USAGE');
  });

  test('comes from a file before it comes from the environment', async () => {
    vi.stubEnv('IAP_PASSPHRASE', 'from there');
    expect(await passphraseOf('k.pem', {}, context)).toBe('from there');
    const passphraseFile = file('pass', 'from a file\r\nnot this\n');
    expect(await passphraseOf('k.pem', { passphraseFile }, context)).toBe('from a file');
  });

  test('in a file that others can read is refused', async () => {
    const passphraseFile = file('pass', 'secret words', 0o644);
    const error = await refused(() => passphraseOf('k.pem', { passphraseFile }, context));
    expect(error).toMatchObject({ code: 'KEY_WRONG', details: { problem: 'exposed' } });
    expect(error.hint).toContain('chmod 600');
    expect(error.message).not.toContain('secret words');
  });

  test('is no word of any command line', async () => {
    const names: string[] = [];
    const walk = async (table: CommandTable): Promise<void> => {
      for (const load of Object.values(table)) {
        const one = await load();
        if ('commands' in one) await walk(one.commands);
        else names.push(...Object.keys((one as AnyCommand).options));
      }
    };
    await walk(COMMANDS);
    expect([...new Set(names.filter((name) => /pass|pin|secret/i.test(name)))]).toEqual([
      'passphrase-file',
    ]);
  });
});
