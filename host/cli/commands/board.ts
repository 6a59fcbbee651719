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
  bus: {
    type: 'string',
    requiresArg: true,
    describe: 'As many boards on one half-duplex pair, by their addresses: 1-3 or 1,5',
  },
  echo: { type: 'boolean', describe: 'On a pair all hear what they send themselves' },
  hold: {
    type: 'number',
    least: 0,
    most: 1_000_000,
    requiresArg: true,
    describe: "How long the host's adapter drives the pair after its last bit [us]",
  },
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
  examples: [
    ['board --part stm32f103xe --realtime', 'prints the port to use with --port'],
    ['board --part stm32f103xe-rs485 --bus 1-3', 'three boards on one half-duplex pair'],
  ],
  passesOn: true,
  handler: board,
});

async function board(
  args: ArgumentsOf<typeof OPTIONS>,
  _: Context,
  { words, exit }: Invocation,
): Promise<void> {
  const { factoryFlash, runBoard, silicon } = await import('../virtual-board.js');
  if (args.bus !== undefined) {
    const { withBus } = await import('../virtual-bus.js');
    exit(await withBus(words, args, args.bus, runBoard));
    return;
  }
  exit(await runBoard([...silicon(words, args.part), ...factoryFlash(args)]));
}
