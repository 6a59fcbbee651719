// A device that takes signed images alone: what it says of itself, what is told before it is disturbed, and why it refuses.
import { describe, expect, test } from 'vitest';
import { signatureFindings } from '../../host/check/signature.js';
import { INFO } from '../../host/cli/commands/info.js';
import { deviceTable } from '../../host/cli/describe.js';
import { decodeHello } from '../../host/device/device.js';
import { refusalError } from '../../host/device/refusal.js';
import type { Image } from '../../host/image/image.js';
import { plainHeader } from '../../host/image/image.js';
import { verify } from '../../host/update/verify.js';
import {
  decode,
  encode,
  type Header,
  Header as HeaderLayout,
  HelloResponse,
  KeyRole,
  Mode,
  offsetOf,
  Refusal,
  Security,
  SecurityFlag,
  Signature,
  SignatureFault,
  Status,
} from '../../protocol/index.js';
import { Bench } from '../support/bench.js';
import { DEFAULTS_OF_PORTS, jsonLines, session } from '../support/cli.js';
import { appImage } from '../support/images.js';

const NONE = { role: KeyRole.NONE, fingerprint: new Uint8Array(8) };
const key = (role: number, byte: number): Security['key0'] => ({
  role,
  fingerprint: new Uint8Array(8).fill(byte),
});
const ALL = Object.values(SecurityFlag).reduce<number>((bits, bit) => bits | bit, 0);
const SECURE: Security = {
  flags: ALL & ~SecurityFlag.READ_LOCKED,
  usableKeys: 0xff,
  reserved: 0,
  securityCounter: 5,
  key0: key(KeyRole.ROOT, 0x10),
  key1: key(KeyRole.RELEASE, 0x11),
  key2: key(KeyRole.RELEASE, 0x12),
  key3: NONE,
};
const PRODUCT = new Uint8Array(16).fill(0x50);

function device(security: Partial<Security> = {}, appKit = false): Bench {
  const info = { product: PRODUCT };
  return new Bench({ security: { ...SECURE, ...security }, info, appKit });
}

function image(fields: Partial<Header> = {}, size = 5000): Image {
  const bytes = appImage(size);
  const header = plainHeader(bytes, 0x0800_8000, {
    product: PRODUCT,
    securityCounter: 5,
    signatureAlgorithm: Signature.ECDSA_P256,
    keyId: 1,
    signature: new Uint8Array(64).fill(1),
    ...fields,
  });
  return { base: 0x0800_8000, bytes, header };
}

const unsigned = { signatureAlgorithm: Signature.NONE, keyId: 0 };

