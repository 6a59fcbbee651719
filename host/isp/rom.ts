// A part in its ROM bootloader: who it is, and commands that are repeated where that is safe.
import { type Clock, realClock } from '../base/clock.js';
import { IapError, type IapErrorCode } from '../base/errors.js';
import { type Procedure, Work } from '../base/work.js';
import type { Transport } from '../link/transport.js';
import { type BlockSizes, blockSizes } from './block-size.js';
import { type Chip, chipOf, FAMILIES, MEMORY } from './chips.js';
import { BLOCK, commandName, RomCommand } from './commands.js';
import { type EnterOptions, enter } from './enter.js';
import type { RomEvent } from './events.js';
import { explain } from './explain.js';
import { ROM_START_MS } from './lines.js';
import { decodeOptionBytes, OPTION_SIZE, type OptionBytes } from './option-bytes.js';
import { QUIET_MS, RomClient, type RomTrace } from './rom-client.js';
import { RomFault } from './rom-fault.js';

export interface RomOptions extends EnterOptions {
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
  readonly trace?: (event: RomTrace) => void;
  /**
   * Send the address of a block behind its command at once. Beyond what AN3155 promises; given up for good after the first block
   * that fails.
   */
  readonly ahead?: boolean;
}

export interface RomInfo {
  /** Of the protocol: 0x22 is 2.2 */
  readonly version: number;
  readonly commands: readonly number[];
  readonly pid: number;
  /** Undefined for a part that this program does not know */
  readonly chip: Chip | undefined;
  readonly readProtected: boolean;
  /** What is below is undefined if it can not be read. [bytes] */
  readonly flashSize: number | undefined;
  readonly uniqueId: Uint8Array | undefined;
  readonly optionBytes: OptionBytes | undefined;
}

/** Repeats of one block on a line that loses or damages bytes */
const ATTEMPTS = 4;
/** The same of a command or an address that is refused */
const REFUSALS = 3;
/** How long a part is looked for that has reset itself [ms] */
const REOPEN_MS = 3000;
/** More flash than any of these parts has [KB] */
const MOST_FLASH_KB = 1024;
const FAMILY_SIZES = { id: 12, flash: 4 } as const;

export class Rom {
  readonly transport: Transport;
  readonly client: RomClient;
  readonly options: RomOptions;
  info: RomInfo;
  #ahead: boolean;
  /** Until the newest operation has ended */
  #turn: Promise<void> = Promise.resolve();

  private constructor(transport: Transport, client: RomClient, options: RomOptions, info: RomInfo) {
    this.transport = transport;
    this.client = client;
    this.options = options;
    this.info = info;
    this.#ahead = options.ahead ?? false;
  }

  /**
   * Finds the ROM bootloader at the other end of `transport` (8 data bits, even parity), and asks who it is.
   * @throws IapError NO_ANSWER, NOT_OUR_DEVICE, BAD_ANSWER, PORT_…
   */
  static async open(transport: Transport, options: RomOptions = {}): Promise<Rom> {
    const { clock = realClock, signal, trace } = options;
    const client = new RomClient(transport, { clock, signal, trace });
    await enter(transport, client, options);
    return new Rom(transport, client, options, await identify(client));
  }

