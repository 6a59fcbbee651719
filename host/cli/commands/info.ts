// iap info: who is there. Changes nothing and keeps nobody from starting.
import { connect } from '../../device/connect.js';
import { openSession } from '../../device/open.js';
import { command } from '../command.js';
import { deviceJson, deviceTable } from '../describe.js';
import { type Context, withPort } from '../link.js';
import { LINK_OPTIONS, type LinkArguments } from '../options.js';

export const INFO = command({
  name: 'info',
  description: 'Show who answers on a port',
  positionals: {},
  options: LINK_OPTIONS,
  examples: [['info --port /dev/ttyUSB0', 'part, versions, what is installed']],
  handler: info,
});

async function info(args: LinkArguments, context: Context): Promise<void> {
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
  output.result({ device: deviceJson(device.info) });
}
