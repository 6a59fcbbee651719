// iap isp info: which part is there.
import { command } from '../../command.js';
import { ISP_OPTIONS, type IspArguments } from '../../isp-options.js';
import type { Context } from '../../link.js';
import { withRom } from '../../rom-link.js';
import { romJson, romTable } from '../../rom-text.js';

export const ISP_INFO = command({
  name: 'info',
  description: 'Show which part is there',
  positionals: {},
  options: ISP_OPTIONS,
  examples: [['isp info --port /dev/ttyUSB0', 'part, sizes, protection']],
  handler: ispInfo,
});

async function ispInfo(args: IspArguments, context: Context): Promise<void> {
  const { output } = context;
  await withRom(args, context, async ({ info }) => {
    for (const row of romTable(info)) output.line(row);
    output.result({ part: romJson(info) });
  });
}
