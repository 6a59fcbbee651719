// The ROM bootloader's commands, one exchange each (AN3155). Knows frames and answers; no part, no procedure.
import type { Clock } from '../base/clock.js';
import type { Transport } from '../link/transport.js';
import { ByteReader } from './byte-reader.js';
import { ACK, BITS_PER_BYTE, BLOCK, NACK, RomCommand, SYNC } from './commands.js';
import { RomFacts } from './facts.js';
import { ROM_START_MS } from './lines.js';
import { RomFault, type Step } from './rom-fault.js';

/** What passes on the wire, for a trace. */
export interface RomTrace {
  readonly direction: 'sent' | 'received';
  readonly bytes: Uint8Array;
  /** [ms] */
  readonly at: number;
}

export interface RomClientOptions {
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  readonly trace?: ((event: RomTrace) => void) | undefined;
}

export interface GetAnswer {
  /** Of the protocol, 0x22 is 2.2 */
  readonly version: number;
  readonly commands: readonly number[];
}

/** Adapters and a busy computer need so long at most, beyond the line and the device's own work [ms]. */
const ANSWER_MS = 1000;
/** A block of flash is programmed in 18 ms at most, a page erased in 40 ms; worn or cloned parts take longer [ms]. */
const WRITE_MS = 2000;
const PAGE_MS = 5000;
const MASS_ERASE_MS = 35_000;
/** Option bytes: one erase and eight half-words [ms] */
const OPTIONS_MS = 5000;
/** After this much silence an answer is over, whatever the adapter's latency [ms]. */
export const QUIET_MS = 60;
/** To tell which of two bytes was answered, a late answer must be waited for: a busy computer, a network [ms]. */
const LATE_MS = 200;
/** More than any frame that the ROM could be waiting for the rest of, in pieces */
const FILLS = 5;
/** A late answer comes in one piece, or in a few; an application talks on and on. */
const STRANGE = 3;
const FILL = 64;
/** Not alike, so that nobody sends them by accident; no command, and the wrong sum of any frame that they end */
const ECHOED: readonly number[] = [SYNC - 1, SYNC];
/** Commands whose list must not be made up of 7Fh: of pages to erase, of sectors to protect */
const LISTED: ReadonlySet<number> = new Set([
  RomCommand.ERASE,
  RomCommand.EXTENDED_ERASE,
  RomCommand.WRITE_PROTECT,
]);

/** Where a command was left that was stopped */
interface Left {
  readonly code: number;
  readonly step: Step;
  /** Whether the bytes of this step were sent */
  readonly sent: boolean;
  /** The part may take until then [ms] */
  readonly until: number;
}

/** Nothing is known of a command, but the part may be anywhere in a frame. */
const ASTRAY: Left = { code: RomCommand.GET, step: 'end', sent: true, until: 0 };

export class RomClient {
  readonly clock: Clock;
  readonly reader: ByteReader;
  readonly facts = new RomFacts();
  /** The part resets itself once it has done what it was told. */
  resets = false;
  readonly #transport: Transport;
  readonly #trace: (event: RomTrace) => void;
  readonly #answers: number[] = [];
  #left: Left | undefined;
  /** The call before had no answer, which may still come. */
  #mayBeLate = false;

  constructor(transport: Transport, { clock, signal, trace }: RomClientOptions) {
    this.clock = clock;
    this.#transport = transport;
    this.#trace = trace ?? (() => {});
    this.reader = new ByteReader(transport, clock, signal);
  }

