// A package description as people write it (protocol/package.schema.json, or the options of "iap pack") → values.
import { Capability, fieldSize, Header } from '../../protocol/index.js';
import { IapError } from '../base/errors.js';
import { excerpt } from '../base/text.js';
import { parseHex, parseName } from '../image/names.js';
import { parseVersion } from '../image/version.js';
import type { PackageDescription } from './pack.js';

/** The shape that the schema promises; every member may be missing. */
export interface DescriptionText {
  readonly product?: string;
  readonly hardware?: number | readonly number[];
  readonly version?: string;
  readonly confirm?: boolean;
  readonly securityCounter?: number;
  readonly capabilities?: readonly string[];
  readonly buildId?: string;
  readonly uniqueId?: string;
  readonly keyId?: number;
  readonly revoke?: readonly number[];
}

/** @throws IapError USAGE */
export function parseDescription(text: DescriptionText): PackageDescription {
  if (text.version === undefined) {
    throw new IapError('USAGE', 'a package needs a version', {
      hint: 'add --version 1.2.3, or "version" to the description',
    });
  }
  const { confirm, securityCounter, keyId, revoke } = text;
  return {
    version: parseVersion(text.version),
    ...given('product', text.product, parseProduct),
    ...given('hardware', text.hardware, hardwareOf),
    ...given('confirm', confirm, (value) => value),
    ...given('securityCounter', securityCounter, (value) => value),
    ...given('capabilities', text.capabilities, capabilitiesOf),
    ...given('buildId', text.buildId, (value) =>
      parseName('the build id', value, fieldSize(Header, 'buildId')),
    ),
    ...given('uniqueId', text.uniqueId, (value) =>
      parseHex('the unique id', value, fieldSize(Header, 'uniqueId')),
    ),
    ...given('keyId', keyId, (value) => value),
    ...given('revoke', revoke, (value) => value),
  };
}

/** @throws IapError USAGE */
export function parseProduct(text: string): Uint8Array {
  return parseName('the product id', text, fieldSize(Header, 'product'));
}

function given<K extends string, T, V>(
  key: K,
  value: T | undefined,
  convert: (value: T) => V,
): { readonly [P in K]?: V } {
  return (value === undefined ? {} : { [key]: convert(value) }) as { readonly [P in K]?: V };
}

function hardwareOf(value: number | readonly number[]): { min: number; max: number } {
  const [min = 0, max = min] = typeof value === 'number' ? [value] : value;
  return { min, max };
}

function capabilitiesOf(names: readonly string[]): number {
  return names.reduce((bits, name) => {
    const bit = Object.entries(Capability).find(([known]) => known === name.toUpperCase())?.[1];
    if (bit !== undefined) return bits | bit;
    throw new IapError(
      'USAGE',
      `there is no capability "${excerpt(name)}"; there are ${Object.keys(Capability).join(', ')}`,
    );
  }, 0);
}
