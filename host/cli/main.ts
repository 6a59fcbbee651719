#!/usr/bin/env node
// The command line: which command, and what its outcome is to a shell. The only place that ends the process.
import yargs from 'yargs';
import { realClock } from '../base/clock.js';
import { ExitCode, exitCodeOf, IapError } from '../base/errors.js';
import { boardNames, partNames } from '../node/board-file.js';
import { CHECK_OPTIONS } from './check-options.js';
import { CONFORMANCE_NOTE, CONFORMANCE_OPTIONS } from './conformance-options.js';
import { DUMP_OPTIONS, FACTORY_OPTIONS } from './factory-options.js';
import { Interruption } from './interrupt.js';
import { ISP_COMMANDS, ispCommands } from './isp-commands.js';
import { type Context, realPorts } from './link.js';
import { ALLOW_OPTION, BASE_OPTION, BAUD_OPTION, JSON_OPTION, LINK_OPTIONS } from './options.js';
import { Output } from './output.js';
import { OUTPUT_OPTION, PACK_OPTIONS } from './pack-options.js';

const IMAGE = {
  type: 'string',
  demandOption: true,
  describe: 'Application: .bin, .hex, .srec, .elf or .iap package',
} as const;
const PLAIN_IMAGE = { ...IMAGE, describe: 'Application: .bin, .hex, .srec or .elf' } as const;
const START_OPTIONS = {
  'wait-app': {
    type: 'boolean',
    default: false,
    describe: 'After the start, wait until the application answers',
  },
} as const;

/** Runs one command line; returns the exit code. */
async function run(args: readonly string[], context: Context): Promise<ExitCode | number> {
  let boardExit: number | undefined;
  const parser = yargs([...args])
    .scriptName('iap')
    .usage('$0 <command>\n\nFirmware updates for STM32 over a UART.')
    .command(
      'ports',
      'List the serial ports',
      (y) => y.options(JSON_OPTION).example('$0 ports', 'what is plugged in'),
      async () => (await import('./commands/ports.js')).ports(context),
    )
    .command(
      'info',
      'Show who answers on a port',
      (y) =>
        y
          .options({ ...LINK_OPTIONS, ...JSON_OPTION })
          .example('$0 info --port /dev/ttyUSB0', 'part, versions, what is installed'),
      async (argv) => (await import('./commands/info.js')).info(argv, context),
    )
    .command(
      'flash <image>',
      'Update a device, or go on with an update',
      (y) =>
        y
          .positional('image', IMAGE)
          .options({
            ...LINK_OPTIONS,
            ...BAUD_OPTION,
            ...BASE_OPTION,
            ...ALLOW_OPTION,
            ...START_OPTIONS,
            ...JSON_OPTION,
          })
          .option('boot', {
            type: 'boolean',
            default: true,
            describe: 'Start the application afterwards; --no-boot leaves the bootloader running',
          })
          .example('$0 flash app.hex --port /dev/ttyUSB0', 'update at 115200 baud')
          .example(
            '$0 flash app.bin --port COM5 --baud 921600 --wait',
            'faster, waiting for a reset',
          ),
      async (argv) => (await import('./commands/flash.js')).flash(argv, context),
    )
    .command(
      'verify <image>',
      'Compare a device with an image; writes nothing',
      (y) =>
        y
          .positional('image', IMAGE)
          .options({ ...LINK_OPTIONS, ...BASE_OPTION, ...JSON_OPTION })
          .example('$0 verify app.hex --port /dev/ttyUSB0', 'exit code 6 if it differs'),
      async (argv) => (await import('./commands/verify.js')).verify(argv, context),
    )
    .command(
      'boot',
      'Start the application',
      (y) =>
        y
          .options({ ...LINK_OPTIONS, ...START_OPTIONS, ...JSON_OPTION })
          .example('$0 boot --port /dev/ttyUSB0 --wait-app', 'start it, and wait until it answers'),
      async (argv) => (await import('./commands/boot.js')).boot(argv, context),
    )
    .command(
      'conformance',
      'Hold a bootloader against its specification; overwrites the application',
      (y) =>
        y
          .options({ ...LINK_OPTIONS, ...CONFORMANCE_OPTIONS, ...JSON_OPTION })
          .epilogue(CONFORMANCE_NOTE)
          .example('$0 conformance --port COM5 --power-cmd relay', 'all checks, power cuts too'),
      async (argv) => (await import('./commands/conformance.js')).conformance(argv, context),
    )
    .command(
      'check <images..>',
      'Find what is wrong with images, without a device',
      (y) =>
        y
          .positional('images', { ...IMAGE, array: true })
          .options({ ...CHECK_OPTIONS, ...BASE_OPTION, ...ALLOW_OPTION, ...JSON_OPTION })
          .conflicts('part', 'board')
          .example('$0 check app.elf --board stm32f103xb', 'everything that can be told')
          .example('$0 check build/*.iap --part stm32f103xe', 'in CI: exit code 3 if one is wrong'),
      async (argv) => (await import('./commands/check.js')).check(argv, context),
    )
    .command(
      'pack <image>',
      'Make a package: an image with product, hardware and version',
      (y) =>
        y
          // Here it is the version of the image.
          .version(false)
          .positional('image', PLAIN_IMAGE)
          .options({
            ...PACK_OPTIONS,
            ...OUTPUT_OPTION,
            ...BASE_OPTION,
            ...ALLOW_OPTION,
            ...JSON_OPTION,
          })
          .example(
            '$0 pack app.hex -o app.iap --product PUMP-2 --hardware 1-3 --version 1.4.0',
            'for three hardware revisions',
          )
          .example('$0 pack app.hex -o app.iap --from pump.json --version 1.4.1', 'from a file'),
      async (argv) => (await import('./commands/pack.js')).pack(argv, context),
    )
    .command(
      'factory [image]',
      'Make the first image of a unit: bootloader, application, boot record, identity',
      (y) =>
        y
          .positional('image', {
            type: 'string',
            describe: 'Application: .bin, .hex, .srec, .elf or .iap package',
          })
          .options({
            ...FACTORY_OPTIONS,
            ...OUTPUT_OPTION,
            ...BASE_OPTION,
            ...ALLOW_OPTION,
            ...JSON_OPTION,
          })
          .example(
            '$0 factory app.iap -o unit.hex --board stm32f103xb --product PUMP-2 --serial A0001',
            'one unit',
          )
          .example('$0 factory --blank-app -o boot.hex --board stm32f103xb', 'bootloader only'),
      async (argv) => (await import('./commands/factory.js')).factory(argv, context),
    )
    .command(
      'dump-record <dump>',
      'Read the boot record out of a copy of the flash',
      (y) =>
        y
          .positional('dump', {
            type: 'string',
            demandOption: true,
            describe: 'The flash as a debugger reads it: .bin, .hex or .srec',
          })
          .options({ ...DUMP_OPTIONS, ...JSON_OPTION })
          .example('$0 dump-record flash.bin', 'what is installed, and what would start'),
      async (argv) => (await import('./commands/dump-record.js')).dumpRecord(argv, context),
    )
    .command('isp', "Program a part through ST's ROM bootloader (BOOT0 high)", (y) =>
      ispCommands(y, context),
    )
    .command(
      'board',
      'Run the virtual board: the real firmware on this computer',
      (y) =>
        y
          .strict(false)
          .option('part', {
            type: 'string',
            requiresArg: true,
            demandOption: true,
            choices: [...new Set([...partNames(), ...boardNames()])].sort(),
            describe: 'Which part, or board of bootloader-c/boards',
          })
          .option('flash', {
            type: 'string',
            requiresArg: true,
            describe: 'File that keeps the flash; a new one begins with the built bootloader',
          })
          .option('load', {
            type: 'string',
            requiresArg: true,
            describe:
              'FILE@ADDR to write first, instead of the built bootloader; may be given again',
          })
          .option('fast', { type: 'boolean', describe: 'As fast as this computer can' })
          .option('realtime', { type: 'boolean', describe: 'At the true rate of the line' })
          .option('boot0', {
            type: 'boolean',
            describe: "BOOT0 is high: starts blank, in ST's ROM bootloader",
          })
          .option('control', {
            type: 'string',
            requiresArg: true,
            describe: 'Socket for reset, power, button',
          })
          .option('port', {
            type: 'string',
            requiresArg: true,
            describe: 'Attach to this serial port instead of a new pty',
          })
          .option('seed', { type: 'number', requiresArg: true, describe: 'Of everything random' })
          .options(JSON_OPTION)
          .example('$0 board --part stm32f103xe --realtime', 'prints the port to use with --port'),
      async (argv) => {
        const { board, factoryFlash, silicon } = await import('./commands/board.js');
        const given = args.slice(args.indexOf('board') + 1);
        boardExit = await board([...silicon(given, argv.part), ...factoryFlash(argv)]);
      },
    )
    .demandCommand(1, 'which command?')
    .strict()
    .parserConfiguration({ 'duplicate-arguments-array': true })
    .exitProcess(false)
    .fail((message, error) => {
      // What yargs itself finds wrong with the command line comes with a message, or as its own kind of error.
      if (error && error.name !== 'YError') throw error;
      throw new IapError('USAGE', message ?? error?.message, {
        hint: `"${helpFor(args)}" shows how`,
      });
    })
    .wrap(Math.min(100, process.stdout.columns ?? 100))
    .version()
    .help();
  await parser.parseAsync();
  return boardExit ?? ExitCode.DONE;
}

