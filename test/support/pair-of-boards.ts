// Several virtual boards on one full-duplex pair: all hear the host, and their answers are merged, byte by byte as they come. Each is
// unmodified firmware in a process of its own; all live in one virtual time.
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
import { PipedBoard } from './piped-board.js';
import { randomFrom } from './random.js';
import { SteppedClock } from './stepped-clock.js';

export interface PairOfBoardsOptions {
  readonly addresses: readonly number[];
  readonly rate?: number;
  /** Probability of a flipped bit for each byte and receiver */
  readonly noise?: number;
  readonly seed?: number;
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
  #busy = false;
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

  readonly clock = new SteppedClock({
    settled: () => this.#queue,
    run: (us) =>
      this.#inTurn(() => this.#run(Math.min(Math.ceil(us), this.#busy ? BUSY_US : IDLE_US))),
  });

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
    this.clock.stop();
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
    this.clock.passed(this.clock.now() + us / 1000);
    const sent = ran.filter(({ bytes }) => bytes.length > 0);
    if (sent.length > 1) this.collisions++;
    const waiting = Math.max(0, ...ran.map((one) => one.waiting));
    this.#busy = sent.length > 0 || waiting > 0;
    for (const { bytes } of sent) this.#onBytes(this.#damaged(bytes));
    return waiting;
  }
}

/** One of them, in lockstep with the others */
class OneBoard {
  readonly address: number;
  readonly #board: PipedBoard;
  readonly #dir: TempDir;
  /** Off the pair: it hears nothing, and nobody hears it. */
  cut = false;

  constructor(part: Part, dir: TempDir, address: number) {
    this.address = address;
    this.#dir = dir;
    const identity = buildIdentity({ product: PRODUCT, address, serial: `unit ${address}` });
    const at = placesBelow(PARTS[part].appBase).identity;
    const args = [
      ...['--part', PARTS[part].part, ...boardOptions(part), '--flash-typical'],
      ...['--seed', `${address}`, '--uid', address.toString(16).padStart(24, '0')],
      ...['--load', `${bootloaderFile(part)}@0x${BOOTLOADER_BASE.toString(16)}`],
      ...['--load', `${dir.write(`identity-${address}.bin`, identity)}@0x${at.toString(16)}`],
    ];
    this.#board = new PipedBoard(built('build', 'board', 'iap-board'), args);
  }

  command(line: string): Promise<Record<string, unknown>> {
    return this.#board.command(line);
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

  stop(): Promise<void> {
    return this.#board.stop();
  }
}

/** Of all of them */
export const PRODUCT = new Uint8Array(16).fill(0x41);
