// One device of a group while pages are sent to all of them, and how far it is.
import type { Device } from '../device/device.js';
import type { WorkedOff } from './group-pace.js';
import { PageFailures } from './page-failures.js';

export interface Receiver {
  readonly address: number;
  readonly device: Device;
  readonly failures: PageFailures;
  /** Pieces that it has taken */
  taken: number;
  /** As far as it has said */
  workedOff: WorkedOff;
  silent: number;
  fruitless: number;
  /** What was sent again for it [bytes] */
  cost: number;
}

export function receiverAt(address: number, device: Device, workedOff: WorkedOff): Receiver {
  const failures = new PageFailures(device.info);
  return { address, device, failures, taken: 0, workedOff, silent: 0, fruitless: 0, cost: 0 };
}
