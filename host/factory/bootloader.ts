// Is this file the bootloader of this board? What is asked before it goes into a thousand units.
import { BOOTLOADER_BASE, BOOTLOADER_SIZE } from '../../protocol/index.js';
import { type ErrorDetails, IapError } from '../base/errors.js';
import { hex32, hexBytes } from '../base/text.js';
import { BLANK } from '../image/areas.js';
import type { Image } from '../image/image.js';
import type { Segment } from '../image/segments.js';
import { ANY_RAM, isStack, wordAt } from '../image/vector-table.js';
import type { Board } from '../parts/parts.js';
import { placesBelow } from '../record/places.js';

const VECTORS_SIZE = 8;

/**
 * The bootloader's code, up to the block behind it, padded as erased.
 * @param signedOnly it must take signed images alone: then the key block is behind it, else the identity block
 * @throws IapError BOOTLOADER_WRONG
 */
export function bootloaderCode(
  { base, bytes, header }: Image,
  board: Board,
  signedOnly: boolean,
): Uint8Array {
  const { keys, identity, record } = placesBelow(board.appBase);
  const end = signedOnly ? keys : identity;
  const codeSize = end - BOOTLOADER_BASE;
  if (header)
    throw wrong('it is a package, which holds an application', 'give the bootloader itself');
  if (base !== undefined && base !== BOOTLOADER_BASE) {
    throw wrong(
      `it is linked at ${hex32(base)}; bootloaders start at ${hex32(BOOTLOADER_BASE)}`,
      'give the bootloader, not the application',
      { base },
    );
  }
  if (bytes.length > record - BOOTLOADER_BASE) {
    throw wrong(
      `it has ${bytes.length} bytes; there is room for ${codeSize}`,
      'give the bootloader alone, without boot record and application',
      { size: bytes.length },
    );
  }
  if (bytes.subarray(codeSize).some((byte) => byte !== BLANK)) {
    throw wrong(
      `the ${signedOnly ? 'key' : 'identity'} block at ${hex32(end)} is in use`,
      'give the bootloader as it was built; what a unit is and whose images it takes is written here, from the options',
    );
  }
  checkKind(bytes, signedOnly);
  checkVectors(bytes.subarray(0, codeSize), board);
  checkPart(bytes, board);
  const code = new Uint8Array(codeSize).fill(BLANK);
  code.set(bytes.subarray(0, codeSize));
  return code;
}

/**
 * Half the order of P-256, to which s of a signature is compared (requirement S-3): in every bootloader that verifies signatures,
 * and in no other.
 */
const HALF_ORDER = '7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8';

function checkKind(bytes: Uint8Array, signedOnly: boolean): void {
  const isSignedOnly = hexBytes(bytes).includes(HALF_ORDER);
  if (isSignedOnly === signedOnly) return;
  if (signedOnly) {
    throw wrong(
      'it takes unsigned images, and this unit has keys',
      'give the bootloader that takes signed images alone: bootloader-signed.bin of the board',
    );
  }
  throw wrong(
    'it takes signed images alone, and this unit has no keys: it would take no update',
    'give the keys (--root-key and --release-key), or the bootloader that takes unsigned images',
  );
}

function checkVectors(bytes: Uint8Array, { part: { ram } }: Board): void {
  if (bytes.length < VECTORS_SIZE) throw wrong(`it has only ${bytes.length} bytes`);
  const stack = wordAt(bytes, 0);
  const reset = wordAt(bytes, 4);
  if (stack % 4 !== 0 || !isStack(stack, [ram])) {
    throw wrong(
      `its first word, the stack pointer, is ${hex32(stack)}; the RAM of this part is ${hex32(ram.from)} to ${hex32(ram.to - 1)}`,
      'give the bootloader that was built for this board',
      { stack },
    );
  }
  const end = BOOTLOADER_BASE + bytes.length;
  if (reset % 2 !== 1 || reset <= BOOTLOADER_BASE || reset >= end) {
    throw wrong(
      `its second word, the reset vector, is ${hex32(reset)}, not an odd address from ${hex32(BOOTLOADER_BASE)} to ${hex32(end - 1)}`,
      'give the bootloader, not the application',
      { reset },
    );
  }
}

/**
 * What a unit gets first must have a bootloader, or the unit can not be updated; for which part it is, nobody knows here.
 * @throws IapError BOOTLOADER_WRONG
 */
export function checkFactoryImage(segments: readonly Segment[]): void {
  const first = segments.find(({ address }) => address === BOOTLOADER_BASE);
  const bytes = first?.bytes ?? new Uint8Array();
  if (bytes.length < VECTORS_SIZE) {
    const begins = segments[0] === undefined ? '' : `; it begins at ${hex32(segments[0].address)}`;
    throw noBootloader(`there is no bootloader at ${hex32(BOOTLOADER_BASE)} in it${begins}`);
  }
  const stack = wordAt(bytes, 0);
  const reset = wordAt(bytes, 4);
  const inside =
    reset < BOOTLOADER_BASE + BOOTLOADER_SIZE &&
    segments.some(({ address, bytes }) => reset > address && reset < address + bytes.length);
  if (stack % 4 === 0 && isStack(stack, ANY_RAM) && reset % 2 === 1 && inside) return;
  throw noBootloader(
    `what it has at ${hex32(BOOTLOADER_BASE)} is no bootloader: the stack pointer would be ${hex32(stack)}, the reset vector ${hex32(reset)}`,
    { stack, reset },
  );
}

function noBootloader(why: string, details: ErrorDetails = {}): IapError {
  return new IapError('BOOTLOADER_WRONG', `this is no factory image: ${why}`, {
    hint: 'make one with "iap factory"; "iap isp write" writes any image',
    details,
  });
}

/**
 * Whether the address where this board's applications begin is in the bootloader, as a constant of code for it is as a rule. A
 * compiler may build it from halves, so that its absence is a reason to look twice and no more.
 */
export function knowsAppBase({ bytes }: Image, { appBase }: Board): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    if (view.getUint32(at, true) === appBase) return true;
  }
  return false;
}

/** Every bootloader answers HELLO with its part's name, so the name is in it; firmware of another kind has no reason to have it. */
function checkPart(bytes: Uint8Array, { part: { name: part } }: Board): void {
  if (new TextDecoder('latin1').decode(bytes).includes(part)) return;
  throw wrong(
    `the name ${part}, which a bootloader for this part answers with, is not in it`,
    'give the bootloader that was built for this board',
    { part },
  );
}

function wrong(
  why: string,
  hint = 'give the bootloader that was built for this board',
  details: ErrorDetails = {},
): IapError {
  return new IapError('BOOTLOADER_WRONG', `the bootloader can not be used: ${why}`, {
    hint,
    details,
  });
}
