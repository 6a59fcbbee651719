// iap verify: is this image on the device.
import { IapError } from '../../base/errors.js';
import { hex32 } from '../../base/text.js';
import type { DeviceInfo } from '../../device/device.js';
import type { Image } from '../../image/image.js';
import { verify as compare } from '../../update/verify.js';
import { command } from '../command.js';
import { deviceJson, deviceLine, notNowText } from '../describe.js';
import { type OnePort, onEachPort, PORTS_OPTIONS } from '../each-port.js';
import { readImage } from '../image-file.js';
import { type Context, withPort } from '../link.js';
import type { ArgumentsOf } from '../option.js';
import { BASE_OPTION, IMAGE, LINK_OPTIONS } from '../options.js';
import type { Presence } from '../presence.js';

const OPTIONS = { ...LINK_OPTIONS, ...PORTS_OPTIONS, ...BASE_OPTION } as const;

type VerifyArguments = ArgumentsOf<typeof IMAGE & typeof OPTIONS>;

export const VERIFY = command({
  name: 'verify <image>',
  description: 'Compare a device with an image; writes nothing',
  positionals: IMAGE,
  options: OPTIONS,
  examples: [['verify app.hex --port /dev/ttyUSB0', 'exit code 6 if it differs']],
  handler: verify,
});

/** In a message; the rest is counted. */
const ADDRESSES_SHOWN = 4;

async function verify(args: VerifyArguments, context: Context): Promise<void> {
  const image = await readImage(args);
  await onEachPort(args, context, { rows: true }, (one, at, presence) =>
    compareAt(one, at, image, presence),
  );
}

async function compareAt(
  args: OnePort<VerifyArguments>,
  context: Context,
  image: Image,
  presence: Presence,
): Promise<void> {
  const { output } = context;
  const onEntering = (info: DeviceInfo): void => {
    presence.found();
    output.event('entering', { device: deviceJson(info) });
    output.line('asking the application to enter the bootloader; it is started again afterwards');
  };
  const onNotNow = (detail: number): void => {
    output.event('not-now', { detail });
    output.line(notNowText(detail));
  };
  const result = await withPort(args, context, async (transport, options) => {
    const run = compare(transport, image, { ...options, onEntering, onNotNow });
    for (;;) {
      const step = await run.next();
      if (step.done) return step.value;
      if (step.value.event === 'found') presence.found();
    }
  });
  const { device, same, pagesTotal, differing } = result;
  output.line(deviceLine(device));
  output.event('compared', { pagesTotal, differing, device: deviceJson(device) });
  if (!same) throw differs(result);
  output.line(`the device has this image: ${pagesTotal} pages compared`);
  output.result({ pagesTotal, device: deviceJson(device) });
}

function differs({ device, pagesTotal, differing }: Awaited<ReturnType<typeof compare>>): IapError {
  const where = differing
    .slice(0, ADDRESSES_SHOWN)
    .map((page) => hex32(device.appBase + page * device.pageSize))
    .join(', ');
  const message =
    differing.length === 0
      ? 'every page is right, but the device has not recorded this image as installed and good'
      : `${differing.length} of ${pagesTotal} pages differ, the first at ${where}`;
  return new IapError('IMAGE_DIFFERS', message, {
    hint: 'install the image with "iap flash"',
    details: { pagesTotal, pagesDiffering: differing.length },
  });
}
