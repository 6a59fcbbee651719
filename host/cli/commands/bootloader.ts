// iap bootloader: the bootloader of a board as a file, or which there are.
import { BOOTLOADER_BASE } from '../../../protocol/index.js';
import { IapError } from '../../base/errors.js';
import { boardNames, loadBoard } from '../../node/board-file.js';
import { builtBootloader } from '../../node/built-bootloader.js';
import { aboutJson, bootloaderOf } from '../board-bootloader.js';
import { command } from '../command.js';
import type { Context } from '../link.js';
import type { ArgumentsOf } from '../option.js';
import { OUTPUT_OPTION } from '../options.js';
import { checkOutput, writeSegments } from '../segment-file.js';

const POSITIONALS = {
  board: { type: 'string', complete: boardNames, describe: 'Board, as in bootloader-c/boards' },
} as const;
const OPTIONS = {
  output: { ...OUTPUT_OPTION.output, demandOption: false },
  signed: {
    type: 'boolean',
    default: false,
    describe: 'The one that takes signed images alone',
  },
} as const;

export const BOOTLOADER = command({
  name: 'bootloader [board]',
  description: 'Write the bootloader of a board to a file; without a board, list them',
  positionals: POSITIONALS,
  options: OPTIONS,
  examples: [
    ['bootloader', 'which there are'],
    ['bootloader stm32f103xb -o bootloader.hex', 'to write with a debugger'],
  ],
  handler: bootloader,
});

async function bootloader(
  args: ArgumentsOf<typeof POSITIONALS & typeof OPTIONS>,
  { output }: Pick<Context, 'output'>,
): Promise<void> {
  if (args.board === undefined) {
    if (args.output !== undefined) throw new IapError('USAGE', 'which board? --output needs one');
    const bootloaders: object[] = [];
    for (const name of boardNames()) {
      const { part, appBase } = await loadBoard(name);
      const found = await builtBootloader(name, undefined, args.signed);
      const size = found ? `${found.bytes.length} bytes` : 'not built';
      output.line(`${name.padEnd(18)} ${part.name.padEnd(14)} ${size}`);
      bootloaders.push({
        board: name,
        part: part.name,
        appBase,
        ...(found ? aboutJson(found) : null),
      });
    }
    output.result({ bootloaders });
    return;
  }
  if (args.output === undefined) {
    throw new IapError('USAGE', 'where to? --output FILE is missing');
  }
  const path = args.output;
  checkOutput(path, false);
  const { name } = await loadBoard(args.board);
  const found = await bootloaderOf(name, args.signed);
  await writeSegments(path, [{ address: BOOTLOADER_BASE, bytes: found.bytes }]);
  output.line(`written to ${path}: bootloader of ${name}, ${found.bytes.length} bytes`);
  output.line(`SHA-256 of its bytes: ${found.sha256}`);
  output.result({ board: name, path, ...aboutJson(found) });
}
