// Options of "iap conformance", apart from the command so that starting any other does not load it.

export const CONFORMANCE_OPTIONS = {
  yes: {
    type: 'boolean',
    default: false,
    describe: 'Overwrite the application without asking',
  },
  'power-cmd': {
    type: 'string',
    requiresArg: true,
    describe: 'Shell command that switches the device: run as "CMD off" and "CMD on"',
  },
  only: {
    type: 'string',
    requiresArg: true,
    describe: 'Checks to run, separated by commas',
  },
  permanent: {
    type: 'boolean',
    default: false,
    describe: 'Also check what can not be undone: raises the security counter for ever',
  },
} as const;

export const CONFORMANCE_NOTE = [
  'Checks the requirements of docs/bootloader-spec.md that can be seen from the other end of the line, in two minutes.',
  'Leaves the device in its bootloader with an unfinished image: install an application afterwards.',
  'Exit code: 0 nothing failed, 6 a check failed, 4 no bootloader answers.',
].join('\n');
