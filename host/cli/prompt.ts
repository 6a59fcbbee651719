// A question before something that can not be undone.
import { createInterface } from 'node:readline/promises';
import { IapError } from '../base/errors.js';
import { printable } from '../base/text.js';
import type { Context } from './link.js';

export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/**
 * Comes back if the answer is yes.
 * @param what would be done
 * @throws IapError INTERRUPTED, or USAGE where nobody can be asked
 */
export async function consent(
  what: string,
  { output, signal }: Pick<Context, 'output' | 'signal'>,
  terminal: Terminal = { input: process.stdin, output: process.stderr },
): Promise<void> {
  const canAsk = terminal.input.isTTY === true && terminal.output.isTTY === true;
  if (!canAsk || output.json) {
    throw new IapError('USAGE', what, { hint: 'add --yes if that is what you want' });
  }
  const lines = createInterface({ ...terminal, terminal: true });
  try {
    const answer = await lines.question(`${printable(what)}. Go on? [y/N] `, { signal });
    if (/^y(es)?$/i.test(answer.trim())) return;
  } catch (error) {
    // Ctrl-C, Ctrl-D, a signal: the line ends where the question did.
    if (!(error instanceof Error) || error.name !== 'AbortError') throw error;
    terminal.output.write('\n');
    throw new IapError('INTERRUPTED', `not answered, so nothing was changed: ${what}`, {
      hint: 'answer y or n, or add --yes',
    });
  } finally {
    lines.close();
  }
  throw new IapError('INTERRUPTED', 'nothing was changed');
}
