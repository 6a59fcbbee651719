// Everything a new unit needs in its flash, so that it runs its application at its first power-up. Pure.
import {
  BOOTLOADER_BASE,
  Capability,
  decode,
  Header,
  Identity,
  IdentityFlag,
} from '../../protocol/index.js';
import { IapError } from '../base/errors.js';
import { hex32 } from '../base/text.js';
import type { Allowable } from '../check/allow.js';
import { checkImage } from '../check/check-image.js';
import { BLANK } from '../image/areas.js';
import { headerFor, type Image } from '../image/image.js';
import { LARGEST_IMAGE } from '../image/limits.js';
import { merge, type Segment } from '../image/segments.js';
import type { Board } from '../parts/parts.js';
import { FlashDump } from '../record/dump.js';
import { placesBelow, RECORD_SIZE } from '../record/places.js';
import { buildRecord, readRecord } from '../record/record.js';
import { decideStart } from '../record/start.js';
import { type BlockKeys, buildKeyBlock, securityOf } from '../signing/key-block.js';
import { bootloaderCode } from './bootloader.js';
import { buildIdentity, type UnitIdentity } from './identity.js';
import { protectingOptionBytes } from './option-bytes.js';

export interface FactoryInput {
  readonly board: Board;
  readonly bootloader: Image;
  /** Missing: a unit without application, which waits for its first update */
  readonly app?: Image;
  /** Missing: the block stays blank, which fits any product */
  readonly identity?: UnitIdentity;
  /** Whose images the unit takes, and no others; missing: unsigned ones */
  readonly keys?: BlockKeys;
  /** Errors of the application that do not keep it from being written */
  readonly allow?: readonly Allowable[];
  /** A unit's own data, above APP_END */
  readonly data?: readonly Segment[];
  /** Adds option bytes that write-protect the bootloader */
  readonly writeProtect?: boolean;
}

export type RegionKind =
  | 'bootloader'
  | 'keys'
  | 'identity'
  | 'record'
  | 'application'
  | 'data'
  | 'options';

/** A run of flash, or the option bytes */
export interface Region extends Segment {
  readonly kind: RegionKind;
  /** Bytes that mean something; the rest is padding */
  readonly used: number;
}

/** Below this no board's UART is asked to go [baud] */
const LOWEST_RATE = 9600;
const RATE_ERROR_SHARE = 50;

/**
 * The regions of a factory image by address, each of whole pages but for the identity block and the option bytes. The same input
 * gives the same bytes. Both record areas are in it entirely: an older record in a unit that is made anew must not stay.
 * @throws IapError IMAGE_…, BOOTLOADER_WRONG or USAGE
 */
export function factoryImage(input: FactoryInput): Region[] {
  const { board, bootloader, app, identity, keys, allow, data = [], writeProtect = false } = input;
  const code = bootloaderCode(bootloader, board, keys !== undefined);
  const regions: Region[] = [
    {
      kind: 'bootloader',
      address: BOOTLOADER_BASE,
      bytes: code,
      used: Math.min(bootloader.bytes.length, code.length),
    },
    identityRegion(board, identity),
    recordRegion(board, app, identity, allow, keys),
  ];
  if (keys) regions.push(keysRegion(board, keys, identity));
  if (app) regions.push(appRegion(app, board));
  for (const piece of data) regions.push(dataRegion(piece, board));
  checkOverlaps(regions);
  if (writeProtect) {
    const options = protectingOptionBytes(
      board.part,
      placesBelow(board.appBase).record - BOOTLOADER_BASE,
    );
    regions.push({ kind: 'options', ...options, used: options.bytes.length });
  }
  return regions.sort((a, b) => a.address - b.address);
}

/**
 * The record areas alone, for an application that something else writes.
 * @throws IapError IMAGE_… if a device would not start this application
 */
export function recordRegion(
  board: Board,
  app: Image | undefined,
  identity?: UnitIdentity,
  allow?: readonly Allowable[],
  keys?: BlockKeys,
): Region {
  const address = placesBelow(board.appBase).record;
  const bytes = buildRecord(app && headerFor(app, board.appBase));
  if (app) {
    checkApp(app, { board, identity, allow, keys });
    checkStarts({ address, bytes }, app, board);
  }
  return { kind: 'record', address, bytes, used: app ? RECORD_SIZE : 0 };
}

/** The proof that the unit runs: the bootloader's own decision about what is to be written. */
function checkStarts(record: Segment, app: Image, board: Board): void {
  const { ram } = board.part;
  const written = [record, { address: board.appBase, bytes: app.bytes }];
  const { address, bytes } = merge(written, LARGEST_IMAGE);
  const facts = { ...board, ram };
  const { starts, why } = decideStart(
    readRecord(record.bytes, record.address),
    new FlashDump(address, bytes),
    facts,
  );
  if (starts) return;
  throw new IapError('IMAGE_VECTORS', `a ${board.name} would not start this application: ${why}`, {
    hint: `check that it was built for ${board.part.name}, whose RAM is ${hex32(ram.from)} to ${hex32(ram.to - 1)}`,
  });
}

