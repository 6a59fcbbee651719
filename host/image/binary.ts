// Raw binaries: bytes that do not say where they belong.
import { LARGEST_IMAGE } from './limits.js';
import { merge, type Segment } from './segments.js';

/**
 * A raw binary, gaps filled as erased flash reads.
 * @returns the bytes, and the address of the first, which the file can not say
 * @throws IapError IMAGE_FORMAT if segments contradict each other or are further apart than any flash is large
 */
export function writeBinary(segments: readonly Segment[]): Segment {
  return merge(segments, LARGEST_IMAGE);
}
