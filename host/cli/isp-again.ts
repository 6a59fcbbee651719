// "iap isp factory" run again after a cut, where no reset was: the unit's own bootloader runs, and the ROM bootloader does not answer.
import { Mode } from '../../protocol/index.js';
import { IapError } from '../base/errors.js';
import type { DeviceInfo } from '../device/device.js';
import { isUnderWay, splitUnit } from '../factory/split-unit.js';
import type { Segment } from '../image/segments.js';
import type { Rom } from '../isp/index.js';
import { type InstallArguments, installApp } from './isp-app.js';
import { leaveBootloader } from './isp-secure.js';
import { call, isSilent } from './isp-start.js';
import { wiringOf } from './line-options.js';
import type { Context } from './link.js';
import { withRom } from './rom-link.js';

/** A bootloader that runs answers within some ms; a part that is reset into its ROM bootloader, too. */
const FOUND_MS = 1000;

export type AgainArguments = InstallArguments & {
  readonly romOnly: boolean;
  readonly massErase: boolean;
  readonly start: boolean;
};

type OnUnit = (found: DeviceInfo) => void;

/**
 * As withRom. A unit whose own bootloader answers instead, in the midst of this image, takes the rest first and is started: with
 * BOOT0 still high that ends in the ROM bootloader, which has the last word.
 * @param use told whether the unit has taken the rest
 * @param onUnit called with a unit that is going to take it
 */
export async function withRomOrUnit<T>(
  args: AgainArguments,
  context: Context,
  segments: readonly Segment[],
  use: (rom: Rom, wentOn: boolean) => Promise<T>,
  onUnit: OnUnit,
): Promise<T> {
  let found = false;
  let wentOn = false;
  const once = (rom: Rom): Promise<T> => {
    found = true;
    return use(rom, wentOn);
  };
  try {
    return await withRom(args, context, once);
  } catch (error) {
    if (found || !isNoRom(error) || !mayGoOn(args)) throw error;
    wentOn = await goOn(args, context, segments, onUnit);
    if (!wentOn) throw error;
  }
  try {
    return await withRom({ ...args, wait: false, timeout: FOUND_MS }, context, once);
  } catch (error) {
    if (!(error instanceof IapError) || found || !isSilent(error)) throw error;
    throw new IapError(
      error.code,
      'the application is installed and verified, but the ROM bootloader does not answer: what it wrote is not compared',
      { hint: 'set BOOT0 high, reset the part, and run the same command again', cause: error },
    );
  }
}

/** Nobody answers as a ROM bootloader does; one byte of what a unit still says to a host that is gone may look like one. */
function isNoRom(error: unknown): boolean {
  const unlike = error instanceof IapError && ['LINK_LOST', 'BAD_ANSWER'].includes(error.code);
  return unlike || isSilent(error);
}

/** Lines reset a part into its ROM bootloader wherever it is. */
function mayGoOn(args: AgainArguments): boolean {
  return args.start && !args.romOnly && !args.massErase && wiringOf(args) === undefined;
}

/** False if it is not in the midst of this image */
async function goOn(
  args: AgainArguments,
  context: Context,
  segments: readonly Segment[],
  onUnit: OnUnit,
): Promise<boolean> {
  let answered = false;
  try {
    return await call(
      args,
      context,
      FOUND_MS,
      async (device, transport) => {
        answered = true;
        const split = splitUnit(segments, device.info.pageSize);
        if (device.info.mode !== Mode.BOOTLOADER || !split || !isUnderWay(split, device.info)) {
          return false;
        }
        onUnit(device.info);
        context.output.line('the bootloader of this unit runs already: going on with it');
        const installed = await installApp(device, transport, split, args, context);
        await leaveBootloader(installed.device);
        return true;
      },
      false,
    );
  } catch (error) {
    if (!answered && isSilent(error)) return false;
    throw error;
  }
}
