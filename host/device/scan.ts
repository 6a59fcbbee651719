// Who is on a shared pair: HELLO to each address in turn, without waiting for the slow ones. Changes nothing on anybody.
import {
  ADDRESS_ONLY,
  APP_ANSWER_MS,
  CALL_INTERVAL_MS,
  Command,
  encodeFrame,
  type Frame,
  HelloResponse,
  HOLD_REFRESH_MS,
  LISTEN_MS,
  RESPONSE_BIT,
} from '../../protocol/index.js';
import { sameBytes } from '../base/bytes.js';
import { IapError } from '../base/errors.js';
import { type Tell, Work } from '../base/work.js';
import { Session } from '../link/session.js';
import type { Transport } from '../link/transport.js';
import { callPause } from './connect.js';
import { type DeviceInfo, decodeHello, HELLO_ANSWER_SIZE, heeded, helloRequest } from './device.js';
import { type LinkOptions, openSession } from './open.js';

/** A bootloader answers this fast if it is idle (protocol § 4); an application may answer while others are asked [ms]. */
const IDLE_ANSWER_MS = 50;
/** Addresses whose answers may still come when the next one is asked */
const OVERLAP = Math.ceil(APP_ANSWER_MS / IDLE_ANSWER_MS);
/** An address that is asked alone */
const ALONE_ATTEMPTS = 3;
/** With the delimiter before it [bytes] */
const CALL_SIZE =
  encodeFrame({ address: 1, type: Command.HELLO, seq: 1, payload: helloRequest(false) }).length + 1;
/** Of an answer that has begun, to be told from silence [bytes] */
const FIRST_BYTES = 8;

export interface ScanOptions extends LinkOptions {
  /** In the order in which they are asked; all that there can be if missing */
  readonly addresses?: readonly number[];
}

/** What was heard at an address */
export interface Heard {
  readonly address: number;
  /** More than one: several devices have this address */
  readonly devices: readonly DeviceInfo[];
  /** Something answers there, and is never understood: probably several devices at the same time */
  readonly garbled: boolean;
}

export type ScanEvent =
  | { readonly event: 'found'; readonly address: number; readonly device: DeviceInfo }
  | { readonly event: 'garbled'; readonly address: number }
  | {
      readonly event: 'progress';
      readonly addressesDone: number;
      readonly addressesTotal: number;
      readonly secondsLeft: number;
    };

export interface ScanResult {
  /** In order of their addresses; none for addresses where all is silent */
  readonly heard: readonly Heard[];
  readonly addressesTotal: number;
  readonly seconds: number;
}

/** All that a device can have */
export const ALL_ADDRESSES: readonly number[] = Array.from({ length: 254 }, (_, i) => i + 1);

/**
 * Asks every address who is there. Nobody is kept from starting, or asked to leave.
 * @throws IapError
 */
export function scan(transport: Transport, options: ScanOptions = {}): Work<ScanEvent, ScanResult> {
  return new Work(async (tell, signal) => {
    const session = openSession(transport, { ...options, signal });
    const startedAt = session.clock.now();
    try {
      const { addresses = ALL_ADDRESSES } = options;
      const heard = await new Scan(session, false, tell).run(addresses);
      const seconds = (session.clock.now() - startedAt) / 1000;
      return { heard, addressesTotal: addresses.length, seconds };
    } finally {
      session.close();
    }
  }, options);
}

export class Scan {
  readonly #session: Session;
  readonly #hold: boolean;
  readonly #tell: Tell<ScanEvent>;
  readonly #devices = new Map<number, DeviceInfo[]>();
  readonly #garbled = new Set<number>();
  readonly #keep: (() => Promise<void>) | undefined;
  #keptAt: number;

  /**
   * @param hold keeps bootloaders from starting their applications
   * @param keep sends all of them something that nobody answers: those that were heard stay, however many are called
   */
  constructor(session: Session, hold: boolean, tell: Tell<ScanEvent>, keep?: () => Promise<void>) {
    this.#session = session;
    this.#hold = hold;
    this.#tell = tell;
    this.#keep = keep;
    this.#keptAt = session.clock.now();
  }

