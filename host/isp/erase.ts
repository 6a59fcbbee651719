// Erasing pages, or everything. The ROM does not say when it did not: what is write-protected is refused here.
import { IapError } from '../base/errors.js';
import { hex32 } from '../base/text.js';
import type { Tell, Work } from '../base/work.js';
import { BLANK } from '../image/areas.js';
import { type Chip, MEMORY, SECTOR } from './chips.js';
import { BLOCK, RomCommand } from './commands.js';
import type { RomEvent } from './events.js';
import { UNPROTECT } from './explain.js';
import { sectorsOf } from './option-bytes.js';
import { type Rom, unrepeated } from './rom.js';
import { RomFault } from './rom-fault.js';

/** Of one command, so that it can be told how far it is */
const PAGES_AT_ONCE = 64;

/** @throws IapError if the part has no erase command, or its pages are not known */
export function eraser(rom: Rom): Chip {
  const code = rom.extendedErase ? RomCommand.EXTENDED_ERASE : RomCommand.ERASE;
  if (rom.info.readProtected) throw readProtected('erase');
  rom.require(code);
  return rom.chip;
}

export function readProtected(what: string): IapError {
  return new IapError(
    'READ_PROTECTED',
    `read-out protection is on: the ROM bootloader does not ${what}`,
    { hint: UNPROTECT },
  );
}

