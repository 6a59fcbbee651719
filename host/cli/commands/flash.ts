// iap flash: the update, told as it goes. With --wait an adapter may be unplugged and plugged in again.
import { IapError } from '../../base/errors.js';
import { ALLOWABLE, type Allowable } from '../../check/allow.js';
import type { DeviceInfo } from '../../device/device.js';
import type { Image } from '../../image/image.js';
import type { UpdateResult } from '../../update/events.js';
import { update } from '../../update/update.js';
import { command } from '../command.js';
import { COMPRESSION_OPTIONS, type Sending, sendingOf } from '../compression.js';
import { readImage } from '../image-file.js';
import { type Context, withPort } from '../link.js';
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

const OPTIONS = {
  ...LINK_OPTIONS,
  ...BAUD_OPTION,
  ...BASE_OPTION,
  ...ALLOW_OPTION,
  ...WAIT_APP_OPTION,
  ...COMPRESSION_OPTIONS,
  boot: {
    type: 'boolean',
    default: true,
    describe: 'Start the application afterwards; --no-boot leaves the bootloader running',
  },
} as const;

type FlashArguments = ArgumentsOf<typeof IMAGE & typeof OPTIONS>;

export const FLASH = command({
  name: 'flash <image>',
  description: 'Update a device, or go on with an update',
  positionals: IMAGE,
  options: OPTIONS,
  examples: [
    ['flash app.hex --port /dev/ttyUSB0', 'update at 115200 baud'],
    ['flash app.bin --port COM5 --baud 921600 --wait', 'faster, waiting for a reset'],
    ['flash app.hex --port /dev/ttyUSB0 --baud auto', 'as fast as device, adapter and cable hold'],
  ],
  handler: flash,
});

async function flash(args: FlashArguments, context: Context): Promise<void> {
  const allow = parseAllow(args.allow, ALLOWABLE);
  const rate = args.baud === undefined ? undefined : parseBaud(args.baud);
  const image = await readImage(args);
  const sending = await sendingOf(args, image.bytes);
  let begun: Uint8Array | undefined;
  /** Of earlier attempts; undefined if none got so far */
  let pagesSent: number | undefined;
  for (;;) {
    try {
      await attempt(args, context, { image, allow, rate, sending, only: begun }, ({ uniqueId }) => {
        begun = uniqueId;
      });
      return;
    } catch (caught) {
      const error = afterwards(caught, pagesSent);
      if (error instanceof IapError && error.details.resumable === true) {
        pagesSent = Number(error.details.pagesSent);
      }
      const unplugged = error instanceof IapError && error.code === 'PORT_LOST';
      if (!unplugged || !args.wait || begun === undefined) throw error;
      await tellUpdate(context.output, { event: 'reconnecting', reason: error.message }, args.port);
    }
  }
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
  /** Unique id of the device whose update was begun */
  readonly only: Uint8Array | undefined;
}

async function attempt(
  args: FlashArguments,
  context: Context,
  { image, allow, rate, sending, only }: Wanted,
  onFound: (device: DeviceInfo) => void,
): Promise<void> {
  const { output } = context;
  await withPort(args, context, async (transport, options) => {
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
        finish(output, step.value);
        await sending.installed(step.value.device);
        return;
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
