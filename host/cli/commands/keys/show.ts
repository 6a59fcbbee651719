// iap keys show: what is in a key file, but for what must not be seen.
import { hexBytes, printable } from '../../../base/text.js';
import { readKeyFile } from '../../../node/key-file.js';
import { fingerprintOf } from '../../../signing/public-key.js';
import { command } from '../../command.js';
import type { Context } from '../../link.js';
import type { ArgumentsOf } from '../../option.js';
import { PASSPHRASE_OPTION, passphraseOf } from '../../passphrase.js';

const POSITIONALS = {
  key: {
    type: 'string',
    demandOption: true,
    complete: 'file',
    describe: 'Private or public key, PEM',
  },
} as const;

export type KeysShowArguments = ArgumentsOf<typeof POSITIONALS & typeof PASSPHRASE_OPTION>;

export const KEYS_SHOW = command({
  name: 'show <key>',
  description: 'Show a key\'s fingerprint, as "iap info" does of a device\'s keys',
  positionals: POSITIONALS,
  options: PASSPHRASE_OPTION,
  examples: [['keys show release.pub', 'which key it is']],
  handler: keysShow,
});

async function keysShow(
  args: KeysShowArguments,
  context: Pick<Context, 'output' | 'signal'>,
): Promise<void> {
  const { output } = context;
  const { key: path } = args;
  const { kind, encrypted, publicKey } = await readKeyFile(path, () =>
    passphraseOf(path, args, context),
  );
  const { point, development } = publicKey;
  const fingerprint = hexBytes(fingerprintOf(point));
  const locked = encrypted ? ', encrypted' : ', not encrypted';
  output.line(`${printable(path)}: ${kind} key${kind === 'private' ? locked : ''}`);
  output.line(`fingerprint ${fingerprint}`);
  if (development) output.line('a development key: not for units that leave the house');
  output.result({ path, kind, encrypted, development, fingerprint, point });
}
