// The ROM bootloader's protocol in numbers (AN3155 table 2). Constants only.

export const ACK = 0x79;
export const NACK = 0x1f;
/** Measured by the ROM to find the rate; as half of a command it is always refused (AN3155 section 2) */
export const SYNC = 0x7f;

export const RomCommand = {
  GET: 0x00,
  GET_VERSION: 0x01,
  GET_ID: 0x02,
  READ_MEMORY: 0x11,
  GO: 0x21,
  WRITE_MEMORY: 0x31,
  ERASE: 0x43,
  EXTENDED_ERASE: 0x44,
  WRITE_PROTECT: 0x63,
  WRITE_UNPROTECT: 0x73,
  READOUT_PROTECT: 0x82,
  READOUT_UNPROTECT: 0x92,
} as const;
export type RomCommand = (typeof RomCommand)[keyof typeof RomCommand];

const NAMES = new Map<number, string>([
  [RomCommand.GET, 'Get'],
  [RomCommand.GET_VERSION, 'Get Version'],
  [RomCommand.GET_ID, 'Get ID'],
  [RomCommand.READ_MEMORY, 'Read Memory'],
  [RomCommand.GO, 'Go'],
  [RomCommand.WRITE_MEMORY, 'Write Memory'],
  [RomCommand.ERASE, 'Erase'],
  [RomCommand.EXTENDED_ERASE, 'Extended Erase'],
  [RomCommand.WRITE_PROTECT, 'Write Protect'],
  [RomCommand.WRITE_UNPROTECT, 'Write Unprotect'],
  [RomCommand.READOUT_PROTECT, 'Readout Protect'],
  [RomCommand.READOUT_UNPROTECT, 'Readout Unprotect'],
  [0x50, 'Special'],
  [0x51, 'Extended Special'],
  [0xa1, 'Get Checksum'],
]);

/** As AN3155 calls it */
export function commandName(code: number): string {
  return NAMES.get(code) ?? `command 0x${code.toString(16).padStart(2, '0')}`;
}

/** Bytes of one Read Memory or Write Memory (AN3155 sections 3.4, 3.6) */
export const BLOCK = 256;
/** Pages of one Erase: FFh as a count means everything (AN3155 section 3.7) */
export const MOST_PAGES = 255;
/** Start bit, eight data bits, even parity, stop bit */
export const BITS_PER_BYTE = 11;
