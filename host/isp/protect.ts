// Read-out and write protection. The part resets itself after each change, so it is found again and looked at.
import { IapError } from '../errors.js';
import { RomCommand } from './commands.js';
import { readProtected } from './erase.js';
import type { RomWork } from './events.js';
import { once, type Rom } from './rom.js';

/** @throws IapError VERIFY_FAILED if the part is readable afterwards */
export async function* protectReadout(rom: Rom): RomWork<void> {
  if (rom.info.readProtected) return;
  yield* change(rom, RomCommand.READOUT_PROTECT, 'Readout Protect', 'read-out protection on');
  check(rom.info.readProtected, 'read-out protection is still off');
}

/** Erases all of flash. */
export async function* unprotectReadout(rom: Rom): RomWork<void> {
  yield* change(
    rom,
    RomCommand.READOUT_UNPROTECT,
    'Readout Unprotect',
    'read-out protection off, all of flash erased',
  );
  check(!rom.info.readProtected, 'read-out protection is still on');
}

/**
 * Write-protects these sectors of 4 KB besides those that are: the ROM's command replaces them all.
 * @throws IapError READ_PROTECTED, VERIFY_FAILED
 */
export async function* protectWrite(rom: Rom, sectors: readonly number[]): RomWork<void> {
  if (rom.info.readProtected) throw readProtected('change write protection');
  rom.require(RomCommand.WRITE_PROTECT, 'Write Protect');
  const before = rom.info.optionBytes?.protectedSectors ?? [];
  const all = [...new Set([...before, ...sectors])].sort((a, b) => a - b);
  if (all.length === before.length) return;
  yield { event: 'resetting', why: `write protection of sectors ${all.join(', ')}` };
  await once(rom.client, () => rom.client.writeProtect(all));
  await found(rom, 'Write Protect');
  const now = rom.info.optionBytes?.protectedSectors ?? [];
  check(
    all.every((sector) => now.includes(sector)),
    'not all of these sectors are write-protected',
  );
}

export async function* unprotectWrite(rom: Rom): RomWork<void> {
  if (rom.info.readProtected) throw readProtected('change write protection');
  yield* change(rom, RomCommand.WRITE_UNPROTECT, 'Write Unprotect', 'write protection off');
  check(rom.info.optionBytes?.protectedSectors.length === 0, 'sectors are still write-protected');
}

async function* change(
  rom: Rom,
  code: 0x73 | 0x82 | 0x92,
  name: string,
  why: string,
): RomWork<void> {
  if (!rom.info.commands.includes(code)) {
    throw new IapError('REFUSED', `this ROM bootloader has no ${name}`);
  }
  yield { event: 'resetting', why };
  await once(rom.client, () => rom.client.protection(code));
  await found(rom, name);
}

/** Acknowledged is not yet done. */
async function found(rom: Rom, name: string): Promise<void> {
  try {
    await rom.reopen();
  } catch (error) {
    if (!(error instanceof IapError) || error.code !== 'NO_ANSWER') throw error;
    throw new IapError(
      'NO_ANSWER',
      `the part acknowledged ${name} and reset, but does not answer any more: whether it took effect is not confirmed`,
      { hint: 'leave BOOT0 high, reset the part, and look with "iap isp info"', cause: error },
    );
  }
}

function check(good: boolean, found: string): void {
  if (good) return;
  throw new IapError('VERIFY_FAILED', `the part has reset, but ${found}`, {
    hint: 'some parts take option bytes over only after a power cycle: try that, then "iap isp info"',
  });
}
