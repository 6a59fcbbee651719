// Reading back: the only way to know, because the ROM does not report what was not written.
import { sizeOf } from '../base/bytes.js';
import { IapError } from '../base/errors.js';
import { ProgressMeter } from '../base/progress.js';
import { hex32 } from '../base/text.js';
import type { Tell, Work } from '../base/work.js';
import type { Segment } from '../image/segments.js';
import { RomCommand } from './commands.js';
import { readProtected } from './erase.js';
import type { RomEvent } from './events.js';
import { cut } from './image.js';
import type { Rom } from './rom.js';

/** @throws IapError VERIFY_FAILED naming the first byte that differs */
export function readBack(rom: Rom, segments: readonly Segment[]): Work<RomEvent, void> {
  return rom.work((tell) => readBackAll(rom, segments, tell));
}

export async function readBackAll(
  rom: Rom,
  segments: readonly Segment[],
  tell: Tell<RomEvent>,
): Promise<void> {
  checkReadable(rom);
  const bytesTotal = sizeOf(segments);
  const meter = new ProgressMeter(rom.client.clock);
  let bytesDone = 0;
  tell({ event: 'verifying', bytes: bytesTotal });
  const size = rom.blockSizes.read;
  const blocks = segments.flatMap((segment) => cut(segment, size));
  for (const block of blocks) {
    await compare(rom, block);
    bytesDone += block.bytes.length;
    tell({ event: 'progress', phase: 'verify', ...meter.at(bytesDone, bytesTotal) });
  }
}

/**
 * What is read has no checksum: a difference counts only if it is there again. A cell that reads differently each time fails.
 */
async function compare(rom: Rom, { address, bytes }: Segment): Promise<void> {
  const differing = async (): Promise<{ at: number; found: number } | undefined> => {
    const found = await rom.read(address, bytes.length);
    const at = bytes.findIndex((byte, i) => byte !== found[i]);
    return at < 0 ? undefined : { at, found: found[at] ?? 0 };
  };
  const first = await differing();
  if (!first) return;
  const again = (await differing()) ?? (await differing());
  if (again) throw differs(address + again.at, bytes[again.at] ?? 0, again.found);
}

/** @throws IapError READ_PROTECTED, REFUSED */
export function checkReadable(rom: Rom): void {
  if (rom.info.readProtected) throw readProtected('read');
  rom.require(RomCommand.READ_MEMORY);
}

function differs(address: number, expected: number, found: number): IapError {
  const hex = (byte: number): string => `0x${byte.toString(16).padStart(2, '0')}`;
  return new IapError(
    'VERIFY_FAILED',
    `the part differs from the image at ${hex32(address)}: expected ${hex(expected)}, found ${hex(found)}`,
    { details: { address: hex32(address), expected, found } },
  );
}
