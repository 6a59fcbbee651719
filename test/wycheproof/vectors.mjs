// @ts-check
// Wycheproof's JSON (ECDSA, P-256, SHA-256, signatures of r and s) on standard input → a line a vector for wycheproof.c. Signatures of
// another length than a header has can not come to a bootloader, and are left out.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** r and s in hex digits */
const SIGNATURE_DIGITS = 128;

const { testGroups } = JSON.parse(readFileSync(0, 'utf8'));
for (const { key, tests } of testGroups) {
  for (const { tcId, msg, sig, result } of tests) {
    if (sig.length !== SIGNATURE_DIGITS) continue;
    const digest = createHash('sha256').update(Buffer.from(msg, 'hex')).digest('hex');
    // The point begins with 04: it is not compressed.
    console.log([tcId, result, sig, key.uncompressed.slice(2), digest].join(' '));
  }
}
