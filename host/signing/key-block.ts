// The key block: who may sign for a unit. Written once, by the factory (protocol, structure key_block).
import {
  crc32,
  decode,
  encode,
  fieldSize,
  type Header,
  KEYS_FORMAT,
  KEYS_MAGIC,
  KeyBlock,
  KeyRole,
  KeySlot,
  KeySummary,
  offsetOf,
  type Security,
  SecurityFlag,
  Signature,
} from '../../protocol/index.js';
import { sameBytes } from '../base/bytes.js';
import { IapError } from '../base/errors.js';
import { BLANK, isBlank } from '../image/areas.js';
import { KEY_IDS } from './header.js';
import { fingerprintOf } from './public-key.js';

export interface BlockKey {
  readonly role: KeyRole;
  /** x and y, big-endian, 32 bytes each */
  readonly point: Uint8Array;
}

/** By number; a number without a key is undefined. */
export type BlockKeys = readonly (BlockKey | undefined)[];

/** As flash is when it is erased */
const NO_KEY = decode(KeySlot, new Uint8Array(KeySlot.size).fill(BLANK));
const ERASED = 0xffff;

/**
 * The block's 320 bytes.
 * @throws IapError USAGE for keys that a device could not use
 */
export function buildKeyBlock(keys: BlockKeys): Uint8Array {
  if (keys.length > KEY_IDS.length) {
    throw new IapError('USAGE', `a unit has room for ${KEY_IDS.length} keys, got ${keys.length}`);
  }
  const given = keys.flatMap((key, id) => (key ? [{ ...key, id }] : []));
  if (given.length === 0) {
    throw new IapError('USAGE', 'a unit without a key would take no image at all');
  }
  for (const [at, { point, id }] of given.entries()) {
    const same = given.slice(0, at).find((other) => sameBytes(other.point, point));
    if (!same) continue;
    throw new IapError('USAGE', `key ${id} is the same as key ${same.id}`, {
      hint: 'revoking one of them would revoke nothing',
    });
  }
  const [key0, key1, key2, key3] = KEY_IDS.map((id) => slotOf(keys[id]));
  const values: KeyBlock = {
    magic: KEYS_MAGIC,
    format: KEYS_FORMAT,
    reserved: ERASED,
    key0: key0 ?? NO_KEY,
    key1: key1 ?? NO_KEY,
    key2: key2 ?? NO_KEY,
    key3: key3 ?? NO_KEY,
    reserved2: new Uint8Array(fieldSize(KeyBlock, 'reserved2')).fill(BLANK),
    crc32: 0,
  };
  const before = encode(KeyBlock, values).subarray(0, offsetOf(KeyBlock, 'crc32'));
  return encode(KeyBlock, { ...values, crc32: crc32(before) });
}

function slotOf(key: BlockKey | undefined): KeySlot {
  if (!key) return NO_KEY;
  const { role, point } = key;
  return { role, algorithm: Signature.ECDSA_P256, reserved: ERASED, point };
}

export type KeyBlockState =
  | { readonly state: 'blank' }
  | { readonly state: 'damaged'; readonly why: string }
  | { readonly state: 'good'; readonly slots: readonly KeySlot[] };

/** Reads the block as the bootloader does: with one that is blank or damaged it takes no image. */
export function readKeyBlock(bytes: Uint8Array): KeyBlockState {
  const block = bytes.subarray(0, KeyBlock.size);
  if (isBlank(block)) return { state: 'blank' };
  const { magic, format, crc32: crc, key0, key1, key2, key3 } = decode(KeyBlock, block);
  if (magic !== KEYS_MAGIC) return { state: 'damaged', why: 'no key block begins here' };
  if (crc !== crc32(block.subarray(0, offsetOf(KeyBlock, 'crc32')))) {
    return { state: 'damaged', why: 'its CRC-32 is wrong' };
  }
  if (format !== KEYS_FORMAT) return { state: 'damaged', why: `its format is ${format}` };
  return { state: 'good', slots: [key0, key1, key2, key3] };
}

/**
 * What a new unit with these keys says of itself.
 * @param app header of the application that it comes with: the revocations in it, those of root keys apart, are in force from the beginning
 */
export function securityOf(keys: BlockKeys, app?: Header): Security {
  const root = keys.reduce(
    (mask, key, id) => (key?.role === KeyRole.ROOT ? mask | (1 << id) : mask),
    0,
  );
  const [key0, key1, key2, key3] = KEY_IDS.map((id) => summaryOf(keys[id]));
  return {
    flags: SecurityFlag.SIGNED_ONLY | SecurityFlag.KEYS,
    usableKeys: app ? app.usableKeys | root : BLANK,
    reserved: 0,
    securityCounter: app?.securityCounter ?? 0,
    key0: key0 ?? NO_SUMMARY,
    key1: key1 ?? NO_SUMMARY,
    key2: key2 ?? NO_SUMMARY,
    key3: key3 ?? NO_SUMMARY,
  };
}

const NO_SUMMARY: KeySummary = {
  role: KeyRole.NONE,
  fingerprint: new Uint8Array(fieldSize(KeySummary, 'fingerprint')),
};

function summaryOf(key: BlockKey | undefined): KeySummary {
  return key ? { role: key.role, fingerprint: fingerprintOf(key.point) } : NO_SUMMARY;
}

/** Whether there is a key in a slot */
export function isKey({ role }: Pick<KeySlot, 'role'>): boolean {
  return role !== KeyRole.NONE;
}
