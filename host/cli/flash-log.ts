// What "iap flash" writes into a production log.
import { exitCodeOf } from '../base/errors.js';
import { sha256 } from '../base/sha256.js';
import { hexBytes } from '../base/text.js';
import type { ProductionLog } from '../node/production-log.js';
import type { UpdateResult } from '../update/events.js';
import type { MemberResult } from '../update/group-events.js';
import { errorJson } from './output.js';
import { entryBase, foundDevice, type Outcome, type UnitWork } from './unit-log.js';

export function flashOutcome(result: UpdateResult): Outcome {
  const { changed, boot, rate, pagesSent, bytesSent } = result;
  return { result: changed ? 'installed' : 'unchanged', boot, rate, pagesSent, bytesSent };
}

/** Writes what became of one of several devices that were updated together. */
export async function logMember(
  log: ProductionLog,
  unit: UnitWork,
  { address, device, error, changed, boot }: MemberResult,
  seconds: number,
): Promise<void> {
  const hash = hexBytes(sha256(unit.image.bytes));
  const found = device && foundDevice(device);
  const base = { ...entryBase(unit, hash, found), address, seconds };
  if (!error) {
    await log.append({ ...base, result: changed ? 'installed' : 'unchanged', boot });
    return;
  }
  const { code, message } = errorJson(error, exitCodeOf(error));
  await log.append({ ...base, result: 'failed', code, message });
}
