// An image as the ROM bootloader can write it: whole words, by kind of memory. Pure.
import { IapError } from '../base/errors.js';
import { hex32, sizeText } from '../base/text.js';
import { areaName, BLANK } from '../image/areas.js';
import type { Segment, Span } from '../image/segments.js';
import { type Chip, MEMORY } from './chips.js';
import { OPTION_SIZE } from './option-bytes.js';

export interface ByMemory {
  readonly flash: readonly Segment[];
  readonly ram: readonly Segment[];
  /** Of OPTION_SIZE at most, from MEMORY.options on */
  readonly options: Segment | undefined;
}

/** Memory that the part has, as far as known */
export interface PartMemory {
  readonly chip: Chip;
  readonly flashSize: number | undefined;
}

export interface Block extends Segment {
  /** Bytes of the image in it; the others fill words up */
  readonly given: number;
}

/** More RAM than any of these parts has [bytes] */
const MOST_RAM = 0x0002_0000;
const WORD = 4;

/** @throws IapError IMAGE_WRONG_ADDRESS, IMAGE_TOO_LARGE */
export function sortByMemory(segments: readonly Segment[], target: PartMemory): ByMemory {
  const flash: Segment[] = [];
  const ram: Segment[] = [];
  let options: Segment | undefined;
  for (const segment of segments) {
    const { address, bytes } = segment;
    if (address >= MEMORY.flash && address < MEMORY.flash + 0x0040_0000) {
      checkFlash({ address, length: bytes.length }, target);
      flash.push(segment);
    } else if (
      address >= MEMORY.ram + target.chip.romRam &&
      address + bytes.length <= MEMORY.ram + MOST_RAM
    ) {
      ram.push(segment);
    } else if (address === MEMORY.options && bytes.length <= OPTION_SIZE) {
      options = segment;
    } else {
      throw wrongAddress(segment, target.chip);
    }
  }
  return { flash, ram, options };
}

/** @throws IapError IMAGE_TOO_LARGE */
export function checkFlash(
  { address, length }: Span,
  { flashSize }: Pick<PartMemory, 'flashSize'>,
): void {
  if (flashSize === undefined) return;
  const over = address + length - (MEMORY.flash + flashSize);
  if (over <= 0) return;
  throw new IapError(
    'IMAGE_TOO_LARGE',
    `the image reaches up to ${hex32(address + length - 1)}; the flash of this part ends at ${hex32(MEMORY.flash + flashSize - 1)}`,
    {
      hint: 'check that the image is for this part',
      details: { flashSize, over },
    },
  );
}

function wrongAddress({ address, bytes }: Segment, chip: Chip): IapError {
  const reserved = address >= MEMORY.ram && address < MEMORY.ram + chip.romRam;
  const why = reserved
    ? `RAM that the ROM bootloader itself uses, up to ${hex32(MEMORY.ram + chip.romRam - 1)}`
    : areaName(address);
  return new IapError(
    'IMAGE_WRONG_ADDRESS',
    `the image has ${sizeText(bytes.length)} for ${hex32(address)}: ${why}`,
    {
      hint: 'the ROM bootloader writes flash, RAM above its own, and whole option bytes',
      details: { address: hex32(address) },
    },
  );
}

/** Pages that any byte of these segments lies in, in order */
export function pagesOfSegments(segments: readonly Segment[], pageSize: number): number[] {
  return pagesOfSpans(spansOf(segments), pageSize);
}

export function spansOf(segments: readonly Segment[]): Span[] {
  return segments.map(({ address, bytes }) => ({ address, length: bytes.length }));
}

/** The same of ranges */
export function pagesOfSpans(spans: readonly Span[], pageSize: number): number[] {
  const pages = new Set<number>();
  for (const { address, length } of spans) {
    const first = Math.floor((address - MEMORY.flash) / pageSize);
    const last = Math.floor((address + length - 1 - MEMORY.flash) / pageSize);
    for (let page = first; page <= last; page++) pages.add(page);
  }
  return [...pages].sort((a, b) => a - b);
}

/**
 * Blocks of up to `size` bytes, a multiple of 4, made of whole words: what is missing of a word is 0xFF, which leaves erased flash as it is.
 * Segments that meet within a word get one block, because a half-word of flash is programmed once.
 */
export function blocksOf(segments: readonly Segment[], size: number): Block[] {
  const runs: { address: number; end: number; parts: Segment[] }[] = [];
  for (const segment of [...segments].sort((a, b) => a.address - b.address)) {
    const address = segment.address - (segment.address % WORD);
    const end = Math.ceil((segment.address + segment.bytes.length) / WORD) * WORD;
    const run = runs.at(-1);
    if (run && address <= run.end) {
      run.end = end;
      run.parts.push(segment);
    } else runs.push({ address, end, parts: [segment] });
  }
  return runs.flatMap(({ address, end, parts }) => {
    const bytes = new Uint8Array(end - address).fill(BLANK);
    const given = new Uint8Array(bytes.length);
    for (const part of parts) {
      const from = part.address - address;
      bytes.set(part.bytes, from);
      given.fill(1, from, from + part.bytes.length);
    }
    return cut({ address, bytes }, size).map((block, i) => ({
      ...block,
      given: given.subarray(i * size, (i + 1) * size).reduce((sum, one) => sum + one, 0),
    }));
  });
}

/** Runs of up to `size` bytes */
export function cut({ address, bytes }: Segment, size: number): Segment[] {
  const count = Math.ceil(bytes.length / size);
  return Array.from({ length: count }, (_, i) => ({
    address: address + i * size,
    bytes: bytes.subarray(i * size, (i + 1) * size),
  }));
}
