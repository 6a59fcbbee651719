// iap isp read: memory of a part into a file.
import { IapError } from '../../../base/errors.js';
import { hex32 } from '../../../base/text.js';
import { FLASH_LIMIT } from '../../../image/areas.js';
import type { Span } from '../../../image/segments.js';
import { flashRange, MEMORY, type Rom, ramRange, read, trimmed } from '../../../isp/index.js';
import { checkWritable } from '../../../node/files.js';
import { command } from '../../command.js';
import { ISP_OPTIONS, RANGE_OPTIONS } from '../../isp-options.js';
import type { Context } from '../../link.js';
import type { ArgumentsOf } from '../../option.js';
import { parseAddress, parseLength } from '../../options.js';
import { tellWork, withRom } from '../../rom-link.js';
import { checkOutput, writeSegments } from '../../segment-file.js';

const POSITIONALS = {
  file: {
    type: 'string',
    demandOption: true,
    complete: 'file',
    describe: 'Output: .hex, .srec or .bin',
  },
} as const;

const OPTIONS = {
  ...ISP_OPTIONS,
  ...RANGE_OPTIONS,
  ram: { type: 'boolean', default: false, describe: 'RAM instead of flash' },
  trim: { type: 'boolean', default: true, describe: 'Leave out the erased bytes at the end' },
} as const;

export type IspReadArguments = ArgumentsOf<typeof POSITIONALS & typeof OPTIONS>;

export const ISP_READ = command({
  name: 'read <file>',
  description: 'Read memory into a file',
  positionals: POSITIONALS,
  options: OPTIONS,
  examples: [
    ['isp read unit.hex --port /dev/ttyUSB0', 'all of flash'],
    ['isp read app.bin --start 0x08008000 --length 0x8000', 'a part of it'],
  ],
  handler: ispRead,
});

async function ispRead(args: IspReadArguments, context: Context): Promise<void> {
  const { output } = context;
  checkOutput(args.file, false);
  const asked = rangeOf(args);
  await checkWritable(args.file);
  await withRom(args, context, async (rom) => {
    const segment = await tellWork(output, read(rom, asked(rom)));
    const kept = args.trim ? trimmed(segment) : segment;
    const { address, bytes } = kept;
    if (bytes.length === 0) {
      throw new IapError(
        'IMAGE_EMPTY',
        `all of it is erased: there is nothing to write to ${args.file}`,
        {
          hint: '--no-trim writes the erased bytes too',
        },
      );
    }
    await writeSegments(args.file, [kept]);
    const left = segment.bytes.length - bytes.length;
    const trimmedText = left === 0 ? '' : `, ${left} erased bytes behind it left out`;
    output.line(`${args.file}: ${bytes.length} bytes from ${hex32(address)}${trimmedText}`);
    output.result({ path: args.file, address, bytes: bytes.length });
  });
}

function rangeOf({ start, length: typed, ram }: IspReadArguments): (rom: Rom) => Span {
  const length = typed === undefined ? undefined : parseLength(typed);
  const address = start === undefined ? undefined : parseAddress('--start', start);
  if (address !== undefined && length !== undefined && address + length > 2 ** 32) {
    throw new IapError('USAGE', '--start and --length reach over the last address');
  }
  return (rom) => {
    if (address !== undefined && length !== undefined) {
      checkInFlash(rom, address, length);
      return { address, length };
    }
    const all = ram ? ramRange(rom) : flashRange(rom);
    const end = all.address + all.length;
    const from = address ?? all.address;
    const size = length ?? end - from;
    if (from < all.address || size <= 0 || from + size > end) throw leaves(from, size, all);
    return { address: from, length: size };
  };
}

/** Other memory than flash is the part's to know. */
function checkInFlash({ info: { flashSize } }: Rom, address: number, length: number): void {
  const touches = address < FLASH_LIMIT && address + length > MEMORY.flash;
  if (flashSize === undefined || !touches) return;
  if (address >= MEMORY.flash && address + length <= MEMORY.flash + flashSize) return;
  throw leaves(address, length, { address: MEMORY.flash, length: flashSize });
}

function leaves(from: number, size: number, all: Span): IapError {
  const what = size > 0 ? `${size} bytes from ${hex32(from)} are` : `${hex32(from)} is`;
  return new IapError(
    'USAGE',
    `${what} not within ${hex32(all.address)} to ${hex32(all.address + all.length - 1)}`,
    { hint: 'to read other memory, give both --start and --length' },
  );
}
