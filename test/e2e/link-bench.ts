// The real host and the real bootloader on one line in virtual time: what a run is, and how it is judged.
import { readFileSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import { concat } from '../../host/base/bytes.js';
import {
  connect,
  type DeviceInfo,
  IapError,
  openSession,
  type UpdateEvent,
  type UpdateOptions,
  type UpdateResult,
  update,
  waitForApp,
} from '../../host/index.js';
import { deflate } from '../../host/node/deflate.js';
import {
  APP_BASE,
  AreaHeader,
  BOOTLOADER_BASE,
  decode,
  Mode,
  RECORD_A_ADDRESS,
  RECORD_AREA_SIZE,
  RECORD_B_ADDRESS,
  RECORD_SLOTS,
  RecordSlot,
} from '../../protocol/index.js';
import { Lockstep } from '../conformance/lockstep.js';
import {
  bootloaderFile,
  built,
  demoImage,
  mistakes,
  PARTS,
  type PairCounters,
  type Part,
  TempDir,
} from '../support/board.js';
import { boardOptions } from '../support/boards.js';
import { FrameLine } from '../support/frame-line.js';

/** IAP_LINKS=full tries every case; otherwise a sample, always the same. */
export const FULL = process.env.IAP_LINKS === 'full';
/** Virtual time decides; a busy computer only needs longer [ms]. */
export const LONGEST_MS = FULL ? 7_200_000 : 300_000;
/** Of an image: the last one not full */
const PAGES = 6;
const LAST_PAGE = 501; // bytes
/** How long the host's adapter drives a pair after its last bit [us] */
const HOLD_US = 2000;
/** Of the transfer, so that hundreds of runs are cheap; the default rate is asked, changed and restored in each. */
export const RATE = 921_600;
/** Until an application runs after power-up: listening window, image check, reset [ms] */
export const START_MS = 400;
/** No update with one fault takes so long, whatever it waits for; nor on a pair, where one question waits for the other [ms]. */
const ENDLESS_MS = 60_000;
const ENDLESS_ON_A_PAIR_MS = 300_000;
/** The longest that a device works on what is in its ring when the host is gone: all the pages, on a pair [ms] */
const REST_MS = 1500;

/** What is between host and device, and which device that is */
export interface Wiring {
  readonly name: string;
  readonly part: Part;
  /** One pair for both directions, whose drivers are enforced */
  readonly pair: boolean;
  /** Of the cases of a sample, so many are tried here, too */
  readonly share: number;
  readonly pageSize: number;
  /** Both run, answer, and let themselves be updated. */
  readonly older: Uint8Array;
  readonly newer: Uint8Array;
}

function wiring(part: Part, share: number): Wiring {
  const { pair, pageSize } = PARTS[part];
  const size = (PAGES - 1) * pageSize + LAST_PAGE;
  return {
    name: `${part}, ${pair ? 'a half-duplex pair' : 'a wire each way'}`,
    part,
    pair,
    share,
    pageSize,
    older: demoImage(part, 1, size),
    newer: demoImage(part, 2, size),
  };
}

export interface Outcome {
  readonly line: FrameLine;
  readonly events: readonly UpdateEvent[];
  readonly result?: UpdateResult;
  readonly error?: unknown;
  /** Of the line's time */
  readonly seconds: number;
}

export interface Watched {
  readonly line?: FrameLine;
  readonly onEvent?: (event: UpdateEvent) => void;
}

export interface Entry {
  readonly sequence: number;
  readonly touched: boolean;
  readonly valid: boolean;
}

/** How a device stood before an update */
export interface Scenario {
  readonly name: string;
  readonly wiring: Wiring;
  readonly old: Uint8Array | undefined;
  /** Of each of its updates */
  readonly options?: UpdateOptions;
  powerUp(): Promise<LinkBench>;
}

export class LinkBench {
  readonly board: Lockstep;
  readonly wiring: Wiring;

  constructor(wiring: Wiring, flash: string) {
    const { part, pair } = wiring;
    this.wiring = wiring;
    this.board = new Lockstep({
      board: built('build', 'board', 'iap-board'),
      part: PARTS[part].part,
      bootloader: flash,
      args: [...boardOptions(part), ...(pair ? ['--hold', `${HOLD_US}`] : [])],
    });
  }

  /** Lets virtual time pass. */
  pass(ms: number): Promise<void> {
    return this.board.during(
      new Promise((resolve) => {
        this.board.clock.after(ms, resolve);
      }),
    );
  }

  async update(
    options: UpdateOptions = {},
    { line = new FrameLine(this.board.transport), onEvent = () => {} }: Watched = {},
  ): Promise<Outcome> {
    // A host that was killed at another rate has left its port there; the next one opens it anew.
    await line.setRate(115_200);
    const events: UpdateEvent[] = [];
    const { clock } = this.board;
    line.checker.halfDuplex = this.wiring.pair;
    const image = { base: undefined, bytes: this.wiring.newer };
    const startedAt = clock.now();
    const seconds = (): number => (clock.now() - startedAt) / 1000;
    const run = update(line, image, { clock, rate: RATE, ...options });
    let tooLong = (): void => {};
    const endless = new Promise<never>((_, reject) => {
      const ms = this.wiring.pair ? ENDLESS_ON_A_PAIR_MS : ENDLESS_MS;
      tooLong = clock.after(ms, () => reject(new Error('this update never ends')));
    });
    try {
      for (;;) {
        const step = await this.board.during(Promise.race([run.next(), endless]));
        if (step.done) return { line, events, result: step.value, seconds: seconds() };
        if (step.value.event === 'found') line.checker.window = step.value.device.window || 1;
        events.push(step.value);
        onEvent(step.value);
      }
    } catch (error) {
      if (!(error instanceof IapError)) throw error;
      return { line, events, error, seconds: seconds() };
    } finally {
      tooLong();
    }
  }

  /** Who is there, without keeping a bootloader that is about to start its application */
  async who(): Promise<DeviceInfo> {
    const session = openSession(this.board.transport, { clock: this.board.clock });
    return (await this.board.during(connect(session, { hold: false }))).info;
  }

  async app(): Promise<DeviceInfo> {
    const session = openSession(this.board.transport, { clock: this.board.clock });
    return this.board.during(waitForApp(session, 3000));
  }

  async peek(address: number, size: number): Promise<Uint8Array> {
    const { hex } = await this.board.command(`peek 0x${address.toString(16)} ${size}`);
    return new Uint8Array(Buffer.from(String(hex), 'hex'));
  }

  /** The application area as far as the images reach, padded to whole pages */
  async flash(): Promise<Uint8Array> {
    const { pageSize } = this.wiring;
    const pages: Uint8Array[] = [];
    for (let i = 0; i < PAGES; i++) pages.push(await this.peek(APP_BASE + i * pageSize, pageSize));
    return concat(pages);
  }

  /** Pages that are not those of the newer image */
  async missing(): Promise<number[]> {
    return differing(await this.flash(), this.wiring.newer, this.wiring);
  }

  async counters(): Promise<PairCounters> {
    return (await this.board.command('counters')) as unknown as PairCounters;
  }

  /** Entries of the active record area, as far as anything was written of them */
  async entries(): Promise<Entry[]> {
    const areas = await Promise.all(
      [RECORD_A_ADDRESS, RECORD_B_ADDRESS].map((at) => this.peek(at, RECORD_AREA_SIZE)),
    );
    const generation = (area: Uint8Array): number => {
      const { sealed, generation } = decode(AreaHeader, area);
      return sealed === 0xffff ? -1 : generation;
    };
    const [active = new Uint8Array()] = areas.sort((a, b) => generation(b) - generation(a));
    return Array.from({ length: RECORD_SLOTS }, (_, i) => {
      const from = AreaHeader.size + i * RecordSlot.size;
      return active.subarray(from, from + RecordSlot.size);
    })
      .filter((slot) => slot.some((byte) => byte !== 0xff))
      .map((slot) => {
        const { sequence, touched, valid } = decode(RecordSlot, slot);
        return { sequence, touched: touched !== 0xffff, valid: valid === 0 };
      });
  }

  async stop(): Promise<void> {
    await this.board.stop();
  }
}

/** Pages of `flash` that are not those of `image` */
export function differing(flash: Uint8Array, image: Uint8Array, { pageSize }: Wiring): number[] {
  const wanted = new Uint8Array(Math.ceil(image.length / pageSize) * pageSize).fill(0xff);
  wanted.set(image);
  const page = (of: Uint8Array, i: number): Buffer =>
    Buffer.from(of.subarray(i * pageSize, (i + 1) * pageSize));
  return Array.from({ length: wanted.length / pageSize }, (_, i) => i).filter(
    (i) => !page(flash, i).equals(page(wanted, i)),
  );
}

/** Pages that are of neither image, nor blank: what no fault of a line may ever make */
export async function strange(bench: LinkBench, { old, wiring }: Scenario): Promise<number[]> {
  const flash = await bench.flash();
  const blank = new Uint8Array(wiring.newer.length).fill(0xff);
  const before = differing(flash, old ?? blank, wiring);
  return differing(flash, wiring.newer, wiring).filter((number) => before.includes(number));
}

/** On a half-duplex pair: who spoke while another did, or without the driver; empty if nobody */
export function outOfTurn({ collisions, hostCollisions, unheard }: PairCounters): string[] {
  const counted = { collisions, hostCollisions, unheard };
  return Object.entries(counted).flatMap(([what, count]) =>
    count ? [`on the pair: ${what} ${count}`] : [],
  );
}

export interface History {
  /** How often flash operations of it may have been cut */
  readonly resets?: number;
  /** An earlier host may have done all of it. */
  readonly resumed?: boolean;
  /** The line has moved or doubled what the host sent, so that others spoke then: that is not the host's fault. */
  readonly moved?: boolean;
}

/** What is wrong after an update that says it is done; empty if nothing. */
export async function faultsOfSuccess(
  bench: LinkBench,
  { line, result }: Outcome,
  { old, wiring }: Scenario,
  { resets = 0, resumed = false, moved = false }: History = {},
): Promise<string[]> {
  const found = line.checker.violations.map((violation) => `on the wire: ${violation}`);
  if (!result?.changed && !resumed) found.push(`result: ${JSON.stringify(result)}`);
  const wrong = await bench.missing();
  if (wrong.length > 0) found.push(`WRONG BYTES in pages ${wrong.join(' ')}`);
  const { installed } = await bench.app();
  if (installed.size !== wiring.newer.length)
    found.push(`the application says ${JSON.stringify(installed)}`);
  const entries = await bench.entries();
  const wanted = old ? 2 : 1;
  if (entries.length < wanted || entries.length > wanted + resets)
    found.push(`entries: ${JSON.stringify(entries)}`);
  if (!entries.at(-1)?.valid) found.push('the newest entry is not VALID');
  const counters = await bench.counters();
  // The demo answers from its reception interrupt, and misses what a host says meanwhile.
  found.push(...mistakes(counters, ['overruns']));
  if (!moved) found.push(...outOfTurn(counters));
  const erased = Object.entries(counters.erasesPerPage).filter(
    ([number, times]) =>
      Number(number) >= (APP_BASE - BOOTLOADER_BASE) / wiring.pageSize && times > 1 + resets,
  );
  if (erased.length > 0) found.push(`erased more than once: ${JSON.stringify(erased)}`);
  return found;
}

/** Nothing that is not verified is ever started; an application is only left when its pages are touched. */
export async function faultsOfStart(
  bench: LinkBench,
  { old, wiring }: Scenario,
): Promise<string[]> {
  await bench.pass(START_MS);
  const newest = (await bench.entries()).filter(({ touched }) => touched).at(-1);
  const { mode } = await bench.who();
  const running = mode === Mode.APP;
  const flash = await bench.flash();
  const found: string[] = [];
  if (
    running &&
    differing(flash, wiring.newer, wiring).length > 0 &&
    (!old || differing(flash, old, wiring).length > 0)
  )
    found.push('UNVERIFIED START');
  if (running !== (newest?.valid ?? false))
    found.push(`${running ? 'started' : 'stayed'} with ${JSON.stringify(newest)}`);
  return found;
}

async function powerUp(wiring: Wiring, flash: string): Promise<LinkBench> {
  const bench = new LinkBench(wiring, flash);
  onTestFinished(() => bench.stop());
  return bench;
}

const olderFlashes = new Map<Wiring, Promise<string>>();

/** The flash of a board that runs the older image; made once for a test file. */
function flashWithOlder(wiring: Wiring): Promise<string> {
  const known = olderFlashes.get(wiring);
  if (known) return known;
  const making = (async () => {
    const dir = new TempDir();
    process.once('exit', () => dir.remove());
    const bench = new LinkBench(wiring, bootloaderFile(wiring.part));
    const { clock, transport } = bench.board;
    const image = { base: undefined, bytes: wiring.older };
    const run = update(transport, image, { clock, rate: RATE });
    while (!(await bench.board.during(run.next())).done);
    // After its second line the application has confirmed itself, the only half-word it ever writes.
    await bench.pass(1100);
    const file = `${dir.path}/flash.bin`;
    await bench.board.command(`save ${file}`);
    await bench.stop();
    const app = readFileSync(file).subarray(APP_BASE - BOOTLOADER_BASE);
    if (differing(app, wiring.older, wiring).length > 0)
      throw new Error('the older image did not get into flash');
    return file;
  })();
  olderFlashes.set(wiring, making);
  return making;
}

export interface Scenarios {
  readonly wiring: Wiring;
  readonly fresh: Scenario;
  readonly running: Scenario;
  readonly compressed: Scenario;
}

function scenariosOn(wiring: Wiring): Scenarios {
  const fresh: Scenario = {
    name: `${wiring.name}: first installation`,
    wiring,
    old: undefined,
    powerUp: () => powerUp(wiring, bootloaderFile(wiring.part)),
  };
  const running: Scenario = {
    name: `${wiring.name}: update of a running application`,
    wiring,
    old: wiring.older,
    powerUp: async () => {
      const bench = await powerUp(wiring, await flashWithOlder(wiring));
      await bench.pass(START_MS);
      return bench;
    },
  };
  /** At a rate at which a smaller page is a faster one. */
  const compressed: Scenario = {
    ...running,
    name: `${wiring.name}: compressed update of a running application`,
    options: {
      rate: 230_400,
      compression: { deflate, old: { candidates: () => Promise.resolve([wiring.older]) } },
    },
  };
  return { wiring, fresh, running, compressed };
}

/** The sample is taken of the part with the slowest clock, whose time costs least to compute, and the smallest window. */
export const onWire = scenariosOn(wiring(FULL ? 'stm32f103xb' : 'stm32f100xb', 1));
/** The driver is enabled by the USART on the one board, by software on the other. */
const PAIRS: readonly Part[] = FULL
  ? ['stm32f030x8-rs485', 'stm32f103xe-rs485']
  : ['stm32f030x8-rs485'];
export const ON_EACH_WIRING: readonly Scenarios[] = [
  onWire,
  ...PAIRS.map((part) => scenariosOn(wiring(part, 0.25))),
];
/** Of a sample, what a running application needs besides is enough on a pair. */
export const SCENARIOS: readonly Scenario[] = ON_EACH_WIRING.flatMap(
  ({ wiring, fresh, running, compressed }) =>
    FULL || !wiring.pair ? [fresh, running, compressed] : [running],
);

/** Until the device has worked through what it got from a host that is gone. */
export function rest(bench: LinkBench): Promise<void> {
  return bench.pass(REST_MS);
}
