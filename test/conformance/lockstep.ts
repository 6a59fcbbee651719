// The virtual board as transport, clock and power switch in one: time passes only while the board runs, so that a busy
// computer changes nothing, and a run repeats.
import type { Power } from '../../host/conformance/power.js';
import type { Transport } from '../../host/link/transport.js';
import { BOOTLOADER_BASE } from '../../protocol/index.js';
import { PipedBoard } from '../support/piped-board.js';
import { SteppedClock } from '../support/stepped-clock.js';

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
  /** On a half-duplex pair: begun while another was driving, and characters sent with the driver off */
  readonly collisions?: number;
  readonly unheard?: number;
}

/** While nothing comes: how far the board runs at once [us] */
const IDLE_US = 20_000;
/** While bytes come: an answer is seen so late at most [us]. */
const BUSY_US = 500;

export class Lockstep {
  readonly #board: PipedBoard;
  #queue: Promise<unknown> = Promise.resolve();
  #busy = false;
  #rate: number;
  #onBytes: (bytes: Uint8Array) => void = () => {};
  #fail: (error: unknown) => void = () => {};

  readonly #failed = new Promise<never>((_, reject) => {
    this.#fail = reject;
  });

  constructor({ board, part, bootloader, rate = 115_200, args = [] }: LockstepOptions) {
    this.#rate = rate;
    const load = `${bootloader}@0x${BOOTLOADER_BASE.toString(16)}`;
    this.#board = new PipedBoard(board, ['--part', part, '--load', load, ...args]);
    this.#failed.catch(() => {});
  }

  /** Rejects what `work` would wait for in vain if the board ends. */
  during<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#failed]);
  }

  readonly clock = new SteppedClock({
    settled: () => this.#queue,
    run: (us) =>
      this.#busy
        ? this.#run('run', Math.min(us, BUSY_US))
        : this.#run('run-until-byte', Math.min(us, IDLE_US)),
    failed: (error) => this.#fail(error),
  });

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
    const next = this.#queue.then(() => this.#board.ask(line));
    this.#queue = next.catch(() => {});
    return next;
  }

  async counters(): Promise<BoardState> {
    return (await this.command('counters')) as unknown as BoardState;
  }

  async stop(): Promise<void> {
    this.clock.stop();
    await this.#queue;
    await this.#board.stop();
  }

  /** Runs the board; returns how many bytes still wait to be sent to it. */
  async #run(how: 'run' | 'run-until-byte', us: number): Promise<number> {
    const { timeUs, rx, waiting, ok, error } = await this.command(`${how} ${Math.ceil(us)}`);
    if (ok !== true) throw new Error(`board: ${String(error)}`);
    this.clock.passed(Number(timeUs) / 1000);
    const bytes = Buffer.from(String(rx), 'hex');
    this.#busy = bytes.length > 0 || Number(waiting) > 0;
    if (bytes.length > 0) this.#onBytes(new Uint8Array(bytes));
    return Number(waiting);
  }
}
