// iap isp protect and unprotect: option bytes by the ROM's own commands.
import { IapError } from '../../../errors.js';
import {
  MEMORY,
  protectReadout,
  protectWrite,
  SECTOR,
  sectorsOf,
  unprotectReadout,
  unprotectWrite,
} from '../../../isp/index.js';
import { hex32 } from '../../../text.js';
import type { IspArguments } from '../../isp-options.js';
import type { Context } from '../../link.js';
import { checkInteger, once, parseAddress } from '../../options.js';
import { tellWork, withRom } from '../../rom-link.js';
import { romJson } from '../../rom-text.js';

export interface IspProtectArguments extends IspArguments {
  readonly read: boolean;
  readonly write: boolean;
  readonly start?: string | undefined;
  readonly length?: number | undefined;
  readonly yes: boolean;
}

export async function ispProtect(args: IspProtectArguments, context: Context): Promise<void> {
  const { output } = context;
  checkWhat(args);
  const sectors = args.write ? sectorsIn(args) : [];
  if (!args.yes) {
    const what = args.read
      ? 'read-out protection can only be taken off by erasing all of flash'
      : 'write-protected flash can not be updated until it is unprotected';
    throw new IapError('USAGE', `${what}: add --yes if that is meant`);
  }
  await withRom(args, context, async (rom) => {
    if (args.write) await tellWork(output, protectWrite(rom, sectors));
    if (args.read) await tellWork(output, protectReadout(rom));
    output.line(
      args.read
        ? 'read-out protected'
        : `write-protected: sectors ${sectors.join(', ')} of ${SECTOR / 1024} KB`,
    );
    output.result({ part: romJson(rom.info) });
  });
}

export async function ispUnprotect(args: IspProtectArguments, context: Context): Promise<void> {
  const { output } = context;
  checkWhat(args);
  if (!args.yes) {
    const what = args.read
      ? 'taking read-out protection off erases all of flash'
      : 'this takes write protection off all of flash';
    throw new IapError('USAGE', `${what}: add --yes if that is meant`);
  }
  await withRom(args, context, async (rom) => {
    if (args.read) await tellWork(output, unprotectReadout(rom));
    if (args.write) await tellWork(output, unprotectWrite(rom));
    output.line(args.read ? 'open, and all of flash is erased' : 'no write protection');
    output.result({ part: romJson(rom.info) });
  });
}

function checkWhat({ read, write }: IspProtectArguments): void {
  if (read || write) return;
  throw new IapError('USAGE', 'say which protection: --read or --write', {
    hint: 'read-out protection, or write protection of sectors of flash',
  });
}

function sectorsIn({ start, length }: IspProtectArguments): number[] {
  if (start === undefined || length === undefined) {
    throw new IapError('USAGE', 'say which part of flash with --start and --length', {
      hint: 'the IAP bootloader is --start 0x08000000 --length 0x7000',
    });
  }
  const address = parseAddress('--start', once('--start', start));
  checkInteger('--length', length, 1, 0x0100_0000);
  if (address < MEMORY.flash || address % SECTOR !== 0 || length % SECTOR !== 0) {
    throw new IapError(
      'USAGE',
      `write protection is by sectors of ${SECTOR} bytes from ${hex32(MEMORY.flash)} on`,
    );
  }
  return sectorsOf(address - MEMORY.flash, length);
}
