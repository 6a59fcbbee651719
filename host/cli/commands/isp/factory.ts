// iap isp factory: from a blank part to one whose IAP bootloader answers.

import { BOOTLOADER_BASE, BOOTLOADER_SIZE } from '../../../../protocol/index.js';
import { sizeOf } from '../../../base/bytes.js';
import { IapError } from '../../../base/errors.js';
import type { DeviceInfo } from '../../../device/device.js';
import { checkFactoryImage } from '../../../factory/bootloader.js';
import type { SplitUnit } from '../../../factory/split-unit.js';
import { unitIn } from '../../../factory/unit-image.js';
import type { Segment } from '../../../image/segments.js';
import {
  protectReadout,
  protectWrite,
  type Rom,
  sectorsOf,
  type WriteResult,
  write,
} from '../../../isp/index.js';
import { type CheckedSegments, checkSegments } from '../../checked-image.js';
import { command } from '../../command.js';
import { deviceJson, deviceLine } from '../../describe.js';
import { readSegments } from '../../image-file.js';
import { withRomOrUnit } from '../../isp-again.js';
import { type AppResult, installApp, splitFor, writeFirst } from '../../isp-app.js';
import { ISP_IMAGE, ISP_WRITE_OPTIONS, YES_OPTION } from '../../isp-options.js';
import { inRomAgain, leaveBootloader, secure, writeOnce } from '../../isp-secure.js';
import { afterWriting, type Started, start, withBootloader } from '../../isp-start.js';
import type { Context } from '../../link.js';
import type { ArgumentsOf } from '../../option.js';
import { RATES } from '../../options.js';
import type { Output } from '../../output.js';
import { tellErased, tellWork } from '../../rom-link.js';
import { romJson } from '../../rom-text.js';

const POSITIONALS = {
  image: { ...ISP_IMAGE.image, describe: 'Image made by "iap factory": .hex, .srec or .bin' },
} as const;

const OPTIONS = {
  ...ISP_WRITE_OPTIONS,
  ...YES_OPTION,
  'protect-bootloader': {
    type: 'boolean',
    default: false,
    describe: "Write-protect the bootloader's 28 KB",
  },
  'protect-read': { type: 'boolean', default: false, describe: 'Set read-out protection' },
  secure: {
    type: 'boolean',
    default: false,
    describe:
      'Of an image with keys: see an unsigned image refused, protect writing, then reading, and prove it',
  },
  'app-baud': {
    type: 'number',
    ...RATES,
    requiresArg: true,
    default: 115200,
    describe: "The bootloader's rate",
  },
  'transfer-baud': {
    type: 'number',
    ...RATES,
    requiresArg: true,
    describe:
      'Rate at which the bootloader takes the application; the fastest that holds if missing',
  },
  'rom-only': {
    type: 'boolean',
    default: false,
    describe: 'Write the application through the ROM bootloader, too: slower',
  },
  start: {
    type: 'boolean',
    default: true,
    describe: 'Start it and wait for its answer; --no-start leaves it',
  },
} as const;

export type IspFactoryArguments = ArgumentsOf<typeof POSITIONALS & typeof OPTIONS>;

export const ISP_FACTORY = command({
  name: 'factory <image>',
  description: 'From a blank part to one whose bootloader answers',
  positionals: POSITIONALS,
  options: OPTIONS,
  examples: [
    ['isp factory unit.hex --port /dev/ttyUSB0', 'write, verify, start, ask'],
    ['isp factory unit.hex --lines dtr-reset --protect-bootloader', 'on a line'],
    [
      'isp factory unit.hex --lines dtr-reset --secure --yes',
      'a unit that takes signed images alone',
    ],
  ],
  handler: ispFactory,
});

