// Options of "iap check", apart from the command so that starting any other does not load it.

export const CHECK_OPTIONS = {
  part: {
    type: 'string',
    requiresArg: true,
    describe: 'Part it is for, as in bootloader-c/parts',
  },
  board: {
    type: 'string',
    requiresArg: true,
    describe: 'Board it is for, as in bootloader-c/boards: the part, and where applications lie',
  },
  product: {
    type: 'string',
    requiresArg: true,
    describe: 'Product id that packages must be for',
  },
  hardware: {
    type: 'number',
    requiresArg: true,
    describe: 'Hardware revision that packages must be for',
  },
} as const;
