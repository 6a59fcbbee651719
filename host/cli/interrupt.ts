// Signals that end a command. The first: stop at a frame boundary and report. The second: leave at once.
import { ExitCode, exitCodeOf, IapError } from '../base/errors.js';
import type { Output } from './output.js';

/** What a shell expects of a command that a signal ended */
const EXIT_CODES = {
  SIGHUP: ExitCode.HUNG_UP,
  SIGINT: ExitCode.INTERRUPTED,
  SIGTERM: ExitCode.TERMINATED,
} as const;

export class Interruption {
  readonly #stop = new AbortController();

  /** @param exit ends the process */
  constructor(output: Output, exit: (code: ExitCode) => void) {
    for (const [name, exitCode] of Object.entries(EXIT_CODES)) {
      process.on(name, () => {
        if (this.signal.aborted) exit(exitCode);
        this.#stop.abort(exitCode);
        output.line('stopping');
      });
    }
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }
}

/**
 * Of a command that ended with `error`.
 * @param signal of the command
 */
export function exitCodeAt(error: unknown, signal: AbortSignal): ExitCode {
  const interrupted = error instanceof IapError && error.code === 'INTERRUPTED';
  const told = Object.values(EXIT_CODES).find((exitCode) => exitCode === signal.reason);
  return (interrupted ? told : undefined) ?? exitCodeOf(error);
}
