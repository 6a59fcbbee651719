// Update manifests: made of a package, read by a page, and both as the schema has it.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { concat } from '../../host/base/bytes.js';
import { makePackage } from '../../host/pack/pack.js';
import { makeUpdateManifest, type UpdateManifest } from '../../host/pack/update-manifest.js';
import { PageError } from '../../host/web/fault.js';
import { checkedFirmware } from '../../host/web/firmware.js';
import { readManifest, translation } from '../../host/web/manifest.js';
import { APP_BASE } from '../../protocol/index.js';
import { appImage } from '../support/images.js';
import { refusal } from '../support/refusal.js';
import { withKit } from '../support/wrong-images.js';

const schema = JSON.parse(readFileSync('protocol/update-manifest.schema.json', 'utf8')) as {
  readonly required: readonly string[];
  readonly properties: Readonly<Record<string, object>>;
};
const validate = new Ajv({ strict: true, allowUnionTypes: true }).compile(schema);

const version = { major: 1, minor: 4, patch: 0, build: 17 };
const product = new TextEncoder().encode('PUMP-2'.padEnd(16, '\0'));
const image = { base: undefined, bytes: appImage(5000) };
const file = makePackage(image, { version, product, hardware: { min: 1, max: 3 } });
const manifest = makeUpdateManifest(file, 'pump.iap', {
  name: { en: 'Pump', zh: '水泵' },
  notes: { en: 'Quieter', zh: '更安静' },
});

const codeOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof PageError) return error.code;
    throw error;
  }
  return 'none';
};
const read = (value: object): UpdateManifest => readManifest(JSON.stringify(value));

test('a package becomes a manifest that schema and page take', () => {
  expect(manifest).toMatchObject({
    format: 1,
    product: 'PUMP-2',
    version: '1.4.0+17',
    hardware: [1, 3],
    size: file.length,
  });
  expect(validate(manifest)).toBe(true);
  expect(read(manifest)).toEqual(manifest);
});

test('a package for any product has none in its manifest, and one without text its digits', () => {
  const any = makeUpdateManifest(makePackage(image, { version }), 'a.iap');
  expect(any).not.toHaveProperty('product');
  expect(any).toMatchObject({ hardware: [0, 65535] });
  for (const key of ['name', 'notes', 'signature']) expect(any).not.toHaveProperty(key);
  const digits = new Uint8Array(16).fill(0x01);
  const coded = makeUpdateManifest(makePackage(image, { version, product: digits }), 'a.iap');
  expect(coded.product).toBe('01'.repeat(16));
});

test('size and hash are those of the whole file, names and notes those that were given', () => {
  expect(manifest).toMatchObject({
    file: 'pump.iap',
    sha256: createHash('sha256').update(file).digest('hex'),
    name: { en: 'Pump', zh: '水泵' },
    notes: { en: 'Quieter', zh: '更安静' },
  });
});

test('the signature is that of the package', () => {
  const signed = makePackage(image, { version, product, keyId: 2 });
  expect(makeUpdateManifest(signed, 'a.iap').signature).toBeUndefined();
  const value = new Uint8Array(64).fill(0x5a);
  const whole = concat([signed.subarray(0, 192), value, signed.subarray(256)]);
  const said = makeUpdateManifest(whole, 'a.iap');
  expect(said.signature).toEqual({ algorithm: 'ECDSA_P256', keyId: 2, value: '5a'.repeat(64) });
  expect(validate(said)).toBe(true);
  expect(read(said)).toEqual(said);
});

