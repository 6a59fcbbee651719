// Several virtual boards on one full-duplex pair: all hear the host, and their answers are merged, byte by byte as they come. Each is
// unmodified firmware in a process of its own; all live in one virtual time.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Clock } from '../../host/base/clock.js';
import { buildIdentity } from '../../host/factory/identity.js';
import { placesBelow } from '../../host/index.js';
import type { Transport } from '../../host/link/transport.js';
import { BOOTLOADER_BASE } from '../../protocol/index.js';
import {
  bootloaderFile,
  built,
  type Counters,
  mistakes,
  PARTS,
  type Part,
  TempDir,
} from './board.js';
import { boardOptions } from './boards.js';
import { randomFrom } from './random.js';

export interface PairOfBoardsOptions {
  readonly addresses: readonly number[];
  readonly rate?: number;
  /** Probability of a flipped bit for each byte and receiver */
  readonly noise?: number;
  readonly seed?: number;
}

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** While bytes pass: an answer is seen so late at most [us]. */
const BUSY_US = 500;
/** While none do */
const IDLE_US = 2000;

export class PairOfBoards {
  readonly boards: readonly OneBoard[];
  readonly dir = new TempDir();
  /** Steps of time in which more than one of them sent */
  collisions = 0;
  readonly #noise: number;
  readonly #random: () => number;
  #rate: number;
  #timers: Timer[] = [];
  #now = 0;
  #busy = false;
  #pumping = false;
  #stopped = false;
  #queue: Promise<unknown> = Promise.resolve();
  #onBytes: (bytes: Uint8Array) => void = () => {};

  constructor(part: Part, { addresses, rate = 115_200, noise = 0, seed = 1 }: PairOfBoardsOptions) {
    this.#rate = rate;
    this.#noise = noise;
    this.#random = randomFrom(seed);
    this.boards = addresses.map((address) => new OneBoard(part, this.dir, address));
  }

  at(address: number): OneBoard {
    const board = this.boards.find((one) => one.address === address);
    if (!board) throw new RangeError(`no board has address ${address}`);
    return board;
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
      write: (bytes) => self.#inTurn(() => self.#send(bytes)),
      onBytes: (listener) => {
        self.#onBytes = listener;
      },
      onClose: () => {},
      setRate: (baud) =>
        self.#inTurn(async () => {
          await Promise.all(self.boards.map((board) => board.command(`rate ${baud}`)));
          self.#rate = baud;
        }),
      drain: () =>
        self.#inTurn(async () => {
          while ((await self.#run(BUSY_US)) > 0);
        }),
      close: async () => {},
    };
  }

  /** What the boards hold against their firmware */
  async mistakes(): Promise<string[]> {
    const found = await Promise.all(
      this.boards.map(async (board) => mistakes(await board.counters(), ['state'])),
    );
    return found.flat();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timers = [];
    await this.#queue.catch(() => {});
    await Promise.all(this.boards.map((board) => board.stop()));
    this.dir.remove();
  }

  #inTurn<T>(what: () => Promise<T>): Promise<T> {
    const next = this.#queue.then(what);
    this.#queue = next.catch(() => {});
    return next;
  }

  async #send(bytes: Uint8Array): Promise<void> {
    await Promise.all(this.boards.map((board) => board.send(this.#damaged(bytes))));
    this.#busy = true;
  }

  #damaged(bytes: Uint8Array): Uint8Array {
    if (this.#noise === 0) return bytes;
    return bytes.map((value) =>
      this.#random() < this.#noise ? value ^ (1 << Math.floor(this.#random() * 8)) : value,
    );
  }

  /** All boards at once; returns how many bytes still wait to be sent to one of them. */
  async #run(us: number): Promise<number> {
    const ran = await Promise.all(this.boards.map((board) => board.run(us)));
    this.#now += us / 1000;
    const sent = ran.filter(({ bytes }) => bytes.length > 0);
    if (sent.length > 1) this.collisions++;
    const waiting = Math.max(0, ...ran.map((one) => one.waiting));
    this.#busy = sent.length > 0 || waiting > 0;
    for (const { bytes } of sent) this.#onBytes(this.#damaged(bytes));
    return waiting;
  }

  #start(): void {
    if (this.#pumping || this.#stopped) return;
    this.#pumping = true;
    void this.#pump().finally(() => {
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
      const left = Math.ceil((timer.at - this.#now) * 1000);
      await this.#inTurn(() => this.#run(Math.min(left, this.#busy ? BUSY_US : IDLE_US)));
    }
  }
}

/** One of them, in lockstep with the others */
class OneBoard {
  readonly address: number;
  readonly #process: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #dir: TempDir;
  /** Off the pair: it hears nothing, and nobody hears it. */
  cut = false;

  constructor(part: Part, dir: TempDir, address: number) {
    this.address = address;
    this.#dir = dir;
    const identity = buildIdentity({ product: PRODUCT, address, serial: `unit ${address}` });
    const at = placesBelow(PARTS[part].appBase).identity;
    const args = [
      ...['--part', PARTS[part].part, ...boardOptions(part), '--pipe', '--flash-typical'],
      ...['--seed', `${address}`, '--uid', address.toString(16).padStart(24, '0')],
      ...['--load', `${bootloaderFile(part)}@0x${BOOTLOADER_BASE.toString(16)}`],
      ...['--load', `${dir.write(`identity-${address}.bin`, identity)}@0x${at.toString(16)}`],
    ];
    const child = spawn(built('build', 'board', 'iap-board'), args, {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#process = child;
    this.#answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  }

  async command(line: string): Promise<Record<string, unknown>> {
    this.#process.stdin?.write(`${line}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(`the board is gone; it did not answer "${line}"`);
    const answer = JSON.parse(value) as Record<string, unknown>;
    if (answer.ok !== true) throw new Error(`board: ${String(answer.error)}`);
    return answer;
  }

  async counters(): Promise<Counters> {
    return (await this.command('counters')) as unknown as Counters;
  }

  async flash(): Promise<Uint8Array> {
    const name = `saved-${this.address}`;
    await this.command(`save ${this.#dir.path}/${name}`);
    return this.#dir.read(name);
  }

  async send(bytes: Uint8Array): Promise<void> {
    if (!this.cut) await this.command(`send ${Buffer.from(bytes).toString('hex')}`);
  }

  async run(us: number): Promise<{ readonly bytes: Uint8Array; readonly waiting: number }> {
    const { rx, waiting } = await this.command(`run ${us}`);
    const bytes = this.cut ? new Uint8Array() : new Uint8Array(Buffer.from(String(rx), 'hex'));
    return { bytes, waiting: Number(waiting) };
  }

  async stop(): Promise<void> {
    const ended = this.#process.exitCode === null ? once(this.#process, 'exit') : undefined;
    this.#process.stdin?.end();
    await ended;
  }
}

/** Of all of them */
export const PRODUCT = new Uint8Array(16).fill(0x41);
