// iap sign: a package → the same, signed. The key is in a file, behind somebody's own command, or far away; what comes of it is
// verified before it is written.
import { decode, Header, KEY_SLOTS } from '../../../protocol/index.js';
import { concat } from '../../base/bytes.js';
import { IapError } from '../../base/errors.js';
import { hexBytes, printable, sizeText } from '../../base/text.js';
import { errorOf } from '../../check/finding.js';
import { neverTakenFinding } from '../../check/signature.js';
import { writeBytes } from '../../node/files.js';
import { readPublicKey, readSigningKey, verifySignature } from '../../node/key-file.js';
import { readSecret } from '../../node/secret-file.js';
import { runSigner } from '../../node/signer.js';
import {
  isSignedBy,
  signatureFacts,
  signatureState,
  signedDigest,
  signedPart,
  withSignature,
} from '../../signing/header.js';
import { fingerprintOf, type PublicKey } from '../../signing/public-key.js';
import { command } from '../command.js';
import { signatureText } from '../header-json.js';
import type { Context } from '../link.js';
import type { ArgumentsOf } from '../option.js';
import { PUBLIC_KEY_OPTION } from '../options.js';
import { type PackageFile, packagePath, readPackageFile } from '../package-file.js';
import { PASSPHRASE_OPTION, passphraseOf } from '../passphrase.js';

const POSITIONALS = {
  package: {
    type: 'string',
    demandOption: true,
    complete: 'file',
    describe: 'Package of "iap pack --key-id"',
  },
} as const;

const OPTIONS = {
  key: {
    type: 'string',
    requiresArg: true,
    complete: 'file',
    describe: 'Private key to sign with, PEM',
  },
  signer: {
    type: 'string',
    requiresArg: true,
    describe: 'Command that gets the digest on its standard input and writes the signature',
  },
  digest: {
    type: 'boolean',
    default: false,
    describe: 'Only write the 32 bytes of SHA-256 that are to be signed',
  },
  attach: {
    type: 'string',
    requiresArg: true,
    complete: 'file',
    describe: 'File with the signature, which was made elsewhere: DER, or r and s',
  },
  ...PUBLIC_KEY_OPTION,
  ...PASSPHRASE_OPTION,
  'key-id': {
    type: 'number',
    least: 0,
    most: KEY_SLOTS - 1,
    requiresArg: true,
    describe: "Number of the key; needed where a package's signature is replaced",
  },
  output: {
    alias: 'o',
    type: 'string',
    requiresArg: true,
    complete: 'file',
    describe: 'File to write; the package itself if missing',
  },
} as const;

export type SignArguments = ArgumentsOf<typeof POSITIONALS & typeof OPTIONS>;
type Signing = Pick<Context, 'output' | 'signal'>;

export const SIGN = command({
  name: 'sign <package>',
  description: 'Sign a package, with a key wherever it is',
  positionals: POSITIONALS,
  options: OPTIONS,
  examples: [
    ['sign app.iap --key release.pem', 'with a key in a file'],
    ['sign app.iap --signer ./hsm.sh --public-key release.pub', 'with one that stays in a token'],
    ['sign app.iap --digest -o app.digest', 'elsewhere: what is to be signed'],
    ['sign app.iap --attach app.sig --public-key release.pub', 'elsewhere: what came back'],
  ],
  epilogue: 'docs/signing.md has it step by step.',
  handler: sign,
});

async function sign(args: SignArguments, context: Signing): Promise<void> {
  checkWay(args);
  const path = args.package;
  const file = await readPackageFile(path);
  const state = signatureState(file.header);
  const { keyId } = file.header;
  if (state === 'unsigned') {
    throw new IapError('IMAGE_SIGNATURE', `${printable(path)} does not say which key signs it`, {
      hint: 'the number of the key is signed too, so it comes first: make the package again with "iap pack --key-id"',
    });
  }
  const never = neverTakenFinding(file.header);
  if (never) throw errorOf(never);
  if (args.keyId !== undefined && args.keyId !== keyId) {
    throw new IapError('USAGE', `the package is for key ${keyId}, not for key ${args.keyId}`, {
      hint: 'the number of the key is signed too: make the package again with "iap pack --key-id"',
    });
  }
  if (args.digest) {
    await giveDigest(args, file, context);
    return;
  }
  if (state === 'signed' && args.keyId === undefined) {
    throw new IapError('USAGE', `${printable(path)} is signed already, with key ${keyId}`, {
      hint: `--key-id ${keyId} puts another signature in place of this one`,
    });
  }
  const target = packagePath(args.output ?? path);
  const { signature, key } = await signatureFor(args, file, context);
  const header = withSignature(file.raw, signature);
  await verifyFit(header, key);
  await writeBytes(target, concat([header, file.bytes]));
  tell(target, header, file, key, context);
}

