// The real host and the real bootloader on one line in virtual time: what a run is, and how it is judged.
import { readFileSync } from 'node:fs';
import { onTestFinished } from 'vitest';
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
  RECORD_A_ADDRESS,
  RECORD_AREA_SIZE,
  RECORD_B_ADDRESS,
  RECORD_SLOTS,
  RecordSlot,
} from '../../protocol/index.js';
import { Lockstep } from '../conformance/lockstep.js';
import { built, type Counters, demoImage, mistakes, TempDir } from '../support/board.js';
import { FrameLine } from '../support/frame-line.js';

/** IAP_LINKS=full tries every case; otherwise a sample, always the same. */
export const FULL = process.env.IAP_LINKS === 'full';
/** The sample is taken of the part with the slowest clock, whose time costs least to compute, and the smallest window. */
export const PART = FULL ? 'stm32f103xb' : 'stm32f100xb';
/** Of both [bytes] */
export const PAGE = 1024;
/** Virtual time decides; a busy computer only needs longer [ms]. */
export const LONGEST_MS = FULL ? 7_200_000 : 300_000;
/** Six pages, the last not full */
const SIZE = 5 * PAGE + 501;
/** Of the transfer, so that hundreds of runs are cheap; the default rate is asked, changed and restored in each. */
export const RATE = 921_600;
/** Until an application runs after power-up: listening window, image check, reset [ms] */
export const START_MS = 400;
/** No update with one fault takes so long, whatever it waits for [ms]. */
const ENDLESS_MS = 60_000;
/** The longest that a device works on what is in its ring when the host is gone [ms] */
const REST_MS = 600;

/** Both run, answer, and let themselves be updated. */
export const OLD = demoImage(PART, 1, SIZE);
export const NEW = demoImage(PART, 2, SIZE);

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
  readonly old: Uint8Array | undefined;
  /** Of each of its updates */
  readonly options?: UpdateOptions;
  powerUp(): Promise<LinkBench>;
}

export class LinkBench {
  readonly board: Lockstep;

