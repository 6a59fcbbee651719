// Writing an image: erase what is needed, write what is not blank, read everything back.
import { IapError } from '../errors.js';
import type { Segment } from '../image/segments.js';
import { ProgressMeter } from '../progress.js';
import { hex32 } from '../text.js';
import { FAMILIES, MEMORY } from './chips.js';
import { RomCommand } from './commands.js';
import { checkWritable, eraseAll, erasePages, hintAgain, readProtected } from './erase.js';
import type { RomWork } from './events.js';
import { blocksOf, isBlank, type Parts, pagesOfSegments, sizeOf, sortByMemory } from './image.js';
import { inTurn } from './in-turn.js';
import type { Rom } from './rom.js';
import { verify } from './verify.js';

export interface WriteOptions {
  /** Erase all of flash instead of the pages needed */
  readonly massErase?: boolean;
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
export async function* write(
  rom: Rom,
  segments: readonly Segment[],
  { massErase = false, verify: readBack = true }: WriteOptions = {},
): RomWork<WriteResult> {
  if (rom.info.readProtected) throw readProtected('write');
  const chip = rom.require(RomCommand.WRITE_MEMORY, 'Write Memory');
  const parts = sortByMemory(segments, { chip, flashSize: rom.info.flashSize });
  checkOptions(parts, rom);
  const pages = pagesOfSegments(parts.flash, chip.pageSize);
  for (const page of pages) checkWritable(rom, page * chip.pageSize, chip.pageSize);
  const state = new State(parts, massErase);
  try {
    if (massErase || pages.length > 0) state.erasing = true;
    if (massErase) yield* eraseAll(rom);
    else yield* erasePages(rom, pages);
    state.erased = state.erasing;
    yield* writeBlocks(rom, parts, state);
    if (readBack) yield* verify(rom, [...parts.flash, ...parts.ram]);
    if (parts.options) yield* writeOptions(rom, parts.options);
  } catch (error) {
    throw error instanceof IapError ? state.explain(error) : error;
  }
  return {
    bytes: sizeOf(segments),
    pagesErased: massErase ? undefined : pages.length,
    verified: readBack,
  };
}

async function* writeBlocks(rom: Rom, parts: Parts, state: State): RomWork<void> {
  // Erased flash has these already; they are read back with the rest.
  const size = rom.blockSizes.write;
  const blocks = [
    ...blocksOf(parts.flash, size).filter((block) => !isBlank(block)),
    ...blocksOf(parts.ram, size),
  ];
  const bytesTotal = sizeOf(blocks);
  const meter = new ProgressMeter(rom.client.clock);
  yield { event: 'writing', bytes: bytesTotal };
  const written = inTurn(blocks, ({ address, bytes }) => rom.write(address, bytes));
  for await (const [{ bytes }] of written) {
    state.written += bytes.length;
    yield { event: 'progress', phase: 'write', ...meter.at(state.written, bytesTotal) };
  }
}

/** Half of the option bytes would leave the other half to chance, and one value can never be taken back. */
function checkOptions({ options }: Parts, { info }: Rom): void {
  const family = info.chip?.family;
  if (!options || family === undefined) return;
  if (options.bytes.length % 4 !== 0) {
    throw new IapError('IMAGE_FORMAT', 'the option bytes of the image are not whole words', {
      hint: 'give all 16 bytes, values and complements, or none',
    });
  }
  if (options.bytes[0] === FAMILIES[family].forEver) {
    throw new IapError(
      'REFUSED',
      'the image sets read-out protection level 2, which can never be taken back',
      { hint: 'take the option bytes out of the image, or use level 1' },
    );
  }
}

async function* writeOptions(rom: Rom, { bytes }: Segment): RomWork<void> {
  yield { event: 'resetting', why: 'option bytes' };
  await rom.write(MEMORY.options, bytes);
  await rom.reopen();
  if (rom.info.readProtected) return;
  const found = rom.info.optionBytes?.values ?? new Uint8Array();
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
  written = 0;
  readonly #total: number;
  /** What of flash is erased */
  readonly #erased: string;

  constructor({ flash, ram }: Parts, massErase: boolean) {
    const from = hex32(flash[0]?.address ?? MEMORY.flash);
    this.#erased = massErase ? 'all of flash' : `flash from ${from} on`;
    this.#total = sizeOf([...flash, ...ram]);
  }

  explain(error: IapError): IapError {
    const { code, message, details } = error;
    return new IapError(code, `${message}; ${this.#text()}`, {
      hint: hintAgain(error),
      details: { ...details, bytesWritten: this.written, bytesTotal: this.#total },
      cause: error,
    });
  }

  #text(): string {
    if (!this.erasing && this.written === 0) return 'nothing was changed';
    if (!this.erased) return `${this.#erased} is partly erased, and nothing is written`;
    return `${this.#erased} was erased, ${this.written} of ${this.#total} bytes are written: do not start this part`;
  }
}