/** The command under "iap isp" that was meant, if it can be told */
function helpFor([command, sub = '']: readonly string[]): string {
  if (command !== 'isp') return 'iap --help';
  return ISP_COMMANDS.has(sub) ? `iap isp ${sub} --help` : 'iap isp --help';
}

/** Nothing that happens to the output ends an update half-way; what is lost of it shows in the exit code. */
function noticeLostOutput(): void {
  let lost: Error | undefined;
  const failed = (error: NodeJS.ErrnoException): void => {
    // A reader that has gone, as in "iap … | head", has what it wanted.
    if (error.code !== 'EPIPE') lost ??= error;
  };
  for (const stream of [process.stdout, process.stderr]) stream.on('error', failed);
  process.on('exit', (code) => {
    if (!lost) return;
    process.stderr.write(`error: the output can not be written: ${lost.message}\n`);
    if (code === ExitCode.DONE) process.exitCode = exitCodeOf(lost);
  });
}

async function main(args: readonly string[]): Promise<void> {
  // Known before the command line is understood, so that a mistake in it is reported the same way.
  const output = new Output(args.includes('--json'));
  noticeLostOutput();
  // The board ends by itself; it is told of signals.
  const exit = (code: ExitCode): void => process.exit(code);
  const interruption = args[0] === 'board' ? undefined : new Interruption(output, exit);
  const signal = interruption?.signal ?? new AbortController().signal;
  try {
    process.exitCode = await run(args, { output, signal, ports: realPorts, clock: realClock });
  } catch (error) {
    const exitCode = interruption?.exitCodeOf(error) ?? exitCodeOf(error);
    output.failure(error, exitCode);
    process.exitCode = exitCode;
  }
}

await main(process.argv.slice(2));
