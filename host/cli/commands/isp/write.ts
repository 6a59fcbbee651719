// iap isp write: an image file onto a part.
import { write } from '../../../isp/index.js';
import { checkSegments } from '../../checked-image.js';
import { command } from '../../command.js';
import { readSegments } from '../../image-file.js';
import { ISP_IMAGE, ISP_WRITE_OPTIONS } from '../../isp-options.js';
import type { Context } from '../../link.js';
import type { ArgumentsOf } from '../../option.js';
import { tellErased, tellWork, withRom } from '../../rom-link.js';
import { placesOf, rangesText } from '../../rom-text.js';

const OPTIONS = {
  ...ISP_WRITE_OPTIONS,
  verify: {
    type: 'boolean',
    default: true,
    describe: 'Read back; the part does not report what it did not write',
  },
} as const;

type IspWriteArguments = ArgumentsOf<typeof ISP_IMAGE & typeof OPTIONS>;

export const ISP_WRITE = command({
  name: 'write <image>',
  description: 'Write an image, and read it back',
  positionals: ISP_IMAGE,
  options: OPTIONS,
  examples: [
    ['isp write app.hex --port /dev/ttyUSB0', 'erases the pages needed'],
    ['isp write boot.bin --base 0x08000000 --lines dtr-reset', 'reset by DTR'],
  ],
  handler: ispWrite,
});

async function ispWrite(args: IspWriteArguments, context: Context): Promise<void> {
  const { output, clock } = context;
  const segments = await readSegments(args);
  const { allowed } = await checkSegments(segments, args.allow, output);
  await withRom(args, context, async (rom) => {
    if (!args.massErase) tellErased(output, rom, segments);
    const startedAt = clock.now();
    const work = write(rom, segments, { massErase: args.massErase, verify: args.verify });
    const result = await tellWork(output, work);
    const seconds = (clock.now() - startedAt) / 1000;
    const read = result.verified ? ', read back and the same' : ', not read back';
    const ranges = placesOf(segments);
    output.line(`written: ${rangesText(ranges)}`);
    output.line(`done in ${seconds.toFixed(1)} s: ${result.bytes} bytes written${read}`);
    const pagesErased = result.pagesErased ?? null;
    output.result({ ...result, ranges, pagesErased, seconds, allowed });
  });
}
