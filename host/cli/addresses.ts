// Bus addresses as they are typed: "1-8,12".
import { ADDRESS_BROADCAST } from '../../protocol/index.js';
import { IapError } from '../base/errors.js';
import { wholeNumber } from './values.js';

const BOUNDS = { least: 1, most: ADDRESS_BROADCAST - 1 };

/**
 * @returns each once, in the order in which they are named
 * @throws IapError USAGE
 */
export function parseAddresses(text: string): number[] {
  const found = text.split(',').flatMap((part) => {
    const [first = '', last = first, ...more] = part.trim().split('-');
    if (more.length > 0) throw notAddresses(text);
    const from = wholeNumber('--addresses', first, BOUNDS);
    const to = wholeNumber('--addresses', last, BOUNDS);
    if (to < from) throw notAddresses(text);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
  return [...new Set(found)];
}

function notAddresses(text: string): IapError {
  return new IapError(
    'USAGE',
    `--addresses takes bus addresses and ranges of them, from ${BOUNDS.least} to ${BOUNDS.most}, got "${text}"`,
    { hint: 'for example --addresses 1-8,12' },
  );
}

/** For people: "1-3, 7" */
export function addressesText(addresses: readonly number[]): string {
  const sorted = [...addresses].sort((a, b) => a - b);
  const runs: { from: number; to: number }[] = [];
  for (const address of sorted) {
    const last = runs.at(-1);
    if (last && address === last.to + 1) last.to = address;
    else runs.push({ from: address, to: address });
  }
  return runs.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(', ');
}
