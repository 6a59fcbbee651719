// iap isp unprotect: protection taken off by the ROM's own commands.
import { IapError } from '../../../base/errors.js';
import { unprotectReadout, unprotectWrite } from '../../../isp/index.js';
import { command } from '../../command.js';
import { checkProtection, ISP_OPTIONS, PROTECTION_OPTIONS, YES_OPTION } from '../../isp-options.js';
import type { Context } from '../../link.js';
import type { ArgumentsOf } from '../../option.js';
import { tellWork, withRom } from '../../rom-link.js';
import { romJson } from '../../rom-text.js';

const OPTIONS = {
  ...ISP_OPTIONS,
  ...PROTECTION_OPTIONS,
  ...YES_OPTION,
} as const;

type IspUnprotectArguments = ArgumentsOf<typeof OPTIONS>;

export const ISP_UNPROTECT = command({
  name: 'unprotect',
  description: 'Take protection off; read-out protection takes all of flash with it',
  positionals: {},
  options: OPTIONS,
  examples: [['isp unprotect --read --yes', 'erases all of flash']],
  handler: ispUnprotect,
});

async function ispUnprotect(args: IspUnprotectArguments, context: Context): Promise<void> {
  const { output } = context;
  checkProtection(args);
  if (!args.yes) {
    const what = args.read
      ? 'taking read-out protection off erases all of flash'
      : 'this takes write protection off all of flash';
    throw new IapError('USAGE', `${what}: add --yes if that is meant`);
  }
  await withRom(args, context, async (rom) => {
    if (args.read) await tellWork(output, unprotectReadout(rom));
    if (args.write) await tellWork(output, unprotectWrite(rom));
    output.line(args.read ? 'open, and all of flash is erased' : 'no write protection');
    output.result({ part: romJson(rom.info) });
  });
}
