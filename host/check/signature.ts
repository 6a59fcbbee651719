// Is a package signed as a device wants it? What can be told without verifying, which only a device does that has the keys; and what
// one public key says of a file.
import {
  Capability,
  decode,
  Header,
  KeyRole,
  type Security,
  SecurityFlag,
} from '../../protocol/index.js';
import { isZero } from '../base/bytes.js';
import type { Image } from '../image/image.js';
import { isSignedBy, KEY_IDS, signatureFacts, signatureState } from '../signing/header.js';
import type { VerifySignature } from '../signing/public-key.js';
import { type DeviceKey, securityKeys } from '../signing/security.js';
import type { Finding } from './finding.js';

/** What a device says of itself, as far as a signature must fit it; what is not known is not judged. */
export interface Trust {
  readonly capabilities?: number;
  /** Only a bootloader that takes signed images alone says it */
  readonly security?: Security;
}

export function signatureFindings(image: Image, { capabilities, security }: Trust): Finding[] {
  const header = image.header && decode(Header, image.header);
  if (!security || (security.flags & SecurityFlag.SIGNED_ONLY) === 0) {
    return header ? withoutKeys(header, capabilities) : [];
  }
  if (!header || signatureState(header) !== 'signed') return [unsignedFinding(header, 'error')];
  return [
    keyFinding(header, security) ?? revocationFinding(header, security),
    floorFinding(header, security),
  ].filter((finding) => finding !== undefined);
}

/** Of a file alone, or for a device that has no keys */
function withoutKeys(header: Header, capabilities: number | undefined): Finding[] {
  const state = signatureState(header);
  if (state === 'unsigned') return [];
  const knowsNone = capabilities !== undefined && (capabilities & Capability.SIGNATURE) === 0;
  if (knowsNone) return [noKeysFinding()];
  return [
    neverTakenFinding(header),
    state === 'signed' ? undefined : unsignedFinding(header, 'warning'),
  ].filter((finding) => finding !== undefined);
}

/** What no device takes, whatever keys it has and however right the signature is; "iap pack" makes none of that. */
export function neverTakenFinding(header: Header): Finding | undefined {
  const { keyId, product } = header;
  const common = { severity: 'error', code: 'IMAGE_SIGNATURE', details: { keyId } } as const;
  const signer = `the package says that key ${keyId} signs it, and`;
  if (!KEY_IDS.includes(keyId)) {
    const numbers = `0 to ${KEY_IDS.length - 1}`;
    return {
      ...common,
      id: 'no-key',
      message: `${signer} devices have keys ${numbers}: none takes it`,
      found: `key ${keyId}`,
      expected: `a key from ${numbers}`,
      hint: 'make the package with --key-id of a key that its devices have, and sign it with that one',
    };
  }
  if (signatureFacts(header).revoked.includes(keyId)) {
    return {
      ...common,
      id: 'revocation',
      message: `${signer} revokes key ${keyId}: no device takes it`,
      found: 'a package that revokes the key that signs it',
      expected: 'one that does not revoke its own key',
      hint: `only root keys revoke others, and they are never revoked: make the package with --key-id of a root key, or without --revoke ${keyId}`,
    };
  }
  if (!isZero(product)) return undefined;
  return {
    ...common,
    id: 'packages-only',
    code: 'IMAGE_PACKAGE_ONLY',
    message: `${signer} is for any product: no device takes it`,
    found: 'a signed package for any product',
    expected: 'one for a product',
    hint: 'take the package of this product, or make one with --product',
  };
}

/**
 * @param verify somebody's cryptography
 * @returns undefined if the key has signed the package
 */
export async function signerFinding(
  image: Image,
  point: Uint8Array,
  verify: VerifySignature,
): Promise<Finding | undefined> {
  if (!image.header) return unsignedFinding(undefined, 'error');
  const header = decode(Header, image.header);
  if (signatureState(header) !== 'signed') return unsignedFinding(header, 'error');
  if (await isSignedBy(image.header, point, verify)) return undefined;
  return {
    id: 'wrong-signature',
    severity: 'error',
    code: 'IMAGE_SIGNATURE',
    message: 'the signature does not fit the package and this public key',
    found: `a signature that is said to be of key ${header.keyId}`,
    expected: 'one by the key that was given',
    hint: 'another key has signed it, or its header was changed since: sign it again ("iap sign")',
    details: { keyId: header.keyId },
  };
}

function unsignedFinding(header: Header | undefined, severity: Finding['severity']): Finding {
  const found = !header
    ? 'a plain image'
    : signatureState(header) === 'unsigned'
      ? 'a package without a signature'
      : `a package that key ${header.keyId} is to sign, and has not signed yet`;
  return {
    id: 'unsigned',
    severity,
    code: 'IMAGE_SIGNATURE',
    message:
      severity === 'error'
        ? `only signed packages will do, and this is ${found}`
        : `this is ${found}: no device takes it`,
    found,
    expected: 'a signed package',
    hint:
      header && signatureState(header) === 'to-be-signed'
        ? 'sign it with "iap sign"'
        : 'make a package with "iap pack --key-id", and sign it with "iap sign"',
  };
}