  constructor(flash: string) {
    this.board = new Lockstep({
      board: built('build', 'board', 'iap-board'),
      part: PART,
      bootloader: flash,
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
    const image = { base: undefined, bytes: NEW };
    const startedAt = clock.now();
    const seconds = (): number => (clock.now() - startedAt) / 1000;
    const run = update(line, image, { clock, rate: RATE, ...options });
    let tooLong = (): void => {};
    const endless = new Promise<never>((_, reject) => {
      tooLong = clock.after(ENDLESS_MS, () => reject(new Error('this update never ends')));
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
    const size = Math.ceil(SIZE / PAGE) * PAGE;
    const half = size / 2;
    const parts = [await this.peek(APP_BASE, half), await this.peek(APP_BASE + half, half)];
    return new Uint8Array(Buffer.concat(parts));
  }

  async counters(): Promise<Counters> {
    return (await this.board.command('counters')) as unknown as Counters;
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

/** An image as it is in flash: whole pages */
export function inPages(image: Uint8Array): Uint8Array {
  const out = new Uint8Array(Math.ceil(image.length / PAGE) * PAGE).fill(0xff);
  out.set(image);
  return out;
}

function page(flash: Uint8Array, number: number): Buffer {
  return Buffer.from(flash.subarray(number * PAGE, (number + 1) * PAGE));
}

/** Pages of `flash` that are not those of `image` */
export function differing(flash: Uint8Array, image: Uint8Array): number[] {
  const wanted = inPages(image);
  return Array.from({ length: wanted.length / PAGE }, (_, i) => i).filter(
    (i) => !page(flash, i).equals(page(wanted, i)),
  );
}

/** Pages that are of neither image, nor blank: what no fault of a line may ever make */
export function strange(flash: Uint8Array, old: Uint8Array | undefined): number[] {
  const blank = new Uint8Array(NEW.length).fill(0xff);
  const before = differing(flash, old ?? blank);
  return differing(flash, NEW).filter((number) => before.includes(number));
}

export interface History {
  /** How often flash operations of it may have been cut */
  readonly resets?: number;
  /** An earlier host may have done all of it. */
  readonly resumed?: boolean;
}

/** What is wrong after an update that says it is done; empty if nothing. */
export async function faultsOfSuccess(
  bench: LinkBench,
  { line, result }: Outcome,
  { old }: Scenario,
  { resets = 0, resumed = false }: History = {},
): Promise<string[]> {
  const found = line.checker.violations.map((violation) => `on the wire: ${violation}`);
  if (!result?.changed && !resumed) found.push(`result: ${JSON.stringify(result)}`);
  const wrong = differing(await bench.flash(), NEW);
  if (wrong.length > 0) found.push(`WRONG BYTES in pages ${wrong.join(' ')}`);
  const { installed } = await bench.app();
  if (installed.size !== NEW.length)
    found.push(`the application says ${JSON.stringify(installed)}`);
  const entries = await bench.entries();
  const wanted = old ? 2 : 1;
  if (entries.length < wanted || entries.length > wanted + resets)
    found.push(`entries: ${JSON.stringify(entries)}`);
  if (!entries.at(-1)?.valid) found.push('the newest entry is not VALID');
  const counters = await bench.counters();
  // The demo answers from its reception interrupt, and misses what a host says meanwhile.
  found.push(...mistakes(counters, ['overruns']));
  const erased = Object.entries(counters.erasesPerPage).filter(
    ([number, times]) =>
      Number(number) >= (APP_BASE - BOOTLOADER_BASE) / PAGE && times > 1 + resets,
  );
  if (erased.length > 0) found.push(`erased more than once: ${JSON.stringify(erased)}`);
  return found;
}

async function powerUp(flash: string): Promise<LinkBench> {
  const bench = new LinkBench(flash);
  onTestFinished(() => bench.stop());
  return bench;
}

export const FRESH: Scenario = {
  name: 'first installation',
  old: undefined,
  powerUp: () => powerUp(built('build', PART, 'bootloader.bin')),
};

let oldFlash: Promise<string> | undefined;

/** The flash of a board that runs OLD; made once for a test file. */
function flashWithOld(): Promise<string> {
  oldFlash ??= (async () => {
    const dir = new TempDir();
    process.once('exit', () => dir.remove());
    const bench = new LinkBench(built('build', PART, 'bootloader.bin'));
    const { clock, transport } = bench.board;
    const run = update(transport, { base: undefined, bytes: OLD }, { clock, rate: RATE });
    while (!(await bench.board.during(run.next())).done);
    // After its second line the application has confirmed itself, the only half-word it ever writes.
    await bench.pass(1100);
    const file = `${dir.path}/flash.bin`;
    await bench.board.command(`save ${file}`);
    await bench.stop();
    if (differing(readFileSync(file).subarray(APP_BASE - BOOTLOADER_BASE), OLD).length > 0)
      throw new Error('the older image did not get into flash');
    return file;
  })();
  return oldFlash;
}

export const RUNNING: Scenario = {
  name: 'update of a running application',
  old: OLD,
  powerUp: async () => {
    const bench = await powerUp(await flashWithOld());
    await bench.pass(START_MS);
    return bench;
  },
};

/** At a rate at which a smaller page is a faster one. */
export const COMPRESSED: Scenario = {
  ...RUNNING,
  name: 'compressed update of a running application',
  options: {
    rate: 230_400,
    compression: { deflate, old: { candidates: () => Promise.resolve([OLD]) } },
  },
};

export const SCENARIOS = [FRESH, RUNNING, COMPRESSED] as const;

/** Until the device has worked through what it got from a host that is gone. */
export function rest(bench: LinkBench): Promise<void> {
  return bench.pass(REST_MS);
}
