// iap isp factory: from a blank part to one whose IAP bootloader answers.
import { BOOTLOADER_BASE, BOOTLOADER_SIZE } from '../../../../protocol/index.js';
import { IapError } from '../../../base/errors.js';
import { connect } from '../../../device/connect.js';
import type { DeviceInfo } from '../../../device/device.js';
import { openSession } from '../../../device/open.js';
import { checkFactoryImage } from '../../../factory/bootloader.js';
import {
  goTo,
  protectReadout,
  protectWrite,
  type Rom,
  reset,
  sectorsOf,
  write,
} from '../../../isp/index.js';
import { closePort } from '../../../link/stall.js';
import { checkSegments } from '../../checked-image.js';
import { command } from '../../command.js';
import { deviceJson, deviceLine } from '../../describe.js';
import { readSegments } from '../../image-file.js';
import { ISP_IMAGE, ISP_WRITE_OPTIONS, type IspArguments, YES_OPTION } from '../../isp-options.js';
import { wiringOf } from '../../line-options.js';
import { type Context, openPort } from '../../link.js';
import type { ArgumentsOf } from '../../option.js';
import { RATES } from '../../options.js';
import type { Output } from '../../output.js';
import { tellErased, tellWork, withRom } from '../../rom-link.js';
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
  'app-baud': {
    type: 'number',
    ...RATES,
    requiresArg: true,
    default: 115200,
    describe: "The bootloader's rate",
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
  ],
  handler: ispFactory,
});

/** A person needs so long to move BOOT0 and press reset [ms]. */
const BY_HAND_MS = 60_000;
/** An application in the image is started when nobody called for 100 ms; with BOOT0 still high that ends in the ROM. [ms] */
const STARTED_MS = 3000;
/** So often the start is tried again if it did. */
const GO_AGAIN = 2;
const FOUND_MS = 1000;

/** By Go, by DTR and RTS, by a person, not at all */
type Started = 'go' | 'lines' | 'hand' | 'no';

async function ispFactory(args: IspFactoryArguments, context: Context): Promise<void> {
  const { output, clock } = context;
  if (args.protectRead && !args.yes) {
    throw new IapError(
      'USAGE',
      'read-out protection can only be taken off by erasing all of flash: add --yes if that is meant',
    );
  }
  const segments = await readSegments(args, BOOTLOADER_BASE);
  checkFactoryImage(segments);
  const allowed = await checkSegments(segments, args.allow, output);
  const startedAt = clock.now();
  const done = await withRom(args, context, async (rom) => {
    if (!args.massErase) tellErased(output, rom, segments);
    const result = await tellWork(output, write(rom, segments, { massErase: args.massErase }));
    output.line(`written and read back: ${result.bytes} bytes`);
    try {
      return { result, started: await finish(rom, args, output), part: romJson(rom.info) };
    } catch (error) {
      throw error instanceof IapError ? afterWriting(error, error.message, error.hint) : error;
    }
  });
  const { started } = done;
  const device = started === 'no' ? undefined : await answerOf(args, context, started);
  const seconds = (clock.now() - startedAt) / 1000;
  if (device) output.line(deviceLine(device));
  const state = device ? 'the bootloader answers' : 'not started';
  output.line(`done in ${seconds.toFixed(1)} s: ${state}; BOOT0 must be low from now on`);
  output.result({
    ...done.result,
    pagesErased: done.result.pagesErased ?? null,
    seconds,
    started,
    part: done.part,
    device: device ? deviceJson(device) : null,
    allowed,
  });
}

async function finish(rom: Rom, args: IspFactoryArguments, output: Output): Promise<Started> {
  if (args.protectBootloader) {
    await tellWork(output, protectWrite(rom, sectorsOf(0, BOOTLOADER_SIZE)));
  }
  if (args.protectRead) await tellWork(output, protectReadout(rom));
  return args.start ? start(rom, args) : 'no';
}

function afterWriting(cause: IapError, what: string, hint: string | undefined): IapError {
  const { code, details } = cause;
  const message = `the image is written and verified, but ${what}`;
  return new IapError(code, message, { hint, details, cause });
}

/** A part that is read-out protected refuses Go, and is started by a reset. */
async function start(rom: Rom, args: IspArguments): Promise<Started> {
  const wiring = wiringOf(args);
  if (wiring) {
    await reset(rom.transport, rom.client, wiring, false);
    return 'lines';
  }
  if (rom.info.readProtected) return 'hand';
  await goTo(rom, BOOTLOADER_BASE);
  return 'go';
}

async function answerOf(
  args: IspFactoryArguments,
  context: Context,
  started: Started,
): Promise<DeviceInfo> {
  const { output } = context;
  try {
    let how = started;
    for (let again = 0; how !== 'hand'; again++) {
      try {
        return await call(args, context, STARTED_MS);
      } catch (error) {
        if (!isSilent(error)) throw error;
      }
      how = how === 'go' && again < GO_AGAIN ? await startAgain(args, context) : 'hand';
    }
    output.event('reset-by-hand');
    output.line('now set BOOT0 low and reset the part: waiting for its bootloader');
    return await call(args, context, BY_HAND_MS);
  } catch (error) {
    if (!(error instanceof IapError)) throw error;
    if (error.code === 'INTERRUPTED') {
      throw afterWriting(error, 'its bootloader has not answered yet: interrupted', LOOK);
    }
    const why = error.code === 'ECHO' ? 'a program runs that repeats what it hears' : error.message;
    const hint = isSilent(error) ? `${LOOK}: ${NOT_STARTED}` : error.hint;
    throw afterWriting(error, `its bootloader does not answer: ${why}`, hint);
  }
}

/** Port, wires and supply have worked up to here: they are no cause. */
const NOT_STARTED =
  'the ROM bootloader or another program may run instead, or the bootloader may have another rate (--app-baud) or UART';
const LOOK = 'set BOOT0 low, reset the part, and look with "iap info"';

/** The bootloader speaks without parity, so the port is opened anew. */
async function call(
  args: IspFactoryArguments,
  context: Context,
  timeoutMs: number,
): Promise<DeviceInfo> {
  const { clock, signal } = context;
  const transport = await openPort({ ...args, wait: false }, { rate: args.appBaud }, context);
  try {
    const session = openSession(transport, { clock, signal });
    const options = { hold: true, wait: true, timeoutMs, beforeEnter: () => false };
    return (await connect(session, options)).info;
  } finally {
    await closePort(transport, clock);
  }
}

/** If the part is in its ROM bootloader once more. */
async function startAgain(args: IspFactoryArguments, context: Context): Promise<Started> {
  try {
    const found = { ...args, wait: false, timeout: FOUND_MS };
    return await withRom(found, context, (rom) => start(rom, args));
  } catch (error) {
    if (isSilent(error)) return 'hand';
    throw error;
  }
}

const SILENT: ReadonlySet<string> = new Set(['NO_ANSWER', 'NOT_OUR_DEVICE', 'ECHO']);

function isSilent(error: unknown): boolean {
  return error instanceof IapError && SILENT.has(error.code);
}
