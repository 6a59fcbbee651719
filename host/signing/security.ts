// What a device that takes signed images alone says of its protection (protocol, structure security).
import { KeyRole as Role, type Security, SecurityFlag } from '../../protocol/index.js';

export interface DeviceKey {
  /** Its number */
  readonly id: number;
  /** A KeyRole; a later version may have more */
  readonly role: number;
  readonly fingerprint: Uint8Array;
  readonly revoked: boolean;
}

/** All slots, by number, those without a key too */
export function securityKeys({ key0, key1, key2, key3, usableKeys }: Security): DeviceKey[] {
  return [key0, key1, key2, key3].map(({ role, fingerprint }, id) => ({
    id,
    role,
    fingerprint,
    revoked: (usableKeys & (1 << id)) === 0,
  }));
}

const SIGNING_ROLES: readonly number[] = [Role.ROOT, Role.RELEASE];

/**
 * What a unit lacks that leaves the house, in words; empty: nothing.
 * @param security undefined where the bootloader says nothing of it
 */
export function protectionGaps(security: Security | undefined): string[] {
  if (!security) return ['it takes unsigned images'];
  const { flags } = security;
  const has = (flag: number): boolean => (flags & flag) !== 0;
  const usable = securityKeys(security).filter(
    ({ role, revoked }) => role !== Role.NONE && !revoked,
  );
  const others = usable.filter(({ role }) => !SIGNING_ROLES.includes(role));
  return [
    ...(has(SecurityFlag.SIGNED_ONLY) ? [] : ['it takes unsigned images']),
    ...(has(SecurityFlag.KEYS) ? [] : ['its keys can not be read']),
    ...(has(SecurityFlag.KEYS) && usable.length === 0 ? ['it has no key that is not revoked'] : []),
    ...others.map(({ id, role }) =>
      role === Role.DEVELOPMENT
        ? `key ${id}, a development key, can sign for it`
        : `key ${id} has a role that this program does not know (${role})`,
    ),
    ...(has(SecurityFlag.READ_PROTECTED) ? [] : ['read-out protection is off']),
    ...(has(SecurityFlag.WRITE_PROTECTED) ? [] : ['its bootloader is not write-protected']),
  ];
}