  /** An operation on this part. They take turns, and one that is stopped leaves the part to the next one. */
  work<T>(procedure: Procedure<RomEvent, T>): Work<RomEvent, T> {
    return new Work((tell, signal) => {
      const before = this.#turn;
      const turn = new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve());
        void before.then(resolve);
      });
      const work = turn.then(() => this.#alone(procedure, tell, signal));
      this.#turn = Promise.allSettled([before, work]).then(() => {});
      return work;
    }, this.options);
  }

  async #alone<T>(
    procedure: Procedure<RomEvent, T>,
    tell: (event: RomEvent) => void,
    signal: AbortSignal,
  ): Promise<T> {
    if (signal.aborted) throw new IapError('INTERRUPTED', 'interrupted; nothing was changed');
    const { client } = this;
    const unheed = client.reader.heed(signal);
    try {
      await client.settle();
      if (client.resets) await this.#find();
      return await procedure(tell, signal);
    } finally {
      unheed();
    }
  }

  /** After a reset that the part did by itself */
  async #find(): Promise<void> {
    const { client } = this;
    client.facts.forgetPart();
    await client.reader.sleep(ROM_START_MS);
    await enter(this.transport, client, { ...this.options, timeoutMs: REOPEN_MS });
    this.info = await identify(client);
    client.resets = false;
  }

  /**
   * After a reset that the part did by itself: finds it again and asks again.
   * @param changed what the part has acknowledged before, for errors: whether it took effect is not known then
   */
  async reopen(changed: string): Promise<void> {
    try {
      await this.#find();
    } catch (error) {
      throw error instanceof IapError ? notFoundAgain(error, changed) : error;
    }
  }

  get extendedErase(): boolean {
    return this.info.commands.includes(RomCommand.EXTENDED_ERASE);
  }

  /** @throws IapError REFUSED if the part does not have the command */
  require(code: number): void {
    const { commands, pid } = this.info;
    if (commands.includes(code)) return;
    const name = commandName(code);
    throw new IapError('REFUSED', `this ROM bootloader has no ${name}`, {
      hint: '"iap isp info" shows its commands',
      details: { pid, command: name },
    });
  }

  /** @throws IapError REFUSED if the part is not known */
  get chip(): Chip {
    const { chip, pid } = this.info;
    if (chip) return chip;
    throw new IapError(
      'REFUSED',
      `a part with product id 0x${pid.toString(16)} is not known: how large its pages are can not be told`,
      {
        hint: 'this program knows STM32 F0, F1 and F3',
        details: { pid },
      },
    );
  }

  /** What one read or write is best made of; known unrepeated the part has answered a few commands. */
  get blockSizes(): BlockSizes {
    return blockSizes(this.#ahead ? 0 : this.client.answerMs, this.transport.rate);
  }

  /** Up to 256 bytes; repeated until they come. */
  async read(address: number, count: number): Promise<Uint8Array> {
    const ahead = await this.#tryAhead(address, count, () => this.client.readAhead(address));
    if (ahead) return ahead;
    return repeated(this.client, () => this.client.read(address, count), address);
  }

  /**
   * Up to 256 bytes. Repeated: a cell that has its value keeps it, so a block may be written twice (PM0075 section 2.3.2:
   * what is not blank is skipped).
   */
  async write(address: number, bytes: Uint8Array): Promise<void> {
    const done = await this.#tryAhead(address, BLOCK, async () => {
      await this.client.writeAhead(address, bytes);
      return true;
    });
    if (!done) await repeated(this.client, () => this.client.write(address, bytes), address);
  }

  /** Undefined: not tried, or it failed and is not tried again. */
  async #tryAhead<T>(
    address: number,
    count: number,
    action: () => Promise<T>,
  ): Promise<T | undefined> {
    if (!this.#ahead || address % BLOCK !== 0 || count !== BLOCK) return undefined;
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof RomFault)) throw error;
      this.#ahead = false;
      const { facts } = this.client;
      if (!(await this.client.resync())) throw explain(error, { facts, address, alive: false });
      return undefined;
    }
  }
}

/** Runs `action` again after a damaged or lost byte. */
export async function repeated<T>(
  client: RomClient,
  action: () => Promise<T>,
  address?: number,
): Promise<T> {
  const { facts } = client;
  for (let attempt = 1; ; attempt++) {
    try {
      const result = await action();
      if (attempt > 1) facts.repaired();
      return result;
    } catch (error) {
      if (!(error instanceof RomFault)) throw error;
      const alive = await client.resync();
      // Three times at the same place is no accident: protection, or no such memory.
      const meant = error.step === 'command' || error.step === 'address';
      const most = error.kind === 'refused' && meant ? REFUSALS : ATTEMPTS;
      if (!alive || attempt >= most) throw explain(error, { facts, address, alive });
    }
  }
}

