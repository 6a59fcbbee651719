// iap isp go: start a program, by a reset where DTR and RTS are wired.
import { hex32 } from '../../../base/text.js';
import { goTo, MEMORY, reset } from '../../../isp/index.js';
import type { IspArguments } from '../../isp-options.js';
import { wiringOf } from '../../line-options.js';
import type { Context } from '../../link.js';
import { parseAddress } from '../../options.js';
import { withRom } from '../../rom-link.js';

export interface IspGoArguments extends IspArguments {
  readonly start?: string | undefined;
}

export async function ispGo(args: IspGoArguments, context: Context): Promise<void> {
  const { output } = context;
  const { start } = args;
  const address = start === undefined ? MEMORY.flash : parseAddress('--start', start);
  await withRom(args, context, async (rom) => {
    const wiring = start === undefined ? wiringOf(args) : undefined;
    if (wiring) {
      await reset(rom.transport, rom.client, wiring, false);
      output.line('reset with BOOT0 low: the program in flash should run');
      output.result({ address, started: 'lines' });
      return;
    }
    await goTo(rom, address, 'give the address of a vector table with --start');
    output.line(
      `the program at ${hex32(address)} was started; set BOOT0 low before the next reset`,
    );
    output.result({ address, started: 'go' });
  });
}
