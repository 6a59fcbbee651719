// Questions to whoever sits there: before something that can not be undone, and for what nobody else must see.
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
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

/**
 * What is typed is not shown.
 * @param hint where nobody can be asked
 * @throws IapError INTERRUPTED or USAGE
 */
export async function secret(
  question: string,
  hint: string,
  { output, signal }: Pick<Context, 'output' | 'signal'>,
  terminal: Terminal = { input: process.stdin, output: process.stderr },
): Promise<string> {
  const canAsk = terminal.input.isTTY === true && terminal.output.isTTY === true;
  if (!canAsk || output.json) {
    throw new IapError('USAGE', 'a key needs its passphrase, and nobody can be asked for it', {
      hint,
    });
  }
  terminal.output.write(`${printable(question)}: `);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({
    input: terminal.input,
    output: nowhere,
    terminal: true,
    historySize: 0,
  });
  try {
    return await lines.question('', { signal });
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'AbortError') throw error;
    throw new IapError('INTERRUPTED', 'not answered; nothing was written');
  } finally {
    lines.close();
    terminal.output.write('\n');
  }
}
