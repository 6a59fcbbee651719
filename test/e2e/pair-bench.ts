// The real host and the real bootloader on one half-duplex pair, in virtual time: an update, and what the pair says of it.
import { expect, onTestFinished } from 'vitest';
import { buildIdentity } from '../../host/factory/identity.js';
import {
  placesBelow,
  type UpdateEvent,
  type UpdateOptions,
  type UpdateResult,
  update,
} from '../../host/index.js';
import { Lockstep } from '../conformance/lockstep.js';
import {
  bootloaderFile,
  built,
  mistakes,
  PARTS,
  type PairCounters,
  type Part,
  TempDir,
} from '../support/board.js';
import { boardOptions } from '../support/boards.js';
import { faulty } from '../support/faulty.js';

export interface Pair {
  /** Everybody hears what they send themselves */
  readonly echo?: boolean;
  /** How long the host's adapter drives on [ms] */
  readonly holdMs?: number;
  /** Probability of a flipped bit, for each byte of either direction */
  readonly noise?: number;
  readonly seed?: number;
  /** Of the line, from a reset on; needs addresses if it is not the board's own [baud] */
  readonly rate?: number;
  /** Of each board; one without an address if missing */
  readonly addresses?: readonly number[];
  readonly args?: readonly string[];
}

export class PairBench {
  readonly board: Lockstep;
  readonly #pair: Pair;

  constructor(part: Part, pair: Pair = {}) {
    const { echo, holdMs = 0, rate = 115_200, addresses = [], args = [] } = pair;
    const dir = new TempDir();
    this.#pair = pair;
    const units = addresses.map((address) => loadIdentity(dir, part, address, rate));
    const [first = [], ...others] = units;
    this.board = new Lockstep({
      board: built('build', 'board', 'iap-board'),
      part: PARTS[part].part,
      bootloader: bootloaderFile(part),
      rate,
      args: [
        ...boardOptions(part),
        ...(echo ? ['--echo'] : []),
        ...['--hold', String(1000 * holdMs)],
        ...args,
        ...first,
        ...others.flatMap((unit) => ['--next', ...unit]),
      ],
    });
    this.board.command(`rate ${rate}`).catch(() => {}); // whatever the boards do
    onTestFinished(async () => {
      await this.board.stop();
      dir.remove();
    });
  }

  /** @throws IapError */
  async update(
    image: Uint8Array,
    options: UpdateOptions = {},
    onEvent: (event: UpdateEvent) => void = () => {},
  ): Promise<UpdateResult> {
    const { noise = 0, seed = 1 } = this.#pair;
    const { clock, transport } = this.board;
    const line = noise > 0 ? faulty(transport, { flipped: noise }, seed) : transport;
    const run = update(line, { base: undefined, bytes: image }, { clock, ...options });
    for (;;) {
      const step = await this.board.during(run.next());
      if (step.done) return step.value;
      onEvent(step.value);
    }
  }

  /** @param board its number, from 1 */
  async counters(board = 1): Promise<PairCounters> {
    return (await this.board.command(`@${board} counters`)) as unknown as PairCounters;
  }

  pass(ms: number): Promise<void> {
    return this.board.during(
      new Promise((resolve) => {
        this.board.clock.after(ms, resolve);
      }),
    );
  }
}

/**
 * Nobody has begun while another drove, or has spoken with the driver off.
 * @param allowed so often a board may have begun all the same
 */
export async function expectNoCollision(bench: PairBench, boards = 1, allowed = 0): Promise<void> {
  for (let board = 1; board <= boards; board++) {
    const counters = await bench.counters(board);
    const { collisions, hostCollisions, unheard } = counters;
    expect({
      board,
      collisions: Math.max(0, collisions - allowed),
      hostCollisions,
      unheard,
    }).toEqual({ board, collisions: 0, hostCollisions: 0, unheard: 0 });
    // The demo answers from its reception interrupt, and misses what a host says meanwhile.
    expect(mistakes(counters, ['overruns'])).toEqual([]);
  }
}

function loadIdentity(dir: TempDir, part: Part, address: number, defaultRate: number): string[] {
  const product = new Uint8Array(16).fill(0x41);
  const bytes = buildIdentity({ product, address, defaultRate, serial: `unit ${address}` });
  const at = placesBelow(PARTS[part].appBase).identity;
  return ['--load', `${dir.write(`identity-${address}.bin`, bytes)}@0x${at.toString(16)}`];
}
