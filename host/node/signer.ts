// A signer of the user's own: a command that is given a digest and gives back a signature. The key stays wherever it is.
import { spawn } from 'node:child_process';
import { IapError } from '../base/errors.js';
import { sizeText } from '../base/text.js';

/** More than any signature [bytes] */
const LARGEST = 1024;

/**
 * Runs a command of the user's shell. What it says on standard error is shown as it is; it may ask on the terminal.
 * @returns what it wrote to its standard output
 * @throws IapError SIGNER_FAILED or INTERRUPTED
 */
export function runSigner(
  command: string,
  digest: Uint8Array,
  signal: AbortSignal,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const failed = (why: string): void => {
      reject(
        new IapError('SIGNER_FAILED', `the signer ${why}`, {
          hint: `it gets ${sizeText(digest.length)} of digest on its standard input, and must write nothing but the signature to its standard output`,
        }),
      );
    };
    const child = spawn(command, { shell: true, signal, stdio: ['pipe', 'pipe', 'inherit'] });
    const chunks: Buffer[] = [];
    let size = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= LARGEST) chunks.push(chunk);
    });
    // One that reads no digest is judged by what it writes.
    child.stdin.on('error', () => {});
    child.stdin.end(digest);
    child.once('error', (error) => {
      if (error.name === 'AbortError') {
        // What the shell has started may live on; nobody waits for it.
        child.stdout.destroy();
        child.unref();
        reject(new IapError('INTERRUPTED', 'interrupted; nothing was written'));
      } else failed(`can not be run: ${error.message}`);
    });
    child.once('close', (code, by) => {
      if (code !== 0)
        failed(
          code === null ? `was ended by ${by ?? 'a signal'}` : `failed with exit code ${code}`,
        );
      else if (size === 0) failed('wrote nothing');
      else if (size > LARGEST) failed(`wrote ${sizeText(size)}`);
      else resolve(new Uint8Array(Buffer.concat(chunks)));
    });
  });
}
