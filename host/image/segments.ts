// Bytes at addresses, as files have them: in any order, with gaps. Pure.
import { hex32, sizeText } from '../base/text.js';
import { ADDRESS_SPACE, BLANK } from './areas.js';
import { fileError } from './file-error.js';

/** A piece of an image at an address */
export interface Segment {
  readonly address: number;
  readonly bytes: Uint8Array;
  /** Of the text file it is from */
  readonly line?: number;
  /** Names of those of the ELF file it is from */
  readonly sections?: readonly string[];
}

/** Memory from an address on */
export interface Span {
  readonly address: number;
  /** Bytes */
  readonly length: number;
}

/** Addresses that no piece of a file is for, between two that are */
export interface Gap extends Span {
  /** The piece behind it */
  readonly behind: Segment;
}

/** A gap of the smallest flash page of any part: more than sections are aligned to, and room for what is somebody else's [bytes] */
export const HOLE = 1024;

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
 * Segments by address, none empty, each byte once: what a file says again is left out.
 * @throws IapError IMAGE_FORMAT if they contradict each other or reach over the last address
 */
export function sort(segments: readonly Segment[], origin: Origin = NOWHERE): Segment[] {
  const sorted = segments.toSorted((a, b) => a.address - b.address);
  const taken: Segment[] = [];
  let end = 0;
  for (const segment of sorted) {
    const { address, line, bytes } = segment;
    if (address + bytes.length > ADDRESS_SPACE) {
      const why = `the ${sizeText(bytes.length)} for ${hex32(address)} reach over the last address`;
      throw fileError('record-address', origin.what, why, { file: origin.name, line, address });
    }
    const again = Math.min(Math.max(0, end - address), bytes.length);
    checkSame(segment, again, taken, origin);
    if (again < bytes.length) {
      taken.push({ ...segment, address: address + again, bytes: bytes.subarray(again) });
    }
    end = Math.max(end, address + bytes.length);
  }
  return taken;
}

/** The first bytes of a segment against those that are taken already, by address */
function checkSame(
  { address, bytes, line }: Segment,
  length: number,
  taken: readonly Segment[],
  { what, name }: Origin,
): void {
  for (let i = taken.length - 1; i >= 0; i--) {
    const other = taken[i];
    if (!other || other.address + other.bytes.length <= address) return;
    const from = Math.max(address, other.address);
    const to = Math.min(address + length, other.address + other.bytes.length);
    for (let at = from; at < to; at++) {
      if (bytes[at - address] === other.bytes[at - other.address]) continue;
      const where = other.line === undefined ? '' : ` (line ${other.line})`;
      const reach = hex32(other.address + other.bytes.length - 1);
      const why = `the ${sizeText(bytes.length)} for ${hex32(address)} overlap others${where} that reach up to ${reach}, and differ at ${hex32(at)}`;
      throw fileError('overlap', what, why, { file: name, line, address: at }, TWO_IMAGES);
    }
  }
}

/** Between segments as {@link sort} gives them */
export function gapsOf(sorted: readonly Segment[]): Gap[] {
  return sorted.slice(1).flatMap((behind, i) => {
    const before = sorted[i];
    const address = before ? before.address + before.bytes.length : behind.address;
    const length = behind.address - address;
    return length > 0 ? [{ address, length, behind }] : [];
  });
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
