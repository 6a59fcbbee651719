// Bytes at addresses, as files have them: in any order, with gaps. Pure.
import { hex32, sizeText } from '../text.js';
import { fileError } from './file-error.js';
import { ADDRESS_SPACE, BLANK } from './image.js';

/** A piece of an image at an address */
export interface Segment {
  readonly address: number;
  readonly bytes: Uint8Array;
  /** Of the text file it is from */
  readonly line?: number;
}

/** What a file holds */
export interface Contents {
  /** In the order of the file */
  readonly segments: readonly Segment[];
  /** Start address, if the file names one */
  readonly entry?: number;
}

/** Kind and name of the file that segments are from, for errors */
export interface Origin {
  readonly what: string;
  readonly name?: string | undefined;
}
const TWO_IMAGES =
  'give the application alone; two images in one file must not overlap nor lie far apart';
const NOWHERE: Origin = { what: 'image' };

/**
 * Segments by address, none empty.
 * @throws IapError IMAGE_FORMAT if they overlap or reach over the last address
 */
export function sort(segments: readonly Segment[], { what, name }: Origin = NOWHERE): Segment[] {
  const sorted = segments
    .filter(({ bytes }) => bytes.length > 0)
    .sort((a, b) => a.address - b.address);
  let end = 0;
  let before: Segment | undefined;
  for (const segment of sorted) {
    const { address, line, bytes } = segment;
    if (address < end) {
      const other = before?.line === undefined ? '' : ` (line ${before.line})`;
      const why = `the ${sizeText(bytes.length)} for ${hex32(address)} overlap others${other} that reach up to ${hex32(end - 1)}`;
      throw fileError('overlap', what, why, { file: name, line, address }, TWO_IMAGES);
    }
    end = address + bytes.length;
    before = segment;
    if (end > ADDRESS_SPACE) {
      const why = `the ${sizeText(bytes.length)} for ${hex32(address)} reach over the last address`;
      throw fileError('record-address', what, why, { file: name, line, address });
    }
  }
  return sorted;
}

/**
 * Runs of bytes without gaps, by address.
 * @throws IapError IMAGE_FORMAT as {@link sort}
 */
export function join(segments: readonly Segment[], origin: Origin = NOWHERE): Segment[] {
  const runs: Segment[][] = [];
  let end = -1;
  for (const segment of sort(segments, origin)) {
    if (segment.address === end) runs.at(-1)?.push(segment);
    else runs.push([segment]);
    end = segment.address + segment.bytes.length;
  }
  return runs.map((run) => fill(run));
}

/**
 * One run of bytes, gaps filled as erased flash reads.
 * @param limit longest run [bytes]
 * @throws IapError IMAGE_FORMAT as {@link sort}, or if it would be longer
 */
export function merge(
  segments: readonly Segment[],
  limit: number,
  origin: Origin = NOWHERE,
): Segment {
  const sorted = sort(segments, origin);
  const address = sorted[0]?.address ?? 0;
  const beyond = sorted.find((s) => s.address + s.bytes.length - address > limit);
  if (beyond) {
    const size = beyond.address + beyond.bytes.length - address;
    const why = `from ${hex32(address)} to ${hex32(beyond.address)} it reaches over ${size} bytes, more than any device has`;
    const { line } = beyond;
    const place = { file: origin.name, line, address: beyond.address };
    throw fileError('too-far', origin.what, why, place, TWO_IMAGES);
  }
  return fill(sorted);
}

function fill(sorted: readonly Segment[]): Segment {
  const address = sorted[0]?.address ?? 0;
  const last = sorted.at(-1);
  const end = last ? last.address + last.bytes.length : address;
  const bytes = new Uint8Array(end - address).fill(BLANK);
  for (const segment of sorted) bytes.set(segment.bytes, segment.address - address);
  return { address, bytes };
}
