// iap flash: the update, told as it goes. With --wait an adapter may be unplugged and plugged in again.
import { IapError } from '../../base/errors.js';
import { ALLOWABLE, type Allowable } from '../../check/allow.js';
import type { DeviceInfo } from '../../device/device.js';
import type { Image } from '../../image/image.js';
import { isRemote } from '../../node/remote/address.js';
import type { UpdateResult } from '../../update/events.js';
import { update } from '../../update/update.js';
import { parseAddresses } from '../addresses.js';
import { command } from '../command.js';
import { COMPRESSION_OPTIONS, type Sending, sendingOf } from '../compression.js';
import { type OnePort, onEachPort, PORTS_OPTIONS } from '../each-port.js';
import { flashOutcome } from '../flash-log.js';
import { flashGroup } from '../group-flash.js';
import { readImage } from '../image-file.js';
import { type Context, pause, RECONNECT_MS, withPort } from '../link.js';
import type { ArgumentsOf } from '../option.js';
import {
  ALLOW_OPTION,
  BASE_OPTION,
  BAUD_OPTION,
  IMAGE,
  LINK_OPTIONS,
  parseAllow,
  parseBaud,
  WAIT_APP_OPTION,
} from '../options.js';
import type { Output } from '../output.js';
import { rateMemoryOf } from '../rate-memory.js';
import { tellUpdate } from '../tell-update.js';
import { type FoundUnit, foundDevice, LOG_OPTION, logged, openLog } from '../unit-log.js';

const OPTIONS = {
  ...LINK_OPTIONS,
  ...PORTS_OPTIONS,
  ...BAUD_OPTION,
  ...BASE_OPTION,
  ...ALLOW_OPTION,
  addresses: {
    type: 'string',
    requiresArg: true,
    describe:
      'Bus addresses of several devices on one pair, for example 1-8,12: each page is sent once for all',
  },
  ...WAIT_APP_OPTION,
  ...COMPRESSION_OPTIONS,
  boot: {
    type: 'boolean',
    default: true,
    describe: 'Start the application afterwards; --no-boot leaves the bootloader running',
  },
  ...LOG_OPTION,
} as const;

type FlashArguments = ArgumentsOf<typeof IMAGE & typeof OPTIONS>;
type OneFlash = OnePort<FlashArguments>;

export const FLASH = command({
  name: 'flash <image>',
  description: 'Update a device, or go on with an update',
  positionals: IMAGE,
  options: OPTIONS,
  examples: [
    ['flash app.hex --port /dev/ttyUSB0', 'update at 115200 baud'],
    ['flash app.bin --port COM5 --baud 921600 --wait', 'faster, waiting for a reset'],
    ['flash app.hex --port /dev/ttyUSB0 --baud auto', 'as fast as device, adapter and cable hold'],
    ['flash app.hex --port rfc2217://gateway:4001 --baud 921600', 'over the network, with ser2net'],
    ['flash app.iap --port /dev/ttyUSB0 --addresses 1-32', 'all devices on a shared pair at once'],
    [
      'flash app.iap --all --log units.jsonl',
      'every device that is plugged in, and a line for each',
    ],
  ],
  handler: flash,
});

async function flash(args: FlashArguments, context: Context): Promise<void> {
  const allow = parseAllow(args.allow, ALLOWABLE);
  const rate = args.baud === undefined ? undefined : parseBaud(args.baud);
  const addresses = args.addresses === undefined ? undefined : parseAddresses(args.addresses);
  const image = await readImage(args);
  const sending = await sendingOf(args, image.bytes);
  const log = await openLog(args.log);
  try {
    await onEachPort(args, context, { rows: true }, async (one, at, presence) => {
      const flashing = {
        port: one.port ?? '',
        file: args.image,
        image,
        presence,
      };
      const wanted = { image, allow, rate, sending };
      if (addresses) {
        await flashGroup(one, at, { ...wanted, addresses, log, flashing });
        return;
      }
      const work = (onFound: (found: FoundUnit) => void): Promise<UpdateResult> =>
        untilDone(one, at, wanted, (device) => {
          presence.found();
          onFound(foundDevice(device));
        });
      const result = await logged(log, flashing, at, work, flashOutcome);
      finish(at.output, result);
    });
  } finally {
    await log?.close();
  }
}

