// Does this image fit this device? Everything the device would refuse, said before it is disturbed.
import { Capability, decode, Header, IdentityFlag, ImageFlag } from '../../protocol/index.js';
import { type ErrorDetails, IapError, type IapErrorCode } from '../errors.js';
import { flagNames, hex32, hexBytes, isZero, sameBytes } from '../text.js';
import type { Image } from './image.js';

/** What HELLO says, as far as an image must fit it */
export interface Target {
  readonly appBase: number;
  readonly appEnd: number;
  readonly product: Uint8Array;
  readonly hardware: number;
  readonly identityFlags: number;
  readonly uniqueId: Uint8Array;
  readonly capabilities: number;
}

/** Initial stack pointer and reset vector */
const VECTORS_SIZE = 8;
/** SRAM, and the core-coupled RAM of some parts, as far as any part has them */
const STACKS = [
  { from: 0x2000_0000, to: 0x2010_0000 },
  { from: 0x1000_0000, to: 0x1002_0000 },
] as const;
/** Flags the bootloader must understand */
const MUST_UNDERSTAND = 0xffff_0000;
const FLASH_BASE = 0x0800_0000;

/** @throws IapError IMAGE_… */
export function checkImage(image: Image, target: Target): void {
  checkPackage(image, target);
  checkAddress(image, target);
  checkSize(image, target);
  checkVectors(image, target);
}

function checkPackage(image: Image, target: Target): void {
  if (!image.header) {
    if ((target.identityFlags & IdentityFlag.ANY_IMAGE) === 0) {
      fail(
        'IMAGE_PACKAGE_ONLY',
        'this device takes only packages made for its product, and this is a plain image',
        'flash the .iap package instead',
      );
    }
    return;
  }
  const header = decode(Header, image.header);
  const { product, uniqueId } = target;
  if (isZero(header.product)) {
    if ((target.identityFlags & IdentityFlag.ANY_IMAGE) === 0) {
      fail(
        'IMAGE_PACKAGE_ONLY',
        'this device takes only packages made for its product, and this one is for any product',
        'take the package of this product',
      );
    }
  } else if (!isZero(product) && !sameBytes(header.product, product)) {
    fail(
      'IMAGE_WRONG_PRODUCT',
      `the package is for product ${hexBytes(header.product)}; this device is product ${hexBytes(product)}`,
      'check that this is the right file and the right device',
    );
  }
  const { hardwareMin, hardwareMax } = header;
  if (target.hardware < hardwareMin || target.hardware > hardwareMax) {
    fail(
      'IMAGE_WRONG_HARDWARE',
      `the package is for hardware revisions ${hardwareMin} to ${hardwareMax}; this device has revision ${target.hardware}`,
      'take the package that is made for this revision',
      { hardware: target.hardware, hardwareMin, hardwareMax },
    );
  }
  if (!isZero(header.uniqueId) && !sameBytes(header.uniqueId, uniqueId)) {
    fail(
      'IMAGE_WRONG_DEVICE',
      `the package is for the device ${hexBytes(header.uniqueId)}; this one is ${hexBytes(uniqueId)}`,
      'take the package that is made for this device',
    );
  }
  checkCapabilities(header, target);
}

function checkCapabilities(header: Header, target: Target): void {
  const lacking = (header.capabilities & ~target.capabilities) >>> 0;
  const unknown = (header.flags & MUST_UNDERSTAND & ~ImageFlag.CONFIRM) >>> 0;
  const confirm = (header.flags & ImageFlag.CONFIRM) !== 0;
  const needs = confirm && (target.capabilities & Capability.CONFIRM) === 0;
  if (lacking === 0 && unknown === 0 && !needs) return;
  const names = [...flagNames(Capability, lacking), ...flagNames(ImageFlag, unknown)];
  if (needs) names.push('CONFIRM');
  fail(
    'IMAGE_NOT_CAPABLE',
    `the package needs what this bootloader lacks: ${[...new Set(names)].join(', ')}`,
    'this image can not run with this bootloader',
  );
}

function checkAddress({ base }: Image, { appBase }: Target): void {
  if (base === undefined || base === appBase) return;
  const below = base < appBase && base >= FLASH_BASE;
  fail(
    'IMAGE_WRONG_ADDRESS',
    `the image is linked at ${hex32(base)}; applications of this device start at ${hex32(appBase)}`,
    below
      ? `set FLASH ORIGIN to ${hex32(appBase)} in the linker script; if a bootloader is in the file, give the application alone`
      : `set FLASH ORIGIN to ${hex32(appBase)} in the linker script`,
    { base, appBase },
  );
}

function checkSize({ bytes }: Image, { appBase, appEnd }: Target): void {
  const limit = appEnd - appBase;
  if (bytes.length > limit) {
    fail(
      'IMAGE_TOO_LARGE',
      `the image has ${bytes.length} bytes; this device has room for ${limit}, ${bytes.length - limit} fewer`,
      'make the image smaller, or check that it is for this part',
      { size: bytes.length, limit },
    );
  }
  if (bytes.length < VECTORS_SIZE) {
    fail(
      'IMAGE_EMPTY',
      `the image has ${bytes.length} bytes, not even a stack pointer and a reset vector`,
      'check that the build went through and that this is the right file',
      { size: bytes.length },
    );
  }
}

function checkVectors({ bytes }: Image, { appBase }: Target): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stack = view.getUint32(0, true);
  const reset = view.getUint32(4, true);
  const inRam = STACKS.some(({ from, to }) => stack > from && stack <= to);
  if (!inRam || stack % 4 !== 0) {
    fail(
      'IMAGE_VECTORS',
      `the image does not begin with a vector table: its first word, the stack pointer, is ${hex32(stack)}, not an address in RAM`,
      'the vector table must come first in the image; check the linker script, and that this is an application for STM32',
      { stack },
    );
  }
  const inside = reset >= appBase && reset < appBase + bytes.length;
  if (inside && reset % 2 === 1) return;
  if (!inside && reset >= FLASH_BASE && reset < FLASH_BASE + 0x0100_0000) {
    const guess = reset < FLASH_BASE + bytes.length ? FLASH_BASE : undefined;
    fail(
      'IMAGE_WRONG_ADDRESS',
      `the image is not linked for ${hex32(appBase)}: its reset vector is ${hex32(reset)}${guess === undefined ? '' : `, so it seems linked at ${hex32(guess)}`}`,
      `set FLASH ORIGIN to ${hex32(appBase)} in the linker script`,
      { reset, appBase },
    );
  }
  fail(
    'IMAGE_VECTORS',
    `the image does not begin with a vector table: its second word, the reset vector, is ${hex32(reset)}, not an odd address from ${hex32(appBase)} to ${hex32(appBase + bytes.length - 1)}`,
    'the vector table must come first in the image; check the linker script, and that this is an application for STM32',
    { reset, appBase },
  );
}

function fail(code: IapErrorCode, message: string, hint: string, details?: ErrorDetails): never {
  throw new IapError(code, message, details ? { hint, details } : { hint });
}
