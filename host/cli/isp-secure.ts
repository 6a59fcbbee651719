// What "iap isp factory --secure" does once a unit's flash is written: sees that it takes signed images alone, protects it, read-out
// protection last, and proves the state. Wherever it is cut, the same command goes on.

import { Status } from '../../protocol/index.js';
import { sizeOf } from '../base/bytes.js';
import { IapError } from '../base/errors.js';
import type { Device, DeviceInfo } from '../device/device.js';
import { isRefusedWith } from '../device/refusal.js';
import type { SplitUnit } from '../factory/split-unit.js';
import { type ImageUnit, unlike } from '../factory/unit-image.js';
import { isBlank } from '../image/areas.js';
import { plainHeader } from '../image/image.js';
import type { Segment } from '../image/segments.js';
import {
  MEMORY,
  protectReadout,
  protectWrite,
  type Rom,
  readBack,
  sectorsOf,
  unprotectReadout,
  unprotectWrite,
  type WriteResult,
  write,
} from '../isp/index.js';
import { protectionGaps } from '../signing/security.js';
import { type AppResult, type InstallArguments, installApp, writeFirst } from './isp-app.js';
import {
  BY_HAND_MS,
  isSilent,
  type StartArguments,
  type Started,
  start,
  withBootloader,
} from './isp-start.js';
import type { Context } from './link.js';
import type { Output } from './output.js';
import { tellWork, withRom } from './rom-link.js';

/** A part that is reset into its ROM bootloader answers within some ms. */
const FOUND_MS = 2000;

/** Stack pointer and reset vector [bytes]: where they are blank, nothing has ever run from here. */
const FIRST_VECTORS = 8;

export interface WrittenOnce extends Pick<WriteResult, 'bytes' | 'pagesErased'> {
  /** Flash was read and compared. */
  readonly verified: boolean;
  /** What is left to the unit's own bootloader */
  readonly split: SplitUnit | undefined;
}

/**
 * How a unit comes to have this image, unless an earlier run, cut short, has written it.
 * @param split the image, where its application is left to the unit's own bootloader
 */
export async function writeOnce(
  rom: Rom,
  segments: readonly Segment[],
  split: SplitUnit | undefined,
  massErase: boolean,
  output: Output,
): Promise<WrittenOnce> {
  const nothing = { bytes: 0, pagesErased: 0, split: undefined };
  if (rom.info.readProtected) {
    output.line(
      'it is read-out protected already: nothing is written, the bootloader has to show what it is',
    );
    return { ...nothing, verified: false };
  }
  if (isWriteProtected(rom) && isBlank(await rom.read(MEMORY.flash, FIRST_VECTORS))) {
    output.line('it is write-protected, and erased, as a cut leaves it');
    await tellWork(output, unprotectWrite(rom));
  }
  if (!isWriteProtected(rom) && split) {
    const { pagesErased } = await writeFirst(rom, split, massErase, output);
    return { bytes: sizeOf(segments), pagesErased, verified: true, split };
  }
  if (!isWriteProtected(rom)) {
    const written = await tellWork(output, write(rom, segments, { massErase }));
    output.line(`written and read back: ${written.bytes} bytes`);
    return { ...written, verified: true, split };
  }
  output.line('it is write-protected already: only compared');
  try {
    await tellWork(output, readBack(rom, segments));
    return { ...nothing, verified: true };
  } catch (error) {
    if (!(error instanceof IapError) || error.code !== 'VERIFY_FAILED') throw error;
    throw new IapError(
      'VERIFY_FAILED',
      `this part is write-protected, and holds something else: ${error.message}`,
      {
        hint: '"iap isp unprotect --write" takes the protection off; then run this again',
        cause: error,
      },
    );
  }
}

function isWriteProtected({ info }: Rom): boolean {
  return (info.optionBytes?.protectedSectors.length ?? 0) > 0;
}

export interface Secured {
  /** What the unit says of itself in the end */
  readonly device: DeviceInfo;
  /** How its bootloader took the application, if that was left to it */
  readonly app: AppResult | undefined;
  /** It was not protected before. */
  readonly protects: boolean;
}

