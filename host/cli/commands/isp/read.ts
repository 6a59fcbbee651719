// iap isp read: memory of a part into a file.
import { IapError } from '../../../errors.js';
import { flashRange, type Range, type Rom, ramRange, read, trimmed } from '../../../isp/index.js';
import { hex32 } from '../../../text.js';
import type { IspArguments } from '../../isp-options.js';
import type { Context } from '../../link.js';
import { checkInteger, once, parseAddress } from '../../options.js';
import { tellWork, withRom } from '../../rom-link.js';
import { checkOutput, writeSegments } from '../../segment-file.js';

export interface IspReadArguments extends IspArguments {
  readonly file: string;
  readonly start?: string | undefined;
  readonly length?: number | undefined;
  readonly ram: boolean;
  readonly trim: boolean;
}

export async function ispRead(args: IspReadArguments, context: Context): Promise<void> {
  const { output } = context;
  checkOutput(args.file, false);
  const asked = rangeOf(args);
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

function rangeOf({ start, length, ram }: IspReadArguments): (rom: Rom) => Range {
  if (length !== undefined) checkInteger('--length', length, 1, 0x0100_0000);
  const address = start === undefined ? undefined : parseAddress('--start', once('--start', start));
  if (address !== undefined && length !== undefined && address + length > 2 ** 32) {
    throw new IapError('USAGE', '--start and --length reach over the last address');
  }
  return (rom) => {
    if (address !== undefined && length !== undefined) return { address, length };
    const all = ram ? ramRange(rom) : flashRange(rom);
    const from = address ?? all.address;
    const most = all.address + all.length - from;
    if (from < all.address || most <= 0) {
      throw new IapError(
        'USAGE',
        `--start ${hex32(from)} is outside of ${hex32(all.address)} to ${hex32(all.address + all.length - 1)}`,
        {
          hint: 'give --length too, to read other memory',
        },
      );
    }
    return { address: from, length: Math.min(length ?? most, most) };
  };
}
