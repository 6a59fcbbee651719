// The library's only error: a stable code to decide on, words for a person, and what to do next.

/** What went wrong. Scripts may rely on these; the wording of messages may change. */
export type IapErrorCode =
  | 'USAGE'
  | 'PORT_NOT_GIVEN'
  | 'IMAGE_UNREADABLE'
  | 'IMAGE_FORMAT'
  | 'IMAGE_EMPTY'
  | 'IMAGE_TOO_LARGE'
  | 'IMAGE_WRONG_ADDRESS'
  | 'IMAGE_VECTORS'
  | 'IMAGE_WRONG_PRODUCT'
  | 'IMAGE_WRONG_HARDWARE'
  | 'IMAGE_WRONG_DEVICE'
  | 'IMAGE_NOT_CAPABLE'
  | 'IMAGE_PACKAGE_ONLY'
  | 'IMAGE_ROLLBACK'
  | 'IMAGE_SIGNATURE'
  | 'CHECK_FAILED'
  | 'PORT_NOT_FOUND'
  | 'PORT_PERMISSION'
  | 'PORT_BUSY'
  | 'PORT_FAILED'
  | 'PORT_LOST'
  | 'PORT_STALLED'
  | 'NO_ANSWER'
  | 'NOT_OUR_DEVICE'
  | 'ECHO'
  | 'PROTOCOL_VERSION'
  | 'BAD_ANSWER'
  | 'LINK_LOST'
  | 'OTHER_DEVICE'
  | 'ENTER_FAILED'
  | 'APP_SILENT'
  | 'REFUSED'
  | 'READ_PROTECTED'
  | 'WRITE_PROTECTED'
  | 'PAGE_FAILED'
  | 'VERIFY_FAILED'
  | 'IMAGE_DIFFERS'
  | 'BOARD_MISSING'
  | 'BOOTLOADER_WRONG'
  | 'DESCRIPTION_WRONG'
  | 'FILE_UNREADABLE'
  | 'FILE_UNWRITABLE'
  | 'KEY_WRONG'
  | 'SIGNER_FAILED'
  | 'SIGNATURE_WRONG'
  | 'NOT_SECURE'
  | 'SEVERAL_DEVICES'
  | 'DEVICES_DIFFER'
  | 'INTERRUPTED';

export type ErrorDetails = Readonly<Record<string, string | number | boolean>>;

export interface IapErrorOptions {
  /** What to do next */
  readonly hint?: string | undefined;
  /** Numbers and names of the message, for programs */
  readonly details?: ErrorDetails;
  readonly cause?: unknown;
}

export class IapError extends Error {
  override readonly name = 'IapError';
  readonly code: IapErrorCode;
  readonly hint: string | undefined;
  readonly details: ErrorDetails;

  constructor(code: IapErrorCode, message: string, options: IapErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.details = options.details ?? {};
  }
}

/** Exit codes of the command; scripts depend on them. */
export const ExitCode = {
  DONE: 0,
  BUG: 1,
  USAGE: 2,
  IMAGE: 3,
  LINK: 4,
  REFUSED: 5,
  VERIFY: 6,
  /** By a signal: 128 and its number */
  HUNG_UP: 129,
  INTERRUPTED: 130,
  TERMINATED: 143,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

const EXIT: Readonly<Record<IapErrorCode, ExitCode>> = {
  USAGE: ExitCode.USAGE,
  PORT_NOT_GIVEN: ExitCode.USAGE,
  BOARD_MISSING: ExitCode.USAGE,
  BOOTLOADER_WRONG: ExitCode.IMAGE,
  DESCRIPTION_WRONG: ExitCode.USAGE,
  FILE_UNREADABLE: ExitCode.USAGE,
  FILE_UNWRITABLE: ExitCode.USAGE,
  KEY_WRONG: ExitCode.USAGE,
  SIGNER_FAILED: ExitCode.USAGE,
  IMAGE_UNREADABLE: ExitCode.IMAGE,
  IMAGE_FORMAT: ExitCode.IMAGE,
  IMAGE_EMPTY: ExitCode.IMAGE,
  IMAGE_TOO_LARGE: ExitCode.IMAGE,
  IMAGE_WRONG_ADDRESS: ExitCode.IMAGE,
  IMAGE_VECTORS: ExitCode.IMAGE,
  IMAGE_WRONG_PRODUCT: ExitCode.IMAGE,
  IMAGE_WRONG_HARDWARE: ExitCode.IMAGE,
  IMAGE_WRONG_DEVICE: ExitCode.IMAGE,
  IMAGE_NOT_CAPABLE: ExitCode.IMAGE,
  IMAGE_PACKAGE_ONLY: ExitCode.IMAGE,
  IMAGE_ROLLBACK: ExitCode.IMAGE,
  IMAGE_SIGNATURE: ExitCode.IMAGE,
  SIGNATURE_WRONG: ExitCode.IMAGE,
  CHECK_FAILED: ExitCode.IMAGE,
  PORT_NOT_FOUND: ExitCode.LINK,
  PORT_PERMISSION: ExitCode.LINK,
  PORT_BUSY: ExitCode.LINK,
  PORT_FAILED: ExitCode.LINK,
  PORT_LOST: ExitCode.LINK,
  PORT_STALLED: ExitCode.LINK,
  NO_ANSWER: ExitCode.LINK,
  NOT_OUR_DEVICE: ExitCode.LINK,
  ECHO: ExitCode.LINK,
  PROTOCOL_VERSION: ExitCode.LINK,
  BAD_ANSWER: ExitCode.LINK,
  LINK_LOST: ExitCode.LINK,
  OTHER_DEVICE: ExitCode.LINK,
  ENTER_FAILED: ExitCode.LINK,
  APP_SILENT: ExitCode.LINK,
  SEVERAL_DEVICES: ExitCode.LINK,
  DEVICES_DIFFER: ExitCode.LINK,
  REFUSED: ExitCode.REFUSED,
  READ_PROTECTED: ExitCode.REFUSED,
  WRITE_PROTECTED: ExitCode.REFUSED,
  NOT_SECURE: ExitCode.REFUSED,
  PAGE_FAILED: ExitCode.VERIFY,
  VERIFY_FAILED: ExitCode.VERIFY,
  IMAGE_DIFFERS: ExitCode.VERIFY,
  INTERRUPTED: ExitCode.INTERRUPTED,
};

/** Exit code for an error; anything that is not an IapError is a bug in this program. */
export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof IapError ? EXIT[error.code] : ExitCode.BUG;
}
