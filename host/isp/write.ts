// Writing an image: erase what is needed, write what is not blank, read everything back.
import { sizeOf } from '../base/bytes.js';
import { IapError } from '../base/errors.js';
import { ProgressMeter } from '../base/progress.js';
import { hex32 } from '../base/text.js';
import type { Tell, Work } from '../base/work.js';
import { isBlank } from '../image/areas.js';
import type { Segment, Span } from '../image/segments.js';
import { FAMILIES, MEMORY } from './chips.js';
import { RomCommand } from './commands.js';
import {
  checkAllWritable,
  checkWritable,
  eraser,
  eraseWhat,
  hintAgain,
  readProtected,
  stateRefused,
  whyNotChanged,
} from './erase.js';
import type { RomEvent } from './events.js';
import { UNPROTECT } from './explain.js';
import {
  type Block,
  type ByMemory,
  blocksOf,
  checkFlash,
  pagesOfSpans,
  sortByMemory,
  spansOf,
} from './image.js';
import { checkReadable, readBackAll } from './read-back.js';
import type { Rom } from './rom.js';

export interface WriteOptions {
  /** Erase all of flash instead of the pages needed */
  readonly massErase?: boolean;
  /** Flash whose pages are erased besides, for what is going to be written by other means */
  readonly erase?: readonly Span[];
  /** Read everything back; yes if missing */
  readonly verify?: boolean;
}

export interface WriteResult {
  /** Of the image */
  readonly bytes: number;
  /** Undefined is everything */
  readonly pagesErased: number | undefined;
  readonly verified: boolean;
}

/**
 * Writes `segments` at their addresses in flash and RAM; option bytes among them come last, and reset the part.
 * @throws IapError; its message says what state the part is in
 */
export function write(
  rom: Rom,
  segments: readonly Segment[],
  options: WriteOptions = {},
): Work<RomEvent, WriteResult> {
  return rom.work((tell) => writeAll(rom, segments, options, tell));
}

async function writeAll(
  rom: Rom,
  segments: readonly Segment[],
  { massErase = false, erase = [], verify = true }: WriteOptions,
  tell: Tell<RomEvent>,
): Promise<WriteResult> {
  if (rom.info.readProtected) throw readProtected('write');
  rom.require(RomCommand.WRITE_MEMORY);
  const { chip } = rom;
  const { flashSize } = rom.info;
  const parts = sortByMemory(segments, { chip, flashSize });
  checkOptions(parts, rom);
  for (const span of erase) checkFlash(span, { flashSize });
  const pages = pagesOfSpans([...spansOf(parts.flash), ...erase], chip.pageSize);
  for (const page of pages) checkWritable(rom, page * chip.pageSize, chip.pageSize);
  const erases = massErase || pages.length > 0;
  if (erases) eraser(rom);
  if (massErase) checkAllWritable(rom);
  if (verify) checkReadable(rom);
  const state = new State(parts, massErase);
  try {
    if (erases) {
      await eraseWhat(rom, massErase ? undefined : pages, (event) => {
        state.erasing = true;
        tell(event);
      });
    }
    state.erased = state.erasing;
    await writeBlocks(rom, parts, state, tell);
    if (verify) await readBackAll(rom, [...parts.flash, ...parts.ram], tell);
    if (parts.options) {
      state.last = true;
      await writeOptions(rom, parts.options, tell);
    }
  } catch (error) {
    if (!(error instanceof IapError)) throw error;
    const all = Array.from({ length: (flashSize ?? 0) / chip.pageSize }, (_, page) => page);
    const looked = massErase && all.length > 0 ? all : pages;
    const refused = state.erased ? undefined : await stateRefused(rom, error, looked, massErase);
    throw state.explain(error, rom, refused);
  }
  return {
    bytes: sizeOf(segments),
    pagesErased: massErase ? undefined : pages.length,
    verified: verify,
  };
}

async function writeBlocks(
  rom: Rom,
  parts: ByMemory,
  state: State,
  tell: Tell<RomEvent>,
): Promise<void> {
  const size = rom.blockSizes.write;
  const blocks = blocksToWrite(parts, size);
  const bytesTotal = state.total;
  const meter = new ProgressMeter(rom.client.clock);
  tell({ event: 'writing', bytes: bytesTotal });
  for (const { address, bytes, done } of blocks) {
    await rom.write(address, bytes);
    state.written = done;
    state.upTo = address + bytes.length;
    tell({ event: 'progress', phase: 'write', ...meter.at(done, bytesTotal) });
  }
  if (state.written === bytesTotal) return;
  state.written = bytesTotal; // blank bytes behind the last block
  tell({ event: 'progress', phase: 'write', ...meter.at(bytesTotal, bytesTotal) });
}