  /** May be called again, for those that were silent. */
  async run(addresses: readonly number[]): Promise<Heard[]> {
    const leave = this.#session.listen((frame) => this.#hear(frame));
    try {
      for (const address of await this.#askAll(addresses)) await this.#askAlone(address);
    } finally {
      leave();
    }
    return this.#heard();
  }

  /**
   * Calls these in turn, without waiting for one after the other: a listening window is short. Where somebody answers, all that come
   * on with it are called for as long as they listen; answers that garble each other are asked for again, one by one.
   * @param ms how long, if nobody answers
   */
  async call(addresses: readonly number[], ms: number): Promise<Heard[]> {
    const session = this.#session;
    const { clock } = session;
    const leave = session.listen((frame) => this.#hear(frame));
    const noise = this.#noise;
    const silent = (): number[] => addresses.filter((address) => !this.#devices.has(address));
    let end = clock.now() + ms;
    let heard = false;
    try {
      for (let i = 0; clock.now() < end; i++) {
        const left = silent();
        const address = left[i % left.length];
        if (address === undefined) break;
        if (!heard && (left.length < addresses.length || this.#noise > noise)) {
          heard = true;
          end = clock.now() + LISTEN_MS;
        }
        await session.post([{ type: Command.HELLO, payload: helloRequest(this.#hold), address }]);
        await this.#callPause(CALL_INTERVAL_MS / left.length);
      }
      if (heard) await session.sleep(session.lineTime(Session.wireSize(HELLO_ANSWER_SIZE)));
    } finally {
      leave();
    }
    return this.#noise - noise < HelloResponse.size ? this.#heard() : this.run(silent());
  }

  async #callPause(intervalMs: number): Promise<void> {
    const session = this.#session;
    const pause = callPause(session, intervalMs);
    if (session.halfDuplex) await session.until(session.clock.now() + pause, () => false);
    else await session.sleep(pause);
  }

  #heard(): Heard[] {
    const addresses = [...new Set([...this.#devices.keys(), ...this.#garbled])];
    return addresses
      .sort((a, b) => a - b)
      .map((address) => ({
        address,
        devices: this.#devices.get(address) ?? [],
        garbled: this.#garbled.has(address),
      }));
  }

  /** Returns those at which something was heard that was no whole answer. */
  async #askAll(addresses: readonly number[]): Promise<Set<number>> {
    const { clock } = this.#session;
    const startedAt = clock.now();
    const unclear = new Set<number>();
    for (const [i, address] of addresses.entries()) {
      await this.#keepHeard();
      const before = this.#noise;
      await this.#ask(address, IDLE_ANSWER_MS);
      const done = i + 1;
      if (done === addresses.length) await this.#session.sleep(APP_ANSWER_MS - IDLE_ANSWER_MS);
      if (this.#noise > before) {
        for (const each of addresses.slice(Math.max(0, done - OVERLAP), done)) unclear.add(each);
      }
      const secondsLeft =
        (((clock.now() - startedAt) / 1000) * (addresses.length - done)) / Math.max(1, done);
      this.#tell({
        event: 'progress',
        addressesDone: done,
        addressesTotal: addresses.length,
        secondsLeft,
      });
    }
    return unclear;
  }

  /** With all the time that an answer may take, and nobody else asked meanwhile */
  async #askAlone(address: number): Promise<void> {
    for (let i = 0; i < ALONE_ATTEMPTS; i++) {
      await this.#keepHeard();
      const before = this.#noise;
      await this.#ask(address, APP_ANSWER_MS, true);
      const { length = 0 } = this.#devices.get(address) ?? [];
      // A transceiver that turns round makes a byte or two: beside a whole answer, less than one more is nothing.
      if (this.#noise - before < (length > 0 ? HelloResponse.size : 1) || length > 1) return;
    }
    // An application that prints is heard without being asked.
    const before = this.#noise;
    await this.#session.sleep(APP_ANSWER_MS);
    if (this.#noise > before) return;
    this.#garbled.add(address);
    this.#tell({ event: 'garbled', address });
  }

  /** After calls that nobody answers, the answer of one of them makes room for what is not answered (protocol § 2). */
  async #keepHeard(): Promise<void> {
    const now = this.#session.clock.now();
    const [one] = this.#devices.keys();
    if (!this.#keep || one === undefined || now - this.#keptAt < HOLD_REFRESH_MS) return;
    this.#keptAt = now;
    await this.#ask(one, APP_ANSWER_MS);
    await this.#keep();
  }

  async #ask(address: number, ms: number, all = false): Promise<void> {
    const session = this.#session;
    const { length = 0 } = this.#devices.get(address) ?? [];
    await session.post([{ type: Command.HELLO, payload: helloRequest(this.#hold), address }]);
    const end = session.lineFreeAt + ms + session.lineTime(FIRST_BYTES);
    const answered = (): boolean => (this.#devices.get(address)?.length ?? 0) > length;
    await session.until(end, () => !all && answered());
  }

  get #noise(): number {
    return this.#session.bytesUnexplained;
  }

  #hear({ address, type, payload }: Frame): void {
    if (address === ADDRESS_ONLY || type !== (Command.HELLO | RESPONSE_BIT)) return;
    const known = this.#devices.get(address) ?? [];
    try {
      const device = heeded(this.#session, decodeHello(payload));
      if (known.some(({ uniqueId }) => sameBytes(uniqueId, device.uniqueId))) return;
      this.#devices.set(address, [...known, device]);
      this.#tell({ event: 'found', address, device });
    } catch (error) {
      if (!(error instanceof IapError)) throw error;
      // Of another major version, or nonsense: somebody is there.
      this.#garbled.add(address);
      this.#tell({ event: 'garbled', address });
    }
  }
}

/** How long a scan takes if nobody answers [s] */
export function scanSeconds(addresses: number, rate: number): number {
  const bytes = CALL_SIZE + FIRST_BYTES;
  return (addresses * (IDLE_ANSWER_MS + (bytes * 10_000) / rate)) / 1000;
}
