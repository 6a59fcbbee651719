// The virtual board as transport, clock and power switch in one: time passes only while the board runs, so that a busy
// computer changes nothing, and a run repeats.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Clock } from '../../host/base/clock.js';
import type { Power } from '../../host/conformance/power.js';
import type { Transport } from '../../host/link/transport.js';
import { BOOTLOADER_BASE } from '../../protocol/index.js';

export interface LockstepOptions {
  readonly board: string;
  readonly part: string;
  readonly bootloader: string;
  /** Rate of the line at first [baud] */
  readonly rate?: number;
  /** More options for the board */
  readonly args?: readonly string[];
}

/** What the board reports at the end */
export interface BoardState {
  readonly state: string;
  readonly errorText: string | null;
  readonly violations: number;
  readonly faults: number;
}

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** While nothing comes: how far the board runs at once [us] */
const IDLE_US = 20_000;
/** While bytes come: an answer is seen so late at most [us]. */
const BUSY_US = 500;

export class Lockstep {
  readonly #process: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  #queue: Promise<unknown> = Promise.resolve();
  #timers: Timer[] = [];
  #pumping = false;
  #stopped = false;
  #busy = false;
  #now = 0;
  #rate: number;
  #onBytes: (bytes: Uint8Array) => void = () => {};
  #fail: (error: unknown) => void = () => {};

  readonly #failed = new Promise<never>((_, reject) => {
    this.#fail = reject;
  });

  constructor({ board, part, bootloader, rate = 115_200, args = [] }: LockstepOptions) {
    this.#rate = rate;
    const load = `${bootloader}@0x${BOOTLOADER_BASE.toString(16)}`;
    const child = spawn(board, ['--part', part, '--load', load, '--pipe', ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#process = child;
    this.#answers = createInterface(child.stdout)[Symbol.asyncIterator]();
    this.#failed.catch(() => {});
  }

  /** Rejects what `work` would wait for in vain if the board ends. */
  during<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#failed]);
  }

  readonly clock: Clock = {
    now: () => this.#now,
    after: (ms, callback) => {
      const timer = { at: this.#now + Math.max(0, ms), callback };
      const index = this.#timers.findIndex(({ at }) => at > timer.at);
      this.#timers.splice(index < 0 ? this.#timers.length : index, 0, timer);
      this.#start();
      return () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      };
    },
  };

  get transport(): Transport {
    const self = this;
    return {
      get rate() {
        return self.#rate;
      },
      write: async (bytes) => {
        await self.command(`send ${Buffer.from(bytes).toString('hex')}`);
        self.#busy = true;
      },
      onBytes: (listener) => {
        self.#onBytes = listener;
      },
      onClose: () => {},
      setRate: async (baud) => {
        await self.command(`rate ${baud}`);
        self.#rate = baud;
      },
      drain: async () => {
        while ((await self.#run('run', BUSY_US)) > 0);
      },
      close: async () => {},
    };
  }

  readonly power: Power = {
    off: async () => {
      await this.command('power off');
    },
    on: async () => {
      await this.command('power on');
    },
  };

  command(line: string): Promise<Record<string, unknown>> {
    const next = this.#queue.then(async () => {
      this.#process.stdin?.write(`${line}\n`);
      const { value, done } = await this.#answers.next();
      if (done) throw new Error(`the board is gone; it did not answer "${line}"`);
      return JSON.parse(value) as Record<string, unknown>;
    });
    this.#queue = next.catch(() => {});
    return next;
  }

  async counters(): Promise<BoardState> {
    return (await this.command('counters')) as unknown as BoardState;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timers = [];
    await this.#queue;
    const ended = this.#process.exitCode === null ? once(this.#process, 'exit') : undefined;
    this.#process.stdin?.end();
    await ended;
  }

  /** Runs the board; returns how many bytes still wait to be sent to it. */
  async #run(how: 'run' | 'run-until-byte', us: number): Promise<number> {
    const { timeUs, rx, waiting, ok, error } = await this.command(`${how} ${Math.ceil(us)}`);
    if (ok !== true) throw new Error(`board: ${String(error)}`);
    this.#now = Number(timeUs) / 1000;
    const bytes = Buffer.from(String(rx), 'hex');
    this.#busy = bytes.length > 0 || Number(waiting) > 0;
    if (bytes.length > 0) this.#onBytes(new Uint8Array(bytes));
    return Number(waiting);
  }

  #start(): void {
    if (this.#pumping || this.#stopped) return;
    this.#pumping = true;
    this.#pump()
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#pumping = false;
        if (this.#timers.length > 0) this.#start();
      });
  }

  async #pump(): Promise<void> {
    for (;;) {
      // An immediate comes after all promises that are ready, so everybody has reacted to the last event.
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      await this.#queue;
      const timer = this.#timers[0];
      if (!timer || this.#stopped) return;
      if (timer.at <= this.#now) {
        this.#timers.shift();
        timer.callback();
        continue;
      }
      const left = (timer.at - this.#now) * 1000;
      if (this.#busy) await this.#run('run', Math.min(left, BUSY_US));
      else await this.#run('run-until-byte', Math.min(left, IDLE_US));
    }
  }
}
