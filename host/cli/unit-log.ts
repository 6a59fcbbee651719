// An entry of the production log for each unit that a command has to do with.
import { decode, Header, ImageState, Mode } from '../../protocol/index.js';
import { exitCodeOf } from '../base/errors.js';
import { sha256 } from '../base/sha256.js';
import { flagNames, hexBytes } from '../base/text.js';
import type { DeviceInfo } from '../device/device.js';
import type { Image } from '../image/image.js';
import { versionText } from '../image/version.js';
import { packageVersion } from '../node/package-root.js';
import type { LogEntry, ProductionLog } from '../node/production-log.js';
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

/** What a unit is to get, and where */
export interface UnitWork {
  readonly port: string;
  readonly file: string;
  readonly image: Pick<Image, 'bytes' | 'header'>;
  readonly presence: Presence;
  /** Missing: "flash" */
  readonly command?: LogEntry['command'];
}

/** What is known of the unit itself */
export type FoundUnit = Pick<
  LogEntry,
  'uniqueId' | 'serial' | 'part' | 'product' | 'hardware' | 'bootloader' | 'before'
>;

export type Outcome = Pick<LogEntry, 'result'> & Partial<LogEntry>;

const NOTHING_FOUND: FoundUnit = {
  uniqueId: null,
  serial: null,
  part: null,
  product: null,
  hardware: null,
  bootloader: null,
  before: null,
};

/** Loaded only where it is needed; undefined without the option */
export async function openLog(path: string | undefined): Promise<ProductionLog | undefined> {
  if (path === undefined) return undefined;
  return (await import('../node/production-log.js')).ProductionLog.open(path);
}

/**
 * Does `work`, and writes what became of it before anything else is told of its end.
 * @param work calls back with each unit that it finds, as it finds it
 */
export async function logged<T>(
  log: ProductionLog | undefined,
  unit: UnitWork,
  context: Context,
  work: (onFound: (found: FoundUnit) => void) => Promise<T>,
  outcomeOf: (result: T) => Outcome,
): Promise<T> {
  if (!log) return work(() => {});
  const { clock, output } = context;
  const from = clock.now();
  const hash = hexBytes(sha256(unit.image.bytes));
  let found: FoundUnit | undefined;
  const onFound = (now: FoundUnit): void => {
    const known = found?.uniqueId != null;
    const before = known || now.uniqueId === null ? undefined : log.doneAt(now.uniqueId, hash);
    if (before !== undefined) {
      output.event('done-before', { time: before });
      output.line(`this unit has had this image before, at ${before}, says the log`);
    }
    // What a later attempt finds may be half an update; only the bootloader knows all of what was there before.
    if (found?.bootloader == null) found = now;
  };
  const append = (outcome: Outcome): Promise<void> => {
    const seconds = Math.round(clock.now() - from) / 1000;
    return log.append({ ...entryBase(unit, hash, found), seconds, ...outcome });
  };
  let result: T;
  try {
    result = await work(onFound);
  } catch (error) {
    const { presence } = unit;
    const outcome = failedOutcome(error);
    const stopped = presence.isUnknown && outcome.code === 'INTERRUPTED';
    if (stopped || presence.isLeftOut(error)) throw error;
    await append(outcome);
    throw error;
  }
  await append(outcomeOf(result));
  return result;
}

export function failedOutcome(error: unknown): Outcome {
  const { code, message } = errorJson(error, exitCodeOf(error));
  return { result: 'failed', code, message };
}

/**
 * What is known whatever becomes of it; of the device as it was found
 * @param hash of the image, which is the same for many
 */
export function entryBase(
  { port, file, image, command }: UnitWork,
  hash: string,
  found: FoundUnit = NOTHING_FOUND,
): Omit<LogEntry, 'seconds' | 'result'> {
  const header = image.header && decode(Header, image.header);
  return {
    format: FORMAT,
    time: new Date().toISOString(),
    port,
    ...found,
    image: {
      file,
      product: header ? hexBytes(header.product) : null,
      version: header ? versionText(header.version) : null,
      size: image.bytes.length,
      sha256: hash,
    },
    host: packageVersion(),
    ...(command === undefined ? {} : { command }),
  };
}

export function foundDevice(device: DeviceInfo): FoundUnit {
  return {
    uniqueId: hexBytes(device.uniqueId),
    serial: device.serial,
    part: device.part,
    product: hexBytes(device.product),
    hardware: device.hardware,
    bootloader: device.mode === Mode.BOOTLOADER ? bootloaderVersion(device) : null,
    before: before(device),
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