function noKeysFinding(): Finding {
  return {
    id: 'not-capable',
    severity: 'error',
    code: 'IMAGE_NOT_CAPABLE',
    message:
      'the package is for devices that have keys; this bootloader has none and takes none that is signed',
    found: 'a package with a signature',
    expected: 'a package without one',
    hint: 'take a package that was made without --key-id',
  };
}

function keyFinding({ keyId }: Header, security: Security): Finding | undefined {
  const keys = securityKeys(security);
  const key = keys[keyId];
  const known = keys.filter(({ role }) => role !== KeyRole.NONE).map(({ id }) => id);
  const numbers = known.length === 0 ? 'none' : known.join(', ');
  // Where the block is damaged the device says so, better than its missing keys do.
  if ((security.flags & SecurityFlag.KEYS) === 0) return undefined;
  if (!key || key.role === KeyRole.NONE) {
    return {
      id: 'no-key',
      severity: 'error',
      code: 'IMAGE_SIGNATURE',
      message: `the package is signed with key ${keyId}, which this device does not have; it has ${numbers}`,
      found: `key ${keyId}`,
      expected: `one of the device's keys: ${numbers}`,
      hint: 'make the package with --key-id of a key that these devices have, and sign it with that one',
      details: { keyId },
    };
  }
  if (!key.revoked) return undefined;
  return {
    id: 'revoked-key',
    severity: 'error',
    code: 'IMAGE_SIGNATURE',
    message: `the package is signed with key ${keyId}, which was revoked on this device`,
    found: `key ${keyId}, revoked`,
    expected: 'a key that is not revoked',
    hint: 'take a package that is signed with another key; a revocation is never taken back',
    details: { keyId },
  };
}

/** What the device would answer with REVOCATION (requirement S-10) */
function revocationFinding({ keyId, usableKeys }: Header, security: Security): Finding | undefined {
  const keys = securityKeys(security).filter(({ role }) => role !== KeyRole.NONE);
  // A role of a later version may be allowed more than is known here.
  if (keys.some(({ role }) => !ROLES.has(role))) return undefined;
  const revokes = keys.filter(({ id }) => (usableKeys & (1 << id)) === 0);
  const forgotten = keys.filter((key) => key.revoked && !revokes.includes(key));
  const added = revokes.filter(({ revoked }) => !revoked);
  const common = {
    id: 'revocation',
    severity: 'error',
    code: 'IMAGE_SIGNATURE',
    found: `a package that revokes ${keysText(revokes)}`,
    details: { revokes: idsText(revokes), revoked: idsText(keys.filter((key) => key.revoked)) },
  } as const;
  if (forgotten.length > 0) {
    const all = idsText(keys.filter((key) => key.revoked || revokes.includes(key)));
    return {
      ...common,
      message: `the package does not revoke ${keysText(forgotten)}, which this device knows as revoked`,
      expected: `one that revokes ${keysText(forgotten)} too`,
      hint: `a revocation is never taken back: make the package with --revoke ${all}, and sign it again`,
    };
  }
  if (added.length === 0) return undefined;
  const root = revokes.filter(({ role }) => role === KeyRole.ROOT);
  if (root.length > 0) {
    return {
      ...common,
      message: `the package revokes ${keysText(root)}, a root key of this device`,
      expected: 'one that revokes no root key',
      hint: 'root keys are never revoked: make the package without it in --revoke',
    };
  }
  if (keys.some(({ id, role }) => id === keyId && role === KeyRole.ROOT)) return undefined;
  return {
    ...common,
    message: `the package revokes ${keysText(added)}, and is signed with key ${keyId}, which is no root key of this device`,
    expected: 'a root key, which alone may revoke',
    hint: `make the package with --key-id of a root key ("iap info --bootloader" shows which), and sign it with that one; or without --revoke ${idsText(added)}`,
  };
}

const ROLES: ReadonlySet<number> = new Set(Object.values(KeyRole));

function idsText(keys: readonly DeviceKey[]): string {
  return keys.map(({ id }) => id).join(',');
}

function keysText(keys: readonly DeviceKey[]): string {
  if (keys.length === 0) return 'no key';
  return `${keys.length > 1 ? 'keys' : 'key'} ${keys.map(({ id }) => id).join(', ')}`;
}

function floorFinding(
  { securityCounter: counter }: Header,
  { securityCounter: floor }: Security,
): Finding | undefined {
  if (counter >= floor) return undefined;
  return {
    id: 'rollback',
    severity: 'error',
    code: 'IMAGE_ROLLBACK',
    message: `the package's security counter is ${counter}; this device has reached ${floor}`,
    found: `security counter ${counter}`,
    expected: `${floor} or above`,
    hint: 'a device never goes back below its counter; take a newer package',
    details: { counter, floor },
  };
}

/**
 * Whether what a package asks to be in force from now on is so already, on a device where its image is installed. A device that takes
 * unsigned images does not say what its counter is: BEGIN has to tell.
 */
export function isInForce({ security }: Trust, header: Uint8Array | undefined): boolean {
  if (!header) return true;
  const { securityCounter, usableKeys } = decode(Header, header);
  if (!security) return securityCounter === 0;
  const differing = usableKeys ^ security.usableKeys;
  return (
    securityCounter === security.securityCounter &&
    securityKeys(security).every(
      ({ id, role }) => role === KeyRole.NONE || (differing & (1 << id)) === 0,
    )
  );
}
