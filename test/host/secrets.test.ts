// A private key or a passphrase is in no output, no error, no trace and no file but its own, whatever is done with them, right or wrong.
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, expect, test, vi } from 'vitest';
import { exitCodeOf } from '../../host/base/errors.js';
import { COMMANDS } from '../../host/cli/commands.js';
import { parse } from '../../host/cli/parse.js';
import { Bench } from '../support/bench.js';
import { session } from '../support/cli.js';
import { tableImage } from '../support/images.js';

const PASSPHRASE = 'Zwoelf-Boxkaempfer';
const WRONG = 'jagen-Viktor';
const PIN = '8314159265358979';

const folder = mkdtempSync(join(tmpdir(), 'iap-secrets-'));
const at = (name: string): string => join(folder, name);
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function write(name: string, content: string | Uint8Array, mode = 0o600): string {
  writeFileSync(at(name), content);
  chmodSync(at(name), mode);
  return at(name);
}

/** Everything that a command says or throws, with and without --json, and the errors' insides */
async function said(...words: string[]): Promise<string> {
  let all = '';
  for (const json of [false, true]) {
    const { context, out, error } = session(new Bench(), { json });
    const typed = json ? [...words, '--json'] : words;
    await parse(typed, COMMANDS, context).catch((thrown: unknown) => {
      context.output.failure(thrown, exitCodeOf(thrown));
      all += inspect(thrown, { depth: 10, showHidden: true });
    });
    all += out.text + error.text;
  }
  return all;
}

/** A key in the forms in which it could be seen */
function formsOf(pem: string, passphrase?: string): string[] {
  const key = createPrivateKey(passphrase === undefined ? pem : { key: pem, passphrase });
  const { d = '' } = key.export({ format: 'jwk' });
  const scalar = Buffer.from(d, 'base64url');
  const lines = pem.split('\n').filter((line) => /^[A-Za-z0-9+/=]{20,}$/.test(line));
  return [d, scalar.toString('hex'), scalar.toString('base64').slice(0, 40), ...lines];
}

test('no command tells', async () => {
  const secrets = [PASSPHRASE, WRONG, PIN];
  const files = (): string[] =>
    readdirSync(folder)
      .filter((name) => !/^(open|locked|exposed|broken|curve|pass|wrong)/.test(name))
      .map((name) => readFileSync(at(name), 'latin1'));
  const heard: string[] = [];
  const run = async (...words: string[]): Promise<void> => {
    const text = await said(...words);
    expect(text.length).toBeGreaterThan(0);
    heard.push(`${words.join(' ')}\n${text}`.replace(words.join(' '), ''));
  };
  const pass = write('pass', `${PASSPHRASE}\nmore\n`);
  const wrong = write('wrong', `${WRONG}\n`);

  vi.stubEnv('IAP_PASSPHRASE', PASSPHRASE);
  await run('keys', 'new', '-o', at('locked.pem'));
  vi.unstubAllEnvs();
  await run('keys', 'new', '-o', at('open.pem'), '--unencrypted');
  await run('keys', 'new', '-o', at('open-dev.pem'), '--unencrypted', '--development');
  await run('keys', 'new', '-o', at('none.pem'));
  const [open, locked] = ['open.pem', 'locked.pem'].map((name) => readFileSync(at(name), 'utf8'));
  if (open === undefined || locked === undefined) throw new Error('no keys were made');
  secrets.push(...formsOf(open), ...formsOf(locked, PASSPHRASE));

  write('exposed.pem', open, 0o644);
  write('broken.pem', open.replace(/[A-Za-z]{3}\n-----END/, 'AAA\n-----END'));
  write('broken-locked.pem', locked.replace(/[A-Za-z]{3}\n-----END/, 'AAA\n-----END'));
  const other = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
  write('curve.pem', String(other.export({ format: 'pem', type: 'pkcs8' })));
  secrets.push(...formsOf(readFileSync(at('curve.pem'), 'utf8')));
  const der = createPrivateKey(open).export({ format: 'der', type: 'pkcs8' });
  write('open.der', new Uint8Array(der));

  const app = write('app.bin', tableImage(3000));
  const about = ['--product', 'PUMP-2', '--version', '1.0.0', '--key-id', '1'];
  await run('pack', app, '-o', at('app.iap'), ...about);
  const keys = ['open', 'open-dev', 'locked', 'exposed', 'broken', 'broken-locked', 'curve'];
  for (const name of [...keys.map((key) => `${key}.pem`), 'open.der']) {
    for (const how of [[], ['--passphrase-file', pass], ['--passphrase-file', wrong]]) {
      await run('sign', at('app.iap'), '--key', at(name), '--key-id', '1', ...how);
    }
    await run('keys', 'show', at(name), '--passphrase-file', pass);
    await run('keys', 'show', at(name), '--passphrase-file', wrong);
    await run('keys', 'prove', at(name), '-o', at(`${name}.proof`), '--passphrase-file', pass);
    await run('keys', 'export', at(name), '-o', at(`${name}.pub`), '--passphrase-file', pass);
    // A private key where something else belongs
    await run('check', at('app.iap'), '--public-key', at(name));
    await run('sign', at('app.iap'), '--attach', at(name), '--public-key', at('locked.pub'));
    await run('sign', at(name), '--key', at(name));
    await run('pack', app, '-o', at('x.iap'), '--from', at(name));
    await run('flash', at(name), '--port', 'fake', '--verbose');
    await run('check', at(name));
    const units = ['--board', 'stm32f103xb', '--blank-app', '-o', at('unit.hex')];
    await run('factory', ...units, '--product', 'PUMP-2', '--root-key', at(name));
    const proof = ['--root-key', at('locked.pub'), '--release-key', at('locked.pub')];
    await run('factory', ...units, ...proof, '--product', 'P', '--proof', at(name));
  }
  await run('flash', at('app.iap'), '--port', 'fake', '--verbose');
  // A passphrase where something else belongs
  await run('sign', at('app.iap'), '--key', pass);
  await run('pack', app, '-o', at('x.iap'), '--from', pass);
  await run('pack', app, '-o', at('x.iap'), '--from', write('pass-pin', `${PIN}\n`));
  await run('check', pass);
  write('pass-exposed', `${PASSPHRASE}\n`, 0o644);
  await run('keys', 'show', at('locked.pem'), '--passphrase-file', at('pass-exposed'));

  const everything = [...heard, ...files()];
  for (const secret of secrets) {
    const found = everything.find(
      (text) => text.includes(secret) || text.includes(secret.slice(0, 10)),
    );
    expect(found, `of a secret: ${secret.slice(0, 6)}…`).toBeUndefined();
  }
  expect(secrets.length).toBeGreaterThan(12);
  expect(heard.length).toBeGreaterThan(100);
});
