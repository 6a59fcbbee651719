// The keys that a unit gets: which may be in one that leaves the house, and the proof that somebody can sign with each. A unit whose
// key nobody has takes no update any more.
import { decode, Header, KeyRole } from '../../protocol/index.js';
import { concat } from '../base/bytes.js';
import { IapError } from '../base/errors.js';
import { hexBytes } from '../base/text.js';
import type { Image } from '../image/image.js';
import { rawSignature } from '../signing/ecdsa.js';
import { isSignedBy, signatureState } from '../signing/header.js';
import type { BlockKey } from '../signing/key-block.js';
import { fingerprintOf, type PublicKey, type VerifySignature } from '../signing/public-key.js';

export interface UnitKey extends PublicKey, BlockKey {
  /** What it is called, such as "root" */
  readonly name: string;
}

/** By number */
export type UnitKeys = readonly (UnitKey | undefined)[];

/**
 * @param development the unit stays in the house
 * @throws IapError KEY_WRONG or USAGE
 */
export function checkRoles(keys: UnitKeys, development: boolean): void {
  const given = keys.filter((key) => key !== undefined);
  const forTheBench = given.find((key) => key.development || key.role === KeyRole.DEVELOPMENT);
  if (forTheBench && !development) {
    throw new IapError(
      'KEY_WRONG',
      `the ${forTheBench.name} key ${hexBytes(fingerprintOf(forTheBench.point))} is a development key`,
      {
        hint: 'whoever has it can make images for this unit: leave it out, or say --development for a unit that stays in the house',
        details: { problem: 'development' },
      },
    );
  }
  if (given.some(({ role }) => role !== KeyRole.ROOT) || development) return;
  throw new IapError('USAGE', 'the root key alone would have to sign every release', {
    hint: 'it belongs into a safe: add --release-key',
  });
}

const PROOF = new TextEncoder().encode('stm32-iap: I can sign with this key\n');

/** What the owner of a key signs to prove it */
export function proofMessage({ point }: PublicKey): Uint8Array {
  return concat([PROOF, point]);
}

/**
 * @param app the unit's first application, whose signature is a proof of its key
 * @param proofs signatures of {@link proofMessage}, in any order
 * @throws IapError KEY_WRONG naming the first key that nobody has shown to sign with, SIGNATURE_WRONG for a proof that is none
 */
export async function checkOwners(
  keys: UnitKeys,
  app: Image | undefined,
  proofs: readonly Uint8Array[],
  verify: VerifySignature,
): Promise<void> {
  const signatures = proofs.map((proof) => rawSignature(proof));
  for (const [id, key] of keys.entries()) {
    if (!key || (await hasSigned(key, id, app, verify))) continue;
    const verdicts = signatures.map((signature) => verify(proofMessage(key), signature, key.point));
    if ((await Promise.all(verdicts)).includes(true)) continue;
    throw new IapError(
      'KEY_WRONG',
      `nobody has shown that there is somebody who can sign with the ${key.name} key ${hexBytes(fingerprintOf(key.point))}`,
      {
        hint: `"iap keys prove ${key.name}.pem -o ${key.name}.proof", with its private key, writes a proof: add --proof ${key.name}.proof`,
        details: { problem: 'unproven', key: id },
      },
    );
  }
}

async function hasSigned(
  { point }: UnitKey,
  id: number,
  app: Image | undefined,
  verify: VerifySignature,
): Promise<boolean> {
  if (!app?.header) return false;
  const header = decode(Header, app.header);
  if (signatureState(header) !== 'signed' || header.keyId !== id) return false;
  return isSignedBy(app.header, point, verify);
}