/** With --wait, as often as the port goes away and comes back */
async function untilDone(
  args: OneFlash,
  context: Context,
  wanted: Wanted,
  onFound: (device: DeviceInfo) => void,
): Promise<UpdateResult> {
  let begun: Uint8Array | undefined;
  /** Of earlier attempts; undefined if none got so far */
  let pagesSent: number | undefined;
  for (;;) {
    try {
      return await attempt(args, context, wanted, begun, (device) => {
        begun = device.uniqueId;
        onFound(device);
      });
    } catch (caught) {
      const error = afterwards(caught, pagesSent);
      if (error instanceof IapError && error.details.resumable === true) {
        pagesSent = Number(error.details.pagesSent);
      }
      if (!args.wait || !(error instanceof IapError) || !isGone(error, args.port, begun))
        throw error;
      await tellUpdate(context.output, { event: 'reconnecting', reason: error.message }, args.port);
      if (isRemote(args.port)) await pause(RECONNECT_MS, context.clock);
    }
  }
}

/**
 * An adapter that was unplugged in mid-update. A server may close at once as long as another connection has its port, and nobody tells of
 * a network that carries nothing any more.
 */
function isGone({ code }: IapError, port = '', begun?: Uint8Array): boolean {
  if (isRemote(port)) return code === 'PORT_LOST' || code === 'LINK_LOST';
  return code === 'PORT_LOST' && begun !== undefined;
}

/** An error of a later attempt, with what the earlier ones have left behind */
function afterwards(error: unknown, pagesSent: number | undefined): unknown {
  if (pagesSent === undefined || !(error instanceof IapError)) return error;
  const { code, message, hint, details } = error;
  if (details.installed === true) return error;
  const sent = pagesSent + Number(details.pagesSent ?? 0);
  const knows = code !== 'INTERRUPTED' || details.resumable === true;
  const again = 'run the same command again: it goes on where it stopped';
  return new IapError(
    code,
    knows
      ? message
      : `interrupted in mid-update, while the device was looked for again; ${sent} pages are acknowledged as written; the device can be updated`,
    {
      hint: knows ? (hint ?? again) : again,
      details: { ...details, resumable: true, pagesSent: sent },
      cause: error,
    },
  );
}

interface Wanted {
  readonly image: Image;
  readonly allow: readonly Allowable[];
  readonly rate: number | 'auto' | undefined;
  readonly sending: Sending;
}

/** @param only unique id of the device whose update was begun */
function attempt(
  args: OneFlash,
  context: Context,
  { image, allow, rate, sending }: Wanted,
  only: Uint8Array | undefined,
  onFound: (device: DeviceInfo) => void,
): Promise<UpdateResult> {
  const { output } = context;
  return withPort(args, context, async (transport, options) => {
    const rates = rate === 'auto' && args.cache ? await rateMemoryOf(args.port ?? '') : undefined;
    const run = update(transport, image, {
      ...options,
      boot: args.boot,
      waitApp: args.waitApp,
      allow,
      ...(rate === undefined ? {} : { rate }),
      ...(rates === undefined ? {} : { rates }),
      ...(only === undefined ? {} : { only }),
      ...(sending.compression ? { compression: sending.compression } : {}),
    });
    for (;;) {
      const step = await run.next();
      if (step.done) {
        await sending.installed(step.value.device);
        return step.value;
      }
      if (step.value.event === 'found') onFound(step.value.device);
      await tellUpdate(output, step.value, args.port);
    }
  });
}

function finish(output: Output, result: UpdateResult): void {
  const { device, ...values } = result;
  // As found, not as it is now: only what an update does not change.
  const { part, serial, uniqueId } = device;
  output.result({ ...values, part, serial, uniqueId });
  const { changed, boot, bytes, pagesTotal, pagesSent, bytesSent, bytesEncoded, seconds } = result;
  const app = {
    started: ', application started',
    unconfirmed: '',
    no: ', application not started',
  }[boot];
  if (!changed) {
    output.line(`done in ${seconds.toFixed(1)} s, nothing sent${app}`);
    return;
  }
  const skipped = Math.max(0, pagesTotal - pagesSent);
  const as = bytesEncoded < bytesSent ? ` as ${bytesEncoded} bytes` : '';
  output.line(
    `done in ${seconds.toFixed(1)} s: ${bytes} bytes, ${pagesSent} pages sent${as}, ${skipped} skipped${app}`,
  );
}
