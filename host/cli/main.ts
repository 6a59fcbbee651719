// The command line: which command, and what its outcome is to a shell. The only place that ends the process.
import { realClock } from '../base/clock.js';
import { ExitCode, exitCodeOf } from '../base/errors.js';
import { printable } from '../base/text.js';
import { COMMANDS } from './commands.js';
import { exitCodeAt, Interruption } from './interrupt.js';
import { type Context, realPorts } from './link.js';
import { Output } from './output.js';
import { parse } from './parse.js';

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
    process.stderr.write(`error: the output can not be written: ${printable(lost.message)}\n`);
    if (code === ExitCode.DONE) process.exitCode = exitCodeOf(lost);
  });
}

export async function main(args: readonly string[]): Promise<void> {
  // Known before the command line is understood, so that a mistake in it is reported the same way.
  const options = args.includes('--') ? args.slice(0, args.indexOf('--')) : args;
  const output = new Output(options.includes('--json'));
  noticeLostOutput();
  // The board ends by itself; it is told of signals.
  const exit = (code: ExitCode): void => process.exit(code);
  const interruption = args[0] === 'board' ? undefined : new Interruption(output, exit);
  const signal = interruption?.signal ?? new AbortController().signal;
  try {
    const context: Context = { output, signal, ports: realPorts, clock: realClock };
    process.exitCode = (await parse(args, COMMANDS, context)) ?? ExitCode.DONE;
  } catch (error) {
    const exitCode = exitCodeAt(error, signal);
    output.failure(error, exitCode);
    process.exitCode = exitCode;
  }
}
