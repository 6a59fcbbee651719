// iap info: who is there. Changes nothing and keeps nobody from starting.
import { Mode } from '../../../protocol/index.js';
import { IapError } from '../../base/errors.js';
import { connect } from '../../device/connect.js';
import type { DeviceInfo } from '../../device/device.js';
import { openSession } from '../../device/open.js';
import { protectionGaps } from '../../signing/security.js';
import { command } from '../command.js';
import { deviceJson, deviceTable, securityWarnings } from '../describe.js';
import { type Context, withPort } from '../link.js';
import type { ArgumentsOf } from '../option.js';
import { LINK_OPTIONS } from '../options.js';

const OPTIONS = {
  ...LINK_OPTIONS,
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
    ['info --port /dev/ttyUSB0 --wait --require-secure', 'last step of a production line'],
  ],
  handler: info,
});

async function info(args: InfoArguments, context: Context): Promise<void> {
  const { output } = context;
  const device = await withPort(args, context, async (transport, options) => {
    const { wait = false, timeoutMs } = options;
    // To catch a device that is about to start its application, it must be held for a moment.
    return connect(openSession(transport, options), {
      hold: wait,
      wait,
      beforeEnter: () => false,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
  });
  for (const row of deviceTable(device.info)) output.line(row);
  for (const text of securityWarnings(device.info)) output.warning(text);
  if (args.requireSecure) requireSecure(device.info, output);
  output.result({ device: deviceJson(device.info) });
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
      ? 'use --wait and reset the device: its bootloader says it'
      : 'this unit must not leave the house as it is',
    details: { missing: missing.join('; ') },
  });
}
