// A line on which the test itself says what a ROM bootloader answers: to each write of the host, the next reply.
import type { Clock } from '../../host/base/clock.js';
import type { IapError } from '../../host/base/errors.js';
import { hexBytes } from '../../host/base/text.js';
import type { RomTrace } from '../../host/isp/index.js';
import { RomClient } from '../../host/isp/rom-client.js';
import type { ControlLines, Transport } from '../../host/link/transport.js';
import { VirtualClock } from '../../host/testing/virtual-clock.js';

/** So much later than the write before, or than the reply before [ms], in hexadecimal */
export type Reply = string | readonly (readonly [ms: number, bytes: string])[];

/** A byte, with parity, takes 1 ms. */
const RATE = 11_000;
const LATENCY_MS = 1;

export class ScriptedRom implements Transport {
  readonly rate = RATE;
  /** What passes, as `time direction bytes` */
  readonly wire: string[] = [];
  readonly #clock: Clock;
  readonly #replies: Reply[];
  #onBytes: (bytes: Uint8Array) => void = () => {};
  #onClose: (error: IapError) => void = () => {};

  constructor(clock: Clock, replies: readonly Reply[]) {
    this.#clock = clock;
    this.#replies = [...replies];
  }

  /** For the trace of a client */
  readonly trace = ({ direction, bytes, at }: RomTrace): void => {
    this.wire.push(`${at} ${direction === 'sent' ? '>' : '<'} ${hexBytes(bytes)}`);
  };

  write(_bytes: Uint8Array): Promise<void> {
    const reply = this.#replies.shift() ?? [];
    let at = 0;
    for (const [ms, text] of typeof reply === 'string' ? [[LATENCY_MS, reply] as const] : reply) {
      at += ms;
      const bytes = Uint8Array.from(text.match(/[0-9a-f]{2}/g) ?? [], (two) => parseInt(two, 16));
      this.#clock.after(at, () => this.#onBytes(bytes));
    }
    return Promise.resolve();
  }

  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.#onBytes = listener;
  }

  onClose(listener: (error: IapError) => void): void {
    this.#onClose = listener;
  }

  /** The adapter is pulled out. */
  vanish(error: IapError): void {
    this.#onClose(error);
  }

  setLines(lines: ControlLines): Promise<void> {
    const set = Object.entries(lines).map(([name, on]) => `${name} ${on ? 'on' : 'off'}`);
    this.wire.push(`${this.#clock.now()} = ${set.join(', ')}`);
    return Promise.resolve();
  }

  setRate(): Promise<void> {
    return Promise.resolve();
  }

  drain(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

export interface ScriptedBench {
  readonly clock: VirtualClock;
  readonly line: ScriptedRom;
  readonly client: RomClient;
}

/** A client on such a line, on virtual time */
export function scripted(replies: readonly Reply[], signal?: AbortSignal): ScriptedBench {
  const clock = new VirtualClock();
  const line = new ScriptedRom(clock, replies);
  const { trace } = line;
  return {
    clock,
    line,
    client: new RomClient(line, { clock, trace, ...(signal && { signal }) }),
  };
}

/** What passed, in one line; runs of 7Fh as how many they are */
export function shown(wire: readonly string[]): string {
  return wire.map((row) => row.replace(/(7f)\1{9,}/g, (run) => `7f×${run.length / 2}`)).join(', ');
}