  /** What the answer to a command takes beyond the line, the median; 0 if there was none yet [ms] */
  get answerMs(): number {
    return [...this.#answers].sort((a, b) => a - b)[this.#answers.length >> 1] ?? 0;
  }

  /** Section 3.1 */
  async get(): Promise<GetAnswer> {
    await this.#command(RomCommand.GET);
    const count = await this.#counted(RomCommand.GET);
    const [version = 0, ...commands] = count;
    const known = [RomCommand.GET, RomCommand.GET_ID].every((code) => commands.includes(code));
    if (!known) throw new RomFault('garbled', RomCommand.GET, 'answer', version);
    this.facts.done(RomCommand.GET);
    return { version, commands };
  }

  /** Section 3.3: the product id, the same as DBGMCU_IDCODE's DEV_ID */
  async getId(): Promise<number> {
    await this.#command(RomCommand.GET_ID);
    const id = await this.#counted(RomCommand.GET_ID);
    const [high = 0, low = 0] = id;
    if (id.length !== 2) throw new RomFault('garbled', RomCommand.GET_ID, 'answer', high);
    this.facts.done(RomCommand.GET_ID);
    return (high << 8) | low;
  }

  /** Section 3.4; 1 to 256 bytes. */
  async read(address: number, count: number): Promise<Uint8Array> {
    const code = RomCommand.READ_MEMORY;
    await this.#command(code);
    await this.#exchange(code, 'address', withSum(addressBytes(address)), ANSWER_MS);
    await this.#exchange(code, 'length', [count - 1, ~(count - 1) & 0xff], ANSWER_MS);
    const bytes = await this.#data(code, count);
    this.facts.done(code);
    return bytes;
  }

  /**
   * As {@link read}, of a whole aligned block, with all of the request sent at once. AN3155 has the host wait for each ACK; a ROM
   * that keeps up has no need of it, because its receiver holds a byte while an ACK goes out. Of a block and no other: none
   * of these bytes can then be taken for a command, whatever the ROM makes of them.
   */
  async readAhead(address: number): Promise<Uint8Array> {
    const code = RomCommand.READ_MEMORY;
    await this.settle();
    this.#dropped();
    this.#send([code, ~code & 0xff, ...withSum(addressBytes(address)), BLOCK - 1, 0]);
    for (const step of ['command', 'address', 'length'] as const) {
      await this.#acknowledged(code, step, ANSWER_MS);
    }
    const bytes = await this.#data(code, BLOCK);
    this.facts.done(code);
    return bytes;
  }

  /** As {@link write}, to an aligned block, with the address sent behind the command at once; see {@link readAhead}. */
  async writeAhead(address: number, bytes: Uint8Array): Promise<void> {
    const code = RomCommand.WRITE_MEMORY;
    await this.settle();
    this.#dropped();
    this.#send([code, ~code & 0xff, ...withSum(addressBytes(address))]);
    await this.#acknowledged(code, 'command', ANSWER_MS);
    this.facts.accepted(code);
    await this.#acknowledged(code, 'address', ANSWER_MS);
    await this.#exchange(code, 'data', withSum([bytes.length - 1, ...bytes]), WRITE_MS);
    this.facts.done(code);
  }

  /** Section 3.5: an ACK says that the address is good, not that a program runs there. */
  async go(address: number): Promise<void> {
    await this.#command(RomCommand.GO);
    await this.#exchange(RomCommand.GO, 'address', withSum(addressBytes(address)), ANSWER_MS);
  }

  /** Section 3.6; address and count are multiples of 4, 4 to 256 bytes. An ACK says nothing about what is in flash. */
  async write(address: number, bytes: Uint8Array): Promise<void> {
    const code = RomCommand.WRITE_MEMORY;
    await this.#command(code);
    await this.#exchange(code, 'address', withSum(addressBytes(address)), ANSWER_MS);
    await this.#exchange(code, 'data', withSum([bytes.length - 1, ...bytes]), WRITE_MS);
    this.facts.done(code);
  }

  /**
   * Sections 3.7 and 3.8. An ACK says nothing about pages that are write-protected or do not exist.
   * @param pages up to 255
   */
  async erasePages(extended: boolean, pages: readonly number[]): Promise<void> {
    const code = extended ? RomCommand.EXTENDED_ERASE : RomCommand.ERASE;
    const last = pages.length - 1;
    const list = extended
      ? [last >> 8, last & 0xff, ...pages.flatMap((page) => [page >> 8, page & 0xff])]
      : [last, ...pages];
    await this.#command(code);
    await this.#exchange(code, 'pages', withSum(list), ANSWER_MS + pages.length * PAGE_MS);
  }

  async eraseAll(extended: boolean): Promise<void> {
    const code = extended ? RomCommand.EXTENDED_ERASE : RomCommand.ERASE;
    await this.#command(code);
    const all = extended ? [0xff, 0xff, 0x00] : [0xff, 0x00];
    await this.#exchange(code, 'all', all, MASS_ERASE_MS);
  }

  /** Section 3.9; sectors not given lose their protection. The device resets afterwards. */
  async writeProtect(sectors: readonly number[]): Promise<void> {
    const code = RomCommand.WRITE_PROTECT;
    await this.#command(code);
    await this.#exchange(code, 'sectors', withSum([sectors.length - 1, ...sectors]), OPTIONS_MS);
  }

  /** Sections 3.10 to 3.12: a second ACK when it is done, then the device resets. */
  async protection(code: 0x73 | 0x82 | 0x92): Promise<void> {
    await this.#command(code);
    const limit = code === RomCommand.READOUT_UNPROTECT ? MASS_ERASE_MS : OPTIONS_MS;
    await this.#acknowledged(code, 'end', limit);
  }

  /**
   * Sends the byte that the ROM measures. One that is synchronised already takes it as half of a command, and refuses the
   * second.
   * @returns the answer, undefined for none
   */
  async sync(timeoutMs: number): Promise<number | undefined> {
    const from = this.clock.now();
    this.#send([SYNC]);
    const answer = await this.#answer(timeoutMs);
    if (isAnswer(answer) && !this.#mayBeLate) this.reader.cameAfter(this.clock.now() - from);
    this.#mayBeLate = answer === undefined;
    return answer;
  }

  /**
   * After a call that was answered by itself: whether all that is sent comes back. A ROM refuses the bytes that are sent for
   * this, wherever it is.
   * @returns what came besides, undefined if this is no echo
   */
  async echo(): Promise<Uint8Array | undefined> {
    const before = await this.reader.untilQuiet(LATE_MS);
    this.#send(ECHOED);
    const first = await this.reader.take(ECHOED.length, ANSWER_MS);
    const heard = [...(first ?? []), ...(await this.reader.untilQuiet(LATE_MS))];
    if (heard.length > 0) this.#traced('received', Uint8Array.from(heard));
    const late = heard.findIndex((byte) => byte !== SYNC); // of earlier calls
    if (!ECHOED.every((byte, i) => heard[late + i] === byte)) return undefined;
    return Uint8Array.from([...before, ...heard.slice(late + ECHOED.length)]);
  }

  /**
   * Gets the ROM out of a frame that it did not receive whole: two bytes 7Fh are a refused command at any place, and what
   * is missing of a frame is filled with them. Not for frames that erase or protect.
   * @returns whether it answers again
   */
  async resync(): Promise<boolean> {
    this.#left ??= ASTRAY;
    const alive = await this.#resync();
    this.#left = undefined;
    return alive;
  }

  async #resync(): Promise<boolean> {
    await this.reader.untilQuiet(QUIET_MS);
    let strange = 0;
    for (let fills = 0; fills < FILLS; fills++) {
      for (let half = 0; half < 2; half++) {
        const answer = await this.sync(LATE_MS);
        if (answer === undefined) continue;
        const besides = await this.reader.untilQuiet(QUIET_MS);
        if ([answer, ...besides].every(isAnswer)) return true;
        // Perhaps of the answer that was given up, and the one to this call is among it or still to come
        if (++strange === STRANGE) return false;
      }
      await this.fill(fills);
    }
    return false;
  }

  /**
   * After an operation that was stopped in the middle of a command: lets the part finish what it has, and takes back what it waits
   * for the rest of.
   */
  async settle(): Promise<void> {
    const left = this.#left;
    if (!left) return;
    const { code, step, sent, until } = left;
    const answer = await this.#answer(Math.max(0, until - this.clock.now()));
    const wantsList = sent ? step === 'command' && answer === ACK : step !== 'command';
    if (wantsList && LISTED.has(code)) {
      // One entry, and a sum that is wrong
      const entry = code === RomCommand.EXTENDED_ERASE ? [0, 0, 0, 0] : [0, 0];
      this.#left = { code, step: 'end', sent: true, until: this.clock.now() + ANSWER_MS };
      this.#send([...entry, SYNC]);
      await this.#answer(ANSWER_MS);
    }
    if (this.resets) await this.reader.sleep(ROM_START_MS);
    await this.resync();
  }

  /**
   * Sends a piece of what a frame may be missing, and drops the answer. In the first one a byte differs: a list of pages
   * that is all 7Fh, its length too, would have the right sum.
   * @param nth from 0; nothing is sent once any frame is full
   */
  async fill(nth: number): Promise<void> {
    if (nth >= FILLS) return;
    const bytes = new Array<number>(FILL).fill(SYNC);
    if (nth === 0) bytes[0] = SYNC - 1;
    this.#send(bytes);
    await this.reader.untilQuiet(QUIET_MS + this.#lineMs(FILL));
  }

  /** What is left of the answer before: two NACKs on some parts, noise while the device was reset. */
  #dropped(): void {
    const left = this.reader.drop();
    if (left.length > 0) this.#traced('received', left);
  }

  async #command(code: number): Promise<void> {
    await this.settle();
    this.#dropped();
    const from = this.clock.now();
    await this.#exchange(code, 'command', [code, ~code & 0xff], ANSWER_MS);
    this.facts.accepted(code);
    const ms = this.clock.now() - from;
    this.reader.cameAfter(ms);
    this.#answers.push(ms - this.#lineMs(3));
  }

