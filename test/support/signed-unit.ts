// A unit that takes signed images alone, as its factory leaves it: the bootloader for signed images, identity, key block. Keys are
// made anew for each; node:crypto signs.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildIdentity } from '../../host/factory/identity.js';
import { plainHeader } from '../../host/image/image.js';
import { placesBelow } from '../../host/record/places.js';
import { forKey, signedPart, withSignature } from '../../host/signing/header.js';
import { type BlockKey, buildKeyBlock } from '../../host/signing/key-block.js';
import {
  BOOTLOADER_BASE,
  type Header,
  KeyBlock,
  KeyRole,
  Signature,
} from '../../protocol/index.js';
import { built, PARTS, type Part } from './board.js';

const PRODUCT = new TextEncoder().encode('product number 1');
const ROLES = [KeyRole.ROOT, KeyRole.RELEASE, KeyRole.RELEASE];

interface Pair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

function point({ publicKey }: Pair): Uint8Array {
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  return new Uint8Array(Buffer.concat([Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]));
}

export class SignedUnit {
  readonly part: Part;
  readonly product = PRODUCT;
  /** By number: root, release, spare */
  readonly keys: readonly Pair[] = ROLES.map(() =>
    generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  );

  constructor(part: Part) {
    this.part = part;
  }

  /** What the factory writes, by address */
  flash(): Map<number, Uint8Array> {
    const file = built('build', this.part, 'bootloader-signed.bin');
    return new Map([[BOOTLOADER_BASE, new Uint8Array(readFileSync(file))], ...this.#blocks()]);
  }

  /** Options of the virtual board for key block and identity, which are written into a folder */
  loadArgs(folder: string): string[] {
    return this.#blocks().flatMap(([address, bytes]) => {
      const at = `0x${address.toString(16)}`;
      const file = join(folder, `${this.part}-${at}.bin`);
      writeFileSync(file, bytes);
      return ['--load', `${file}@${at}`];
    });
  }

  #blocks(): [number, Uint8Array][] {
    const { identity } = placesBelow(PARTS[this.part].appBase);
    const keys = ROLES.map((role, id): BlockKey => ({ role, point: point(this.#key(id)) }));
    return [
      [identity - KeyBlock.size, buildKeyBlock(keys)],
      [identity, buildIdentity({ product: PRODUCT, hardware: 1 })],
    ];
  }

  /** A signed header for an image */
  header(image: Uint8Array, keyId = 1, fields: Partial<Header> = {}): Uint8Array {
    const header = plainHeader(image, PARTS[this.part].appBase, {
      product: PRODUCT,
      signatureAlgorithm: Signature.ECDSA_P256,
      keyId,
      ...fields,
    });
    return this.#signed(header, keyId);
  }

  /** A header with the key's number and its signature in it */
  sign(header: Uint8Array, keyId = 1): Uint8Array {
    return this.#signed(forKey(header, keyId), keyId);
  }

  #signed(header: Uint8Array, keyId: number): Uint8Array {
    const key = { key: this.#key(keyId).privateKey, dsaEncoding: 'ieee-p1363' as const };
    return withSignature(header, sign('sha256', signedPart(header), key));
  }

  /** A signed package */
  package(image: Uint8Array, keyId = 1, fields: Partial<Header> = {}): Uint8Array {
    return new Uint8Array(Buffer.concat([this.header(image, keyId, fields), image]));
  }

  #key(id: number): Pair {
    const pair = this.keys[id];
    if (!pair) throw new Error(`there is no key ${id}`);
    return pair;
  }
}
