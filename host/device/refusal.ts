// A device's refusal in words: what it has or expects, and what to do next.
import {
  Capability,
  decode,
  ImageFlag,
  Refusal,
  SignatureFault,
  Status,
  Stay,
} from '../../protocol/index.js';
import { ExitCode, exitCodeOf, IapError } from '../base/errors.js';
import { flagNames, hex32, nameOf } from '../base/text.js';

/** From this status on an answer is a refusal (protocol § 3). */
const FIRST_REFUSAL: number = Status.UNKNOWN_COMMAND;

type Wording = (detail: number) => { readonly message: string; readonly hint?: string };

/** By what the device finds wrong with a signature */
const SIGNATURE_WORDING: Readonly<Record<number, ReturnType<Wording>>> = {
  [SignatureFault.UNSAID]: {
    message: "the image's signature is missing, wrong, or none that it knows",
    hint: 'take a package signed with a key of this product; a device without keys ("iap info --bootloader" shows them) takes only packages without a signature',
  },
  [SignatureFault.KEYS]: {
    message: 'its keys are blank or damaged, so that it takes no image at all',
    hint: 'write its key block again: iap factory, and a programmer or "iap isp"',
  },
  [SignatureFault.IDENTITY]: {
    message: 'its identity is blank or damaged, so that it takes no image at all',
    hint: 'write its identity again: iap factory, and a programmer or "iap isp"',
  },
  [SignatureFault.MISSING]: {
    message: 'the image is not signed, and it takes signed ones alone',
    hint: 'take a signed package: "iap pack --key-id" and "iap sign" make one',
  },
  [SignatureFault.ALGORITHM]: {
    message: "the image's signature is of another algorithm than its key is for",
    hint: 'sign it with the algorithm of the key: a newer version of this program may be needed',
  },
  [SignatureFault.NO_KEY]: {
    message: 'it has no key of the number that the image is signed with',
    hint: '"iap info --bootloader" shows its keys, "iap check" the number; take the package for devices with these keys',
  },
  [SignatureFault.REVOKED]: {
    message: 'the key that the image is signed with was revoked on it',
    hint: 'take a package that is signed with another key; a revocation is never taken back',
  },
  [SignatureFault.REVOCATION]: {
    message: 'the image revokes other keys than are revoked on it, and may not',
    hint: 'only a root key may revoke more, nobody fewer, and never a root key: make the package with --revoke of the keys that "iap info --bootloader" shows as revoked',
  },
  [SignatureFault.WRONG]: {
    message: "the image's signature does not fit it and the device's key of this number",
    hint: 'compare fingerprints: "iap info --bootloader" shows the device\'s, "iap keys show" that of a key; "iap check --public-key" verifies the package',
  },
};

