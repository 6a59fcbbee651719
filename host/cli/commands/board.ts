// iap board: the virtual board, a program of its own.
import { boardNames, partNames } from '../../node/board-file.js';
import { command, type Invocation } from '../command.js';
import type { Context } from '../link.js';
import type { ArgumentsOf } from '../option.js';

const OPTIONS = {
  part: {
    type: 'string',
    requiresArg: true,
    demandOption: true,
    choices: [...new Set([...partNames(), ...boardNames()])].sort(),
    describe: 'Which part, or board of bootloader-c/boards',
  },
  flash: {
    type: 'string',
    requiresArg: true,
    complete: 'file',
    describe: 'File that keeps the flash; a new one begins with the built bootloader',
  },
  load: {
    type: 'string',
    many: true,
    requiresArg: true,
    complete: 'file',
    describe: 'FILE@ADDR to write first, instead of the built bootloader; may be given again',
  },
  fast: { type: 'boolean', describe: 'As fast as this computer can' },
  realtime: { type: 'boolean', describe: 'At the true rate of the line' },
  boot0: { type: 'boolean', describe: "BOOT0 is high: starts blank, in ST's ROM bootloader" },
  control: {
    type: 'string',
    requiresArg: true,
    complete: 'file',
    describe: 'Socket for reset, power, button',
  },
  port: {
    type: 'string',
    requiresArg: true,
    complete: 'file',
    describe: 'Attach to this serial port instead of a new pty',
  },
  seed: {
    type: 'number',
    least: 0,
    most: 2 ** 64 - 1,
    requiresArg: true,
    describe: 'Of everything random',
  },
} as const;

export const BOARD = command({
  name: 'board',
  description: 'Run the virtual board: the real firmware on this computer',
  positionals: {},
  options: OPTIONS,
  examples: [['board --part stm32f103xe --realtime', 'prints the port to use with --port']],
  passesOn: true,
  handler: board,
});

async function board(
  args: ArgumentsOf<typeof OPTIONS>,
  _: Context,
  { words, exit }: Invocation,
): Promise<void> {
  const { factoryFlash, runBoard, silicon } = await import('../virtual-board.js');
  exit(await runBoard([...silicon(words, args.part), ...factoryFlash(args)]));
}
