// iap isp go: start a program, by a reset where DTR and RTS are wired.
import { hex32 } from '../../../base/text.js';
import { goTo, MEMORY, reset } from '../../../isp/index.js';
import { command } from '../../command.js';
import { ISP_OPTIONS, RANGE_OPTIONS } from '../../isp-options.js';
import { wiringOf } from '../../line-options.js';
import type { Context } from '../../link.js';
import type { ArgumentsOf } from '../../option.js';
import { parseAddress } from '../../options.js';
import { withRom } from '../../rom-link.js';

const OPTIONS = {
  ...ISP_OPTIONS,
  start: {
    ...RANGE_OPTIONS.start,
    describe: 'Address of its vector table; the start of flash if missing',
  },
} as const;

export const ISP_GO = command({
  name: 'go',
  description: 'Start a program: by a reset with --lines, else by the Go command',
  positionals: {},
  options: OPTIONS,
  examples: [['isp go --start 0x08000000 --port /dev/ttyUSB0', 'BOOT0 stays as it is']],
  handler: ispGo,
});

async function ispGo(args: ArgumentsOf<typeof OPTIONS>, context: Context): Promise<void> {
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
