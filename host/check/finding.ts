// What a rule finds wrong with an image, as data: names for programs, words for people, and what to change.
import { type ErrorDetails, IapError, type IapErrorCode } from '../base/errors.js';
import type { FileProblem } from '../image/file-error.js';

/** Stable; scripts may rely on them. */
export type FindingId =
  | FileProblem
  | 'unreadable'
  | 'blank'
  | 'too-short'
  | 'too-large'
  | 'gap-filled'
  | 'wrong-address'
  | 'linked-unclear'
  | 'bootloader-inside'
  | 'stack-outside-ram'
  | 'stack-unaligned'
  | 'reset-even'
  | 'reset-outside'
  | 'vector-even'
  | 'vector-outside'
  | 'ram-over-vectors'
  | 'vtor-elsewhere'
  | 'vtor-unknown'
  | 'wrong-core'
  | 'kit-other-board'
  | 'mailbox-overlap'
  | 'packages-only'
  | 'wrong-product'
  | 'wrong-hardware'
  | 'wrong-device'
  | 'not-capable'
  | 'unsigned'
  | 'wrong-signature'
  | 'no-key'
  | 'revoked-key'
  | 'revocation'
  | 'rollback';

/** An error keeps the image from working; a warning may, or can not be told from the file alone. */
export type Severity = 'error' | 'warning';

/** What to change, by toolchain */
export interface Fixes {
  /** GCC with a linker script, and STM32CubeIDE, which is the same */
  readonly gcc: string;
  readonly keil: string;
  readonly iar: string;
}

export interface Finding {
  readonly id: FindingId;
  readonly severity: Severity;
  /** An error that somebody has looked at, and that does not keep the image from being written */
  readonly allowed?: boolean;
  /** Of the error that an update would end with */
  readonly code: IapErrorCode;
  /** One sentence: what was found, and what was expected */
  readonly message: string;
  readonly found: string;
  readonly expected: string;
  /** What to do next */
  readonly hint: string;
  readonly fixes?: Fixes;
  /** Numbers and names of the message, for programs */
  readonly details?: ErrorDetails;
}

/** The error for an image that has this finding; details.finding names it */
export function errorOf({ id, code, message, hint, details }: Finding): IapError {
  return new IapError(code, message, { hint, details: { ...details, finding: id } });
}
