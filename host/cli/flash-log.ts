// What "iap flash" writes into a production log.
import { decode, Header, ImageState, Mode } from '../../protocol/index.js';
import { exitCodeOf } from '../base/errors.js';
import { sha256 } from '../base/sha256.js';
import { flagNames, hexBytes } from '../base/text.js';
import type { DeviceInfo } from '../device/device.js';
import type { Image } from '../image/image.js';
import { versionText } from '../image/version.js';
import { packageVersion } from '../node/package-root.js';
import type { LogEntry, ProductionLog } from '../node/production-log.js';
import type { UpdateResult } from '../update/events.js';
import type { MemberResult } from '../update/group-events.js';
import { bootloaderVersion } from './describe.js';
import type { Context } from './link.js';
import { errorJson } from './output.js';
import type { Presence } from './presence.js';

export const LOG_OPTION = {
  log: {
    type: 'string',
    requiresArg: true,
    complete: 'file',
    describe: 'Append what became of each device to this file, one JSON object a line',
  },
} as const;

/** Of the entries; a change of what a key means needs another. */
const FORMAT = 1;

export interface Flashing {
  readonly port: string;
  readonly file: string;
  readonly image: Image;
  readonly presence: Presence;
}

/**
 * Does `work`, and writes what became of it before anything else is told of its end.
 * @param work calls back with each device that it finds
 */
export async function logged(
  log: ProductionLog | undefined,
  flashing: Flashing,
  context: Context,
  work: (onFound: (device: DeviceInfo) => void) => Promise<UpdateResult>,
): Promise<UpdateResult> {
  if (!log) return work(() => {});
  const { clock, output } = context;
  const from = clock.now();
  const hash = hexBytes(sha256(flashing.image.bytes));
  let found: DeviceInfo | undefined;
  const onFound = (device: DeviceInfo): void => {
    const before = log.doneAt(hexBytes(device.uniqueId), hash);
    if (found === undefined && before !== undefined) {
      output.event('done-before', { time: before });
      output.line(`this unit has had this image before, at ${before}, says the log`);
    }
    // What a later attempt finds may be half an update; only the bootloader knows all of what was there before.
    if (found?.mode !== Mode.BOOTLOADER) found = device;
  };
  const append = (outcome: Pick<LogEntry, 'result'> & Partial<LogEntry>): Promise<void> => {
    const seconds = Math.round(clock.now() - from) / 1000;
    return log.append({ ...entryBase(flashing, hash, found), seconds, ...outcome });
  };
  let result: UpdateResult;
  try {
    result = await work(onFound);
  } catch (error) {
    const { presence } = flashing;
    const { code, message } = errorJson(error, exitCodeOf(error));
    const stopped = presence.isUnknown && code === 'INTERRUPTED';
    if (stopped || presence.isLeftOut(error)) throw error;
    await append({ result: 'failed', code, message });
    throw error;
  }
  const { changed, boot, rate, pagesSent, bytesSent } = result;
  await append({ result: changed ? 'installed' : 'unchanged', boot, rate, pagesSent, bytesSent });
  return result;
}

/** Writes what became of one of several devices that were updated together. */
export async function logMember(
  log: ProductionLog,
  flashing: Flashing,
  { address, device, error, changed, boot }: MemberResult,
  seconds: number,
): Promise<void> {
  const hash = hexBytes(sha256(flashing.image.bytes));
  const base = { ...entryBase(flashing, hash, device), address, seconds };
  if (!error) {
    await log.append({ ...base, result: changed ? 'installed' : 'unchanged', boot });
    return;
  }
  const { code, message } = errorJson(error, exitCodeOf(error));
  await log.append({ ...base, result: 'failed', code, message });
}

/** What is known whatever becomes of it; of the device as it was found */
function entryBase(
  { port, file, image }: Flashing,
  hash: string,
  device: DeviceInfo | undefined,
): Omit<LogEntry, 'seconds' | 'result'> {
  const header = image.header && decode(Header, image.header);
  return {
    format: FORMAT,
    time: new Date().toISOString(),
    port,
    uniqueId: device ? hexBytes(device.uniqueId) : null,
    serial: device?.serial ?? null,
    part: device?.part ?? null,
    product: device ? hexBytes(device.product) : null,
    hardware: device?.hardware ?? null,
    bootloader: device?.mode === Mode.BOOTLOADER ? bootloaderVersion(device) : null,
    before: device ? before(device) : null,
    image: {
      file,
      product: header ? hexBytes(header.product) : null,
      version: header ? versionText(header.version) : null,
      size: image.bytes.length,
      sha256: hash,
    },
    host: packageVersion(),
  };
}

function before({ installed }: DeviceInfo): LogEntry['before'] {
  if ((installed.state & ImageState.PRESENT) === 0) return null;
  const { version, sha256: hash, state } = installed;
  return {
    version: versionText(version),
    sha256: hexBytes(hash),
    state: flagNames(ImageState, state),
  };
}
