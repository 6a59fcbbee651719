// The identity block: what one unit is. Written once, by the factory, read at every boot (protocol, structure identity).
import {
  ADDRESS_BROADCAST,
  crc32,
  decode,
  encode,
  fieldSize,
  IDENTITY_MAGIC,
  Identity,
  IdentityFlag,
  offsetOf,
} from '../../protocol/index.js';
import { isZero } from '../base/bytes.js';
import { IapError } from '../base/errors.js';
import { asciiOf } from '../base/text.js';
import { BLANK, isBlank } from '../image/areas.js';

/** What a unit is; what is missing stays as in a device without identity block. */
export interface UnitIdentity {
  /** 16 bytes, not all zero */
  readonly product: Uint8Array;
  /** Hardware revision, 0 to 65535 */
  readonly hardware?: number;
  /** Bus address, 1 to 254; 0 for none */
  readonly address?: number;
  /** Takes only packages made for this product, no plain images */
  readonly packagesOnly?: boolean;
  /** Rate after a reset [baud]; the board's if missing */
  readonly defaultRate?: number;
  /** Serial number, up to 16 printable ASCII characters */
  readonly serial?: string;
}

/** Flags and default rate as erased: none applies. */
const NO_FLAGS = 0xff;
const NO_RATE = 0xffff_ffff;
const SERIAL_SIZE = fieldSize(Identity, 'serial');

/**
 * The block's 64 bytes.
 * @throws IapError USAGE for what a device could not be found by again
 */
export function buildIdentity(unit: UnitIdentity): Uint8Array {
  const { product, hardware = 0, address = 0, packagesOnly = false, serial = '' } = unit;
  // A device with an all-zero product would refuse every package that names one.
  if (isZero(product)) throw new IapError('USAGE', 'the product id of a unit can not be all zero');
  if (serial !== asciiOf(serial, '?') || serial.length > SERIAL_SIZE) {
    throw new IapError(
      'USAGE',
      `the serial number must be up to ${SERIAL_SIZE} letters, digits and signs of ASCII, got ${serial.length}: "${asciiOf(serial, '?')}"`,
    );
  }
  if (!Number.isInteger(address) || address < 0 || address >= ADDRESS_BROADCAST) {
    throw new IapError(
      'USAGE',
      `the bus address must be 0 to ${ADDRESS_BROADCAST - 1}, got ${address}`,
    );
  }
  const values = {
    magic: IDENTITY_MAGIC,
    product,
    hardware,
    address,
    flags: packagesOnly ? NO_FLAGS & ~IdentityFlag.ANY_IMAGE : NO_FLAGS,
    defaultRate: unit.defaultRate ?? NO_RATE,
    serial,
    reserved: new Uint8Array(fieldSize(Identity, 'reserved')).fill(BLANK),
    crc32: 0,
  };
  const before = encode(Identity, values).subarray(0, offsetOf(Identity, 'crc32'));
  return encode(Identity, { ...values, crc32: crc32(before) });
}

export type IdentityState =
  | { readonly state: 'blank' }
  | { readonly state: 'damaged'; readonly why: string }
  | { readonly state: 'good'; readonly identity: Identity };

/** Reads the block as the bootloader does: one that is blank or damaged says nothing. */
export function readIdentity(bytes: Uint8Array): IdentityState {
  if (isBlank(bytes)) return { state: 'blank' };
  const identity = decode(Identity, bytes);
  if (identity.magic !== IDENTITY_MAGIC) {
    return { state: 'damaged', why: 'no identity block begins here' };
  }
  if (identity.crc32 !== crc32(bytes.subarray(0, offsetOf(Identity, 'crc32')))) {
    return { state: 'damaged', why: 'its CRC-32 is wrong' };
  }
  return { state: 'good', identity };
}

/** Whether a default rate is set; otherwise the board's applies. */
export function hasRate({ defaultRate }: Identity): boolean {
  return defaultRate !== 0 && defaultRate !== NO_RATE;
}
