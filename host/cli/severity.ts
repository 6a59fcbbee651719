// Which of several errors decides the exit code.
import { ExitCode, exitCodeOf } from '../base/errors.js';

/** From the least bad on */
const SEVERITY: readonly ExitCode[] = [
  ExitCode.USAGE,
  ExitCode.IMAGE,
  ExitCode.LINK,
  ExitCode.REFUSED,
  ExitCode.VERIFY,
  ExitCode.INTERRUPTED,
  ExitCode.BUG,
];

export function severityOf(error: unknown): number {
  return SEVERITY.indexOf(exitCodeOf(error));
}
