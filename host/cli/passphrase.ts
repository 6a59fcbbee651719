// The passphrase of a key: from a file, the environment, or a question. Not from the command line, which others can see.
import { IapError } from '../base/errors.js';
import { sizeText } from '../base/text.js';
import { LONGEST_PASSPHRASE } from '../node/key-file.js';
import { readSecret } from '../node/secret-file.js';
import type { Context } from './link.js';
import { secret, type Terminal } from './prompt.js';

export const PASSPHRASE_OPTION = {
  'passphrase-file': {
    type: 'string',
    requiresArg: true,
    complete: 'file',
    describe: "File whose first line is the key's passphrase; or the variable IAP_PASSPHRASE",
  },
} as const;

export interface PassphraseSource {
  readonly passphraseFile?: string | undefined;
}

const VARIABLE = 'IAP_PASSPHRASE';
const ELSEWHERE = `--passphrase-file FILE, or the variable ${VARIABLE}`;

type Asking = Pick<Context, 'output' | 'signal'>;

/** Of a key that there is */
export async function passphraseOf(
  path: string,
  source: PassphraseSource,
  context: Asking,
  terminal?: Terminal,
): Promise<string> {
  const given = await givenPassphrase(source);
  if (given !== undefined) return given;
  const hint = `give its passphrase with ${ELSEWHERE}`;
  return checked(await secret(`Passphrase of ${path}`, hint, context, terminal));
}

/** For a new key: what is typed without being seen is typed twice. */
export async function newPassphrase(
  path: string,
  source: PassphraseSource,
  context: Asking,
  terminal?: Terminal,
): Promise<string> {
  const given = await givenPassphrase(source);
  if (given !== undefined) return given;
  const hint = `give a passphrase with ${ELSEWHERE}; or --unencrypted, for a key that is worth nothing`;
  const first = checked(await secret(`Passphrase for ${path}`, hint, context, terminal));
  if ((await secret('The same again', hint, context, terminal)) === first) return first;
  throw new IapError('USAGE', 'these are two passphrases; nothing was written', {
    hint: 'run it again, and type the same one twice',
  });
}

async function givenPassphrase({
  passphraseFile: path,
}: PassphraseSource): Promise<string | undefined> {
  if (path === undefined) {
    // As most programs have it, a variable that is empty is not set.
    const value = process.env[VARIABLE];
    return value ? checked(value) : undefined;
  }
  const { bytes, exposed } = await readSecret(path, 'passphrase file');
  if (exposed) {
    throw new IapError('KEY_WRONG', `others than its owner can read the passphrase file ${path}`, {
      hint: `chmod 600 ${path}`,
      details: { path, problem: 'exposed' },
    });
  }
  const [line = ''] = new TextDecoder().decode(bytes).split(/\r?\n/, 1);
  return checked(line);
}

/** @throws IapError USAGE, which does not have it in its words */
function checked(passphrase: string): string {
  const size = new TextEncoder().encode(passphrase).length;
  if (size > 0 && size <= LONGEST_PASSPHRASE) return passphrase;
  throw new IapError(
    'USAGE',
    size === 0
      ? 'the passphrase is empty'
      : `the passphrase has ${sizeText(size)}; at most ${LONGEST_PASSPHRASE} are taken`,
  );
}
