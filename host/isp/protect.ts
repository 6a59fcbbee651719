// Read-out and write protection. The part resets itself after each change, so it is found again and looked at.
import { IapError } from '../base/errors.js';
import type { Tell, Work } from '../base/work.js';
import { commandName, RomCommand } from './commands.js';
import { readProtected } from './erase.js';
import type { RomEvent } from './events.js';
import { type Rom, unrepeated } from './rom.js';
import { RomFault } from './rom-fault.js';

/** @throws IapError VERIFY_FAILED if the part is readable afterwards */
export function protectReadout(rom: Rom): Work<RomEvent, void> {
  return rom.work(async (tell) => {
    if (rom.info.readProtected) return;
    await change(rom, RomCommand.READOUT_PROTECT, 'read-out protection on', tell);
    check(rom.info.readProtected, 'read-out protection is still off');
  });
}

/** Erases all of flash. */
export function unprotectReadout(rom: Rom): Work<RomEvent, void> {
  return rom.work(async (tell) => {
    const why = 'read-out protection off, all of flash erased';
    await change(rom, RomCommand.READOUT_UNPROTECT, why, tell);
    check(!rom.info.readProtected, 'read-out protection is still on');
  });
}

/**
 * Write-protects these sectors of 4 KB besides those that are: the ROM's command replaces them all.
 * @throws IapError READ_PROTECTED, VERIFY_FAILED
 */
export function protectWrite(rom: Rom, sectors: readonly number[]): Work<RomEvent, void> {
  return rom.work(async (tell) => {
    if (rom.info.readProtected) throw readProtected('change write protection');
    rom.require(RomCommand.WRITE_PROTECT);
    const before = rom.info.optionBytes?.protectedSectors ?? [];
    const all = [...new Set([...before, ...sectors])].sort((a, b) => a - b);
    if (all.length === before.length) return;
    tell({ event: 'resetting', why: `write protection of sectors ${all.join(', ')}` });
    await ordered(rom, RomCommand.WRITE_PROTECT, () => rom.client.writeProtect(all));
    const now = protectedNow(rom);
    check(
      all.every((sector) => now.includes(sector)),
      'not all of these sectors are write-protected',
    );
  });
}

export function unprotectWrite(rom: Rom): Work<RomEvent, void> {
  return rom.work(async (tell) => {
    if (rom.info.readProtected) throw readProtected('change write protection');
    await change(rom, RomCommand.WRITE_UNPROTECT, 'write protection off', tell);
    check(protectedNow(rom).length === 0, 'sectors are still write-protected');
  });
}

async function change(
  rom: Rom,
  code: 0x73 | 0x82 | 0x92,
  why: string,
  tell: Tell<RomEvent>,
): Promise<void> {
  rom.require(code);
  tell({ event: 'resetting', why });
  await ordered(rom, code, () => rom.client.protection(code));
}

/** Acknowledged is not yet done. */
async function ordered(rom: Rom, code: number, action: () => Promise<void>): Promise<void> {
  rom.client.resets = true;
  try {
    await unrepeated(rom.client, action);
  } catch (error) {
    throw error instanceof IapError ? unordered(error, code) : error;
  }
  await rom.reopen(commandName(code));
}

/** A command that was refused did nothing; one that was not answered may have done all of it. */
function unordered(error: IapError, code: number): IapError {
  const { message, hint, details, cause } = error;
  const fault = cause instanceof RomFault ? cause : undefined;
  const begun = fault?.kind !== 'refused' || fault.step === 'end';
  const erased = code === RomCommand.READOUT_UNPROTECT ? ', and whether flash is erased,' : '';
  const state = begun
    ? `whether it took effect${erased} is not known: look with "iap isp info"`
    : `${commandName(code)} changed nothing`;
  return new IapError(error.code, `${message}; ${state}`, { hint, details, cause: error });
}

/** @throws IapError VERIFY_FAILED if the option bytes can not be read */
function protectedNow({ info: { optionBytes } }: Rom): readonly number[] {
  if (!optionBytes) throw unconfirmed('its option bytes can not be read: nothing is confirmed');
  return optionBytes.protectedSectors;
}

function check(good: boolean, found: string): void {
  if (!good) throw unconfirmed(found);
}

function unconfirmed(found: string): IapError {
  return new IapError('VERIFY_FAILED', `the part has reset, but ${found}`, {
    hint: 'some parts take option bytes over only after a power cycle: try that, then "iap isp info"',
  });
}
