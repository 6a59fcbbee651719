// A file that somebody wants to install: loaded and judged as "iap check" does, and held against its manifest.

import { IapError } from '../base/errors.js';
import { sha256 } from '../base/sha256.js';
import { hexBytes } from '../base/text.js';
import { errorOf, type Finding } from '../check/finding.js';
import { findingOf } from '../check/inspect.js';
import { judge } from '../check/judge.js';
import { FLASH_LIMIT } from '../image/areas.js';
import type { Image } from '../image/image.js';
import { type ImageFile, type ImageFormat, imageOf, loadFile } from '../image/load.js';
import { type PackageFacts, packageFacts } from '../pack/update-manifest.js';
import { checkFile, checkHeader, type Translated, type UpdateManifest } from './manifest.js';

/** What people are told of it */
export interface Firmware {
  readonly file: string;
  readonly format: ImageFormat;
  /** Of the image [bytes] */
  readonly size: number;
  /** Of the image, 64 hex digits */
  readonly sha256: string;
  /** Made up: for the demo device alone */
  readonly demo?: true;
  /** Of a package */
  readonly facts?: PackageFacts;
  readonly name?: Translated;
  readonly notes?: Translated;
  /** By their names in "iap check" */
  readonly warnings: readonly { readonly id: string; readonly message: string }[];
}

export interface CheckedFirmware {
  readonly firmware: Firmware;
  readonly image: Image;
}

/**
 * @param base where a raw binary is linked
 * @param manifest what the file must be
 * @throws IapError IMAGE_… for a file that no device should get, PageError FIRMWARE_DIFFERS
 */
export function checkedFirmware(
  file: Uint8Array,
  name: string,
  {
    base,
    manifest,
  }: { readonly base?: number | undefined; readonly manifest?: UpdateManifest | undefined } = {},
): CheckedFirmware {
  if (manifest) checkFile(file, manifest);
  const loaded = load(file, name, base);
  // A package says where it is linked, and so does whoever sets an address: whether that is its place, the device is asked.
  const appBase = loaded.image.header ? loaded.image.base : base;
  const { findings } = judge(
    loaded,
    appBase === undefined ? {} : { area: { appBase, appEnd: FLASH_LIMIT } },
  );
  const first = findings.find(({ severity }) => severity === 'error');
  if (first) throw errorOf(first);
  const { header } = loaded.image;
  const facts = header && packageFacts(header);
  if (manifest) checkHeader(facts ?? NO_PACKAGE, manifest);
  const image = imageOf(loaded);
  return {
    image,
    firmware: {
      file: name,
      format: loaded.format,
      size: image.bytes.length,
      sha256: hexBytes(sha256(image.bytes)),
      ...(facts ? { facts } : {}),
      ...(manifest?.name ? { name: manifest.name } : {}),
      ...(manifest?.notes ? { notes: manifest.notes } : {}),
      warnings: findings.map(warningOf),
    },
  };
}

/** A plain image says nothing: no manifest is of one. */
const NO_PACKAGE: PackageFacts = { version: '', hardware: [0, 0] };

function load(file: Uint8Array, name: string, base: number | undefined): ImageFile {
  try {
    return loadFile(file, { name, ...(base === undefined ? {} : { base }) });
  } catch (error) {
    throw error instanceof IapError ? errorOf(findingOf(error)) : error;
  }
}

function warningOf({ id, message }: Finding): { readonly id: string; readonly message: string } {
  return { id, message };
}