/** How it is signed: said once. */
function checkWay({ key, signer, attach, digest, publicKey, passphraseFile }: SignArguments): void {
  const ways = [key, signer, attach].filter((way) => way !== undefined).length + (digest ? 1 : 0);
  if (ways !== 1) {
    throw new IapError('USAGE', 'say in one way how to sign', {
      hint: '--key FILE, --signer COMMAND, --digest, or --attach FILE',
    });
  }
  if ((signer ?? attach) !== undefined && publicKey === undefined) {
    throw new IapError('USAGE', 'what another program signs is verified: add --public-key FILE', {
      hint: 'a package whose signature does not fit would be refused by every device',
    });
  }
  if (passphraseFile !== undefined && key === undefined) {
    throw new IapError('USAGE', '--passphrase-file belongs to --key');
  }
}

async function giveDigest(
  { output: path }: SignArguments,
  { raw, header }: PackageFile,
  { output }: Signing,
): Promise<void> {
  const digest = signedDigest(raw);
  if (path !== undefined) {
    await writeBytes(path, digest);
    output.line(`digest ${hexBytes(digest)}`);
    output.line(
      `written to ${printable(path)}: ${sizeText(digest.length)}, to be signed as they are`,
    );
  } else if (!output.json) {
    if (output.isTerminal) {
      throw new IapError('USAGE', 'the digest is 32 bytes, and no text for a terminal', {
        hint: 'add -o FILE or --json, or pass it on with a pipe',
      });
    }
    output.bytes(digest);
  }
  output.result({ ...(path === undefined ? {} : { path }), digest, keyId: header.keyId });
}

interface Signed {
  readonly signature: Uint8Array;
  /** Which it must fit */
  readonly key: PublicKey;
}

async function signatureFor(
  args: SignArguments,
  { raw }: PackageFile,
  context: Signing,
): Promise<Signed> {
  const { key: path, signer, attach } = args;
  const given = args.publicKey === undefined ? undefined : await readPublicKey(args.publicKey);
  if (path !== undefined) {
    const key = await readSigningKey(path, () => passphraseOf(path, args, context));
    return { signature: key.sign(signedPart(raw)), key: given ?? key.publicKey };
  }
  if (!given) throw new IapError('USAGE', 'add --public-key FILE');
  const signature =
    signer === undefined
      ? (await readSecret(attach ?? '', 'signature')).bytes
      : await runSigner(signer, signedDigest(raw), context.signal);
  return { signature, key: given };
}

async function verifyFit(header: Uint8Array, { point }: PublicKey): Promise<void> {
  if (await isSignedBy(header, point, verifySignature)) return;
  const fingerprint = hexBytes(fingerprintOf(point));
  throw new IapError(
    'SIGNATURE_WRONG',
    `the signature does not fit this package and the public key ${fingerprint}`,
    {
      hint: 'either another key has signed, or another package, or a hash was taken of the digest once more; nothing was written',
      details: { fingerprint },
    },
  );
}

function tell(
  path: string,
  raw: Uint8Array,
  { bytes }: PackageFile,
  { point, development }: PublicKey,
  { output }: Signing,
): void {
  const signature = signatureFacts(decode(Header, raw));
  const fingerprint = hexBytes(fingerprintOf(point));
  if (development)
    output.warning('signed with a development key: not for units that leave the house');
  output.line(`signed ${signatureText(signature)}, fingerprint ${fingerprint}`);
  output.line(`written to ${printable(path)}: ${raw.length + bytes.length} bytes`);
  output.result({
    path,
    bytes: raw.length + bytes.length,
    signature,
    fingerprint,
    development,
  });
}