const WORDING: Readonly<Record<number, Wording>> = {
  [Status.UNKNOWN_COMMAND]: () => ({
    message: 'it does not know this command',
    hint: 'its bootloader is older or smaller than this program expects; see "iap info"',
  }),
  [Status.BAD_REQUEST]: (offset) => ({
    message: `it finds a request malformed at offset ${offset}`,
    hint: 'this is a fault of this program or of the bootloader; run with --verbose and report it',
  }),
  [Status.NO_SESSION]: () => ({
    message: 'no update is begun; it has been reset in between',
    hint: 'run the same command again: it goes on where it stopped',
  }),
  [Status.IN_APP]: () => ({
    message: 'its application is running and does not do this',
    hint: 'run "iap flash" (it asks the application to enter the bootloader), or reset the device with --wait',
  }),
  [Status.NOT_NOW]: (reason) => ({
    message: `its application does not want to be left at this moment${reason === 0 ? '' : ` (its reason ${reason})`}`,
    hint: 'run the same command again later, or with --wait: it asks again until the application lets itself be left',
  }),
  [Status.BAD_HEADER]: (offset) => ({
    message: `it does not accept the image header (offset ${offset})`,
    hint: 'make the package again with a version that this bootloader knows',
  }),
  [Status.WRONG_PRODUCT]: () => ({
    message: 'the image is for another product',
    hint: 'compare the product ids: "iap info" shows the device\'s',
  }),
  [Status.WRONG_HARDWARE]: (revision) => ({
    message: `the image is not for hardware revision ${revision}, which this device has`,
    hint: 'take the package that is made for this revision',
  }),
  [Status.WRONG_DEVICE]: () => ({
    message: 'the image is made for one device with another unique id',
    hint: '"iap info" shows the unique id of this one',
  }),
  [Status.WRONG_ADDRESS]: (base) => ({
    message: `the image is not linked for ${hex32(base)}, where its application starts`,
    hint: `set FLASH ORIGIN to ${hex32(base)} in the linker script`,
  }),
  [Status.WRONG_SIZE]: (largest) => ({
    message: `the image is empty or larger than ${largest} bytes`,
    hint: 'make the image smaller, or check that it is for this part',
  }),
  [Status.ROLLBACK]: (counter) => ({
    message: `the image's security counter is below ${counter}, which the device has reached`,
    hint: 'a device never goes back below its counter; take a newer package',
  }),
  [Status.NOT_CAPABLE]: (bits) => ({
    message: `its bootloader lacks what the image needs (${missing(bits)})`,
    hint: 'this image can not run with this bootloader',
  }),
  [Status.BAD_SIGNATURE]: (fault) =>
    SIGNATURE_WORDING[fault] ?? {
      message: `the image is not signed as it wants it (reason ${fault}, which this program does not know)`,
      hint: 'take a package signed with a key of this product; a newer version of this program may know the reason',
    },
  [Status.PACKAGE_ONLY]: () => ({
    message: 'it takes only packages made for its product, no plain images',
    hint: 'flash the .iap package instead',
  }),
  [Status.RECORD_FAILED]: (address) => ({
    message: `its boot record can not be written at ${hex32(address)}`,
    hint: 'the flash is worn out or write-protected there; without the record no update of this device counts',
  }),
  [Status.SUPPLY_LOW]: () => ({
    message:
      'its supply is below what its bootloader asks for before it changes flash (2.7 V unless its board says otherwise)',
    hint: 'charge or change the battery, or look for what pulls the supply down; then run the same command again: nothing is lost',
  }),
  [Status.NOT_BOOTABLE]: (stay) => ({
    message: `there is no verified application to start (${nameOf(Stay, stay)})`,
    hint: 'install one with "iap flash"',
  }),
  [Status.RATE_UNAVAILABLE]: (highest) => ({
    message: `it can not make this baud rate; its highest is ${highest}`,
    hint: `choose --baud ${highest} or lower`,
  }),
};

/** The bits may be capabilities or image flags; both tables are tried. */
function missing(bits: number): string {
  return flagNames({ ...Capability, FLAG_CONFIRM: ImageFlag.CONFIRM }, bits).join(', ');
}

export function isRefusal(payload: Uint8Array): boolean {
  return (payload[0] ?? 0) >= FIRST_REFUSAL;
}

/** The error for a refusal; `details.status` names the reason. */
export function refusalError(payload: Uint8Array, command: string): IapError {
  const status = payload[0] ?? 0;
  const detail = payload.length >= Refusal.size ? decode(Refusal, payload).detail : 0;
  const { message, hint } = WORDING[status]?.(detail) ?? {
    hint: undefined,
    message: `status ${nameOf(Status, status)}, which this program does not know`,
  };
  return new IapError('REFUSED', `the device refuses ${command}: ${message}`, {
    hint,
    details: { command, status: nameOf(Status, status), detail },
  });
}

/** What a device says to the header of an image that is not for it */
const FOR_ANOTHER: readonly Status[] = [
  Status.BAD_HEADER,
  Status.WRONG_PRODUCT,
  Status.WRONG_HARDWARE,
  Status.WRONG_DEVICE,
  Status.WRONG_ADDRESS,
  Status.WRONG_SIZE,
  Status.ROLLBACK,
  Status.NOT_CAPABLE,
  Status.BAD_SIGNATURE,
  Status.PACKAGE_ONLY,
];

/** Whether an error says that the image is not for this device, by the host's or the device's judgement. */
export function isForAnother(error: unknown): boolean {
  if (error instanceof IapError && exitCodeOf(error) === ExitCode.IMAGE) return true;
  return FOR_ANOTHER.some((status) => isRefusedWith(error, status));
}

/** Whether an error is this refusal. */
export function isRefusedWith(error: unknown, status: Status): error is IapError {
  return (
    error instanceof IapError &&
    error.code === 'REFUSED' &&
    error.details.status === nameOf(Status, status)
  );
}
