// What units that take signed images alone say of their keys, and what they lack before they leave the house.
import { describe, expect, test } from 'vitest';
import { plainHeader } from '../../host/image/image.js';
import { securityOf } from '../../host/signing/key-block.js';
import { fingerprintOf } from '../../host/signing/public-key.js';
import { protectionGaps, securityKeys } from '../../host/signing/security.js';
import {
  APP_BASE,
  decode,
  Header,
  KeyRole,
  type Security,
  SecurityFlag,
} from '../../protocol/index.js';
import { appImage } from '../support/images.js';

const point = (fill: number): Uint8Array => new Uint8Array(64).fill(fill);
const root = { role: KeyRole.ROOT, point: point(1) };
const release = { role: KeyRole.RELEASE, point: point(2) };
const bench = { role: KeyRole.DEVELOPMENT, point: point(3) };
const app = (fields: Partial<Header>): Header =>
  decode(Header, plainHeader(appImage(500), APP_BASE, fields));

const { SIGNED_ONLY, KEYS, READ_PROTECTED, WRITE_PROTECTED } = SecurityFlag;
const ALL = SIGNED_ONLY | KEYS | READ_PROTECTED | WRITE_PROTECTED;

describe('a new unit', () => {
  test('says which keys it has: role and fingerprint, by number', () => {
    const security = securityOf([root, undefined, release, bench]);
    expect(security).toMatchObject({ flags: SIGNED_ONLY | KEYS, usableKeys: 0xff, reserved: 0 });
    expect(security.securityCounter).toBe(0);
    const none = { role: KeyRole.NONE, fingerprint: new Uint8Array(8) };
    expect(securityKeys(security)).toEqual(
      [
        { role: KeyRole.ROOT, fingerprint: fingerprintOf(root.point) },
        none,
        { role: KeyRole.RELEASE, fingerprint: fingerprintOf(release.point) },
        { role: KeyRole.DEVELOPMENT, fingerprint: fingerprintOf(bench.point) },
      ].map((key, id) => ({ ...key, id, revoked: false })),
    );
    expect(securityKeys(securityOf([]))).toMatchObject([none, none, none, none]);
    const [only, ...others] = securityKeys(securityOf([undefined, release]));
    expect(only).toMatchObject(none);
    expect(others.map(({ role }) => role)).toEqual([KeyRole.RELEASE, KeyRole.NONE, KeyRole.NONE]);
  });

  test('has the counter and the revocations of its application in force, but never without its root', () => {
    const keys = [root, release, release];
    const security = securityOf(keys, app({ usableKeys: 0b1111_1000, securityCounter: 7 }));
    expect(security.securityCounter).toBe(7);
    expect(security.usableKeys).toBe(0b1111_1001);
    expect(securityKeys(security).map(({ revoked }) => revoked)).toEqual([
      ...[false, true, true, false],
    ]);
  });
});

describe('before it leaves the house it lacks', () => {
  const ready = { ...securityOf([root, release]), flags: ALL };
  const without = (flag: number): Security => ({ ...ready, flags: ALL & ~flag });

  test.each<[string, Security | undefined, RegExp[]]>([
    ['nothing', ready, []],
    ['signatures, where it says nothing of its protection', undefined, [/takes unsigned images/]],
    ['signatures', without(SIGNED_ONLY), [/takes unsigned images/]],
    ['keys that can be read', without(KEYS), [/keys can not be read/]],
    ['read-out protection', without(READ_PROTECTED), [/read-out protection is off/]],
    ['write protection', without(WRITE_PROTECTED), [/bootloader is not write-protected/]],
    ['a key', { ...securityOf([]), flags: ALL }, [/no key that is not revoked/]],
    [
      'a key, where it can not even be read, only once',
      { ...securityOf([]), flags: ALL & ~KEYS },
      [/keys can not be read/],
    ],
    ['a key that is not revoked', { ...ready, usableKeys: 0b1111_1100 }, [/no key that is not/]],
    [
      'the owner alone: a development key can sign',
      { ...securityOf([root, release, bench]), flags: ALL },
      [/^key 2, a development key, can sign for it$/],
    ],
    [
      'nothing of a development key that is revoked',
      { ...securityOf([root, release, bench]), flags: ALL, usableKeys: 0b1111_1011 },
      [],
    ],
    [
      'a role that this version knows',
      { ...ready, key3: { role: 9 as KeyRole, fingerprint: new Uint8Array(8) } },
      [/^key 3 has a role that this program does not know \(9\)$/],
    ],
    [
      'everything',
      { ...ready, flags: 0 },
      [/unsigned/, /can not be read/, /read-out/, /write-protected/],
    ],
  ])('%s', (_, security, gaps) => {
    expect(protectionGaps(security)).toEqual(gaps.map((text) => expect.stringMatching(text)));
  });
});
