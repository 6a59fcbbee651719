// An image header for programs: names instead of numbers where there are names.
import { Capability, type Header, ImageFlag } from '../../protocol/index.js';
import { flagNames, hexBytes } from '../base/text.js';
import { versionText } from '../image/version.js';
import { type SignatureFacts, signatureFacts } from '../signing/header.js';

export function headerJson(header: Header): object {
  return {
    product: hexBytes(header.product),
    hardwareMin: header.hardwareMin,
    hardwareMax: header.hardwareMax,
    version: versionText(header.version),
    securityCounter: header.securityCounter,
    loadAddress: header.loadAddress,
    imageSize: header.imageSize,
    imageCrc32: header.imageCrc32,
    imageSha256: hexBytes(header.imageSha256),
    flags: flagNames(ImageFlag, header.flags),
    capabilities: flagNames(Capability, header.capabilities),
    buildId: hexBytes(header.buildId),
    uniqueId: hexBytes(header.uniqueId),
    signature: signatureFacts(header),
  };
}

/** In a line: by key 0, verified, revokes key 1 */
export function signatureText({ state, keyId, revoked, verified }: SignatureFacts): string {
  const revokes = revoked.length === 0 ? '' : `, revokes key ${revoked.join(' and ')}`;
  const text = {
    unsigned: 'none',
    'to-be-signed': `not yet, key ${keyId}`,
    signed: `by key ${keyId}${verified ? ', verified' : ''}`,
  };
  return `${text[state]}${revokes}`;
}