describe('a package is held against the device before it is disturbed', () => {
  test.each([
    ['unsigned', unsigned, {}, 'unsigned', 'IMAGE_SIGNATURE'],
    [
      'not signed yet',
      { signature: new Uint8Array(64).fill(0xff) },
      {},
      'unsigned',
      'IMAGE_SIGNATURE',
    ],
    ['a number without a key', { keyId: 3 }, {}, 'no-key', 'IMAGE_SIGNATURE'],
    ['a number that no device has', { keyId: 200 }, {}, 'no-key', 'IMAGE_SIGNATURE'],
    ['a revoked key', {}, { usableKeys: 0xfd }, 'revoked-key', 'IMAGE_SIGNATURE'],
    ['a counter below the floor', { securityCounter: 4 }, {}, 'rollback', 'IMAGE_ROLLBACK'],
    ['any product', { product: new Uint8Array(16) }, {}, 'packages-only', 'IMAGE_PACKAGE_ONLY'],
    ['a key that only root may revoke', { usableKeys: 0xfb }, {}, 'revocation', 'IMAGE_SIGNATURE'],
    ['a root key', { keyId: 0, usableKeys: 0xfe }, {}, 'revocation', 'IMAGE_SIGNATURE'],
    ['fewer revocations', { keyId: 2 }, { usableKeys: 0xfd }, 'revocation', 'IMAGE_SIGNATURE'],
    ['fewer, by root', { keyId: 0 }, { usableKeys: 0xfd }, 'revocation', 'IMAGE_SIGNATURE'],
  ] as const)('%s', async (_, fields, security, finding, code) => {
    const bench = device(security);
    const { error } = await bench.update(image(fields));
    expect(error).toMatchObject({ code, details: { finding } });
    expect(bench.device.log.filter((name) => name !== 'HELLO')).toEqual([]);
  });

  test('a plain image', async () => {
    const bench = device();
    const { error } = await bench.update(appImage(5000));
    expect(error).toMatchObject({ code: 'IMAGE_PACKAGE_ONLY' });
    expect(bench.device.log).not.toContain('BEGIN');
  });

  test('what the device takes is sent', async () => {
    const bench = device({ usableKeys: 0xfe | 1 });
    const { result, error } = await bench.update(image());
    expect(error).toBeUndefined();
    expect(result).toMatchObject({ changed: true, boot: 'started' });
  });

  test.each([
    ['a root key revokes', { keyId: 0, usableKeys: 0xfd }],
    ['the counter rises', { securityCounter: 6 }],
  ])('the same image in another package is installed again: %s', async (_, fields) => {
    const bench = device();
    await bench.update(image(), { boot: false });
    const { result, error } = await bench.update(image(fields), { boot: false });
    expect(error).toBeUndefined();
    expect(result).toMatchObject({ changed: true });
    expect(bench.device.log.filter((name) => name === 'END')).toHaveLength(2);
    // What is in force already needs no update.
    const again = await bench.update(image({ buildId: new Uint8Array(20).fill(1) }), {
      boot: false,
    });
    expect(again.result).toMatchObject({ changed: false, pagesSent: 0 });
  });

  test('the same image with a higher counter is installed again on a device without keys', async () => {
    const bench = new Bench({ info: { product: PRODUCT } });
    const blank = new Uint8Array(64).fill(0xff);
    for (const [counter, changed] of [
      [1, true],
      [1, false],
      [2, true],
      [2, false],
    ] as const) {
      const { result, error } = await bench.update(
        image({ ...unsigned, signature: blank, securityCounter: counter }),
        { boot: false },
      );
      expect(error).toBeUndefined();
      expect([counter, result?.changed]).toEqual([counter, changed]);
    }
  });

  test('an application that was asked to leave for it is started again', async () => {
    const bench = device({}, true);
    await bench.update(image());
    expect(bench.device.mode).toBe(Mode.APP);
    // The application does not know what its bootloader trusts.
    const { error } = await bench.update(image({ ...unsigned, buildId: new Uint8Array(20) }, 6000));
    expect(error).toMatchObject({ details: { finding: 'unsigned' } });
    expect(bench.device.mode).toBe(Mode.APP);
  });

  test('a signed package for a device without keys', async () => {
    const bench = new Bench({ info: { product: PRODUCT } });
    const { error } = await bench.update(image());
    expect(error).toMatchObject({ code: 'IMAGE_NOT_CAPABLE' });
    expect(bench.device.log).not.toContain('BEGIN');
  });
});

