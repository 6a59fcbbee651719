// The project's only CRC, under the project's name; parameters and check value are in protocol.json.
import calculate from 'crc/calculators/crc32';

/**
 * CRC-32/ISO-HDLC of `bytes`, continued from `previous`.
 * @param previous CRC of the bytes before these; 0 for none
 */
export function crc32(bytes: Uint8Array, previous = 0): number {
  // The library takes a literal 0 as a raw register of 0, which is another CRC; nothing means "from the start".
  return calculate(bytes, previous === 0 ? undefined : previous) >>> 0;
}