describe('page and schema refuse the same', () => {
  const wrong: readonly (readonly [string, object])[] = [
    ...schema.required
      .filter((key) => key !== 'format')
      .map((key) => [`no ${key}`, { ...manifest, [key]: undefined }] as const),
    ...Object.keys(schema.properties)
      .filter((key) => !['$schema', 'format'].includes(key))
      .map((key) => [`${key} of another type`, { ...manifest, [key]: true }] as const),
    ['a version without numbers', { ...manifest, version: 'new' }],
    ['three revisions', { ...manifest, hardware: [1, 2, 3] }],
    ['a revision over 65535', { ...manifest, hardware: [1, 65536] }],
    ['half a byte', { ...manifest, size: 1.5 }],
    ['a revision below 0', { ...manifest, hardware: [-1, 3] }],
    ['a revision in words', { ...manifest, hardware: ['1', 3] }],
    ['one revision', { ...manifest, hardware: [1] }],
    ['an empty file', { ...manifest, size: 0 }],
    ['a size in words', { ...manifest, size: '5256' }],
    ['a hash that is too long', { ...manifest, sha256: `${manifest.sha256}0` }],
    ['a version with more behind it', { ...manifest, version: '1.4.0-beta' }],
    ['a version with something before it', { ...manifest, version: 'v1.4.0' }],
    ['no product', { ...manifest, product: '' }],
    ['an empty address', { ...manifest, file: '' }],
    ['a hash in capitals', { ...manifest, sha256: manifest.sha256.replace(/./, 'A') }],
    ['a long product', { ...manifest, product: 'x'.repeat(33) }],
    ['notes without a language', { ...manifest, notes: {} }],
    ['notes as text', { ...manifest, notes: 'quieter' }],
    ['notes as a list', { ...manifest, notes: ['quieter'] }],
    ['notes that are nothing', { ...manifest, notes: null }],
    ['one note without text', { ...manifest, notes: { en: 'x', zh: 1 } }],
    ['a language with something before it', { ...manifest, notes: { '-en': 'x' } }],
    ['notes in no language', { ...manifest, notes: { '?': 'x' } }],
    ['empty notes', { ...manifest, notes: { en: '' } }],
    [
      'a signature without value',
      { ...manifest, signature: { algorithm: 'ECDSA_P256', keyId: 1 } },
    ],
    [
      'another algorithm',
      { ...manifest, signature: { algorithm: 'X', keyId: 1, value: '0'.repeat(128) } },
    ],
    [
      'a key that there can not be',
      { ...manifest, signature: { algorithm: 'ECDSA_P256', keyId: 256, value: '0'.repeat(128) } },
    ],
    ['a list of signatures', { ...manifest, signature: [] }],
  ];
  test.each(wrong)('%s', (_, value) => {
    expect(validate(JSON.parse(JSON.stringify(value)))).toBe(false);
    expect(codeOf(() => read(value))).toBe('MANIFEST_WRONG');
  });
});

test('a page reads past what it does not know, and stops at a format that it does not know', () => {
  expect(read({ ...manifest, more: 1 })).toMatchObject({ version: '1.4.0+17' });
  expect(codeOf(() => read({ ...manifest, format: 2 }))).toBe('MANIFEST_VERSION');
  expect(codeOf(() => read({ ...manifest, format: 0 }))).toBe('MANIFEST_VERSION');
  for (const format of ['x', undefined, 1.5, -1]) {
    expect(codeOf(() => read({ ...manifest, format }))).toBe('MANIFEST_WRONG');
  }
  expect(codeOf(() => readManifest('<!doctype html>'))).toBe('MANIFEST_WRONG');
  for (const text of ['[]', 'null', '1', '']) {
    expect(codeOf(() => readManifest(text))).toBe('MANIFEST_WRONG');
  }
});

