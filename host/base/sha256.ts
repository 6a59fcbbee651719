// The project's only SHA-256, under the project's name: synchronous, and the same in Node.js and in a browser.
import { sha256 as calculate } from '@noble/hashes/sha2.js';

export function sha256(bytes: Uint8Array): Uint8Array {
  return calculate(bytes);
}
