// Starting a program through the ROM bootloader.
import { IapError } from '../base/errors.js';
import { hex32 } from '../base/text.js';
import { wordAt } from '../image/vector-table.js';
import { RomCommand } from './commands.js';
import { readProtected } from './erase.js';
import { type Rom, unrepeated } from './rom.js';

/** Initial stack pointer and reset vector [bytes] */
const VECTORS = 8;

/**
 * Starts the program whose vector table is at `address`: the ROM acknowledges any address in flash or RAM, and jumps to
 * whatever is there, so the vectors are looked at first.
 * @param hint what to do when there is none
 * @throws IapError READ_PROTECTED, IMAGE_VECTORS, REFUSED
 */
export async function goTo(rom: Rom, address: number, hint?: string): Promise<void> {
  if (rom.info.readProtected) throw readProtected('start programs');
  rom.require(RomCommand.GO);
  const vectors = await rom.read(address, VECTORS);
  const stack = wordAt(vectors, 0);
  const reset = wordAt(vectors, 4);
  if (
    stack % 4 !== 0 ||
    stack < 0x1000_0000 ||
    stack > 0x2010_0000 ||
    reset % 2 === 0 ||
    reset === 0xffff_ffff
  ) {
    throw new IapError(
      'IMAGE_VECTORS',
      `there is no program at ${hex32(address)}: its stack pointer would be ${hex32(stack)}, its reset vector ${hex32(reset)}`,
      {
        hint,
        details: { address: hex32(address) },
      },
    );
  }
  await unrepeated(rom.client, () => rom.client.go(address));
}
