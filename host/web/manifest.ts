// What a server says that there is to install: read without believing it. A validator of schemas compiles code, which a strict
// content security policy forbids; this is the same by hand, and a test holds the two together.
import { sha256 } from '../base/sha256.js';
import { hexBytes, printable } from '../base/text.js';
import {
  MANIFEST_FORMAT,
  type PackageFacts,
  type Translated,
  type UpdateManifest,
} from '../pack/update-manifest.js';
import { PageError } from './fault.js';

export type { Translated, UpdateManifest } from '../pack/update-manifest.js';

type Check = (value: unknown) => boolean;

const matches =
  (pattern: RegExp): Check =>
  (value) =>
    typeof value === 'string' && pattern.test(value);

const integer =
  (least: number, most: number): Check =>
  (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const translated: Check = (value) =>
  isObject(value) &&
  Object.keys(value).length > 0 &&
  Object.entries(value).every(
    ([language, text]) =>
      /^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/.test(language) &&
      typeof text === 'string' &&
      text !== '',
  );

const revision = integer(0, 0xffff);
const SIGNATURE: Readonly<Record<string, Check>> = {
  algorithm: matches(/^ECDSA_P256$/),
  keyId: integer(0, 255),
  value: matches(/^[0-9a-f]{128}$/),
};

/** Each key, and whether it must be there */
const KEYS: Readonly<Record<string, readonly [check: Check, required: boolean]>> = {
  name: [translated, false],
  product: [matches(/^.{1,32}$/su), false],
  version: [matches(/^\d+\.\d+\.\d+(\+\d+)?$/), true],
  hardware: [(value) => Array.isArray(value) && value.length === 2 && value.every(revision), true],
  file: [matches(/./s), true],
  size: [integer(1, Number.MAX_SAFE_INTEGER), true],
  sha256: [matches(/^[0-9a-f]{64}$/), true],
  notes: [translated, false],
  signature: [
    (value) =>
      isObject(value) && Object.entries(SIGNATURE).every(([key, check]) => check(value[key])),
    false,
  ],
};

/**
 * Keys that it does not know are read past: a later version may have more.
 * @throws PageError MANIFEST_WRONG, or MANIFEST_VERSION for a format of another version
 */
export function readManifest(text: string): UpdateManifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? printable(error.message) : '';
    throw new PageError('MANIFEST_WRONG', `the manifest is no JSON: ${why}`);
  }
  if (!isObject(value)) throw new PageError('MANIFEST_WRONG', 'the manifest is no JSON object');
  const { format } = value;
  if (format !== MANIFEST_FORMAT) {
    const code = integer(0, Number.MAX_SAFE_INTEGER)(format)
      ? 'MANIFEST_VERSION'
      : 'MANIFEST_WRONG';
    const found = JSON.stringify(format) ?? 'none';
    throw new PageError(
      code,
      `the manifest has format ${printable(found.slice(0, 20))}; this page knows ${MANIFEST_FORMAT}`,
    );
  }
  for (const [key, [check, required]] of Object.entries(KEYS)) {
    const found = value[key];
    if (found === undefined ? required : !check(found)) {
      throw new PageError(
        'MANIFEST_WRONG',
        found === undefined
          ? `the manifest lacks "${key}"`
          : `"${key}" of the manifest is not as protocol/update-manifest.schema.json has it`,
        { key },
      );
    }
  }
  return value as unknown as UpdateManifest;
}

/** @throws PageError FIRMWARE_DIFFERS if it is not the file that the manifest is about */
export function checkFile(file: Uint8Array, manifest: UpdateManifest): void {
  if (file.length !== manifest.size) {
    throw differs(`it has ${file.length} bytes, the manifest says ${manifest.size}`);
  }
  const found = hexBytes(sha256(file));
  if (found !== manifest.sha256) {
    throw differs(`its SHA-256 is ${found}, the manifest says ${manifest.sha256}`);
  }
}

/** @throws PageError FIRMWARE_DIFFERS if the manifest says something else of the package than its header does */
export function checkHeader(facts: PackageFacts, manifest: UpdateManifest): void {
  const pairs: readonly (readonly [name: string, found: unknown, said: unknown])[] = [
    ['product', facts.product, manifest.product],
    ['version', facts.version, manifest.version],
    ['hardware', facts.hardware.join('-'), manifest.hardware.join('-')],
    ['signature', facts.signature?.value, manifest.signature?.value],
    ['key', facts.signature?.keyId, manifest.signature?.keyId],
  ];
  for (const [name, found, said] of pairs) {
    if (found === said) continue;
    const text = (value: unknown): string => printable(String(value ?? 'none')).slice(0, 140);
    throw differs(`its ${name} is ${text(found)}, the manifest says ${text(said)}`);
  }
}

function differs(why: string): PageError {
  return new PageError('FIRMWARE_DIFFERS', `the file is not the one of the manifest: ${why}`);
}

/** The text for this language, or the nearest there is */
export function translation(texts: Translated | undefined, language: string): string | undefined {
  if (!texts) return undefined;
  const base = (tag: string): string => tag.toLowerCase().split('-', 1)[0] ?? '';
  const keys = Object.keys(texts);
  const key =
    keys.find((tag) => tag.toLowerCase() === language.toLowerCase()) ??
    keys.find((tag) => base(tag) === base(language)) ??
    keys.find((tag) => base(tag) === 'en') ??
    keys[0];
  return key === undefined ? undefined : texts[key];
}
