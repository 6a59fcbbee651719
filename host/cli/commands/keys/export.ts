// iap keys export: the public key out of a private one.
import { IapError } from '../../../base/errors.js';
import { hexBytes, printable } from '../../../base/text.js';
import { readKeyFile, writePublicKey } from '../../../node/key-file.js';
import { fingerprintOf } from '../../../signing/public-key.js';
import { command } from '../../command.js';
import type { Context } from '../../link.js';
import type { ArgumentsOf } from '../../option.js';
import { OUTPUT_OPTION } from '../../options.js';
import { PASSPHRASE_OPTION, passphraseOf } from '../../passphrase.js';

const POSITIONALS = {
  key: { type: 'string', demandOption: true, complete: 'file', describe: 'Private key, PEM' },
} as const;

const OPTIONS = { ...OUTPUT_OPTION, ...PASSPHRASE_OPTION } as const;

export type KeysExportArguments = ArgumentsOf<typeof POSITIONALS & typeof OPTIONS>;

export const KEYS_EXPORT = command({
  name: 'export <key>',
  description: 'Write the public key of a private one; no file is written over',
  positionals: POSITIONALS,
  options: OPTIONS,
  examples: [['keys export release.pem -o release.pub', 'what devices and others may have']],
  handler: keysExport,
});

async function keysExport(
  args: KeysExportArguments,
  context: Pick<Context, 'output' | 'signal'>,
): Promise<void> {
  const { output } = context;
  const { key: path, output: target } = args;
  const { kind, publicKey } = await readKeyFile(path, () => passphraseOf(path, args, context));
  if (kind === 'public') {
    throw new IapError(
      'KEY_WRONG',
      `the key ${printable(path)} can not be used: it is a public key already`,
      { hint: 'copy it', details: { path, problem: 'public' } },
    );
  }
  await writePublicKey(target, publicKey);
  const { development, point } = publicKey;
  const fingerprint = hexBytes(fingerprintOf(point));
  output.line(`written to ${printable(target)}`);
  output.line(`fingerprint ${fingerprint}`);
  output.result({ path: target, development, fingerprint });
}
