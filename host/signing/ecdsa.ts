// ECDSA signatures of P-256 as bytes: what signers give → what a header holds. What they are worth is for a verifier to say.
import { IapError } from '../base/errors.js';
import { sizeText } from '../base/text.js';

/** Of the group of P-256 */
const ORDER = 0xffff_ffff_0000_0000_ffff_ffff_ffff_ffff_bce6_faad_a717_9e84_f3b9_cac2_fc63_2551n;
const HALF = ORDER >> 1n;
/** Of r, and of s [bytes] */
const NUMBER_SIZE = 32;
const RAW_SIZE = 2 * NUMBER_SIZE;
const SEQUENCE = 0x30;
const INTEGER = 0x02;

/**
 * r and s, big-endian, with the lower of the two s that are right. 64 bytes are taken for r and s: a DER signature so short is never
 * seen.
 * @param bytes r and s, or both in DER
 * @throws IapError SIGNATURE_WRONG
 */
export function rawSignature(bytes: Uint8Array): Uint8Array {
  const [r, s] = bytes.length === RAW_SIZE ? halves(bytes) : fromDer(bytes);
  if (r < 1n || r >= ORDER || s < 1n || s >= ORDER) {
    throw wrong('r or s is no number that ECDSA with P-256 makes');
  }
  const raw = new Uint8Array(RAW_SIZE);
  raw.set(bytesOf(r));
  raw.set(bytesOf(s > HALF ? ORDER - s : s), NUMBER_SIZE);
  return raw;
}

function halves(bytes: Uint8Array): [bigint, bigint] {
  return [numberOf(bytes.subarray(0, NUMBER_SIZE)), numberOf(bytes.subarray(NUMBER_SIZE))];
}

/** SEQUENCE { INTEGER r, INTEGER s }, and nothing else */
function fromDer(bytes: Uint8Array): [bigint, bigint] {
  const [tag, length] = bytes;
  if (tag !== SEQUENCE || length !== bytes.length - 2) throw unknownForm(bytes);
  const r = integerAt(bytes, 2);
  const s = integerAt(bytes, r.end);
  if (s.end !== bytes.length) throw unknownForm(bytes);
  return [r.value, s.value];
}

function integerAt(
  bytes: Uint8Array,
  at: number,
): { readonly value: bigint; readonly end: number } {
  const [tag, length = 0, first = 0, second = 0] = bytes.subarray(at);
  const end = at + 2 + length;
  const padded = length > 1 && first === 0 && second < 0x80;
  if (tag !== INTEGER || length === 0 || first >= 0x80 || padded) throw unknownForm(bytes);
  return { value: numberOf(bytes.subarray(at + 2, end)), end };
}

function numberOf(bytes: Uint8Array): bigint {
  return bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

function bytesOf(value: bigint): Uint8Array {
  return Uint8Array.from({ length: NUMBER_SIZE }, (_, i) =>
    Number((value >> BigInt(8 * (NUMBER_SIZE - 1 - i))) & 0xffn),
  );
}

function unknownForm(bytes: Uint8Array): IapError {
  return wrong(
    `${sizeText(bytes.length)} that are neither r and s (${RAW_SIZE} bytes) nor both in DER`,
  );
}

function wrong(why: string): IapError {
  return new IapError('SIGNATURE_WRONG', `this is no signature: ${why}`, {
    hint: 'it must be ECDSA with P-256, as bytes and not as text: base64 and hex digits have to be decoded before',
  });
}