  async #exchange(
    code: number,
    step: Step,
    bytes: readonly number[],
    limitMs: number,
  ): Promise<void> {
    try {
      this.#send(bytes);
    } catch (error) {
      this.#left = { code, step, sent: false, until: 0 };
      throw error;
    }
    await this.#acknowledged(code, step, limitMs + this.#lineMs(bytes.length));
  }

  async #acknowledged(code: number, step: Step, limitMs: number): Promise<void> {
    const answer = await this.#stopped(code, step, limitMs, () => this.#answer(limitMs));
    if (answer === ACK) return;
    if (answer === NACK) throw new RomFault('refused', code, step);
    if (answer === undefined) throw new RomFault('silent', code, step);
    throw new RomFault('garbled', code, step, answer);
  }

  /** Keeps in mind what was not waited for to its end. */
  async #stopped<T>(code: number, step: Step, limitMs: number, wait: () => Promise<T>): Promise<T> {
    const until = this.clock.now() + limitMs;
    try {
      return await wait();
    } catch (error) {
      this.#left = { code, step, sent: true, until };
      throw error;
    }
  }

  /** A transmitter that is switched on may begin with 00h. */
  async #answer(limitMs: number): Promise<number | undefined> {
    const end = this.clock.now() + limitMs;
    let byte: number | undefined;
    do {
      byte = await this.reader.next(Math.max(0, end - this.clock.now()));
    } while (byte === 0);
    if (byte !== undefined) this.#traced('received', Uint8Array.of(byte));
    return byte;
  }

  async #data(code: number, count: number): Promise<Uint8Array> {
    const limitMs = ANSWER_MS + this.#lineMs(count);
    const take = (): Promise<Uint8Array | undefined> => this.reader.take(count, limitMs);
    const bytes = await this.#stopped(code, 'answer', limitMs, take);
    if (!bytes) throw new RomFault('silent', code, 'answer');
    this.#traced('received', bytes);
    return bytes;
  }

  /** An answer that begins with the number of its bytes, less one */
  async #counted(code: number): Promise<Uint8Array> {
    const [last = 0] = await this.#data(code, 1);
    if (last >= BLOCK - 1) throw new RomFault('garbled', code, 'answer', last);
    const bytes = await this.#data(code, last + 1);
    await this.#acknowledged(code, 'end', ANSWER_MS);
    return bytes;
  }

  #send(bytes: readonly number[]): void {
    this.reader.check();
    const out = Uint8Array.from(bytes);
    this.#traced('sent', out);
    // Nothing to wait for but the answer; a port that fails ends that wait.
    this.#transport.write(out).catch(this.reader.fail);
  }

  #traced(direction: RomTrace['direction'], bytes: Uint8Array): void {
    this.#trace({ direction, bytes, at: this.clock.now() });
  }

  #lineMs(bytes: number): number {
    return (bytes * BITS_PER_BYTE * 1000) / this.#transport.rate;
  }
}

/** All that a ROM says to 7Fh; 00h while its transmitter is switched on */
export function isAnswer(byte: number | undefined): boolean {
  return byte === ACK || byte === NACK || byte === 0;
}

function addressBytes(address: number): number[] {
  return [address >>> 24, (address >>> 16) & 0xff, (address >>> 8) & 0xff, address & 0xff];
}

/** With the XOR of all of them behind (AN3155 section 1) */
function withSum(bytes: readonly number[]): number[] {
  return [...bytes, bytes.reduce((sum, byte) => sum ^ byte, 0)];
}
