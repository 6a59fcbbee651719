// An image and what is said of it → the bytes of a package (protocol, structure header). Same input, same bytes.
import {
  APP_BASE,
  Capability,
  decode,
  encode,
  Header,
  IdentityFlag,
  ImageFlag,
  Signature,
  type Version,
} from '../../protocol/index.js';
import { concat, isZero } from '../base/bytes.js';
import { IapError } from '../base/errors.js';
import type { Allowable } from '../check/allow.js';
import { checkImage } from '../check/check-image.js';
import type { ApplicationArea } from '../check/place.js';
import { headerFor, type Image } from '../image/image.js';
import { LARGEST_IMAGE } from '../image/limits.js';
import { KEY_IDS } from '../signing/header.js';

/** What a package says of its image; what is missing restricts nothing. */
export interface PackageDescription {
  readonly version: Version;
  /** 16 bytes; all zero or missing: any product */
  readonly product?: Uint8Array;
  /** First and last hardware revision it runs on, 0 to 65535 */
  readonly hardware?: { readonly min: number; readonly max: number };
  /** The application must confirm itself within its trial boots */
  readonly confirm?: boolean;
  /** A device never takes an image with a lower one than that it has, 0 to 2^32 - 1 */
  readonly securityCounter?: number;
  /** Bits of Capability that the bootloader must have */
  readonly capabilities?: number;
  /** 20 bytes, free */
  readonly buildId?: Uint8Array;
  /** 12 bytes: the one device it is for */
  readonly uniqueId?: Uint8Array;
  /** Number of the key that is going to sign it; missing: it is not signed */
  readonly keyId?: number;
  /** Numbers of the keys that are revoked while this image is a device's newest */
  readonly revoke?: readonly number[];
}

/** Any device whose application is linked where the protocol has it by default */
const ANY_DEVICE: ApplicationArea = { appBase: APP_BASE, appEnd: APP_BASE + LARGEST_IMAGE };

/**
 * Makes a package: 256 bytes of header, then the image.
 * @param allow errors of the image that do not keep it from being packed
 * @throws IapError IMAGE_… if no device with this area would take it; USAGE for a description that makes no sense
 */
export function makePackage(
  image: Image,
  description: PackageDescription,
  area: ApplicationArea = ANY_DEVICE,
  allow?: readonly Allowable[],
): Uint8Array {
  if (image.header) {
    throw new IapError('IMAGE_FORMAT', 'this is a package already', {
      hint: 'give the application as it was built: .bin, .hex, .srec or .elf',
    });
  }
  const plain = decode(Header, headerFor(image, area.appBase));
  const header: Header = { ...plain, ...fieldsOf(description, plain) };
  const packed = { ...image, header: encode(Header, header) };
  const device = {
    appBase: area.appBase,
    appEnd: area.appEnd,
    product: header.product,
    hardware: header.hardwareMin,
    identityFlags: IdentityFlag.ANY_IMAGE,
    uniqueId: header.uniqueId,
    capabilities: header.capabilities | Capability.SIGNATURE,
  };
  checkImage(packed, device, allow);
  return concat([packed.header, image.bytes]);
}

function fieldsOf(description: PackageDescription, plain: Header): Partial<Header> {
  const { hardware, confirm = false, capabilities = 0 } = description;
  const { min, max } = hardware ?? { min: plain.hardwareMin, max: plain.hardwareMax };
  if (min > max) {
    throw new IapError('USAGE', `the first hardware revision, ${min}, is above the last, ${max}`);
  }
  checkSigning(description);
  return {
    ...signingFields(description, plain),
    version: description.version,
    product: description.product ?? plain.product,
    hardwareMin: min,
    hardwareMax: max,
    flags: confirm ? ImageFlag.CONFIRM : 0,
    // Trial boots are for bootloaders that have them; any other must refuse it.
    capabilities: confirm ? (capabilities | Capability.CONFIRM) >>> 0 : capabilities,
    securityCounter: description.securityCounter ?? 0,
    buildId: description.buildId ?? plain.buildId,
    uniqueId: description.uniqueId ?? plain.uniqueId,
  };
}

function checkSigning({ keyId, revoke = [], product }: PackageDescription): void {
  const wrong = [keyId ?? 0, ...revoke].find((id) => !KEY_IDS.includes(id));
  if (wrong !== undefined) {
    throw new IapError('USAGE', `keys have numbers from 0 to ${KEY_IDS.length - 1}, got ${wrong}`);
  }
  if (keyId === undefined) {
    if (revoke.length === 0) return;
    throw new IapError('USAGE', 'only a signed package revokes keys: say which key signs it', {
      hint: 'add the number of a root key, for example --key-id 0',
    });
  }
  if (revoke.includes(keyId)) {
    throw new IapError('USAGE', `key ${keyId} can not sign what revokes it`, {
      hint: 'a root key revokes others, and is never revoked',
    });
  }
  if (product === undefined || isZero(product)) {
    throw new IapError('USAGE', 'a signed package needs a product id', {
      hint: 'devices that take signed packages alone take none that is for any product',
    });
  }
}

/** Signed themselves, so they are there before the signature is. */
function signingFields({ keyId, revoke = [] }: PackageDescription, plain: Header): Partial<Header> {
  if (keyId === undefined) return {};
  return {
    signatureAlgorithm: Signature.ECDSA_P256,
    keyId,
    usableKeys: revoke.reduce((usable, id) => usable & ~(1 << id), plain.usableKeys),
  };
}
