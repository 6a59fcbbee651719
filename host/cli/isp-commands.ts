// The commands under "iap isp".
import type { Argv } from 'yargs';
import { ISP_OPTIONS, YES_OPTION } from './isp-options.js';
import type { Context } from './link.js';
import { ALLOW_OPTION, BASE_OPTION, JSON_OPTION } from './options.js';

const OPTIONS = { ...ISP_OPTIONS, ...JSON_OPTION };
const IMAGE = {
  type: 'string',
  demandOption: true,
  describe: 'Image: .hex, .srec, .elf, .bin or .iap, written at its own addresses',
} as const;
const BASE = { base: { ...BASE_OPTION.base, describe: 'Where a raw binary belongs' } } as const;
const MASS_ERASE = {
  'mass-erase': {
    type: 'boolean',
    default: false,
    describe: 'Erase all of flash instead of the pages needed',
  },
} as const;
const START = { type: 'string', requiresArg: true, describe: 'First address' } as const;
const LENGTH = { type: 'string', requiresArg: true, describe: 'Number of bytes' } as const;
const RANGE = { start: START, length: LENGTH } as const;
const WHAT = {
  read: { type: 'boolean', default: false, describe: 'Read-out protection' },
  write: { type: 'boolean', default: false, describe: 'Write protection' },
} as const;

export const ISP_COMMANDS: ReadonlySet<string> = new Set([
  ...['info', 'write', 'verify', 'read', 'erase'],
  ...['go', 'protect', 'unprotect', 'factory'],
]);

export function ispCommands(y: Argv, context: Context): Argv {
  return y
    .command(
      'info',
      'Show which part is there',
      (z) =>
        z.options(OPTIONS).example('$0 isp info --port /dev/ttyUSB0', 'part, sizes, protection'),
      async (argv) => (await import('./commands/isp/info.js')).ispInfo(argv, context),
    )
    .command(
      'write <image>',
      'Write an image, and read it back',
      (z) =>
        z
          .positional('image', IMAGE)
          .options({ ...OPTIONS, ...BASE, ...ALLOW_OPTION, ...MASS_ERASE })
          .option('verify', {
            type: 'boolean',
            default: true,
            describe: 'Read back; the part does not report what it did not write',
          })
          .example('$0 isp write app.hex --port /dev/ttyUSB0', 'erases the pages needed')
          .example('$0 isp write boot.bin --base 0x08000000 --lines dtr-reset', 'reset by DTR'),
      async (argv) => (await import('./commands/isp/write.js')).ispWrite(argv, context),
    )
    .command(
      'verify <image>',
      'Compare a part with an image; writes nothing',
      (z) =>
        z
          .positional('image', IMAGE)
          .options({ ...OPTIONS, ...BASE })
          .example('$0 isp verify unit.hex --port /dev/ttyUSB0', 'exit code 6 if it differs'),
      async (argv) => (await import('./commands/isp/write.js')).ispVerify(argv, context),
    )
    .command(
      'read <file>',
      'Read memory into a file',
      (z) =>
        z
          .positional('file', {
            type: 'string',
            demandOption: true,
            describe: 'Output: .hex, .srec or .bin',
          })
          .options({ ...OPTIONS, ...RANGE })
          .option('ram', { type: 'boolean', default: false, describe: 'RAM instead of flash' })
          .option('trim', {
            type: 'boolean',
            default: true,
            describe: 'Leave out the erased bytes at the end',
          })
          .example('$0 isp read unit.hex --port /dev/ttyUSB0', 'all of flash')
          .example('$0 isp read app.bin --start 0x08008000 --length 0x8000', 'a part of it'),
      async (argv) => (await import('./commands/isp/read.js')).ispRead(argv, context),
    )
    .command(
      'erase',
      'Erase pages, or all of flash',
      (z) =>
        z
          .options({ ...OPTIONS, ...RANGE, ...YES_OPTION })
          .option('all', { type: 'boolean', default: false, describe: 'All of flash' })
          .example('$0 isp erase --start 0x08008000 --length 0x4000', 'whole pages')
          .example('$0 isp erase --all --yes', 'the bootloader too'),
      async (argv) => (await import('./commands/isp/erase.js')).ispErase(argv, context),
    )
    .command(
      'go',
      'Start a program: by a reset with --lines, else by the Go command',
      (z) =>
        z
          .options({
            ...OPTIONS,
            start: {
              ...START,
              describe: 'Address of its vector table; the start of flash if missing',
            },
          })
          .example('$0 isp go --start 0x08000000 --port /dev/ttyUSB0', 'BOOT0 stays as it is'),
      async (argv) => (await import('./commands/isp/go.js')).ispGo(argv, context),
    )
    .command(
      'protect',
      'Set read-out or write protection',
      (z) =>
        z
          .options({ ...OPTIONS, ...WHAT, ...RANGE, ...YES_OPTION })
          .example(
            '$0 isp protect --write --start 0x08000000 --length 0x7000 --yes',
            'the bootloader',
          )
          .example('$0 isp protect --read --yes', 'nobody reads the flash out'),
      async (argv) => (await import('./commands/isp/protect.js')).ispProtect(argv, context),
    )
    .command(
      'unprotect',
      'Take protection off; read-out protection takes all of flash with it',
      (z) =>
        z
          .options({ ...OPTIONS, ...WHAT, ...YES_OPTION })
          .example('$0 isp unprotect --read --yes', 'erases all of flash'),
      async (argv) => (await import('./commands/isp/protect.js')).ispUnprotect(argv, context),
    )
    .command(
      'factory <image>',
      'From a blank part to one whose bootloader answers',
      (z) =>
        z
          .positional('image', {
            ...IMAGE,
            describe: 'Image made by "iap factory": .hex, .srec or .bin',
          })
          .options({ ...OPTIONS, ...BASE, ...ALLOW_OPTION, ...MASS_ERASE, ...YES_OPTION })
          .options({
            'protect-bootloader': {
              type: 'boolean',
              default: false,
              describe: "Write-protect the bootloader's 28 KB",
            },
            'protect-read': {
              type: 'boolean',
              default: false,
              describe: 'Set read-out protection',
            },
            'app-baud': {
              type: 'number',
              requiresArg: true,
              default: 115200,
              describe: "The bootloader's rate",
            },
            start: {
              type: 'boolean',
              default: true,
              describe: 'Start it and wait for its answer; --no-start leaves it',
            },
          })
          .example('$0 isp factory unit.hex --port /dev/ttyUSB0', 'write, verify, start, ask')
          .example('$0 isp factory unit.hex --lines dtr-reset --protect-bootloader', 'on a line'),
      async (argv) => (await import('./commands/isp/factory.js')).ispFactory(argv, context),
    )
    .demandCommand(1, 'which isp command?');
}
