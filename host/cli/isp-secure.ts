// What "iap isp factory --secure" does once a unit's flash is written: sees that it takes signed images alone, protects it, read-out
// protection last, and proves the state. Wherever it is cut, the same command goes on.
import { BOOTLOADER_BASE, Identity, KeyBlock, KeyRole, Status } from '../../protocol/index.js';
import { sameBytes } from '../base/bytes.js';
import { IapError } from '../base/errors.js';
import { hexBytes } from '../base/text.js';
import type { Device, DeviceInfo } from '../device/device.js';
import { isRefusedWith } from '../device/refusal.js';
import { plainHeader } from '../image/image.js';
import type { Segment } from '../image/segments.js';
import {
  protectReadout,
  protectWrite,
  type Rom,
  readBack,
  sectorsOf,
  unprotectReadout,
  type WriteResult,
  write,
} from '../isp/index.js';
import { isKey, readKeyBlock } from '../signing/key-block.js';
import { fingerprintOf } from '../signing/public-key.js';
import { protectionGaps, securityKeys } from '../signing/security.js';
import { type StartArguments, type Started, start, withBootloader } from './isp-start.js';
import type { Context } from './link.js';
import type { Output } from './output.js';
import { tellWork, withRom } from './rom-link.js';

/** A person needs so long to set BOOT0 and press reset [ms]. */
const BY_HAND_MS = 60_000;
/** Key blocks lie so far behind a multiple of so much: APP_BASE is one, and what is below it has a fixed size. */
const APP_ALIGNMENT = 4096;

export interface UnitKeysInImage {
  /** By number; undefined: no key */
  readonly fingerprints: readonly (Uint8Array | undefined)[];
  /** All that is to be write-protected, from the start of flash on [bytes] */
  readonly bootloaderSize: number;
}

/** @throws IapError KEY_WRONG if the image has no keys, so that the unit would take unsigned images, or a development key */
export function keysIn(segments: readonly Segment[]): UnitKeysInImage {
  const first = segments.find(({ address }) => address === BOOTLOADER_BASE);
  const bytes = first?.bytes ?? new Uint8Array();
  const behind = KeyBlock.size + Identity.size;
  for (let end = APP_ALIGNMENT; end <= bytes.length; end += APP_ALIGNMENT) {
    const block = readKeyBlock(bytes.subarray(end - behind, end));
    if (block.state !== 'good') continue;
    if (block.slots.some(({ role }) => role === KeyRole.DEVELOPMENT)) {
      throw new IapError(
        'KEY_WRONG',
        'this image has a development key, with which others can make images for its unit',
        {
          hint: 'such a unit stays in the house: leave --secure away',
          details: { problem: 'development' },
        },
      );
    }
    const fingerprints = block.slots.map((slot) =>
      isKey(slot) ? fingerprintOf(slot.point) : undefined,
    );
    return { fingerprints, bootloaderSize: end };
  }
  throw new IapError(
    'KEY_WRONG',
    'there is no key block in this image: its unit would take unsigned images',
    {
      hint: 'make it with "iap factory --root-key … --release-key …"',
      details: { problem: 'missing' },
    },
  );
}

/** How a unit comes to have this image: already there are what an earlier run, cut short, left */
export async function writeOnce(
  rom: Rom,
  segments: readonly Segment[],
  massErase: boolean,
  output: Output,
): Promise<Pick<WriteResult, 'bytes' | 'pagesErased'>> {
  const nothing = { bytes: 0, pagesErased: 0 };
  if (rom.info.readProtected) {
    output.line(
      'it is read-out protected already: nothing is written, the bootloader has to show what it is',
    );
    return nothing;
  }
  const isProtected = (rom.info.optionBytes?.protectedSectors.length ?? 0) > 0;
  if (!isProtected) {
    const written = await tellWork(output, write(rom, segments, { massErase }));
    output.line(`written and read back: ${written.bytes} bytes`);
    return written;
  }
  output.line('it is write-protected already: only compared');
  try {
    await tellWork(output, readBack(rom, segments));
    return nothing;
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

/** Asks, protects, asks again. Returns what the unit says of itself in the end. */
export async function secure(
  args: StartArguments,
  context: Context,
  started: Started,
  unit: UnitKeysInImage,
  segments: readonly Segment[],
): Promise<DeviceInfo> {
  const { output } = context;
  const before = await withBootloader(
    args,
    context,
    started,
    async (device) => {
      await seeSignedOnly(device, unit);
      output.line('an unsigned image was refused');
      if (protectionGaps(device.info.security).length > 0) await leaveBootloader(device);
      return device.info;
    },
    true,
  );
  if (protectionGaps(before.security).length === 0) return before;
  const again = { ...args, wait: true, timeout: args.timeout ?? BY_HAND_MS };
  const protectedBy = await withRom(again, context, async (rom) => {
    if (rom.info.readProtected) await makeAnew(rom, segments, output);
    await tellWork(output, protectWrite(rom, sectorsOf(0, unit.bootloaderSize)));
    await tellWork(output, protectReadout(rom));
    return start(rom, args);
  });
  return withBootloader(
    args,
    context,
    protectedBy,
    async (device) => {
      await seeSignedOnly(device, unit);
      const missing = protectionGaps(device.info.security);
      if (missing.length === 0) return device.info;
      throw unproven(missing.join('; '));
    },
    true,
  );
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
  await tellWork(output, write(rom, segments, { massErase: false }));
}

async function seeSignedOnly(device: Device, { fingerprints }: UnitKeysInImage): Promise<void> {
  const { security, product, appBase } = device.info;
  if (!security) throw unproven('it takes unsigned images');
  for (const { id, fingerprint, role } of securityKeys(security)) {
    const wanted = fingerprints[id];
    const same = wanted ? sameBytes(wanted, fingerprint) : !isKey({ role });
    if (same) continue;
    const expected = wanted ? hexBytes(wanted) : 'none';
    throw unproven(
      `its key ${id} is ${isKey({ role }) ? hexBytes(fingerprint) : 'missing'}; expected ${expected}`,
    );
  }
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
async function leaveBootloader(device: Device): Promise<void> {
  try {
    await device.boot(1);
  } catch (error) {
    if (!(error instanceof IapError) || error.code === 'INTERRUPTED') throw error;
  }
}

function unproven(found: string): IapError {
  return new IapError('VERIFY_FAILED', `the unit is not as it should be: ${found}`, {
    hint: 'look with "iap info"; keep it in the house',
  });
}