/**
 * Asks, protects, asks again.
 * @param split of a unit whose bootloader has to take the application first
 */
export async function secure(
  args: InstallArguments,
  context: Context,
  started: Started,
  unit: ImageUnit,
  segments: readonly Segment[],
  split: SplitUnit | undefined,
): Promise<Secured> {
  const { output } = context;
  let app: AppResult | undefined;
  const before = await withBootloader(
    args,
    context,
    started,
    async (found, transport) => {
      let device = found;
      if (split) ({ device, app } = await installApp(found, transport, split, args, context));
      await seeSignedOnly(device, unit);
      output.line('an unsigned image was refused');
      if (protectionGaps(device.info.security).length > 0) await leaveBootloader(device);
      return device.info;
    },
    { enter: true, written: split ? 'bootloader' : 'image' },
  );
  if (protectionGaps(before.security).length === 0) {
    return { device: before, app, protects: false };
  }
  const protectedBy = await inRomAgain(args, context, async (rom) => {
    if (rom.info.readProtected) await makeAnew(rom, segments, output);
    await tellWork(output, protectWrite(rom, sectorsOf(0, unit.bootloaderSize)));
    await tellWork(output, protectReadout(rom));
    return start(rom, args);
  });
  const device = await withBootloader(
    args,
    context,
    protectedBy,
    async (device) => {
      await seeSignedOnly(device, unit);
      const missing = protectionGaps(device.info.security);
      if (missing.length === 0) return device.info;
      throw unproven(missing.join('; '));
    },
    { enter: true },
  );
  return { device, app, protects: true };
}

/**
 * Option bytes are erased before they are programmed, and erased they are read-out protection. A cut in between leaves a part that is
 * protected against reading and not against writing, and that changes nothing any more but by erasing itself.
 */
async function makeAnew(rom: Rom, segments: readonly Segment[], output: Output): Promise<void> {
  output.line(
    'it is read-out protected, and not write-protected, as a cut leaves it: it is erased and written anew',
  );
  await tellWork(output, unprotectReadout(rom));
  // Of a byte that was cut while it was programmed nobody knows what the ROM made.
  if (isWriteProtected(rom)) await tellWork(output, unprotectWrite(rom));
  await tellWork(output, write(rom, segments, { massErase: false }));
}

async function seeSignedOnly(device: Device, unit: ImageUnit): Promise<void> {
  const { security, product, appBase } = device.info;
  const differences = unlike(unit, device.info, security);
  if (differences.length > 0) throw unproven(differences.join('; '));
  const header = plainHeader(new Uint8Array(256), appBase, { product });
  try {
    await device.begin(header, 0);
  } catch (error) {
    if (isRefusedWith(error, Status.BAD_SIGNATURE)) return;
    throw error;
  }
  await device.abort();
  throw unproven('it began to install an unsigned image');
}

/** With BOOT0 still high the reset that this is ends in the ROM. A unit without application stays. */
export async function leaveBootloader(device: Device): Promise<void> {
  try {
    await device.boot(1);
  } catch (error) {
    if (!(error instanceof IapError) || error.code === 'INTERRUPTED') throw error;
  }
}

/** A person is asked only where BOOT0 is not high any more: who resets a part that is found already disturbs it. */
export async function inRomAgain<T>(
  args: StartArguments,
  context: Context,
  use: (rom: Rom) => Promise<T>,
): Promise<T> {
  try {
    return await withRom({ ...args, wait: false, timeout: FOUND_MS }, context, use);
  } catch (error) {
    if (!isSilent(error)) throw error;
  }
  const byHand = { ...args, wait: true, timeout: args.timeout ?? BY_HAND_MS };
  return withRom(byHand, context, use);
}

function unproven(found: string): IapError {
  return new IapError('VERIFY_FAILED', `the unit is not as it should be: ${found}`, {
    hint: 'look with "iap info"; keep it in the house',
  });
}
