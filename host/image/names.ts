// Identifiers of fixed size (product id, build id) as people write them: short text, or hex digits for all bytes.
import { isZero } from '../base/bytes.js';
import { IapError } from '../base/errors.js';
import { excerpt, hexBytes, isPrintable } from '../base/text.js';

/**
 * Bytes of an identifier. Exactly two hex digits a byte are those bytes; anything else is text, in UTF-8, padded with zero.
 * The longest text has `size` bytes, so the two can not be mistaken for each other.
 * @param what for messages, for example "the product id"
 * @throws IapError USAGE
 */
export function parseName(what: string, text: string, size: number): Uint8Array {
  if (text.length === 2 * size && /^[0-9a-f]+$/i.test(text)) return fromHex(text);
  const bytes = new TextEncoder().encode(text);
  if (bytes.length === 0 || bytes.length > size) {
    const found = bytes.length === 0 ? 'it is empty' : `"${excerpt(text)}" has ${bytes.length}`;
    throw new IapError(
      'USAGE',
      `${what} must be text of 1 to ${size} bytes or ${2 * size} hex digits; ${found}`,
    );
  }
  if (!isPrintable(text)) {
    throw new IapError('USAGE', `${what} has characters that can not be printed`, {
      hint: `write it as ${2 * size} hex digits`,
    });
  }
  const padded = new Uint8Array(size);
  padded.set(bytes);
  return padded;
}

/**
 * Bytes of an identifier that is never text, such as a chip's unique id.
 * @throws IapError USAGE
 */
export function parseHex(what: string, text: string, size: number): Uint8Array {
  if (text.length === 2 * size && /^[0-9a-f]+$/i.test(text)) return fromHex(text);
  throw new IapError('USAGE', `${what} must be ${2 * size} hex digits, got "${excerpt(text)}"`);
}

/** Both ways to write an identifier: its text, if it is one, and its hex digits. */
export function nameText(bytes: Uint8Array): string {
  const hex = hexBytes(bytes);
  const text = textOf(bytes);
  return text === undefined ? hex : `"${text}" (${hex})`;
}

/** The text that `parseName` would make these bytes from; undefined if there is none */
export function textOf(bytes: Uint8Array): string | undefined {
  const end = bytes.indexOf(0);
  const used = end < 0 ? bytes : bytes.subarray(0, end);
  if (used.length === 0 || !isZero(bytes.subarray(used.length))) return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(used);
    return isPrintable(text) ? text : undefined;
  } catch {
    return undefined;
  }
}

function fromHex(digits: string): Uint8Array {
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) =>
    Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16),
  );
}