test('what is wrong is named, and shown without what is not to be printed', () => {
  const said = (text: string): string => {
    try {
      readManifest(text);
    } catch (error) {
      return (error as Error).message;
    }
    return '';
  };
  expect(said('{\u001b')).toMatch(/^the manifest is no JSON: [ -~]+$/);
  expect(said('[]')).toBe('the manifest is no JSON object');
  expect(said('{}')).toBe('the manifest has format none; this page knows 1');
  expect(said(`{"format":"${'x'.repeat(40)}"}`)).toContain(`format "${'x'.repeat(19)};`);
  expect(said('{"format":1}')).toMatch(/^the manifest lacks "/);
  expect(() => read({ ...manifest, size: 0 })).toThrow(
    expect.objectContaining({
      message: expect.stringMatching(/^"size" of the manifest is not/),
      details: { key: 'size' },
    }),
  );
});

describe('a file that is not the one of the manifest is refused', () => {
  const other = makePackage(image, { version: { ...version, minor: 5 }, product });
  const check = (bytes: Uint8Array, said: UpdateManifest): string =>
    codeOf(() => checkedFirmware(bytes, 'pump.iap', { manifest: said }));

  test('the right one is taken', () => {
    const { firmware } = checkedFirmware(file, 'pump.iap', { manifest });
    expect(firmware).toMatchObject({
      format: 'package',
      size: 5000,
      facts: { product: 'PUMP-2', version: '1.4.0+17', hardware: [1, 3] },
      notes: { zh: '更安静' },
    });
  });

  test('cut off, changed, another', () => {
    expect(check(file.subarray(0, 3000), manifest)).toBe('FIRMWARE_DIFFERS');
    const changed = file.slice();
    changed[3000] = (changed[3000] ?? 0) ^ 1;
    expect(check(changed, manifest)).toBe('FIRMWARE_DIFFERS');
    expect(check(other, manifest)).toBe('FIRMWARE_DIFFERS');
  });

  test('a manifest that says something else than the package', () => {
    expect(check(file, { ...manifest, version: '1.5.0' })).toBe('FIRMWARE_DIFFERS');
    expect(check(file, { ...manifest, product: 'PUMP-3' })).toBe('FIRMWARE_DIFFERS');
    expect(check(file, { ...manifest, hardware: [0, 65535] })).toBe('FIRMWARE_DIFFERS');
    const signature = { algorithm: 'ECDSA_P256', keyId: 0, value: '0'.repeat(128) } as const;
    expect(check(file, { ...manifest, signature })).toBe('FIRMWARE_DIFFERS');
  });

  const sum = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
  const why = (bytes: Uint8Array, changed: object = {}, name = 'pump.iap'): string => {
    const said = { ...manifest, size: bytes.length, sha256: sum(bytes), ...changed };
    try {
      checkedFirmware(bytes, name, { manifest: said });
    } catch (error) {
      return (error as Error).message.replace('the file is not the one of the manifest: its ', '');
    }
    return '';
  };

  test('with a signature, the same one', () => {
    const value = new Uint8Array(64).fill(0x5a);
    const open = makePackage(image, { version, product, hardware: { min: 1, max: 3 }, keyId: 2 });
    const signed = concat([open.subarray(0, 192), value, open.subarray(256)]);
    const signature = { algorithm: 'ECDSA_P256', keyId: 2, value: '5a'.repeat(64) } as const;
    expect(why(signed, { signature })).toBe('');
    expect(why(signed)).toBe(
      `signature is ${'5a'.repeat(64)}, the manifest says none`.replace(/(\w{140})\w*/, '$1'),
    );
    const other = { ...signature, keyId: 3 };
    expect(why(signed, { signature: other })).toBe('key is 2, the manifest says 3');
  });

  test('an image that is no package is that of no manifest', () => {
    const plain = appImage(5000);
    expect(why(plain, {}, 'app.bin')).toBe('product is none, the manifest says PUMP-2');
    expect(why(plain, { product: undefined }, 'app.bin')).toBe(
      'version is , the manifest says 1.4.0+17',
    );
    expect(why(file)).toBe('');
  });
});

test('a page judges files as "iap check" does', () => {
  const code = (bytes: Uint8Array, name: string): unknown => {
    try {
      return checkedFirmware(bytes, name).firmware.format;
    } catch (error) {
      return (error as { readonly code: string }).code;
    }
  };
  expect(code(appImage(5000), 'app.bin')).toBe('binary');
  expect(code(new Uint8Array(), 'app.bin')).toBe('IMAGE_EMPTY');
  expect(code(new TextEncoder().encode('hello, world'), 'app.hex')).toBe('IMAGE_FORMAT');
  expect(code(new Uint8Array(5000), 'app.bin')).toMatch(/^IMAGE_/);
  expect(code(file.subarray(0, 300), 'app.iap')).toBe('IMAGE_FORMAT');
});

describe('firmware for a board whose applications start elsewhere', () => {
  const base = 0x0800_6000;
  const bytes = appImage(5000, 1, base);

  test('is taken where it says so: the device is asked whether it is its place', () => {
    const area = { appBase: base, appEnd: 0x0800_f800 };
    const packed = makePackage({ base, bytes }, { version }, area);
    expect(checkedFirmware(packed, 'a.iap').image.base).toBe(base);
    expect(checkedFirmware(bytes, 'a.bin', { base }).image.base).toBe(base);
  });

  test("with the app kit: its part and the end of its area are the device's to judge", () => {
    const area = { appBase: APP_BASE, appEnd: 0x0802_0000 };
    const kit = { base: APP_BASE, bytes: withKit('stm32f103xb') };
    const packed = makePackage(kit, { version }, area);
    expect(checkedFirmware(packed, 'a.iap').image.base).toBe(APP_BASE);
    expect(checkedFirmware(kit.bytes, 'a.bin', { base: APP_BASE }).image.base).toBe(APP_BASE);
  });

  test('is not taken where it does not', () => {
    for (const options of [{}, { base: base + 0x1000 }]) {
      expect(refusal(() => checkedFirmware(bytes, 'a.bin', options))).toMatchObject({
        code: 'IMAGE_WRONG_ADDRESS',
      });
    }
  });
});

test('a translation is the nearest there is', () => {
  const texts = { en: 'e', zh: 'z', 'zh-TW': 't', de: 'd' };
  expect(translation(texts, 'zh-CN')).toBe('z');
  expect(translation(texts, 'zh-tw')).toBe('t');
  expect(translation(texts, 'fr')).toBe('e');
  expect(translation({ de: 'd' }, 'zh-CN')).toBe('d');
  expect(translation({ 'EN-us': 'e', de: 'd' }, 'fr')).toBe('e');
  expect(translation({ 'zh-TW': 't', ZH: 'z' }, 'zh')).toBe('z');
  expect(translation({ de: 'd', 'zh-TW': 't' }, 'zh-cn')).toBe('t');
  expect(translation({ zha: 'x', de: 'd' }, 'zh')).toBe('x');
  expect(translation({}, 'en')).toBeUndefined();
  expect(translation(undefined, 'en')).toBeUndefined();
});