describe('verify compares, whoever takes the image', () => {
  const none = new Uint8Array(64).fill(0xff);
  const plain = (): Image => ({ base: undefined, bytes: appImage(5000) });
  const compared = async (bench: Bench, file: Image): Promise<boolean> => {
    bench.line.checker.newHost();
    return (await verify(bench.line, file, { clock: bench.clock })).same;
  };
  const cases: readonly [string, () => Image][] = [
    ['a plain image', plain],
    ['a package without a signature', () => image({ ...unsigned, signature: none })],
    ['one for any product', () => image({ product: new Uint8Array(16) })],
    ['one for another product', () => image({ product: new Uint8Array(16).fill(0x51) })],
    ['one for another hardware revision', () => image({ hardwareMin: 1000, hardwareMax: 1001 })],
    ['one for another unit', () => image({ uniqueId: new Uint8Array(12).fill(0x77) })],
    ['one that wants what the bootloader lacks', () => image({ capabilities: 0x8000_0000 })],
    ['one of a key that is not there', () => image({ keyId: 3 })],
    ['one of a key that was revoked', () => image({ keyId: 2 })],
    ['one that revokes what it may not', () => image({ usableKeys: 0xf9 })],
    ['one that revokes its own key', () => image({ usableKeys: 0xfd })],
    ['one with a lower counter', () => image({ securityCounter: 4 })],
  ];

  test.each(cases)('%s, by a device that takes signed images alone', async (_, file) => {
    const bench = device({ usableKeys: 0xfb });
    const { error } = await bench.update(image({ usableKeys: 0xfb }), { boot: false });
    expect(error).toBeUndefined();
    expect(await compared(bench, file())).toBe(true);
    const { bytes } = file();
    const other = { ...file(), bytes: bytes.with(-1, (bytes.at(-1) ?? 0) ^ 1) };
    expect(await compared(bench, other)).toBe(false);
  });

  test.each(cases)('%s, by a device that takes unsigned images', async (_, file) => {
    const bench = new Bench({ info: { product: PRODUCT, identityFlags: 0xfe } });
    const { error } = await bench.update(image({ ...unsigned, signature: none }), { boot: false });
    expect(error).toBeUndefined();
    expect(await compared(bench, file())).toBe(true);
  });

  test('but an application is not asked to leave for what no device can have', async () => {
    const bench = device({}, true);
    await bench.update(image());
    const blank = verify(
      bench.line,
      { ...plain(), bytes: new Uint8Array(5000).fill(0xff) },
      { clock: bench.clock },
    );
    await expect(blank).rejects.toMatchObject({ details: { finding: 'blank' } });
    expect(bench.device.mode).toBe(Mode.APP);
  });
});

describe('revocations', () => {
  const ids = [0, 1, 2, 3];
  const bit = (id: number): number => 1 << id;
  const maskOf = (roles: readonly number[], role: number): number =>
    ids.filter((id) => roles[id] === role).reduce((mask, id) => mask | bit(id), 0);
  const message = (fields: Partial<Header>, security: Partial<Security>): string =>
    signatureFindings(image(fields), { security: { ...SECURE, ...security } })
      .map(({ message: text, hint }) => `${text}: ${hint}`)
      .join('\n');

  test('are told before the device is asked where S-10 refuses them, and nowhere else', () => {
    const kinds = [KeyRole.ROOT, KeyRole.RELEASE, KeyRole.DEVELOPMENT, KeyRole.NONE];
    const { base, bytes, header = new Uint8Array() } = image({}, 100);
    const wrong: object[] = [];
    const found = { refused: 0, taken: 0 };
    for (let n = 0; n < kinds.length ** ids.length; n++) {
      const roles = ids.map((id) => kinds[(n >> (2 * id)) & 3] ?? KeyRole.NONE);
      const [key0 = NONE, key1 = NONE, key2 = NONE, key3 = NONE] = roles.map((role) =>
        key(role, 1),
      );
      const absent = maskOf(roles, KeyRole.NONE);
      for (let usable = 0; usable < 16; usable++) {
        for (let wanted = 0; wanted < 16; wanted++) {
          for (const keyId of ids.filter((id) => (usable & ~absent & bit(id)) !== 0)) {
            // As the requirement says it, in bits
            const [before, after] = [usable | absent, wanted | absent];
            const byRoot =
              roles[keyId] === KeyRole.ROOT &&
              (after & ~before) === 0 &&
              (maskOf(roles, KeyRole.ROOT) & ~after) === 0;
            const refused = after !== before && !byRoot;
            const security = { ...SECURE, key0, key1, key2, key3, usableKeys: 0xf0 | usable };
            header[offsetOf(HeaderLayout, 'keyId')] = keyId;
            header[offsetOf(HeaderLayout, 'usableKeys')] = 0xf0 | wanted;
            const told = signatureFindings({ base, bytes, header }, { security });
            const right = told.length === (refused ? 1 : 0);
            if (!right || (refused && told[0]?.id !== 'revocation')) {
              wrong.push({ roles, usable, wanted, keyId, told });
            }
            found[refused ? 'refused' : 'taken']++;
          }
        }
      }
    }
    expect(wrong.slice(0, 3)).toEqual([]);
    expect(found.taken).toBeGreaterThan(1000);
    expect(found.refused).toBeGreaterThan(1000);
  });

  test('say which, and what to do', () => {
    expect(message({ usableKeys: 0xfb }, {})).toMatch(
      /revokes key 2, and is signed with key 1, which is no root key .*--key-id of a root key.*without --revoke 2/,
    );
    expect(message({ keyId: 2 }, { usableKeys: 0xfd })).toMatch(
      /does not revoke key 1, which this device knows as revoked: .*--revoke 1, and sign it again/,
    );
    expect(message({ keyId: 0, usableKeys: 0xfb }, { usableKeys: 0xfd })).toMatch(
      /does not revoke key 1, .*--revoke 1,2, /,
    );
    expect(message({ keyId: 0, usableKeys: 0xf8 }, {})).toMatch(/revokes key 0, a root key/);
  });

  test('are left to a device with a role of a later version', () => {
    expect(message({ usableKeys: 0xfb }, { key3: key(9, 9) })).toBe('');
  });
});

