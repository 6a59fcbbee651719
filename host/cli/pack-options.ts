// Options of "iap pack", apart from the command so that starting any other does not load it.

export const OUTPUT_OPTION = {
  output: {
    alias: 'o',
    type: 'string',
    requiresArg: true,
    demandOption: true,
    describe: 'File to write',
  },
} as const;

export const PACK_OPTIONS = {
  version: {
    type: 'string',
    requiresArg: true,
    describe: 'Version of the image: 1.4.0, or 1.4.0+17',
  },
  product: {
    type: 'string',
    requiresArg: true,
    describe: 'Product id: text of up to 16 bytes, padded with zero, or 32 hex digits',
  },
  hardware: {
    type: 'string',
    requiresArg: true,
    describe: 'Hardware revision it runs on, or FIRST-LAST',
  },
  confirm: {
    type: 'boolean',
    describe: 'The application must confirm itself within its trial boots',
  },
  'security-counter': {
    type: 'number',
    requiresArg: true,
    describe: 'Devices never go back below the highest they have seen',
  },
  needs: {
    type: 'string',
    requiresArg: true,
    describe: 'Capabilities that the bootloader must have, separated by commas',
  },
  'build-id': {
    type: 'string',
    requiresArg: true,
    describe: 'Free: text of up to 20 bytes, or 40 hex digits such as a commit hash',
  },
  'unique-id': {
    type: 'string',
    requiresArg: true,
    describe: 'Only for this device: the 24 hex digits that "iap info" prints',
  },
  from: {
    type: 'string',
    requiresArg: true,
    describe: 'JSON file with these values (protocol/package.schema.json); options win',
  },
  board: {
    type: 'string',
    requiresArg: true,
    describe: 'Board it is for: checks address and size against its application area',
  },
} as const;
