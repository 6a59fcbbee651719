// What "iap flash" writes into a production log.
import type { ProductionLog } from '../node/production-log.js';
import type { UpdateResult } from '../update/events.js';
import type { MemberResult } from '../update/group-events.js';
import { entryBase, failedOutcome, foundDevice, type Outcome, type UnitWork } from './unit-log.js';

export function flashOutcome(result: UpdateResult): Outcome {
  const { changed, boot, rate, pagesSent, bytesSent } = result;
  return { result: changed ? 'installed' : 'unchanged', boot, rate, pagesSent, bytesSent };
}

/**
 * Writes what became of one of several devices that were updated together.
 * @param hash of the image
 */
export async function logMember(
  log: ProductionLog,
  unit: UnitWork,
  hash: string,
  { address, device, error, changed, boot }: MemberResult,
  seconds: number,
): Promise<void> {
  const outcome: Outcome = error
    ? failedOutcome(error)
    : { result: changed ? 'installed' : 'unchanged', boot };
  const found = device && foundDevice(device);
  await log.append({ ...entryBase(unit, hash, found), address, seconds, ...outcome });
}
