// iap keys prove: shows that somebody can sign with a key, before units are made that believe it.
import { IapError } from '../../../base/errors.js';
import { sha256 } from '../../../base/sha256.js';
import { hexBytes, printable } from '../../../base/text.js';
import { proofMessage } from '../../../factory/unit-keys.js';
import { writeBytes } from '../../../node/files.js';
import { readPublicKey, readSigningKey, verifySignature } from '../../../node/key-file.js';
import { runSigner } from '../../../node/signer.js';
import { rawSignature } from '../../../signing/ecdsa.js';
import { fingerprintOf, type PublicKey } from '../../../signing/public-key.js';
import { command } from '../../command.js';
import type { Context } from '../../link.js';
import type { ArgumentsOf } from '../../option.js';
import { OUTPUT_OPTION } from '../../options.js';
import { PASSPHRASE_OPTION, passphraseOf } from '../../passphrase.js';

const POSITIONALS = {
  key: {
    type: 'string',
    demandOption: true,
    complete: 'file',
    describe: 'Private key, PEM; with --signer the public one',
  },
} as const;

const OPTIONS = {
  signer: {
    type: 'string',
    requiresArg: true,
    describe: 'Command that gets the digest on its standard input and writes the signature',
  },
  ...OUTPUT_OPTION,
  ...PASSPHRASE_OPTION,
} as const;

export type KeysProveArguments = ArgumentsOf<typeof POSITIONALS & typeof OPTIONS>;

export const KEYS_PROVE = command({
  name: 'prove <key>',
  description: 'Write the proof, for "iap factory --proof", that you can sign with a key',
  positionals: POSITIONALS,
  options: OPTIONS,
  examples: [
    ['keys prove root.pem -o root.proof', 'with a key in a file'],
    ['keys prove root.pub --signer ./hsm.sh -o root.proof', 'with one that stays in a token'],
  ],
  handler: keysProve,
});

async function keysProve(
  args: KeysProveArguments,
  context: Pick<Context, 'output' | 'signal'>,
): Promise<void> {
  const { output } = context;
  const { key, signature } = await signed(args, context);
  if (!(await verifySignature(proofMessage(key), signature, key.point))) {
    throw new IapError('SIGNATURE_WRONG', 'the signature does not fit the key', {
      hint: 'another key has signed, or a hash was taken of the digest once more; nothing was written',
    });
  }
  await writeBytes(args.output, signature);
  const fingerprint = hexBytes(fingerprintOf(key.point));
  output.line(`fingerprint ${fingerprint}`);
  output.line(`written to ${printable(args.output)}`);
  output.result({ path: args.output, fingerprint });
}

async function signed(
  { key: path, signer, ...args }: KeysProveArguments,
  context: Pick<Context, 'output' | 'signal'>,
): Promise<{ readonly key: PublicKey; readonly signature: Uint8Array }> {
  if (signer === undefined) {
    const key = await readSigningKey(path, () => passphraseOf(path, args, context));
    return { key: key.publicKey, signature: rawSignature(key.sign(proofMessage(key.publicKey))) };
  }
  const key = await readPublicKey(path);
  const bytes = await runSigner(signer, sha256(proofMessage(key)), context.signal);
  return { key, signature: rawSignature(bytes) };
}
