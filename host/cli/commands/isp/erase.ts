// iap isp erase: pages, or everything.
import { IapError } from '../../../base/errors.js';
import { hex32 } from '../../../base/text.js';
import type { Span } from '../../../image/segments.js';
import { erase, MEMORY, type Rom } from '../../../isp/index.js';
import { command } from '../../command.js';
import { ISP_OPTIONS, RANGE_OPTIONS, YES_OPTION } from '../../isp-options.js';
import type { Context } from '../../link.js';
import type { ArgumentsOf } from '../../option.js';
import { parseRange } from '../../options.js';
import { tellWork, withRom } from '../../rom-link.js';

const OPTIONS = {
  ...ISP_OPTIONS,
  ...RANGE_OPTIONS,
  ...YES_OPTION,
  all: { type: 'boolean', default: false, describe: 'All of flash' },
} as const;

export type IspEraseArguments = ArgumentsOf<typeof OPTIONS>;

export const ISP_ERASE = command({
  name: 'erase',
  description: 'Erase pages, or all of flash',
  positionals: {},
  options: OPTIONS,
  examples: [
    ['isp erase --start 0x08008000 --length 0x4000', 'whole pages'],
    ['isp erase --all --yes', 'the bootloader too'],
  ],
  handler: ispErase,
});

async function ispErase(args: IspEraseArguments, context: Context): Promise<void> {
  const { output } = context;
  const asked = args.all ? undefined : rangeOf(args);
  if (args.all) checkAll(args);
  await withRom(args, context, async (rom) => {
    // At least the first page is looked at afterwards.
    const { address, length } = asked ?? { address: MEMORY.flash, length: rom.info.flashSize ?? 1 };
    const pages = pagesIn(rom, address, length);
    if (asked && coversFlash(rom, pages) && !args.yes) throw bootloaderToo('this range');
    await tellWork(output, erase(rom, pages, args.all));
    const what = args.all ? 'all of flash' : `${pages.length} pages from ${hex32(address)}`;
    output.line(`erased: ${what}`);
    const known = asked !== undefined || rom.info.flashSize !== undefined;
    output.result({ pages: known ? pages.length : null });
  });
}

function checkAll({ start, length, yes }: IspEraseArguments): void {
  if (start !== undefined || length !== undefined) {
    throw new IapError('USAGE', 'say either --all, or --start and --length');
  }
  if (!yes) throw bootloaderToo('--all');
}

function rangeOf(args: IspEraseArguments): Span {
  const range = parseRange(args);
  if (range) return range;
  throw new IapError('USAGE', 'say what to erase: --all, or both --start and --length', {
    hint: 'for example --start 0x08008000 --length 0x4000',
  });
}

function bootloaderToo(what: string): IapError {
  return new IapError(
    'USAGE',
    `${what} is all of flash, the bootloader too: add --yes if that is meant`,
  );
}

function coversFlash({ info: { chip, flashSize } }: Rom, pages: readonly number[]): boolean {
  return chip !== undefined && pages.length * chip.pageSize === flashSize;
}

function pagesIn({ info }: Rom, address: number, length: number): number[] {
  const { chip, flashSize } = info;
  if (!chip) return [];
  const offset = address - MEMORY.flash;
  if (
    offset < 0 ||
    offset % chip.pageSize !== 0 ||
    (flashSize !== undefined && offset + length > flashSize)
  ) {
    throw new IapError(
      'USAGE',
      `${hex32(address)} and ${length} bytes are not whole pages of ${chip.pageSize} bytes in flash`,
      {
        hint: 'pages are erased whole: start at the beginning of one',
      },
    );
  }
  const first = offset / chip.pageSize;
  return Array.from({ length: Math.ceil(length / chip.pageSize) }, (_, i) => first + i);
}
