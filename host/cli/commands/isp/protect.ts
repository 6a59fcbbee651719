// iap isp protect: option bytes by the ROM's own commands.
import { IapError } from '../../../base/errors.js';
import { hex32 } from '../../../base/text.js';
import type { Span } from '../../../image/segments.js';
import {
  MEMORY,
  protectReadout,
  protectWrite,
  type RomInfo,
  SECTOR,
  SECTORS,
  sectorsOf,
} from '../../../isp/index.js';
import { command } from '../../command.js';
import {
  checkProtection,
  ISP_OPTIONS,
  PROTECTION_OPTIONS,
  RANGE_OPTIONS,
  YES_OPTION,
} from '../../isp-options.js';
import type { Context } from '../../link.js';
import type { ArgumentsOf } from '../../option.js';
import { parseRange } from '../../options.js';
import { tellWork, withRom } from '../../rom-link.js';
import { protectedRanges, rangesText, romJson } from '../../rom-text.js';

const OPTIONS = {
  ...ISP_OPTIONS,
  ...PROTECTION_OPTIONS,
  ...RANGE_OPTIONS,
  ...YES_OPTION,
} as const;

type IspProtectArguments = ArgumentsOf<typeof OPTIONS>;

export const ISP_PROTECT = command({
  name: 'protect',
  description: 'Set read-out or write protection',
  positionals: {},
  options: OPTIONS,
  examples: [
    ['isp protect --write --start 0x08000000 --length 0x7000 --yes', 'the bootloader'],
    ['isp protect --read --yes', 'nobody reads the flash out'],
  ],
  handler: ispProtect,
});

async function ispProtect(args: IspProtectArguments, context: Context): Promise<void> {
  const { output } = context;
  checkProtection(args);
  const range = args.write ? rangeOf(args) : undefined;
  if (!args.yes) {
    const what = args.read
      ? 'read-out protection can only be taken off by erasing all of flash'
      : 'write-protected flash can not be updated until it is unprotected';
    throw new IapError('USAGE', `${what}: add --yes if that is meant`);
  }
  await withRom(args, context, async (rom) => {
    if (range) await tellWork(output, protectWrite(rom, sectorsIn(range, rom.info)));
    // With read-out protection this can not be read any more.
    const closed = rangesText(protectedRanges(rom.info));
    if (args.read) await tellWork(output, protectReadout(rom));
    if (range) output.line(`write-protected: ${closed}`);
    if (args.read) output.line('read-out protected');
    output.result({ part: romJson(rom.info) });
  });
}

function rangeOf(args: IspProtectArguments): Span {
  const range = parseRange(args);
  if (!range) {
    throw new IapError('USAGE', 'say which part of flash with --start and --length', {
      hint: 'the IAP bootloader is --start 0x08000000 --length 0x7000',
    });
  }
  const { address, length } = range;
  if (address < MEMORY.flash || address % SECTOR !== 0 || length % SECTOR !== 0) {
    throw new IapError(
      'USAGE',
      `write protection is by sectors of ${SECTOR} bytes from ${hex32(MEMORY.flash)} on`,
    );
  }
  return range;
}

/** The sectors of a range, if they are in flash and begin where it does */
function sectorsIn({ address, length }: Span, { flashSize }: RomInfo): number[] {
  const offset = address - MEMORY.flash;
  if (flashSize !== undefined && offset + length > flashSize) {
    throw new IapError(
      'USAGE',
      `${hex32(address)} and ${length} bytes are not in flash, which ends at ${hex32(MEMORY.flash + flashSize - 1)}`,
    );
  }
  const last = (SECTORS - 1) * SECTOR;
  if (offset > last) {
    throw new IapError(
      'USAGE',
      `flash from ${hex32(MEMORY.flash + last)} on is write-protected as a whole, and ${hex32(address)} is within it`,
      { hint: `give --start ${hex32(MEMORY.flash + last)} if that is meant` },
    );
  }
  return sectorsOf(offset, length);
}
