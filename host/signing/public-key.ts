// Public keys, and whoever can verify with them: this library has no cryptography of its own.
import { fieldSize, KeySummary } from '../../protocol/index.js';
import { sha256 } from '../base/sha256.js';

export interface PublicKey {
  /** x and y, big-endian, 32 bytes each, on the curve */
  readonly point: Uint8Array;
  /** Its file says that it is not for units that leave the house; a file without a word may be one all the same. */
  readonly development: boolean;
}

/**
 * Verifies ECDSA with P-256 and SHA-256, as node:crypto and WebCrypto do.
 * @param signature r and s, big-endian, 32 bytes each
 * @param point x and y, likewise
 */
export type VerifySignature = (
  message: Uint8Array,
  signature: Uint8Array,
  point: Uint8Array,
) => boolean | Promise<boolean>;

/** What a key is called: HELLO has the same. */
export function fingerprintOf(point: Uint8Array): Uint8Array {
  return sha256(point).subarray(0, fieldSize(KeySummary, 'fingerprint'));
}