/** @throws IapError WRITE_PROTECTED if any of these bytes of flash can not be changed */
export function checkWritable(rom: Rom, offset: number, size: number): void {
  const closed = rom.info.optionBytes?.protectedSectors;
  if (!closed) return;
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
export function erase(rom: Rom, pages: readonly number[], all: boolean): Work<RomEvent, void> {
  return rom.work(async (tell) => {
    let begun = false;
    const told = (event: RomEvent): void => {
      begun = true;
      tell(event);
    };
    try {
      await eraseWhat(rom, all ? undefined : pages, told);
      await checkErased(rom, pages);
    } catch (error) {
      if (!(error instanceof IapError) || !begun) throw error;
      throw halfErased(error, rom, all ? [] : pages, await stateRefused(rom, error, pages, all));
    }
  });
}

/** @param pages undefined is everything */
function eraseOnly(rom: Rom, pages: readonly number[] | undefined): Work<RomEvent, void> {
  return rom.work(async (tell) => {
    try {
      await eraseWhat(rom, pages, tell);
    } catch (error) {
      if (!(error instanceof IapError) || error.code !== 'INTERRUPTED') throw error;
      throw halfErased(error, rom, pages ?? [], undefined);
    }
  });
}

function halfErased(
  error: IapError,
  { chip: { pageSize } }: Rom,
  pages: readonly number[],
  state: string | undefined,
): IapError {
  const { code, message, details } = error;
  const [first] = pages;
  const endOf = (page: number): number => MEMORY.flash + (page + 1) * pageSize - 1;
  const what =
    first === undefined
      ? 'all of flash may be erased'
      : `flash from ${hex32(MEMORY.flash + first * pageSize)} to ${hex32(endOf(pages.at(-1) ?? first))} may be partly erased`;
  return new IapError(code, `${message}; ${state ?? `${what}: do not start this part`}`, {
    hint: hintAgain(error),
    details: { ...details, ...(code === 'INTERRUPTED' ? { resumable: false } : {}) },
    cause: error,
  });
}

/**
 * What a refused erase has left, as far as the first block of each page tells. A part that refuses still answers.
 * @returns undefined if it was not refused, or if this can not be told
 */
export async function stateRefused(
  rom: Rom,
  error: IapError,
  pages: readonly number[],
  all: boolean,
): Promise<string | undefined> {
  if (!isRefused(error)) return undefined;
  const used: number[] = [];
  try {
    for (const page of pages) if ((await firstBlock(rom, page)).some(isUsed)) used.push(page);
  } catch {
    return undefined; // what went wrong first is told
  }
  const [first] = used;
  if (first === undefined) return 'nothing was erased: the pages read blank';
  // A mass erase is one operation of the hardware: it is done, or it has not begun.
  if (used.length === pages.length || all) return 'nothing was erased';
  const at = hex32(MEMORY.flash + first * rom.chip.pageSize);
  return `${pages.length - used.length} of ${pages.length} pages read blank, the first that does not is at ${at}: do not start this part`;
}

function faultOf({ cause }: IapError): RomFault | undefined {
  return cause instanceof RomFault ? cause : undefined;
}

function isRefused(error: IapError): boolean {
  return faultOf(error)?.kind === 'refused';
}

function isAll(error: IapError): boolean {
  return faultOf(error)?.step === 'all';
}

const AGAIN = 'run the same command again';

/** The hint of an error that left a part half done. What a part refuses as a whole, it refuses again. */
export function hintAgain(error: IapError): string | undefined {
  const { hint } = error;
  if (hint?.includes(AGAIN) || isAll(error)) return hint;
  const again = `${AGAIN}, with BOOT0 high and after a reset`;
  return hint === undefined ? again : `${hint}; then ${again}`;
}

/** Numbers from 0 at the start of flash */
export function erasePages(rom: Rom, pages: readonly number[]): Work<RomEvent, void> {
  return eraseOnly(rom, pages);
}

export function eraseAll(rom: Rom): Work<RomEvent, void> {
  return eraseOnly(rom, undefined);
}

/** @param pages undefined is everything */
export async function eraseWhat(
  rom: Rom,
  pages: readonly number[] | undefined,
  tell: Tell<RomEvent>,
): Promise<void> {
  const { pageSize } = eraser(rom);
  const { client, extendedErase } = rom;
  if (!pages) {
    checkAllWritable(rom);
    tell({ event: 'erasing', pages: undefined, pagesDone: 0 });
    await unrepeated(client, () => client.eraseAll(extendedErase));
    tell({ event: 'erased', pages: undefined });
    return;
  }
  for (const page of pages) checkWritable(rom, page * pageSize, pageSize);
  for (let at = 0; at < pages.length; at += PAGES_AT_ONCE) {
    tell({ event: 'erasing', pages: pages.length, pagesDone: at });
    const some = pages.slice(at, at + PAGES_AT_ONCE);
    await unrepeated(client, () => client.erasePages(extendedErase, some));
  }
  if (pages.length > 0) tell({ event: 'erased', pages: pages.length });
}

/** @throws IapError WRITE_PROTECTED */
export function checkAllWritable(rom: Rom): void {
  checkWritable(rom, 0, rom.info.flashSize ?? 2 ** 20);
}

async function firstBlock(rom: Rom, page: number): Promise<Uint8Array> {
  return rom.read(MEMORY.flash + page * rom.chip.pageSize, BLOCK);
}

function isUsed(byte: number): boolean {
  return byte !== BLANK;
}

/**
 * Looks at the first block of each page.
 * @throws IapError VERIFY_FAILED
 */
export async function checkErased(rom: Rom, pages: readonly number[]): Promise<void> {
  const { pageSize } = eraser(rom);
  for (const page of pages) {
    const bytes = await firstBlock(rom, page);
    const at = bytes.findIndex(isUsed);
    if (at < 0) continue;
    const address = hex32(MEMORY.flash + page * pageSize + at);
    const found = (bytes[at] ?? 0).toString(16).padStart(2, '0');
    throw new IapError(
      'VERIFY_FAILED',
      `flash is not erased at ${address}: expected 0xff, found 0x${found}`,
      {
        hint: whyNotChanged(rom),
        details: { address, page },
      },
    );
  }
}

/** The part acknowledged, and yet flash is not what it should be. Protection that can be read was looked at before. */
export function whyNotChanged({ client: { facts } }: Rom): string {
  const worn = `${AGAIN}: the same address again means that flash is worn there`;
  const closed = 'it may be write-protected: "iap isp info" shows the protection';
  return facts.mayBeWriteProtected ? `${closed}; otherwise ${worn}` : worn;
}
