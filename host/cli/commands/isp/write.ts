// iap isp write and verify: an image file onto a part, or held against it.
import type { Segment, Span } from '../../../image/segments.js';
import { readBack, write } from '../../../isp/index.js';
import { type CheckedArguments, checkSegments } from '../../checked-image.js';
import { type ImageArguments, readSegments } from '../../image-file.js';
import type { IspArguments } from '../../isp-options.js';
import type { Context } from '../../link.js';
import { tellErased, tellWork, withRom } from '../../rom-link.js';
import { rangesText } from '../../rom-text.js';

export interface IspImageArguments extends IspArguments, ImageArguments {}

export interface IspWriteArguments extends IspArguments, CheckedArguments {
  readonly massErase: boolean;
  readonly verify: boolean;
}

export async function ispWrite(args: IspWriteArguments, context: Context): Promise<void> {
  const { output, clock } = context;
  const segments = await readSegments(args);
  const allowed = await checkSegments(segments, args.allow, output);
  await withRom(args, context, async (rom) => {
    if (!args.massErase) tellErased(output, rom, segments);
    const startedAt = clock.now();
    const work = write(rom, segments, { massErase: args.massErase, verify: args.verify });
    const result = await tellWork(output, work);
    const seconds = (clock.now() - startedAt) / 1000;
    const read = result.verified ? ', read back and the same' : ', not read back';
    const ranges = rangesOf(segments);
    output.line(`written: ${rangesText(ranges)}`);
    output.line(`done in ${seconds.toFixed(1)} s: ${result.bytes} bytes written${read}`);
    const pagesErased = result.pagesErased ?? null;
    output.result({ ...result, ranges, pagesErased, seconds, allowed });
  });
}

export async function ispVerify(args: IspImageArguments, context: Context): Promise<void> {
  const { output } = context;
  const segments = await readSegments(args);
  await withRom(args, context, async (rom) => {
    await tellWork(output, readBack(rom, segments));
    output.line(`the part has this image: ${rangesText(rangesOf(segments))}`);
    output.result({ bytes: segments.reduce((sum, { bytes }) => sum + bytes.length, 0) });
  });
}

function rangesOf(segments: readonly Segment[]): Span[] {
  return segments.map(({ address, bytes }) => ({ address, length: bytes.length }));
}
