// Which refusals a technician may meet, and has something to do about.
import type { Status } from '../../protocol/index.js';
import type { Fault } from './fault.js';

const REFUSED = [
  'NOT_NOW',
  'WRONG_PRODUCT',
  'WRONG_HARDWARE',
  'WRONG_DEVICE',
  'WRONG_ADDRESS',
  'WRONG_SIZE',
  'ROLLBACK',
  'NOT_CAPABLE',
  'BAD_SIGNATURE',
  'PACKAGE_ONLY',
  'RECORD_FAILED',
  'SUPPLY_LOW',
  'NOT_BOOTABLE',
  'RATE_UNAVAILABLE',
] as const satisfies readonly (keyof typeof Status)[];

export type Refused = (typeof REFUSED)[number];

/** Undefined for another error, and for a refusal of a later version */
export function refusedOf({ code, details }: Fault): Refused | undefined {
  return code === 'REFUSED' ? REFUSED.find((status) => status === details.status) : undefined;
}
