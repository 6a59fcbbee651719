// iap keys new: a private key that nobody else can read, and the public one beside it.
import { IapError } from '../../../base/errors.js';
import { hexBytes, printable } from '../../../base/text.js';
import { refuseExisting } from '../../../node/files.js';
import { writeKeyPair } from '../../../node/key-file.js';
import { fingerprintOf } from '../../../signing/public-key.js';
import { command } from '../../command.js';
import type { Context } from '../../link.js';
import type { ArgumentsOf } from '../../option.js';
import { OUTPUT_OPTION } from '../../options.js';
import { newPassphrase, PASSPHRASE_OPTION } from '../../passphrase.js';

const OPTIONS = {
  output: {
    ...OUTPUT_OPTION.output,
    describe: 'File of the private key; the public one goes beside it and ends in .pub',
  },
  development: {
    type: 'boolean',
    default: false,
    describe: 'Mark it as a key for units that stay in the house',
  },
  unencrypted: {
    type: 'boolean',
    describe: 'Without a passphrase: whoever gets the file can sign',
    conflicts: 'passphrase-file',
  },
  ...PASSPHRASE_OPTION,
} as const;

export type KeysNewArguments = ArgumentsOf<typeof OPTIONS>;

export const KEYS_NEW = command({
  name: 'new',
  description: 'Make a key; no file is written over',
  positionals: {},
  options: OPTIONS,
  examples: [
    ['keys new -o release.pem', 'release.pem and release.pub; asks for a passphrase'],
    ['keys new --development --unencrypted -o dev.pem', 'for the bench'],
  ],
  handler: keysNew,
});

async function keysNew(
  args: KeysNewArguments,
  context: Pick<Context, 'output' | 'signal'>,
): Promise<void> {
  const { output } = context;
  const { output: path, development, unencrypted = false } = args;
  const paths = { private: path, public: publicPath(path) };
  for (const file of [paths.public, paths.private]) await refuseExisting(file);
  const passphrase = unencrypted ? undefined : await newPassphrase(path, args, context);
  const { point } = await writeKeyPair(paths, development, passphrase);
  const fingerprint = hexBytes(fingerprintOf(point));
  output.line(`private key ${paths.private}${unencrypted ? ', not encrypted' : ''}`);
  output.line(`public key  ${paths.public}`);
  output.line(`fingerprint ${fingerprint}`);
  if (development) output.line('a development key: not for units that leave the house');
  output.result({
    path: paths.private,
    publicPath: paths.public,
    encrypted: !unencrypted,
    development,
    fingerprint,
  });
}

/** release.pem → release.pub */
function publicPath(path: string): string {
  const named = `${path.replace(/\.(pem|key)$/i, '')}.pub`;
  if (!/\.pub$/i.test(path)) return named;
  throw new IapError('USAGE', `${printable(path)} is what a public key is called`, {
    hint: 'name the private key, for example release.pem',
  });
}
