// Options of "iap factory", apart from the command so that starting any other does not load it.

export const FACTORY_OPTIONS = {
  board: {
    type: 'string',
    requiresArg: true,
    demandOption: true,
    describe: 'Board, as in bootloader-c/boards',
  },
  bootloader: {
    type: 'string',
    requiresArg: true,
    describe: 'Bootloader to use, instead of the one built for the board',
  },
  'blank-app': {
    type: 'boolean',
    default: false,
    describe: 'No application: the unit waits for its first update',
  },
  'record-only': {
    type: 'boolean',
    default: false,
    describe: 'Only the boot record, for an application that a debugger writes',
  },
  'write-protect': {
    type: 'boolean',
    default: false,
    describe: 'Add option bytes that protect the bootloader (only .hex)',
  },
  product: {
    type: 'string',
    requiresArg: true,
    describe: 'Product id: text of up to 16 bytes, padded with zero, or 32 hex digits',
  },
  hardware: { type: 'number', requiresArg: true, describe: 'Hardware revision of this unit' },
  serial: {
    type: 'string',
    requiresArg: true,
    describe: 'Serial number, up to 16 characters',
  },
  address: { type: 'number', requiresArg: true, describe: 'Bus address, 1 to 254' },
  'default-baud': {
    type: 'number',
    requiresArg: true,
    describe: "Rate after a reset, instead of the board's",
  },
  'packages-only': {
    type: 'boolean',
    default: false,
    describe: 'This unit takes no plain images, only packages of its product',
  },
  data: {
    type: 'string',
    requiresArg: true,
    describe: "ADDRESS=FILE: the unit's own data above the application area; may be given again",
  },
} as const;

export const DUMP_OPTIONS = {
  base: {
    type: 'string',
    requiresArg: true,
    describe: "Address of a raw dump's first byte; 0x08000000 if missing",
  },
  board: {
    type: 'string',
    requiresArg: true,
    describe: 'Board it is from; told by the bootloader in the dump if missing',
  },
} as const;
