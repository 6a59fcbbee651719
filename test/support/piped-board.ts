// The program of the virtual board on a pipe: commands in, answers out, and time passes only when it is told to.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** For a board to end [ms] */
const STOP_MS = 60_000;

export class PipedBoard {
  readonly #process: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  constructor(program: string, args: readonly string[]) {
    const child = spawn(program, [...args, '--pipe'], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#process = child;
    this.#answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  }

  /** One at a time; throws if the answer is no. */
  async command(line: string): Promise<Record<string, unknown>> {
    const answer = await this.ask(line);
    if (answer.ok !== true) throw new Error(`board: ${String(answer.error)}`);
    return answer;
  }

  /** The answer, whatever it is: a board that has stopped still says how it is. */
  async ask(line: string): Promise<Record<string, unknown>> {
    this.#process.stdin?.write(`${line}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(`the board is gone; it did not answer "${line}"`);
    return JSON.parse(value) as Record<string, unknown>;
  }

  async stop(): Promise<void> {
    const ended = this.#process.exitCode === null ? once(this.#process, 'exit') : undefined;
    this.#process.stdin?.end();
    const killer = setTimeout(() => this.#process.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(killer);
  }
}
