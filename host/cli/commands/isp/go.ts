// iap isp go: start a program without a reset.

import { goTo, MEMORY, RomCommand } from '../../../isp/index.js';
import { hex32 } from '../../../text.js';
import type { IspArguments } from '../../isp-options.js';
import type { Context } from '../../link.js';
import { once, parseAddress } from '../../options.js';
import { withRom } from '../../rom-link.js';

export interface IspGoArguments extends IspArguments {
  readonly start?: string | undefined;
}

export async function ispGo(args: IspGoArguments, context: Context): Promise<void> {
  const { output } = context;
  const { start } = args;
  const address =
    start === undefined ? MEMORY.flash : parseAddress('--start', once('--start', start));
  await withRom(args, context, async (rom) => {
    rom.require(RomCommand.GO, 'Go');
    await goTo(rom, address);
    output.line(
      `the program at ${hex32(address)} was started; set BOOT0 low before the next reset`,
    );
    output.result({ address });
  });
}
