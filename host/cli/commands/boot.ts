// iap boot: start the application.
import { Mode } from '../../../protocol/index.js';
import { connect, DEFAULT_TIMEOUT_MS, waitForApp } from '../../device/connect.js';
import { openSession } from '../../device/open.js';
import { bootDevice } from '../../update/boot.js';
import { command } from '../command.js';
import { deviceJson, deviceLine } from '../describe.js';
import { type Context, withPort } from '../link.js';
import type { ArgumentsOf } from '../option.js';
import { LINK_OPTIONS, WAIT_APP_OPTION } from '../options.js';

const OPTIONS = { ...LINK_OPTIONS, ...WAIT_APP_OPTION } as const;

export const BOOT = command({
  name: 'boot',
  description: 'Start the application',
  positionals: {},
  options: OPTIONS,
  examples: [['boot --port /dev/ttyUSB0 --wait-app', 'start it, and wait until it answers']],
  handler: boot,
});

async function boot(args: ArgumentsOf<typeof OPTIONS>, context: Context): Promise<void> {
  const { output } = context;
  await withPort(args, context, async (transport, options) => {
    const { wait = false, timeoutMs } = options;
    const session = openSession(transport, options);
    const device = await connect(session, {
      hold: true,
      wait,
      beforeEnter: () => false,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
    output.line(deviceLine(device.info));
    if (device.info.mode === Mode.APP) {
      output.line('the application is running already');
      output.result({ boot: 'running', device: deviceJson(device.info) });
      return;
    }
    const answered = await bootDevice(device, (event) => {
      if (event.event === 'warning') output.warn(event.message);
      const { event: name, ...values } = event;
      output.event(name, values);
    });
    if (args.waitApp) await waitForApp(session, timeoutMs ?? DEFAULT_TIMEOUT_MS);
    output.line(answered ? 'application started' : 'not confirmed');
    output.result({ boot: answered ? 'started' : 'unconfirmed', device: deviceJson(device.info) });
  });
}