async function ispFactory(args: IspFactoryArguments, context: Context): Promise<void> {
  const { output, clock } = context;
  if (args.secure && (args.protectBootloader || args.protectRead || !args.start)) {
    throw new IapError(
      'USAGE',
      '--secure protects and starts by itself: leave --protect-bootloader, --protect-read and --no-start away',
    );
  }
  if ((args.protectRead || args.secure) && !args.yes) {
    throw new IapError(
      'USAGE',
      'read-out protection can only be taken off by erasing all of flash: add --yes if that is meant',
    );
  }
  const segments = await readSegments(args, BOOTLOADER_BASE);
  checkFactoryImage(segments);
  const { allowed, board } = await checkSegments(segments, args.allow, output);
  const startedAt = clock.now();
  if (args.secure) {
    await secureFactory(args, context, segments, { allowed, board });
    return;
  }
  const done = await withRomOrUnit(args, context, segments, async (rom) => {
    if (!args.massErase) tellErased(output, rom, segments);
    const split = splitFor(rom, args, segments, board, output);
    const { pagesErased } = await writeWhat(rom, args, segments, split, output);
    try {
      // Read-out protection is the last: the ROM bootloader starts nothing then.
      const now = split ? { ...args, protectRead: false } : args;
      const started = await finish(rom, now, output);
      return { pagesErased, split, started, part: romJson(rom.info) };
    } catch (error) {
      throw error instanceof IapError
        ? afterWriting(error, error.message, error.hint, split ? 'bootloader' : 'image')
        : error;
    }
  });
  const { started, split } = done;
  const answered = started === 'no' ? undefined : await answering(args, context, started, split);
  const seconds = (clock.now() - startedAt) / 1000;
  if (answered) output.line(deviceLine(answered.device));
  const state = answered ? 'the bootloader answers' : 'not started';
  output.line(`done in ${seconds.toFixed(1)} s: ${state}; BOOT0 must be low from now on`);
  output.result({
    bytes: sizeOf(segments),
    pagesErased: done.pagesErased ?? null,
    verified: true,
    seconds,
    started: answered?.started ?? started,
    part: answered?.part ?? done.part,
    device: answered ? deviceJson(answered.device) : null,
    allowed,
    application: answered?.app ?? null,
  });
}

async function writeWhat(
  rom: Rom,
  { massErase }: IspFactoryArguments,
  segments: readonly Segment[],
  split: SplitUnit | undefined,
  output: Output,
): Promise<Pick<WriteResult, 'pagesErased'>> {
  if (split) return writeFirst(rom, split, massErase, output);
  const result = await tellWork(output, write(rom, segments, { massErase }));
  output.line(`written and read back: ${result.bytes} bytes`);
  return result;
}

interface Answer {
  readonly device: DeviceInfo;
  readonly app: AppResult | undefined;
  /** Where it was in its ROM bootloader once more */
  readonly started?: Started;
  readonly part?: object;
}

async function answering(
  args: IspFactoryArguments,
  context: Context,
  started: Started,
  split: SplitUnit | undefined,
): Promise<Answer> {
  if (!split) {
    return withBootloader(args, context, started, async ({ info }) => ({
      device: info,
      app: undefined,
    }));
  }
  const { device, app } = await withBootloader(
    args,
    context,
    started,
    async (found, transport) => {
      const installed = await installApp(found, transport, split, args, context);
      if (args.protectRead) await leaveBootloader(installed.device);
      return installed;
    },
    { enter: args.protectRead, written: 'bootloader' },
  );
  if (!args.protectRead) return { device: device.info, app };
  const again = await inRomAgain(args, context, async (rom) => {
    await tellWork(context.output, protectReadout(rom));
    return { started: await start(rom, args), part: romJson(rom.info) };
  });
  const last = await withBootloader(args, context, again.started, async ({ info }) => info, {
    enter: true,
  });
  return { ...again, device: last, app };
}

async function secureFactory(
  args: IspFactoryArguments,
  context: Context,
  segments: readonly Segment[],
  { allowed, board }: CheckedSegments,
): Promise<void> {
  const { output, clock } = context;
  const startedAt = clock.now();
  const unit = unitIn(segments);
  const { written, started, part } = await withRomOrUnit(args, context, segments, async (rom) => {
    const split = splitFor(rom, args, segments, board, output);
    const result = await writeOnce(rom, segments, split, args.massErase, output);
    return { written: result, started: await start(rom, args), part: romJson(rom.info) };
  });
  const { device, app } = await secure(args, context, started, unit, segments, written.split);
  const seconds = (clock.now() - startedAt) / 1000;
  output.line(deviceLine(device));
  output.line(
    `done in ${seconds.toFixed(1)} s: takes signed images alone, protected against writing and reading; BOOT0 must be low from now on`,
  );
  output.result({
    bytes: written.bytes,
    pagesErased: written.pagesErased ?? null,
    verified: written.verified,
    seconds,
    started,
    part,
    device: deviceJson(device),
    allowed,
    secured: true,
    application: app ?? null,
  });
}

async function finish(rom: Rom, args: IspFactoryArguments, output: Output): Promise<Started> {
  if (args.protectBootloader) {
    await tellWork(output, protectWrite(rom, sectorsOf(0, BOOTLOADER_SIZE)));
  }
  if (args.protectRead) await tellWork(output, protectReadout(rom));
  return args.start ? start(rom, args) : 'no';
}
