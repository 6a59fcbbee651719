// A package → what a page is told of it before it has it (protocol/update-manifest.schema.json).
import { decode, Header, Signature } from '../../protocol/index.js';
import { isZero } from '../base/bytes.js';
import { sha256 } from '../base/sha256.js';
import { hexBytes, nameOf } from '../base/text.js';
import { textOf } from '../image/names.js';
import { readPackage } from '../image/package.js';
import { versionText } from '../image/version.js';
import { signatureState } from '../signing/header.js';

/** Texts by language, as BCP 47 has it: en, zh, zh-TW */
export type Translated = Readonly<Record<string, string>>;

/** What the package itself says: a page holds one against the other. */
export interface PackageFacts {
  /** Text or 32 hex digits; missing: any product */
  readonly product?: string;
  readonly version: string;
  /** First and last revision */
  readonly hardware: readonly [number, number];
  readonly signature?: {
    readonly algorithm: string;
    readonly keyId: number;
    /** r and s in hex digits */
    readonly value: string;
  };
}

export interface UpdateManifest extends PackageFacts {
  readonly format: typeof MANIFEST_FORMAT;
  /** What people call the product */
  readonly name?: Translated;
  /** Address, relative to that of the manifest */
  readonly file: string;
  /** Of the file [bytes] */
  readonly size: number;
  /** Of the file, 64 hex digits */
  readonly sha256: string;
  readonly notes?: Translated;
}

export const MANIFEST_FORMAT = 1;

/** @param header of a package */
export function packageFacts(header: Uint8Array): PackageFacts {
  const fields = decode(Header, header);
  const { product, version, hardwareMin, hardwareMax, signatureAlgorithm, keyId } = fields;
  return {
    ...(isZero(product) ? {} : { product: textOf(product) ?? hexBytes(product) }),
    version: versionText(version),
    hardware: [hardwareMin, hardwareMax],
    ...(signatureState(fields) === 'signed'
      ? {
          signature: {
            algorithm: nameOf(Signature, signatureAlgorithm),
            keyId,
            value: hexBytes(fields.signature),
          },
        }
      : {}),
  };
}

/**
 * @param file a whole package
 * @param address where the page finds it, relative to the manifest
 * @throws IapError IMAGE_FORMAT for what is no package
 */
export function makeUpdateManifest(
  file: Uint8Array,
  address: string,
  { name, notes }: { readonly name?: Translated; readonly notes?: Translated } = {},
): UpdateManifest {
  const { header = new Uint8Array() } = readPackage(file);
  return {
    format: MANIFEST_FORMAT,
    ...(name ? { name } : {}),
    ...packageFacts(header),
    file: address,
    size: file.length,
    sha256: hexBytes(sha256(file)),
    ...(notes ? { notes } : {}),
  };
}
