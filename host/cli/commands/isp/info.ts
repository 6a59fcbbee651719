// iap isp info: which part is there.
import type { IspArguments } from '../../isp-options.js';
import type { Context } from '../../link.js';
import { withRom } from '../../rom-link.js';
import { romJson, romTable } from '../../rom-text.js';

export async function ispInfo(args: IspArguments, context: Context): Promise<void> {
  const { output } = context;
  await withRom(args, context, async ({ info }) => {
    for (const row of romTable(info)) output.line(row);
    output.result({ part: romJson(info) });
  });
}
