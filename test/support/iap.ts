// The installed command as a user runs it: a process of its own, and what it said.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { command, plainCommand } from './board.js';
import { checkLine } from './json-lines.js';

/** One line of --json output */
export interface IapEvent {
  readonly event: string;
  readonly [name: string]: unknown;
}

export interface IapResult extends IapEvent {
  readonly ok: boolean;
  readonly code?: string;
  readonly message?: string;
  readonly hint?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly changed?: boolean;
  readonly boot?: string;
  readonly bytes?: number;
  readonly pagesTotal?: number;
  readonly pagesSent?: number;
  readonly seconds?: number;
  readonly device?: DeviceJson;
}

export interface DeviceJson {
  readonly mode: 'BOOTLOADER' | 'APP';
  readonly stay: string;
  readonly part: string;
  readonly installed: {
    readonly state: readonly string[];
    readonly size: number;
    readonly sha256: string;
  } | null;
}

export interface Outcome {
  /** Exit code; null if a signal ended it */
  readonly code: number | null;
  readonly events: readonly IapEvent[];
  /** The last line of --json output */
  readonly result: IapResult | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** Of the whole command [ms] */
  readonly ms: number;
}

/** A busy computer only needs longer. */
const LONGEST_MS = 500_000;

/** One run of the command. */
export class Iap {
  readonly events: IapEvent[] = [];
  readonly done: Promise<Outcome>;
  readonly #process: ChildProcess;
  readonly #watchers = new Set<() => void>();
  #ended = false;
  #undocumented: unknown;
  #stdout = '';
  #stderr = '';

  /** @param program runs the command: with other priority, on its own clock instead of the board's, of another version, or in another environment */
  constructor(
    args: readonly string[],
    program: {
      readonly nice?: number;
      readonly ownClock?: boolean;
      readonly main?: string;
      readonly env?: Readonly<Record<string, string>>;
    } = {},
  ) {
    const startedAt = performance.now();
    const { argv, env } = program.ownClock ? plainCommand(args) : command(args, program.main);
    const niced = program.nice === undefined ? [] : ['nice', '-n', String(program.nice)];
    const [file = '', ...rest] = [...niced, process.execPath, ...argv];
    const child = spawn(file, rest, {
      env: { ...env, ...program.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LONGEST_MS,
      killSignal: 'SIGKILL',
    });
    this.#process = child;
    child.stderr.on('data', (bytes: Buffer) => {
      this.#stderr += bytes.toString();
      this.#notify();
    });
    createInterface(child.stdout).on('line', (line) => {
      this.#stdout += `${line}\n`;
      if (line.startsWith('{')) {
        const event = JSON.parse(line) as IapEvent;
        // Another version has another schema.
        if (program.main === undefined) this.#check(event, args);
        this.events.push(event);
      }
      this.#notify();
    });
    this.done = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => {
        this.#ended = true;
        this.#notify();
        if (this.#undocumented !== undefined) {
          reject(this.#undocumented);
          return;
        }
        const last = this.events.at(-1);
        const result = last?.event === 'result' ? (last as IapResult) : undefined;
        const ms = performance.now() - startedAt;
        resolve({
          code,
          events: this.events,
          result,
          stdout: this.#stdout,
          stderr: this.#stderr,
          ms,
        });
      });
    });
  }

  /** Until such an event comes; throws if the command ends without it. */
  until(event: string, when: (event: IapEvent) => boolean = () => true): Promise<IapEvent> {
    return this.#until(event, () => this.events.find((e) => e.event === event && when(e)));
  }

  /** Until something like this is on standard output. */
  async untilOutput(text: RegExp): Promise<void> {
    await this.#until(String(text), () => text.exec(this.#stdout) ?? undefined);
  }

  /** Until this is on standard error. */
  async untilError(text: string): Promise<void> {
    await this.#until(text, () => this.#stderr.includes(text) || undefined);
  }

  /** Until so much of the image is in flash, 0 to 1. */
  async untilDone(share: number): Promise<void> {
    await this.until('progress', ({ bytesDone, bytesTotal }) => {
      return Number(bytesDone) >= share * Number(bytesTotal);
    });
  }

  /** Nothing that it says is read for so long: the pipe fills up. */
  async unreadFor(ms: number): Promise<void> {
    this.#process.stdout?.pause();
    await new Promise((resolve) => {
      setTimeout(resolve, ms);
    });
    this.#process.stdout?.resume();
  }

  /** A computer that does other things */
  async stopFor(ms: number): Promise<void> {
    this.#process.kill('SIGSTOP');
    await new Promise((resolve) => {
      setTimeout(resolve, ms);
    });
    this.#process.kill('SIGCONT');
  }

  async signal(signal: 'SIGINT' | 'SIGKILL' | 'SIGTERM'): Promise<Outcome> {
    this.#process.kill(signal);
    return this.done;
  }

  async #until<T>(what: string, look: () => T | undefined): Promise<T> {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (this.#ended)
        throw new Error(`the command ended without ${what}:\n${this.#stdout}${this.#stderr}`);
      await new Promise<void>((resolve) => {
        this.#watchers.add(resolve);
      });
    }
  }

  #check(event: IapEvent, args: readonly string[]): void {
    try {
      checkLine(event, args);
    } catch (error) {
      this.#undocumented ??= error;
    }
  }

  #notify(): void {
    for (const wake of this.#watchers) wake();
    this.#watchers.clear();
  }
}

export function iap(...args: string[]): Promise<Outcome> {
  return new Iap(args).done;
}