describe('a refusal', () => {
  const faults = Object.entries(SignatureFault);

  test('has words of its own for each fault', () => {
    const texts = faults.map(([, detail]) => {
      const payload = encode(Refusal, { status: Status.BAD_SIGNATURE, detail });
      const { message, hint, code } = refusalError(payload, 'BEGIN');
      expect(code).toBe('REFUSED');
      expect(hint?.length).toBeGreaterThan(20);
      expect(`${message} ${hint}`).not.toMatch(/undefined|0x/);
      return message;
    });
    expect(new Set(texts).size).toBe(faults.length);
  });

  test('for a fault of a later version is told by its number', () => {
    const payload = encode(Refusal, { status: Status.BAD_SIGNATURE, detail: 77 });
    expect(refusalError(payload, 'BEGIN').message).toContain('reason 77');
  });

  test.each([
    ['the signature does not fit', { wrong: true }, {}, {}, /does not fit it and the device's key/],
    ['the key block is damaged', {}, {}, { flags: SecurityFlag.SIGNED_ONLY }, /keys are blank/],
  ])(
    'of a device: %s',
    async (_, { wrong = false }: { wrong?: boolean }, fields, security, why) => {
      const bench = device(security);
      if (wrong) bench.device.signed = () => false;
      const { error } = await bench.update(image(fields));
      expect(error).toMatchObject({ code: 'REFUSED', details: { status: 'BAD_SIGNATURE' } });
      expect((error as Error).message).toMatch(why);
      expect(bench.device.flash.pagesWritten).toBe(0);
      expect(bench.device.log).not.toContain('DATA');
    },
  );
});

describe('what HELLO appends', () => {
  const hello = encode(HelloResponse, new Bench().device.info);
  const answer = (security: Uint8Array): Uint8Array => Uint8Array.of(...hello, ...security);
  const appended = encode(Security, SECURE);

  test('lies behind its 228 bytes, and what comes later is not looked at', () => {
    expect(hello).toHaveLength(228);
    expect(decodeHello(answer(appended)).security).toEqual(SECURE);
    expect(decodeHello(answer(Uint8Array.of(...appended, 1, 2, 3))).security).toEqual(SECURE);
  });

  test.each([0, 1, 43])('is not there if only %i bytes of it are', (size) => {
    expect(decodeHello(answer(appended.subarray(0, size))).security).toBeUndefined();
  });

  test('is believed if it does not contradict itself', () => {
    const locked = { ...SECURE, flags: ALL & ~SecurityFlag.READ_PROTECTED };
    expect(() => decodeHello(answer(encode(Security, locked)))).toThrow(/makes no sense: flags/);
    // Flags and roles of a later version
    const later = { ...SECURE, flags: 0xdf & ~SecurityFlag.READ_LOCKED, key3: key(9, 9) };
    expect(decodeHello(answer(encode(Security, later))).security).toEqual(later);
  });
});

describe('iap info', () => {
  interface Shown {
    readonly out: string;
    readonly warnings: string;
    readonly error: unknown;
  }

  async function info(bench: Bench, args: object = {}, json = false): Promise<Shown> {
    const { context, out, error } = session(bench, { json });
    let thrown: unknown;
    await INFO.handler({ ...DEFAULTS_OF_PORTS, ...args }, context).catch((why: unknown) => {
      thrown = why;
    });
    return { out: out.text, warnings: error.text, error: thrown };
  }

  test('shows how a device is protected', async () => {
    const { out, warnings } = await info(device({ usableKeys: 0xfd, key3: key(9, 0x19) }));
    expect(out).toMatch(/^takes +signed packages of this product only$/m);
    expect(out).toMatch(/^key 0 +root, fingerprint 1010101010101010$/m);
    expect(out).toMatch(/^key 1 +release, fingerprint 1111111111111111, revoked$/m);
    expect(out).toMatch(/^key 3 +role 9, fingerprint 1919191919191919$/m);
    expect(out).toMatch(/^security counter +5: no image/m);
    expect(out).toMatch(/^read-out +protected \(level 1\)$/m);
    expect(out).toMatch(/^bootloader +write-protected$/m);
    expect(out).toMatch(/^at each start +the signature/m);
    expect(warnings).toBe('');
    const open = await info(device({ flags: SecurityFlag.SIGNED_ONLY | SecurityFlag.KEYS }));
    expect(open.out).toMatch(/^read-out +NOT protected$/m);
    expect(open.out).toMatch(/^bootloader +NOT write-protected$/m);
    const locked = await info(device({ flags: ALL }));
    expect(locked.out).toContain('for ever');
  });

  test('says nothing new of a device that takes any image', async () => {
    const { out } = await info(new Bench());
    expect(out).toMatch(/^takes +packages and plain images$/m);
    expect(out).not.toMatch(/key \d|read-out/);
    const json = jsonLines((await info(new Bench(), {}, true)).out);
    expect(json.at(-1)).toMatchObject({ device: { security: null } });
  });

  test('is loud about a development key, and about damaged keys', async () => {
    const key3 = key(KeyRole.DEVELOPMENT, 0xde);
    const bench = device({ key3 });
    expect((await info(bench)).warnings).toMatch(/DEVELOPMENT KEY: key 3 \(dededededededede\)/);
    const events = jsonLines((await info(device({ key3 }), {}, true)).out);
    expect(events.map(({ event }) => event)).toEqual(['warning', 'result']);
    // One that is revoked signs nothing.
    expect((await info(device({ key3, usableKeys: 0xf7 }))).warnings).toBe('');
    const damaged = await info(device({ flags: SecurityFlag.SIGNED_ONLY }));
    expect(damaged.warnings).toContain('key block is blank or damaged');
  });

  test('tells programs the same', async () => {
    const { out } = await info(device({ usableKeys: 0xfd }), {}, true);
    expect(jsonLines(out).at(-1)).toMatchObject({
      device: {
        security: {
          flags: ['SIGNED_ONLY', 'KEYS', 'READ_PROTECTED', 'WRITE_PROTECTED', 'BOOT_VERIFIED'],
          securityCounter: 5,
          keys: [
            { id: 0, role: 'ROOT', fingerprint: '1010101010101010', revoked: false },
            { id: 1, role: 'RELEASE', fingerprint: '1111111111111111', revoked: true },
            { id: 2, role: 'RELEASE', fingerprint: '1212121212121212', revoked: false },
          ],
        },
      },
    });
  });

  describe('--require-secure', () => {
    const requireSecure = { requireSecure: true };
    const missing = async (bench: Bench): Promise<string> => {
      const { error } = await info(bench, requireSecure);
      expect(error).toMatchObject({ code: 'NOT_SECURE' });
      return (error as Error).message;
    };

    test('a unit as it must be', async () => {
      const { error, out } = await info(device(), requireSecure, true);
      expect(error).toBeUndefined();
      expect(jsonLines(out).map(({ event }) => event)).toEqual(['found', 'result']);
      const without = device({ flags: SECURE.flags & ~SecurityFlag.BOOT_VERIFIED });
      expect((await info(without, requireSecure)).error).toBeUndefined();
    });

    test.each([
      ['SIGNED_ONLY', 'it takes unsigned images'],
      ['KEYS', 'its keys can not be read'],
      ['READ_PROTECTED', 'read-out protection is off'],
      ['WRITE_PROTECTED', 'its bootloader is not write-protected'],
    ] as const)('a unit without %s', async (name, why) => {
      const flags = SECURE.flags & ~SecurityFlag[name];
      expect(await missing(device({ flags }))).toBe(`the device is not protected: ${why}`);
    });

    test('a development key, unless it is revoked', async () => {
      const key3 = key(KeyRole.DEVELOPMENT, 0xde);
      expect(await missing(device({ key3 }))).toContain('key 3, a development key');
      const { error } = await info(device({ key3, usableKeys: 0xf7 }), requireSecure);
      expect(error).toBeUndefined();
    });

    test('a key of a role that nobody knows, and no key at all', async () => {
      expect(await missing(device({ key3: key(9, 9) }))).toContain('key 3 has a role');
      const none = device({ key0: NONE, key1: NONE, key2: NONE });
      expect(await missing(none)).toContain('no key that is not revoked');
    });

    test('a device that takes any image, or an application that does not know', async () => {
      expect(await missing(new Bench())).toContain('takes unsigned images');
      const bench = device({}, true);
      await bench.update(image());
      const { error } = await info(bench, requireSecure);
      expect(error).toMatchObject({ code: 'NOT_SECURE', hint: expect.stringContaining('--wait') });
    });

    test('--wait waits for the bootloader, past an application that answers', async () => {
      const running = async (): Promise<Bench> => {
        const bench = device({}, true);
        await bench.update(image());
        expect(bench.device.mode).toBe(Mode.APP);
        return bench;
      };
      const plain = await info(await running(), { wait: true });
      expect(plain.out).toMatch(/^running +application$/m);
      expect(plain.out).toMatch(/^takes +what its bootloader says: "iap info --bootloader"/m);
      for (const args of [{ ...requireSecure, wait: true }, { bootloader: true }]) {
        const bench = await running();
        bench.clock.after(3000, () => bench.device.reset());
        const { error, out } = await info(bench, args);
        expect(error).toBeUndefined();
        expect(out.match(/its application answers: reset the device/g)).toHaveLength(1);
        expect(out).toMatch(/^takes +signed packages of this product only$/m);
      }
      const never = await info(await running(), { ...requireSecure, wait: true, timeout: 2000 });
      expect(never.error).toMatchObject({ code: 'NOT_SECURE' });
    });

    test('tells all of it', async () => {
      const flags = SecurityFlag.SIGNED_ONLY;
      expect(await missing(device({ flags }))).toBe(
        'the device is not protected: its keys can not be read; read-out protection is off; its bootloader is not write-protected',
      );
    });
  });
});

test('a device says the same to who asks in a program', () => {
  const blank = decode(HelloResponse, new Uint8Array(HelloResponse.size));
  const lines = deviceTable({ ...blank, mode: Mode.BOOTLOADER, security: SECURE });
  expect(lines.find((line) => line.startsWith('key 2'))).toContain('1212121212121212');
});