/**
 * Runs `action`, which must not be repeated unrepeated it has begun: a second time only if its frame was refused as damaged, and
 * nothing was done.
 */
export async function unrepeated<T>(client: RomClient, action: () => Promise<T>): Promise<T> {
  const { facts } = client;
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof RomFault)) throw error;
    if (error.kind !== 'refused' || error.step === 'end') throw explain(error, { facts });
  }
  await client.reader.untilQuiet(QUIET_MS);
  try {
    const result = await action();
    facts.repaired();
    return result;
  } catch (error) {
    throw error instanceof RomFault ? explain(error, { facts }) : error;
  }
}

/** What worked before the reset is no cause: the wiring, the rate, the part. */
function notFoundAgain(error: IapError, changed: string): IapError {
  const { code, message, details } = error;
  const why = AGAIN_UNSEEN[code] ?? message;
  return new IapError(
    code,
    `the part acknowledged ${changed} and reset, but ${why}: whether it took effect is not confirmed`,
    {
      hint: 'leave BOOT0 high, reset the part, and look with "iap isp info"',
      details,
      cause: error,
    },
  );
}

const AGAIN_UNSEEN: Readonly<Partial<Record<IapErrorCode, string>>> = {
  NO_ANSWER: 'does not answer any more',
  INTERRUPTED: 'this was interrupted',
  NOT_OUR_DEVICE: 'something else answers since, as an application does that BOOT0 low has started',
};

async function identify(client: RomClient): Promise<RomInfo> {
  const { version, commands } = await repeated(client, () => client.get());
  const pid = await repeated(client, () => client.getId());
  const chip = chipOf(pid);
  const family = chip?.family ?? 'stm32f1';
  const { flashSizeRegister, uniqueId } = FAMILIES[family];
  // A ROM that can not read refuses for that, and not for protection.
  const look = async (
    address: number,
    count: number,
  ): Promise<Uint8Array | 'protected' | undefined> =>
    commands.includes(RomCommand.READ_MEMORY) ? optional(client, address, count) : undefined;
  const size = await look(flashSizeRegister, FAMILY_SIZES.flash);
  const readProtected = size === 'protected';
  const bytes = async (address: number, count: number): Promise<Uint8Array | undefined> => {
    const found = chip && !readProtected ? await look(address, count) : undefined;
    return found instanceof Uint8Array ? found : undefined;
  };
  const id = await bytes(uniqueId, FAMILY_SIZES.id);
  const options = await bytes(MEMORY.options, OPTION_SIZE);
  const info: RomInfo = {
    version,
    commands,
    pid,
    chip,
    readProtected,
    flashSize: chip && size instanceof Uint8Array ? sizeOf(size) : undefined,
    uniqueId: id,
    optionBytes: options && decodeOptionBytes(options, family),
  };
  client.facts.part = info;
  return info;
}

/** A register of this family's; not every ROM lets it be read. */
async function optional(
  client: RomClient,
  address: number,
  count: number,
): Promise<Uint8Array | 'protected' | undefined> {
  try {
    return await repeated(client, () => client.read(address, Math.min(count, BLOCK)), address);
  } catch (error) {
    if (!(error instanceof IapError)) throw error;
    if (error.code === 'READ_PROTECTED') return 'protected';
    if (error.code === 'REFUSED') return undefined;
    throw error;
  }
}

/** In KB in the lower half; 0, 0xFFFF and what no part has say nothing. */
function sizeOf(register: Uint8Array): number | undefined {
  const kb = (register[0] ?? 0) | ((register[1] ?? 0) << 8);
  return kb === 0 || kb > MOST_FLASH_KB ? undefined : kb * 1024;
}
