// Reading memory out.
import { IapError } from '../base/errors.js';
import { ProgressMeter } from '../base/progress.js';
import type { Tell, Work } from '../base/work.js';
import { BLANK } from '../image/areas.js';
import type { Segment, Span } from '../image/segments.js';
import { PARTS } from '../parts/parts.generated.js';
import { MEMORY } from './chips.js';
import type { RomEvent } from './events.js';
import { cut } from './image.js';
import { checkReadable } from './read-back.js';
import type { Rom } from './rom.js';

/** All of flash, as large as the part says it is. */
export function flashRange(rom: Rom): Span {
  checkReadable(rom);
  const { info } = rom;
  if (info.flashSize === undefined) throw unknownSize('flash');
  return { address: MEMORY.flash, length: info.flashSize };
}

/** RAM, but for what the ROM bootloader uses itself. */
export function ramRange(rom: Rom): Span {
  checkReadable(rom);
  const { chip, pid } = rom.info;
  const sizes = PARTS.filter((part) => part.pid === pid).map(({ ram }) => ram.to - ram.from);
  if (!chip || sizes.length === 0) throw unknownSize('RAM');
  const length = Math.min(...sizes) - chip.romRam;
  return { address: MEMORY.ram + chip.romRam, length };
}

function unknownSize(what: string): IapError {
  return new IapError('USAGE', `how much ${what} this part has is not known`, {
    hint: 'say what to read with --start and --length',
  });
}

/** @throws IapError READ_PROTECTED, REFUSED, LINK_LOST */
export function read(rom: Rom, span: Span): Work<RomEvent, Segment> {
  return rom.work((tell) => readAll(rom, span, tell));
}

async function readAll(
  rom: Rom,
  { address, length }: Span,
  tell: Tell<RomEvent>,
): Promise<Segment> {
  checkReadable(rom);
  const bytes = new Uint8Array(length);
  const meter = new ProgressMeter(rom.client.clock);
  let bytesDone = 0;
  for (const block of cut({ address, bytes }, rom.blockSizes.read)) {
    const there = await rom.read(block.address, block.bytes.length);
    block.bytes.set(there);
    bytesDone += there.length;
    tell({ event: 'progress', phase: 'read', ...meter.at(bytesDone, length) });
  }
  return { address, bytes };
}

/** Without what erased flash has at the end */
export function trimmed({ address, bytes }: Segment): Segment {
  let end = bytes.length;
  while (bytes[end - 1] === BLANK) end--;
  return { address, bytes: bytes.subarray(0, end) };
}
