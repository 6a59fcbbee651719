// What is erased without being written: pages are erased whole, and an image may use only a part of them.
import { inFlash } from '../image/areas.js';
import { gapsOf, type Segment, type Span } from '../image/segments.js';

/** Sections are aligned to so many, as a rule; nobody keeps anything in a gap that is smaller [bytes]. */
const ALIGNMENT = 32;

/** Ranges between the parts of an image, by address, that are in pages which are erased for them */
export function erasedBetween(segments: readonly Segment[], pageSize: number): Span[] {
  const flash = segments.filter(({ address }) => inFlash(address));
  const startOf = (address: number): number => address - (address % pageSize); // flash begins with a page
  return gapsOf(flash).flatMap(({ address, length }) => {
    const end = address + length;
    if (length < ALIGNMENT) return [];
    const behind = Math.min(end, startOf(address + pageSize - 1));
    const before = Math.max(behind, startOf(end));
    return [
      { address, length: behind - address },
      { address: before, length: end - before },
    ].filter((range) => range.length > 0);
  });
}
