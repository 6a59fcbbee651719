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
import { appImage } from '../support/images.js';
import { refusal } from '../support/refusal.js';

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
    ['an empty file', { ...manifest, size: 0 }],
    ['an empty address', { ...manifest, file: '' }],
    ['a hash in capitals', { ...manifest, sha256: manifest.sha256.replace(/./, 'A') }],
    ['a long product', { ...manifest, product: 'x'.repeat(33) }],
    ['notes without a language', { ...manifest, notes: {} }],
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
  ];
  test.each(wrong)('%s', (_, value) => {
    expect(validate(JSON.parse(JSON.stringify(value)))).toBe(false);
    expect(codeOf(() => read(value))).toBe('MANIFEST_WRONG');
  });
});

test('a page reads past what it does not know, and stops at a format that it does not know', () => {
  expect(read({ ...manifest, more: 1 })).toMatchObject({ version: '1.4.0+17' });
  expect(codeOf(() => read({ ...manifest, format: 2 }))).toBe('MANIFEST_VERSION');
  expect(codeOf(() => read({ ...manifest, format: 'x' }))).toBe('MANIFEST_WRONG');
  expect(codeOf(() => readManifest('<!doctype html>'))).toBe('MANIFEST_WRONG');
  expect(codeOf(() => readManifest('[]'))).toBe('MANIFEST_WRONG');
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
    const signature = { algorithm: 'ECDSA_P256', keyId: 0, value: '0'.repeat(128) };
    expect(check(file, { ...manifest, signature })).toBe('FIRMWARE_DIFFERS');
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
  expect(translation(undefined, 'en')).toBeUndefined();
});
