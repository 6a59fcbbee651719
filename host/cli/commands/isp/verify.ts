// iap isp verify: an image file held against a part.
import { sizeOf } from '../../../base/bytes.js';
import { readBack } from '../../../isp/index.js';
import { command } from '../../command.js';
import { readSegments } from '../../image-file.js';
import { ISP_IMAGE, ISP_IMAGE_OPTIONS } from '../../isp-options.js';
import type { Context } from '../../link.js';
import type { ArgumentsOf } from '../../option.js';
import { tellWork, withRom } from '../../rom-link.js';
import { placesOf, rangesText } from '../../rom-text.js';

type IspVerifyArguments = ArgumentsOf<typeof ISP_IMAGE & typeof ISP_IMAGE_OPTIONS>;

export const ISP_VERIFY = command({
  name: 'verify <image>',
  description: 'Compare a part with an image; writes nothing',
  positionals: ISP_IMAGE,
  options: ISP_IMAGE_OPTIONS,
  examples: [['isp verify unit.hex --port /dev/ttyUSB0', 'exit code 6 if it differs']],
  handler: ispVerify,
});

async function ispVerify(args: IspVerifyArguments, context: Context): Promise<void> {
  const { output } = context;
  const segments = await readSegments(args);
  await withRom(args, context, async (rom) => {
    await tellWork(output, readBack(rom, segments));
    output.line(`the part has this image: ${rangesText(placesOf(segments))}`);
    output.result({ bytes: sizeOf(segments) });
  });
}
