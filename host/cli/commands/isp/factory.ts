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
import { factoryOutcome, foundRom, foundUnit, type Made, unitImage } from '../../factory-log.js';
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
import { Presence } from '../../presence.js';
import { tellErased, tellWork } from '../../rom-link.js';
import { romJson } from '../../rom-text.js';
import { type FoundUnit, LOG_OPTION, logged, openLog, type UnitWork } from '../../unit-log.js';

const POSITIONALS = {
  image: { ...ISP_IMAGE.image, describe: 'Image made by "iap factory": .hex, .srec or .bin' },
} as const;

const OPTIONS = {
  ...ISP_WRITE_OPTIONS,
  ...YES_OPTION,
  ...LOG_OPTION,
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
  const { output } = context;
  checkCombination(args);
  const segments = await readSegments(args, BOOTLOADER_BASE);
  checkFactoryImage(segments);
  const checked = await checkSegments(segments, args.allow, output);
  const log = await openLog(args.log);
  try {
    const unit: UnitWork = {
      port: args.port ?? '',
      file: args.image,
      image: unitImage(segments),
      presence: new Presence(true),
      command: 'isp factory',
    };
    const make = args.secure ? makeSecure : makePlain;
    const work = (onFound: OnFound): Promise<MadeUnit> =>
      make(args, context, segments, checked, onFound);
    const made = await logged(log, unit, context, work, factoryOutcome);
    for (const line of made.lines) output.line(line);
    output.result(made.result);
  } finally {
    await log?.close();
  }
}

function checkCombination(args: IspFactoryArguments): void {
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
}

type OnFound = (found: FoundUnit) => void;

interface MadeUnit extends Made {
  readonly lines: readonly string[];
  readonly result: object;
}

async function makePlain(
  args: IspFactoryArguments,
  context: Context,
  segments: readonly Segment[],
  { allowed, board }: CheckedSegments,
  onFound: OnFound,
): Promise<MadeUnit> {
  const { output, clock } = context;
  const startedAt = clock.now();
  const use = async (rom: Rom, wentOn: boolean) => {
    onFound(foundRom(rom.info));
    if (!args.massErase) tellErased(output, rom, segments);
    const split = splitFor(rom, args, segments, board, output);
    const { pagesErased } = await writeWhat(rom, args, segments, split, output);
    try {
      // Read-out protection is the last: the ROM bootloader starts nothing then.
      const now = split ? { ...args, protectRead: false } : args;
      const finished = await finish(rom, now, output);
      return { pagesErased, split, ...finished, part: romJson(rom.info), wentOn };
    } catch (error) {
      throw error instanceof IapError
        ? afterWriting(error, error.message, error.hint, split ? 'bootloader' : 'image')
        : error;
    }
  };
  const onUnit = (unit: DeviceInfo): void => onFound(foundUnit(unit));
  const done = await withRomOrUnit(args, context, segments, use, onUnit);
  const { started, split } = done;
  const answered = started === 'no' ? undefined : await answering(args, context, started, split);
  const seconds = (clock.now() - startedAt) / 1000;
  if (answered) onFound(foundUnit(answered.device));
  const state = answered ? 'the bootloader answers' : 'not started';
  return {
    changed: isChanged(done, answered?.app, done.protects || answered?.protects === true),
    app: answered?.app,
    secured: false,
    lines: [
      ...(answered ? [deviceLine(answered.device)] : []),
      `done in ${seconds.toFixed(1)} s: ${state}; BOOT0 must be low from now on`,
    ],
    result: {
      bytes: sizeOf(segments),
      pagesErased: done.pagesErased ?? null,
      verified: true,
      seconds,
      started: answered?.started ?? started,
      part: answered?.part ?? done.part,
      device: answered ? deviceJson(answered.device) : null,
      allowed,
      application: answered?.app ?? null,
    },
  };
}

function isChanged(
  { pagesErased, wentOn }: Pick<WriteResult, 'pagesErased'> & { readonly wentOn: boolean },
  app: AppResult | undefined,
  protects: boolean,
): boolean {
  return wentOn || pagesErased !== 0 || (app?.pagesSent ?? 0) > 0 || protects;
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
  /** It was not protected before. */
  readonly protects: boolean;
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
      protects: false,
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
  if (!args.protectRead) return { device: device.info, app, protects: false };
  const again = await inRomAgain(args, context, async (rom) => {
    await tellWork(context.output, protectReadout(rom));
    return { started: await start(rom, args), part: romJson(rom.info) };
  });
  const last = await withBootloader(args, context, again.started, async ({ info }) => info, {
    enter: true,
  });
  return { ...again, device: last, app, protects: true };
}

async function makeSecure(
  args: IspFactoryArguments,
  context: Context,
  segments: readonly Segment[],
  { allowed, board }: CheckedSegments,
  onFound: OnFound,
): Promise<MadeUnit> {
  const { output, clock } = context;
  const startedAt = clock.now();
  const unit = unitIn(segments);
  const use = async (rom: Rom, wentOn: boolean) => {
    onFound(foundRom(rom.info));
    const split = splitFor(rom, args, segments, board, output);
    const result = await writeOnce(rom, segments, split, args.massErase, output);
    return { ...result, started: await start(rom, args), part: romJson(rom.info), wentOn };
  };
  const onUnit = (unit: DeviceInfo): void => onFound(foundUnit(unit));
  const done = await withRomOrUnit(args, context, segments, use, onUnit);
  const { started, part } = done;
  const { device, app, protects } = await secure(
    args,
    context,
    started,
    unit,
    segments,
    done.split,
  );
  onFound(foundUnit(device));
  const seconds = (clock.now() - startedAt) / 1000;
  return {
    changed: isChanged(done, app, protects),
    app,
    secured: true,
    lines: [
      deviceLine(device),
      `done in ${seconds.toFixed(1)} s: takes signed images alone, protected against writing and reading; BOOT0 must be low from now on`,
    ],
    result: {
      bytes: done.bytes,
      pagesErased: done.pagesErased ?? null,
      verified: done.verified,
      seconds,
      started,
      part,
      device: deviceJson(device),
      allowed,
      secured: true,
      application: app ?? null,
    },
  };
}

interface Finished {
  readonly started: Started;
  /** Against writing or reading, and it was not before */
  readonly protects: boolean;
}

async function finish(rom: Rom, args: IspFactoryArguments, output: Output): Promise<Finished> {
  const before = protectionOf(rom);
  if (args.protectBootloader) {
    await tellWork(output, protectWrite(rom, sectorsOf(0, BOOTLOADER_SIZE)));
  }
  if (args.protectRead) await tellWork(output, protectReadout(rom));
  const protects = protectionOf(rom) !== before;
  return { started: args.start ? await start(rom, args) : 'no', protects };
}

function protectionOf({ info }: Rom): string {
  return info.readProtected ? 'read' : `write ${info.optionBytes?.protectedSectors}`;
}
