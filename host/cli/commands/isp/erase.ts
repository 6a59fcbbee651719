// iap isp erase: pages, or everything.
import { IapError } from '../../../errors.js';
import { checkErased, eraseAll, erasePages, MEMORY, type Rom } from '../../../isp/index.js';
import { hex32 } from '../../../text.js';
import type { IspArguments } from '../../isp-options.js';
import type { Context } from '../../link.js';
import { checkInteger, once, parseAddress } from '../../options.js';
import { tellWork, withRom } from '../../rom-link.js';

export interface IspEraseArguments extends IspArguments {
  readonly all: boolean;
  readonly start?: string | undefined;
  readonly length?: number | undefined;
  readonly yes: boolean;
}

export async function ispErase(args: IspEraseArguments, context: Context): Promise<void> {
  const { output } = context;
  const { start, length } = args;
  if (args.all === (start !== undefined)) {
    throw new IapError('USAGE', 'say what to erase: --all, or --start and --length', {
      hint: 'for example --start 0x08008000 --length 0x4000',
    });
  }
  if (args.all && !args.yes) {
    throw new IapError('USAGE', '--all erases the bootloader too: add --yes if that is meant');
  }
  const from = start === undefined ? MEMORY.flash : parseAddress('--start', once('--start', start));
  if (length !== undefined) checkInteger('--length', length, 1, 0x0100_0000);
  await withRom(args, context, async (rom) => {
    const pages = pagesFrom(rom, from, length);
    await tellWork(output, args.all ? eraseAll(rom) : erasePages(rom, pages));
    await checkErased(rom, pages);
    const what = args.all ? 'all of flash' : `${pages.length} pages from ${hex32(from)}`;
    output.line(`erased: ${what}`);
    output.result({ pages: pages.length });
  });
}

/** One page without a length */
function pagesFrom({ info }: Rom, from: number, length: number | undefined): number[] {
  const { chip, flashSize } = info;
  if (!chip) return [];
  const offset = from - MEMORY.flash;
  const size = length ?? (offset === 0 ? (flashSize ?? chip.pageSize) : chip.pageSize);
  if (
    offset < 0 ||
    offset % chip.pageSize !== 0 ||
    (flashSize !== undefined && offset + size > flashSize)
  ) {
    throw new IapError(
      'USAGE',
      `${hex32(from)} and ${size} bytes are not whole pages of ${chip.pageSize} bytes in flash`,
      {
        hint: 'pages are erased whole: start at the beginning of one',
      },
    );
  }
  const first = offset / chip.pageSize;
  return Array.from({ length: Math.ceil(size / chip.pageSize) }, (_, i) => first + i);
}
