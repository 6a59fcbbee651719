// Packages of the demo application, large enough that an update takes its time.
import { makePackage } from '../../../host/pack/pack.js';
import { demoImage, PARTS, type Part } from '../../support/board.js';

export const PART: Part = 'stm32f103xb';

/** The demo in a package for one product, padded with random bytes */
export function demoPackage(version: 1 | 2, pages: number, product = 'PUMP-2'): Uint8Array {
  const bytes = demoImage(PART, version, pages * PARTS[PART].pageSize - 77);
  return makePackage(
    { base: undefined, bytes },
    {
      version: { major: version, minor: 4, patch: 0, build: 0 },
      product: new TextEncoder().encode(product.padEnd(16, '\0')),
    },
  );
}
