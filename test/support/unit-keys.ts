// Who may sign for a unit, and what they signed.
import { generateKeyPairSync, sign } from 'node:crypto';
import type { UnitKey } from '../../host/factory/unit-keys.js';
import { type Image, plainHeader } from '../../host/image/image.js';
import { parseProduct } from '../../host/pack/description.js';
import { signedPart, withSignature } from '../../host/signing/header.js';
import { APP_BASE, type Header, type KeyRole, Signature } from '../../protocol/index.js';
import { appImage, bootloaderImage } from './images.js';

export const product = parseProduct('PUMP-2');

export interface Owner {
  readonly key: UnitKey;
  sign(message: Uint8Array): Uint8Array;
}

export function owner(name: string, role: KeyRole, development = false): Owner {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const point = Buffer.concat([Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
  return {
    key: { name, role, development, point: new Uint8Array(point) },
    sign: (message) => sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' }),
  };
}

/** A bootloader that compares s with half the order, as those for signed images do */
export function verifying(size?: number): Uint8Array {
  const bytes = bootloaderImage(size);
  const half = '7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8';
  bytes.set(Buffer.from(half, 'hex'), 1000);
  return bytes;
}

export function signed(by: Owner, keyId: number, fields: Partial<Header> = {}): Image {
  const bytes = appImage(3000);
  const signatureAlgorithm = Signature.ECDSA_P256;
  const header = plainHeader(bytes, APP_BASE, { product, signatureAlgorithm, keyId, ...fields });
  return { base: APP_BASE, bytes, header: withSignature(header, by.sign(signedPart(header))) };
}
