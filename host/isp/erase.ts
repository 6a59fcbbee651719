// Erasing pages, or everything. The ROM does not say when it did not: what is write-protected is refused here.
import { IapError } from '../errors.js';
import { hex32 } from '../text.js';
import { type Chip, MEMORY, SECTOR } from './chips.js';
import { BLOCK, RomCommand } from './commands.js';
import type { RomWork } from './events.js';
import { isBlank } from './image.js';
import { sectorsOf } from './option-bytes.js';
import { once, type Rom } from './rom.js';

/** Of one command, so that it can be told how far it is */
const PAGES_AT_ONCE = 64;

/** @throws IapError if the part has no erase command, or its pages are not known */
export function eraser(rom: Rom): Chip {
  const code = rom.extendedErase ? RomCommand.EXTENDED_ERASE : RomCommand.ERASE;
  if (rom.info.readProtected) throw readProtected('erase');
  return rom.require(code, 'Erase');
}

export function readProtected(what: string): IapError {
  return new IapError(
    'READ_PROTECTED',
    `read-out protection is on: the ROM bootloader does not ${what}`,
    {
      hint: '"iap isp unprotect --read --yes" takes it off; that erases all of flash',
    },
  );
}

/** @throws IapError WRITE_PROTECTED if any of these bytes of flash can not be changed */
export function checkWritable(rom: Rom, offset: number, size: number): void {
  const closed = rom.info.optionBytes?.protectedSectors ?? [];
  const sector = sectorsOf(offset, size).find((number) => closed.includes(number));
  if (sector === undefined) return;
  const from = MEMORY.flash + sector * SECTOR;
  throw new IapError(
    'WRITE_PROTECTED',
    `flash from ${hex32(from)} on is write-protected; nothing was changed`,
    {
      hint: '"iap isp unprotect --write --yes" takes the write protection off',
      details: { sectors: closed.join(' ') },
    },
  );
}

/**
 * Erases these pages, or everything, and looks whether it is.
 * @param pages what is looked at afterwards, if all is erased
 * @throws IapError; its message says what state flash is in
 */
export async function* erase(rom: Rom, pages: readonly number[], all: boolean): RomWork<void> {
  let begun = false;
  try {
    for await (const event of all ? eraseAll(rom) : erasePages(rom, pages)) {
      begun = true;
      yield event;
    }
    await checkErased(rom, pages);
  } catch (error) {
    throw error instanceof IapError && begun ? halfErased(error, rom, all ? [] : pages) : error;
  }
}

function halfErased(error: IapError, { info }: Rom, pages: readonly number[]): IapError {
  const { code, message, details } = error;
  const size = info.chip?.pageSize ?? 0;
  const [first, last] = [pages[0], pages.at(-1)];
  const what =
    first === undefined || last === undefined
      ? 'all of flash may be erased'
      : `flash from ${hex32(MEMORY.flash + first * size)} to ${hex32(MEMORY.flash + (last + 1) * size - 1)} may be partly erased`;
  return new IapError(code, `${message}; ${what}: do not start this part`, {
    hint: hintAgain(error),
    details,
    cause: error,
  });
}

const AGAIN = 'run the same command again';

/** The hint of an error that left a part half done */
export function hintAgain({ hint }: IapError): string {
  if (hint?.includes(AGAIN)) return hint;
  const again = `${AGAIN}, with BOOT0 high and after a reset`;
  return hint === undefined ? again : `${hint}; then ${again}`;
}

/** Numbers from 0 at the start of flash */
export async function* erasePages(rom: Rom, pages: readonly number[]): RomWork<void> {
  const { pageSize } = eraser(rom);
  for (const page of pages) checkWritable(rom, page * pageSize, pageSize);
  for (let at = 0; at < pages.length; at += PAGES_AT_ONCE) {
    yield { event: 'erasing', pages: pages.length, pagesDone: at };
    const some = pages.slice(at, at + PAGES_AT_ONCE);
    await once(rom.client, () => rom.client.erasePages(rom.extendedErase, some));
  }
}

export async function* eraseAll(rom: Rom): RomWork<void> {
  eraser(rom);
  if (rom.info.optionBytes?.protectedSectors.length)
    checkWritable(rom, 0, rom.info.flashSize ?? 2 ** 20);
  yield { event: 'erasing', pages: undefined, pagesDone: 0 };
  await once(rom.client, () => rom.client.eraseAll(rom.extendedErase));
}

/**
 * Looks at the first block of each page.
 * @throws IapError VERIFY_FAILED
 */
export async function checkErased(rom: Rom, pages: readonly number[]): Promise<void> {
  const { pageSize } = eraser(rom);
  for (const page of pages) {
    const address = MEMORY.flash + page * pageSize;
    const bytes = await rom.read(address, BLOCK);
    if (isBlank({ address, bytes })) continue;
    const at = bytes.findIndex((byte) => byte !== 0xff);
    throw new IapError(
      'VERIFY_FAILED',
      `flash is not erased at ${hex32(address + at)}: expected 0xff, found 0x${(bytes[at] ?? 0).toString(16).padStart(2, '0')}`,
      {
        hint: 'the page may be write-protected or worn out; "iap isp info" shows the protection',
        details: { address: hex32(address + at), page },
      },
    );
  }
}
