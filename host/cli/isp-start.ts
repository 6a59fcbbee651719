// From a part whose flash is written to its bootloader's answer: by Go, by DTR and RTS, by a person.
import { BOOTLOADER_BASE } from '../../protocol/index.js';
import { IapError } from '../base/errors.js';
import { connect } from '../device/connect.js';
import type { Device } from '../device/device.js';
import { openSession } from '../device/open.js';
import { goTo, type Rom, reset } from '../isp/index.js';
import { farMs } from '../link/distance.js';
import { closePort } from '../link/stall.js';
import type { Transport } from '../link/transport.js';
import type { IspArguments } from './isp-options.js';
import { wiringOf } from './line-options.js';
import { type Context, openPort } from './link.js';
import { withRom } from './rom-link.js';

/** A person needs so long to move BOOT0 and press reset [ms]. */
export const BY_HAND_MS = 60_000;
/** An application in the image is started when nobody called for 100 ms; with BOOT0 still high that ends in the ROM. [ms] */
const STARTED_MS = 3000;
/** So often the start is tried again if it did: a computer that is busy may miss these 100 ms several times. */
const GO_AGAIN = 6;
const FOUND_MS = 1000;

/** By Go, by DTR and RTS, by a person, not at all */
export type Started = 'go' | 'lines' | 'hand' | 'no';

export type StartArguments = IspArguments & { readonly appBaud: number };

/** What is on the part when it is started, for errors */
export type InFlash = 'image' | 'bootloader';

const WRITTEN: Readonly<Record<InFlash, string>> = {
  image: 'the image is written and verified',
  bootloader: 'all but the application is written and verified',
};

export function afterWriting(
  cause: IapError,
  what: string,
  hint: string | undefined,
  written: InFlash = 'image',
): IapError {
  const { code, details } = cause;
  const message = `${WRITTEN[written]}, but ${what}`;
  return new IapError(code, message, { hint, details, cause });
}

/** A part that is read-out protected refuses Go, and is started by a reset. */
export async function start(rom: Rom, args: IspArguments): Promise<Started> {
  const wiring = wiringOf(args);
  if (wiring) {
    await reset(rom.transport, rom.client, wiring, false);
    return 'lines';
  }
  if (rom.info.readProtected) return 'hand';
  await goTo(rom, BOOTLOADER_BASE);
  return 'go';
}

/** What is made of a device that answers; the port stays open meanwhile. */
export type Use<T> = (device: Device, transport: Transport) => Promise<T>;

interface Answering {
  /** An application that runs already is asked to leave; else it may be what answers */
  readonly enter?: boolean;
  readonly written?: InFlash;
}

/** What `use` makes of the device, once it answers. The port is closed then. */
export async function withBootloader<T>(
  args: StartArguments,
  context: Context,
  started: Started,
  use: Use<T>,
  { enter = false, written = 'image' }: Answering = {},
): Promise<T> {
  const { output } = context;
  let answered = false;
  const once: Use<T> = (device, transport) => {
    answered = true;
    return use(device, transport);
  };
  try {
    let how = started;
    for (let again = 0; how !== 'hand'; again++) {
      try {
        return await call(args, context, STARTED_MS, once, enter);
      } catch (error) {
        if (answered || !isSilent(error)) throw error;
      }
      how = how === 'go' && again < GO_AGAIN ? await startAgain(args, context) : 'hand';
    }
    output.event('reset-by-hand');
    output.line('now set BOOT0 low and reset the part: waiting for its bootloader');
    return await call(args, context, BY_HAND_MS, once, enter);
  } catch (error) {
    // What goes wrong then says itself what is on the part.
    if (answered || !(error instanceof IapError)) throw error;
    if (error.code === 'INTERRUPTED') {
      throw afterWriting(
        error,
        'its bootloader has not answered yet: interrupted',
        written === 'image' ? LOOK : AGAIN,
        written,
      );
    }
    const why = error.code === 'ECHO' ? 'a program runs that repeats what it hears' : error.message;
    const look = written === 'image' ? LOOK : `${LOOK}, or write all of it with --rom-only`;
    const hint = isSilent(error) ? `${look}: ${NOT_STARTED}` : error.hint;
    throw afterWriting(error, `its bootloader does not answer: ${why}`, hint, written);
  }
}

/** Port, wires and supply have worked up to here: they are no cause. */
const NOT_STARTED =
  'the ROM bootloader or another program may run instead, or the bootloader may have another rate (--app-baud) or UART';
const LOOK = 'set BOOT0 low, reset the part, and look with "iap info"';
const AGAIN = 'run the same command again: it goes on where it stopped';

/** The bootloader speaks without parity, so the port is opened anew. */
export async function call<T>(
  args: StartArguments,
  context: Context,
  timeoutMs: number,
  use: Use<T>,
  enter: boolean,
): Promise<T> {
  const { clock, signal } = context;
  const transport = await openPort({ ...args, wait: false }, { rate: args.appBaud }, context);
  try {
    const session = openSession(transport, { clock, signal });
    const within = timeoutMs + farMs(transport);
    const options = { hold: true, wait: true, timeoutMs: within, beforeEnter: () => enter };
    return await use(await connect(session, options), transport);
  } finally {
    await closePort(transport, clock);
  }
}

/** If the part is in its ROM bootloader once more. */
async function startAgain(args: StartArguments, context: Context): Promise<Started> {
  try {
    const found = { ...args, wait: false, timeout: FOUND_MS };
    return await withRom(found, context, (rom) => start(rom, args));
  } catch (error) {
    if (isSilent(error)) return 'hand';
    throw error;
  }
}

const SILENT: ReadonlySet<string> = new Set(['NO_ANSWER', 'NOT_OUR_DEVICE', 'ECHO']);

/** Whether nobody was there who could have answered */
export function isSilent(error: unknown): boolean {
  return error instanceof IapError && SILENT.has(error.code);
}
