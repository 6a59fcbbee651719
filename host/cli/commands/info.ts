// iap info: who is there. Changes nothing and keeps nobody from starting.
import { CALL_INTERVAL_MS, Mode } from '../../../protocol/index.js';
import { IapError } from '../../base/errors.js';
import { connect, NOBODY } from '../../device/connect.js';
import type { Device, DeviceInfo } from '../../device/device.js';
import { type LinkOptions, openSession } from '../../device/open.js';
import type { Session } from '../../link/session.js';
import { protectionGaps } from '../../signing/security.js';
import { command } from '../command.js';
import { deviceJson, deviceTable, securityWarnings } from '../describe.js';
import { type OnePort, onEachPort, PORTS_OPTIONS } from '../each-port.js';
import { type Context, withPort } from '../link.js';
import type { ArgumentsOf } from '../option.js';
import { LINK_OPTIONS } from '../options.js';
import type { Output } from '../output.js';
import type { Presence } from '../presence.js';

const OPTIONS = {
  ...LINK_OPTIONS,
  ...PORTS_OPTIONS,
  bootloader: {
    type: 'boolean',
    describe:
      'Wait for the bootloader, past an application that answers: reset the device. --wait and --require-secure together do the same',
  },
  'require-secure': {
    type: 'boolean',
    describe:
      'End with exit code 5 unless the device is protected as units are that leave the house',
  },
} as const;

type InfoArguments = ArgumentsOf<typeof OPTIONS>;

export const INFO = command({
  name: 'info',
  description: 'Show who answers on a port',
  positionals: {},
  options: OPTIONS,
  examples: [
    ['info --port /dev/ttyUSB0', 'part, versions, what is installed'],
    [
      'info --port /dev/ttyUSB0 --bootloader',
      'what only the bootloader knows; then reset the device',
    ],
    ['info --port /dev/ttyUSB0 --wait --require-secure', 'last step of a production line'],
    ['info --all', 'every device that is plugged in'],
    ['info --port tcp://gateway:4000', 'over the network'],
  ],
  handler: info,
});

function info(args: InfoArguments, context: Context): Promise<void> {
  return onEachPort(args, context, { rows: false }, show);
}

async function show(
  args: OnePort<InfoArguments>,
  context: Context,
  presence: Presence,
): Promise<void> {
  const { output } = context;
  const bootloader = args.bootloader === true || (args.requireSecure === true && args.wait);
  const device = await withPort(
    { ...args, wait: args.wait || bootloader },
    context,
    (transport, options) => {
      const told = { output, presence };
      return find(openSession(transport, options), bootloader, options, told);
    },
  );
  for (const row of deviceTable(device.info)) output.line(row);
  for (const text of securityWarnings(device.info)) output.warning(text);
  if (args.requireSecure) requireSecure(device.info, output);
  output.result({ device: deviceJson(device.info) });
}

async function find(
  session: Session,
  bootloader: boolean,
  { wait = false, timeoutMs }: LinkOptions,
  { output, presence }: { readonly output: Output; readonly presence: Presence },
): Promise<Device> {
  const { clock } = session;
  const end = clock.now() + (timeoutMs ?? Number.POSITIVE_INFINITY);
  let app: Device | undefined;
  for (;;) {
    try {
      // To catch a device that is about to start its application, it must be held for a moment.
      const device = await connect(session, {
        hold: wait,
        wait,
        alone: true,
        beforeEnter: () => false,
        ...(timeoutMs === undefined ? {} : { timeoutMs: Math.max(0, end - clock.now()) }),
      });
      presence.found();
      if (!bootloader || device.info.mode !== Mode.APP) return device;
      if (!app) output.line('its application answers: reset the device');
      app = device;
    } catch (error) {
      // The time is over within a call.
      if (app && error instanceof IapError && NOBODY.has(error.code)) return app;
      throw error;
    }
    if (clock.now() >= end) return app;
    await session.sleep(CALL_INTERVAL_MS);
  }
}

function requireSecure(info: DeviceInfo, output: Context['output']): void {
  output.event('found', { device: deviceJson(info) });
  const byApp = info.mode === Mode.APP && !info.security;
  const missing = byApp
    ? ['its application answers, and does not know']
    : protectionGaps(info.security);
  if (missing.length === 0) return;
  throw new IapError('NOT_SECURE', `the device is not protected: ${missing.join('; ')}`, {
    hint: byApp
      ? 'add --wait, and reset the device when it says so: its bootloader knows'
      : 'this unit must not leave the house as it is',
    details: { missing: missing.join('; ') },
  });
}
