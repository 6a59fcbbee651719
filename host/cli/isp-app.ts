// What "iap isp factory" leaves to the unit's own bootloader: the application, which that takes faster than the ROM does, and
// verifies. Wherever it is cut, the same command goes on.
import { Mode } from '../../protocol/index.js';
import { IapError } from '../base/errors.js';
import { sha256 } from '../base/sha256.js';
import { ALLOWABLE } from '../check/allow.js';
import { connect } from '../device/connect.js';
import type { Device } from '../device/device.js';
import { isInstalled } from '../device/installed.js';
import { openSession } from '../device/open.js';
import { goesOn, type SplitUnit, splitUnit } from '../factory/split-unit.js';
import type { Segment } from '../image/segments.js';
import { FAMILIES } from '../isp/chips.js';
import { MEMORY, type Rom, read, readBack, type WriteResult, write } from '../isp/index.js';
import type { Transport } from '../link/transport.js';
import type { Board } from '../parts/parts.js';
import type { UpdateResult } from '../update/events.js';
import { update } from '../update/update.js';
import { sendingOf } from './compression.js';
import type { StartArguments } from './isp-start.js';
import type { Context } from './link.js';
import type { Output } from './output.js';
import { tellWork } from './rom-link.js';
import { tellUpdate } from './tell-update.js';

/** Where the ROM bootloaders of all these parts listen; some have another UART besides (AN2606). */
const ROM_PINS = { tx: 'PA9', rx: 'PA10' } as const;

/**
 * The image in two parts; undefined where the ROM bootloader has to write all of it. Why, is told if nobody has asked for that.
 * @param board whose bootloader is in the image, if that is known
 */
export function splitFor(
  { info, chip }: Pick<Rom, 'info' | 'chip'>,
  { romOnly, start }: { readonly romOnly: boolean; readonly start: boolean },
  segments: readonly Segment[],
  board: Board | undefined,
  output: Output,
): SplitUnit | undefined {
  const split = romOnly || !start ? undefined : splitUnit(segments, chip.pageSize);
  if (!split || info.readProtected) return undefined;
  const { tx, rx } = board?.pins ?? ROM_PINS;
  if (tx !== ROM_PINS.tx || rx !== ROM_PINS.rx) {
    output.line(
      `the bootloader of ${board?.name} listens at ${rx}, the ROM bootloader at ${ROM_PINS.rx}: that writes the application, too`,
    );
    return undefined;
  }
  const options = split.first.find(({ address }) => address === MEMORY.options);
  if (options && options.bytes[0] !== FAMILIES[chip.family].open) {
    output.line(
      'the image sets read-out protection: the ROM bootloader writes the application, too',
    );
    return undefined;
  }
  return split;
}

/**
 * Writes all but the application, and erases where that goes. What an earlier run has written is compared and left, and an
 * application in mid-update is, too.
 */
export async function writeFirst(
  rom: Rom,
  unit: SplitUnit,
  massErase: boolean,
  output: Output,
): Promise<Pick<WriteResult, 'pagesErased'>> {
  const { first, record, appPages } = unit;
  const there = !massErase && !rom.info.readProtected && (await holds(rom, first));
  if (there) {
    output.line('bootloader and identity are there already: compared, and left');
    if (goesOn(unit, await recordOf(rom, record))) return { pagesErased: 0 };
  }
  const segments = there ? [record] : [...first, record];
  const written = await tellWork(output, write(rom, segments, { massErase, erase: [appPages] }));
  output.line(`written and read back: ${written.bytes} bytes, all but the application`);
  return written;
}

async function holds(rom: Rom, segments: readonly Segment[]): Promise<boolean> {
  try {
    await readBack(rom, segments).result;
    return true;
  } catch (error) {
    if (error instanceof IapError && error.code === 'VERIFY_FAILED') return false;
    throw error;
  }
}

async function recordOf(rom: Rom, { address, bytes }: Segment): Promise<Uint8Array> {
  return (await read(rom, { address, length: bytes.length }).result).bytes;
}

/** What the application's transfer was */
export type AppResult = Pick<
  UpdateResult,
  'bytes' | 'pagesTotal' | 'pagesSent' | 'bytesSent' | 'bytesEncoded' | 'seconds'
>;

export type InstallArguments = StartArguments & { readonly transferBaud?: number | undefined };

export interface Installed {
  /** With the application, as it says of itself then */
  readonly device: Device;
  readonly app: AppResult;
}

/** An update as any other; the application is not started. One that runs already is left. */
export async function installApp(
  found: Device,
  transport: Transport,
  { app, appPages }: SplitUnit,
  { transferBaud, port }: InstallArguments,
  { output, clock, signal }: Context,
): Promise<Installed> {
  const { mode, pageSize, uniqueId } = found.info;
  // Asked to leave, with BOOT0 still high it would end in the ROM bootloader.
  if (mode === Mode.APP && isInstalled(found.info, sha256(app.bytes))) {
    const nothing = { pagesSent: 0, bytesSent: 0, bytesEncoded: 0, seconds: 0 };
    const pagesTotal = appPages.length / pageSize;
    return { device: found, app: { bytes: app.bytes.length, pagesTotal, ...nothing } };
  }
  found.session.close();
  const { compression } = await sendingOf(
    { compress: true, cache: false, from: undefined },
    app.bytes,
  );
  const run = update(transport, app, {
    clock,
    signal,
    boot: false,
    only: uniqueId,
    rate: transferBaud ?? 'auto',
    // Whoever made the image has allowed what is wrong with it.
    allow: ALLOWABLE,
    ...(compression ? { compression } : {}),
  });
  for (;;) {
    const step = await run.next();
    if (step.done) {
      const { bytes, pagesTotal, pagesSent, bytesSent, bytesEncoded, seconds } = step.value;
      const session = openSession(transport, { clock, signal });
      return {
        device: await connect(session, { hold: true }),
        app: { bytes, pagesTotal, pagesSent, bytesSent, bytesEncoded, seconds },
      };
    }
    const event = step.value;
    // It was found before, and checked when it was made.
    if (event.event === 'found' || (event.event === 'warning' && event.code === 'IMAGE')) continue;
    await tellUpdate(output, event, port);
  }
}
