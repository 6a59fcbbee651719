// Is a package for this device? What its header asks of product, revision, device and bootloader.
import { Capability, decode, Header, IdentityFlag, ImageFlag } from '../../protocol/index.js';
import { isZero, sameBytes } from '../base/bytes.js';
import { flagNames, hexBytes } from '../base/text.js';
import type { Image } from '../image/image.js';
import { nameText } from '../image/names.js';
import type { Finding } from './finding.js';
import { signatureFindings, type Trust } from './signature.js';

/** What a device says of itself, as far as a package must fit it; what is not known is not judged. */
export interface DeviceIdentity extends Trust {
  readonly product?: Uint8Array;
  readonly hardware?: number;
  readonly identityFlags?: number;
  readonly uniqueId?: Uint8Array;
}

/** Flags the bootloader must understand */
const MUST_UNDERSTAND = 0xffff_0000;

export function packageFindings(image: Image, device: DeviceIdentity): Finding[] {
  const takesAny =
    device.security === undefined &&
    ((device.identityFlags ?? IdentityFlag.ANY_IMAGE) & IdentityFlag.ANY_IMAGE) !== 0;
  const signature = signatureFindings(image, device);
  if (!image.header) return takesAny ? [] : [packagesOnly(false), ...signature];
  const header = decode(Header, image.header);
  return [
    isZero(header.product) && !takesAny ? packagesOnly(true) : undefined,
    productFinding(header, device),
    hardwareFinding(header, device),
    deviceFinding(header, device),
    capabilityFinding(header, device),
    ...signature,
  ].filter((finding) => finding !== undefined);
}

function packagesOnly(isPackage: boolean): Finding {
  return {
    id: 'packages-only',
    severity: 'error',
    code: 'IMAGE_PACKAGE_ONLY',
    message: isPackage
      ? 'this device takes only packages made for its product, and this one is for any product'
      : 'this device takes only packages made for its product, and this is a plain image',
    found: isPackage ? 'a package for any product' : 'a plain image',
    expected: 'a package for this product',
    hint: isPackage ? 'take the package of this product' : 'flash the .iap package instead',
  };
}

function productFinding(header: Header, { product }: DeviceIdentity): Finding | undefined {
  if (product === undefined || isZero(product) || isZero(header.product)) return undefined;
  if (sameBytes(header.product, product)) return undefined;
  return {
    id: 'wrong-product',
    severity: 'error',
    code: 'IMAGE_WRONG_PRODUCT',
    message: `the package is for product ${nameText(header.product)}; this device is product ${nameText(product)}`,
    found: `product ${nameText(header.product)}`,
    expected: `product ${nameText(product)}`,
    hint: 'check that this is the right file and the right device',
  };
}

/** A product id of zeros says that the identity is blank: any revision fits such a device (protocol section 6). */
function hardwareFinding(
  header: Header,
  { product, hardware }: DeviceIdentity,
): Finding | undefined {
  const { hardwareMin, hardwareMax } = header;
  if (hardware === undefined || (product !== undefined && isZero(product))) return undefined;
  if (hardware >= hardwareMin && hardware <= hardwareMax) return undefined;
  return {
    id: 'wrong-hardware',
    severity: 'error',
    code: 'IMAGE_WRONG_HARDWARE',
    message: `the package is for hardware revisions ${hardwareMin} to ${hardwareMax}; this device has revision ${hardware}`,
    found: `revisions ${hardwareMin} to ${hardwareMax}`,
    expected: `revision ${hardware} among them`,
    hint: 'take the package that is made for this revision',
    details: { hardware, hardwareMin, hardwareMax },
  };
}

function deviceFinding(header: Header, { uniqueId }: DeviceIdentity): Finding | undefined {
  if (uniqueId === undefined || isZero(header.uniqueId)) return undefined;
  if (sameBytes(header.uniqueId, uniqueId)) return undefined;
  return {
    id: 'wrong-device',
    severity: 'error',
    code: 'IMAGE_WRONG_DEVICE',
    message: `the package is for the device ${hexBytes(header.uniqueId)}; this one is ${hexBytes(uniqueId)}`,
    found: `device ${hexBytes(header.uniqueId)}`,
    expected: `device ${hexBytes(uniqueId)}`,
    hint: 'take the package that is made for this device',
  };
}

function capabilityFinding(header: Header, { capabilities }: DeviceIdentity): Finding | undefined {
  const unknown = (header.flags & MUST_UNDERSTAND & ~ImageFlag.CONFIRM) >>> 0;
  const able = capabilities ?? 0xffff_ffff;
  const lacking = (header.capabilities & ~able) >>> 0;
  const needs = (header.flags & ImageFlag.CONFIRM) !== 0 && (able & Capability.CONFIRM) === 0;
  if (lacking === 0 && unknown === 0 && !needs) return undefined;
  const names = [...flagNames(Capability, lacking), ...flagNames(ImageFlag, unknown)];
  if (needs) names.push('CONFIRM');
  const list = [...new Set(names)].join(', ');
  return {
    id: 'not-capable',
    severity: 'error',
    code: 'IMAGE_NOT_CAPABLE',
    message: `the package needs what this bootloader lacks: ${list}`,
    found: `a package that needs ${list}`,
    expected: 'only what the bootloader can do',
    hint: 'this image can not run with this bootloader',
  };
}