/** Each with how much of the image is in place once it is written */
function blocksToWrite(
  { flash, ram }: ByMemory,
  size: number,
): (Segment & { readonly done: number })[] {
  let done = 0;
  const counted = ({ given, ...block }: Block): Segment & { readonly done: number } => {
    done += given;
    return { ...block, done };
  };
  return [
    // Erased flash has these already; they are read back with the rest.
    ...blocksOf(flash, size)
      .map(counted)
      .filter((block) => !isBlank(block.bytes)),
    ...blocksOf(ram, size).map(counted),
  ];
}

/** Half of the option bytes would leave the other half to chance, and one value can never be taken back. */
function checkOptions({ options }: ByMemory, { chip }: Rom): void {
  if (!options) return;
  if (options.bytes.length % 4 !== 0) {
    throw new IapError('IMAGE_FORMAT', 'the option bytes of the image are not whole words', {
      hint: 'give all 16 bytes, values and complements, or none',
    });
  }
  if (options.bytes[0] === FAMILIES[chip.family].forEver) {
    throw new IapError(
      'REFUSED',
      'the image sets read-out protection level 2, which can never be taken back',
      { hint: 'take the option bytes out of the image, or use level 1' },
    );
  }
}

async function writeOptions(rom: Rom, { bytes }: Segment, tell: Tell<RomEvent>): Promise<void> {
  tell({ event: 'resetting', why: 'option bytes' });
  rom.client.resets = true;
  await rom.write(MEMORY.options, bytes);
  await rom.reopen('option bytes');
  if (rom.info.readProtected) {
    if (bytes[0] !== FAMILIES[rom.chip.family].open) return;
    throw new IapError('VERIFY_FAILED', 'read-out protection is on, which the image does not set', {
      hint: UNPROTECT,
    });
  }
  const found = rom.info.optionBytes?.values;
  if (!found) {
    throw new IapError('VERIFY_FAILED', 'the option bytes can not be read back', {
      hint: 'reset the part, and look with "iap isp info"',
    });
  }
  const wrong = found.findIndex((value, i) => 2 * i < bytes.length && value !== bytes[2 * i]);
  if (wrong < 0) return;
  throw new IapError(
    'VERIFY_FAILED',
    `option byte ${wrong} at ${hex32(MEMORY.options + 2 * wrong)} is not what was written`,
    { details: { address: hex32(MEMORY.options + 2 * wrong) } },
  );
}

/** How far it is: an error must leave nobody in doubt what is on the part. */
class State {
  erasing = false;
  erased = false;
  /** Of the image [bytes] */
  written = 0;
  /** Behind the last block that the part has acknowledged */
  upTo: number | undefined;
  /** All is done but the option bytes. */
  last = false;
  readonly total: number;
  /** What of flash is erased */
  readonly #erased: string;

  constructor({ flash, ram }: ByMemory, massErase: boolean) {
    const from = hex32(flash[0]?.address ?? MEMORY.flash);
    this.#erased = massErase ? 'all of flash' : `flash from ${from} on`;
    this.total = sizeOf([...flash, ...ram]);
  }

  /** @param refused what a refused erase has left, if that is known */
  explain(error: IapError, rom: Rom, refused: string | undefined): IapError {
    const { code, message, details } = error;
    const inFlash = Number(details.address) < MEMORY.options;
    const differs = code === 'VERIFY_FAILED' && inFlash;
    return new IapError(code, `${message}; ${refused ?? this.#text()}`, {
      hint: differs ? whyNotChanged(rom) : hintAgain(error),
      details: {
        ...details,
        ...(code === 'INTERRUPTED' ? { resumable: false } : {}),
        bytesWritten: this.written,
        bytesTotal: this.total,
      },
      cause: error,
    });
  }

  #text(): string {
    const written = `${this.written} of ${this.total} bytes are written`;
    const upTo =
      this.upTo === undefined ? '' : `; the last one written is at ${hex32(this.upTo - 1)}`;
    if (this.last) return `${written}, only the option bytes may be not, or not in effect`;
    if (!this.erasing) return `flash was not changed, ${written} to RAM${upTo}`;
    if (!this.erased) return `${this.#erased} may be partly erased, and nothing is written`;
    return `${this.#erased} was erased, ${written}: do not start this part${upTo}`;
  }
}
