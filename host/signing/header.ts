// What of an image header is signed, and where the signature goes (protocol, structure header).
import { decode, encode, Header, KEY_SLOTS, offsetOf, Signature } from '../../protocol/index.js';
import { concat } from '../base/bytes.js';
import { sha256 } from '../base/sha256.js';
import { isBlank } from '../image/areas.js';
import { rawSignature } from './ecdsa.js';
import type { VerifySignature } from './public-key.js';

const SIGNED_SIZE = offsetOf(Header, 'signature');

/** "to-be-signed": its algorithm and key are set, which are signed too, and the signature is missing. */
export type SignatureState = 'unsigned' | 'to-be-signed' | 'signed';

export function signatureState({ signatureAlgorithm, signature }: Header): SignatureState {
  if (signatureAlgorithm === Signature.NONE) return 'unsigned';
  return isBlank(signature) ? 'to-be-signed' : 'signed';
}

export interface SignatureFacts {
  readonly state: SignatureState;
  /** Number of the key; missing of an unsigned package */
  readonly keyId?: number;
  /** Numbers of the keys that the package revokes */
  readonly revoked: readonly number[];
  /** Whether it fits the key that was asked about; missing where none was */
  readonly verified?: boolean;
}

export function signatureFacts(header: Header): SignatureFacts {
  const state = signatureState(header);
  const key = state === 'unsigned' ? {} : { keyId: header.keyId };
  return { state, ...key, revoked: revokedKeys(header.usableKeys) };
}

function revokedKeys(usableKeys: number): number[] {
  return KEY_IDS.filter((id) => (usableKeys & (1 << id)) === 0);
}

/** Numbers of the keys that a device can have */
export const KEY_IDS: readonly number[] = Array.from({ length: KEY_SLOTS }, (_, id) => id);

/** The bytes that a signature is of */
export function signedPart(header: Uint8Array): Uint8Array {
  return header.slice(0, SIGNED_SIZE);
}

/** The header with the number of the key that is going to sign it: both are signed, too. */
export function forKey(header: Uint8Array, keyId: number): Uint8Array {
  const signatureAlgorithm = Signature.ECDSA_P256;
  return encode(Header, { ...decode(Header, header), signatureAlgorithm, keyId });
}

/** Their SHA-256: what signers are given that take a digest */
export function signedDigest(header: Uint8Array): Uint8Array {
  return sha256(signedPart(header));
}

/**
 * The header with this signature, as bootloaders take it; whether it is right is for {@link isSignedBy} to say.
 * @param signature r and s, or both in DER
 * @throws IapError SIGNATURE_WRONG
 */
export function withSignature(header: Uint8Array, signature: Uint8Array): Uint8Array {
  return concat([signedPart(header), rawSignature(signature)]);
}

export async function isSignedBy(
  header: Uint8Array,
  point: Uint8Array,
  verify: VerifySignature,
): Promise<boolean> {
  return verify(signedPart(header), header.slice(SIGNED_SIZE), point);
}