interface Unit {
  readonly board: Board;
  readonly identity: UnitIdentity | undefined;
  readonly allow: readonly Allowable[] | undefined;
  readonly keys: BlockKeys | undefined;
}

/** Of all that a bootloader may be able to do */
const ANY = 0xffff_ffff;

/**
 * What the device itself would refuse to install must not come from the factory either. Whether a signature fits, a verifier has to
 * say besides.
 */
function checkApp(app: Image, { board, identity, allow, keys }: Unit): void {
  const header = app.header && decode(Header, app.header);
  const device = {
    part: board.part.name,
    appBase: board.appBase,
    appEnd: board.appEnd,
    pageSize: board.part.page,
    product: identity?.product ?? new Uint8Array(16),
    hardware: identity?.hardware ?? 0,
    identityFlags: identity?.packagesOnly ? 0xff & ~IdentityFlag.ANY_IMAGE : 0xff,
    uniqueId: header?.uniqueId ?? new Uint8Array(12),
    // What a bootloader can do is not in its file; what its line is, is in the board's.
    capabilities: board.halfDuplex ? ANY : (ANY & ~Capability.HALF_DUPLEX) >>> 0,
    ...(board.halfDuplex === undefined ? {} : { halfDuplex: board.halfDuplex }),
    ...(keys ? { security: securityOf(keys, header) } : {}),
  };
  checkImage(app, device, allow);
}

function keysRegion(board: Board, keys: BlockKeys, identity?: UnitIdentity): Region {
  if (!identity) {
    throw new IapError('USAGE', 'a unit that takes signed images alone needs a product id', {
      hint: 'signed packages are for one product, and the unit has to know that it is one of it: --product',
    });
  }
  const bytes = buildKeyBlock(keys);
  return { kind: 'keys', address: placesBelow(board.appBase).keys, bytes, used: bytes.length };
}

function identityRegion(board: Board, identity?: UnitIdentity): Region {
  const at = { kind: 'identity', address: placesBelow(board.appBase).identity } as const;
  if (!identity) return { ...at, bytes: new Uint8Array(Identity.size).fill(BLANK), used: 0 };
  if (identity.defaultRate !== undefined) checkRate(identity.defaultRate, board);
  const bytes = buildIdentity(identity);
  return { ...at, bytes, used: bytes.length };
}

/** A unit with a rate that its clock can not make would never be heard again. */
function checkRate(rate: number, { clockHz, maxRate, name }: Board): void {
  const inRange = Number.isInteger(rate) && rate >= LOWEST_RATE && rate <= maxRate;
  const real = clockHz / Math.round(clockHz / rate);
  if (inRange && Math.abs(real - rate) <= rate / RATE_ERROR_SHARE) return;
  throw new IapError(
    'USAGE',
    inRange
      ? `${name} can not make ${rate} baud: the nearest is ${Math.round(real)}`
      : `the default rate must be ${LOWEST_RATE} to ${maxRate} baud on ${name}, got ${rate}`,
  );
}

function appRegion(app: Image, { appBase, part }: Board): Region {
  const size = Math.ceil(app.bytes.length / part.page) * part.page;
  return {
    kind: 'application',
    address: appBase,
    bytes: padded(app.bytes, size),
    used: app.bytes.length,
  };
}

function dataRegion({ address, bytes }: Segment, board: Board): Region {
  const flashEnd = board.part.flash.to;
  const end = address + bytes.length;
  const where = `data of ${bytes.length} bytes at ${hex32(address)}`;
  if (address % 2 !== 0) {
    throw new IapError(
      'USAGE',
      `${where}: the address must be even, flash is programmed in half-words`,
    );
  }
  if (address < board.appEnd || end > flashEnd) {
    const room = flashEnd - board.appEnd;
    throw new IapError(
      'USAGE',
      room === 0
        ? `${where}: the application area of ${board.name} reaches to the end of flash, there is no room for data that updates leave alone`
        : `${where} must lie from ${hex32(board.appEnd)}, where the application area of ${board.name} ends, to ${hex32(flashEnd - 1)}`,
      {
        hint: `set "appEnd" in bootloader-c/boards/${board.name}.json and build the bootloader again`,
      },
    );
  }
  return {
    kind: 'data',
    address,
    bytes: padded(bytes, bytes.length + (bytes.length % 2)),
    used: bytes.length,
  };
}

function checkOverlaps(regions: readonly Region[]): void {
  const sorted = [...regions].sort((a, b) => a.address - b.address);
  sorted.slice(1).forEach((region, i) => {
    const before = sorted[i];
    if (!before || before.address + before.bytes.length <= region.address) return;
    throw new IapError(
      'USAGE',
      `${region.kind} at ${hex32(region.address)} overlaps ${before.kind} at ${hex32(before.address)}, which has ${before.bytes.length} bytes`,
    );
  });
}

function padded(bytes: Uint8Array, size: number): Uint8Array {
  const all = new Uint8Array(size).fill(BLANK);
  all.set(bytes);
  return all;
}
