// A ROM bootloader in TypeScript, on a line that loses and damages bytes: for what the virtual board's line never does.
import type { Clock } from '../../host/base/clock.js';
import type { IapError } from '../../host/base/errors.js';
import type { ControlLines, Transport } from '../../host/link/transport.js';

const ACK = 0x79;
const NACK = 0x1f;
const FLASH = 0x0800_0000;
const RAM = 0x2000_0000;
const OPTIONS = 0x1fff_f800;

/** A place in a command at which it answers */
export interface FakeStep {
  readonly code: number;
  readonly step: 'command' | 'address' | 'length' | 'data' | 'pages' | 'all' | 'sectors' | 'done';
  readonly address: number | undefined;
}

export interface FakeRomOptions {
  readonly pid?: number;
  /** 64 if missing */
  readonly flashKb?: number;
  /** What the register of the flash size says, if that is not so [KB] */
  readonly sizeRegister?: number;
  /** It has Extended Erase instead of Erase */
  readonly extended?: boolean;
  /** What it answers at a step instead of going on; 'dead' is nothing from then on, 'app' is text for every byte */
  readonly odd?: (at: FakeStep) => number | 'dead' | 'app' | undefined;
  /** Cells that do not take what is written */
  readonly worn?: (address: number) => boolean;
  /** Everything the host sends comes back to it, first; or does so once a program was started */
  readonly echo?: boolean | 'after-go';
  /** What Go starts resets at once, with BOOT0 high */
  readonly returns?: boolean;
  /** Already synchronised, by a host that is gone */
  readonly synced?: boolean;
  readonly readProtected?: boolean;
  /** NACKs to what read protection forbids */
  readonly nacks?: number;
  /** A transmitter that begins with 00h */
  readonly zeroFirst?: boolean;
  /** Commands that Get does not list */
  readonly without?: readonly number[];
  /** What each byte on its way becomes: undefined is lost */
  readonly toRom?: (byte: number) => number | undefined;
  readonly toHost?: (byte: number) => number | undefined;
  /** [ms] */
  readonly latencyMs?: number;
  /** What it says comes so much later, and all that follows not before [ms] */
  readonly late?: (bytes: readonly number[]) => number;
  /** All of the latency is a network's, which the transport has measured; or which nobody has told it of */
  readonly network?: 'measured' | 'unknown';
  /** Baud, 115200 if missing; the line itself takes no time */
  readonly rate?: number;
  /** It listens only after a reset by these lines with BOOT0 high */
  readonly needsReset?: Circuit;
  /** What opening the port has done to both lines: asserted by Linux and macOS (if missing), let go of by Windows */
  readonly opened?: 'asserted' | 'released';
  /** The driver sets RTS first, then DTR, as on Windows; both at once if missing */
  readonly oneByOne?: boolean;
}

/** What RTS and DTR do to reset and BOOT0: true is high at the pin. */
export type Circuit = (pins: {
  readonly dtr: boolean;
  readonly rts: boolean;
}) => 'reset' | 'boot0' | 'run';

export class FakeRom implements Transport {
  readonly rate: number;
  readonly fixedRate: boolean;
  readonly roundTripMs?: number;
  readonly flash: Uint8Array;
  readonly commands: number[] = [];
  /** Option bytes, with complements */
  readonly options = Uint8Array.from([0xa5, ...new Array<number>(7).fill(0xff)].flatMap(pair));
  readonly pagesErased: number[] = [];
  /** What the host wrote in one call, by calls */
  readonly writes: Uint8Array[] = [];
  readonly #ram = new Uint8Array(64 * 1024);
  readonly #clock: Clock;
  readonly #options: FakeRomOptions;
  /** Resets into flash by the lines */
  starts = 0;
  readonly #pins: { dtr: boolean; rts: boolean };
  #inReset = false;
  #listening: boolean;
  #synced: boolean;
  #readProtected: boolean;
  #app = false;
  #echo: boolean;
  #code = 0;
  /** What it has said last is on its way until then [ms] */
  #heardAt = 0;
  #in: number[] = [];
  #onBytes: (bytes: Uint8Array) => void = () => {};
  #step: (() => boolean) | undefined;

  constructor(clock: Clock, options: FakeRomOptions = {}) {
    this.#clock = clock;
    this.#options = options;
    const { rate = 115_200, network, latencyMs = 1 } = options;
    this.rate = rate;
    this.fixedRate = network === 'unknown';
    if (network === 'measured') this.roundTripMs = latencyMs;
    this.flash = new Uint8Array((options.flashKb ?? 64) * 1024).fill(0xff);
    this.#synced = options.synced ?? false;
    this.#echo = options.echo === true;
    this.#readProtected = options.readProtected ?? false;
    this.#listening = options.needsReset === undefined;
    const high = options.opened === 'released';
    this.#pins = { dtr: high, rts: high };
    this.#pinsChanged();
  }

  /** In reset, or what the lines say that the next one leads to */
  get state(): 'reset' | 'boot0' | 'run' | undefined {
    return this.#options.needsReset?.(this.#pins);
  }

  write(bytes: Uint8Array): Promise<void> {
    this.writes.push(bytes);
    const { toRom = (byte: number) => byte } = this.#options;
    if (this.#echo) this.#say(...bytes);
    for (const sent of bytes) {
      const byte = toRom(sent);
      if (this.#app) this.#say(0x41);
      if (byte !== undefined && this.#listening) this.#take(byte);
    }
    return Promise.resolve();
  }

  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.#onBytes = listener;
  }

  onClose(_listener: (error: IapError) => void): void {}

  setRate(): Promise<void> {
    return Promise.resolve();
  }

  drain(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  setLines({ dtr, rts }: ControlLines): Promise<void> {
    // Asserted is low.
    if (rts !== undefined) this.#pins.rts = !rts;
    if (this.#options.oneByOne) this.#pinsChanged();
    if (dtr !== undefined) this.#pins.dtr = !dtr;
    this.#pinsChanged();
    return Promise.resolve();
  }

  /** BOOT0 counts at the end of a reset. */
  #pinsChanged(): void {
    const { state } = this;
    if (state === 'reset') {
      this.#inReset = true;
      this.#listening = this.#synced = false;
    } else if (this.#inReset) {
      this.#inReset = false;
      this.#listening = state === 'boot0';
      if (state === 'run') this.starts++;
    }
  }

  #say(...bytes: number[]): void {
    const { toHost = (byte: number) => byte, latencyMs = 1, late = () => 0 } = this.#options;
    const heard = bytes.map(toHost).filter((byte) => byte !== undefined);
    if (heard.length > 0) {
      const now = this.#clock.now();
      this.#heardAt = Math.max(this.#heardAt, now + latencyMs + late(heard));
      this.#clock.after(this.#heardAt - now, () => this.#onBytes(Uint8Array.from(heard)));
    }
  }

  /** Says so of its own accord */
  talk(...bytes: number[]): void {
    this.#say(...bytes);
  }

  /** Whether it answers otherwise than it should; then the command is over. */
  #odd(step: FakeStep['step'], address?: number): boolean {
    const odd = this.#options.odd?.({ code: this.#code, step, address });
    if (odd === undefined) return false;
    if (odd === 'dead' || odd === 'app') this.#listening = false;
    this.#app = odd === 'app';
    if (this.#app) this.#say(0x41);
    if (typeof odd === 'number') this.#say(odd);
    return true;
  }

  #take(byte: number): void {
    if (!this.#synced) {
      if (byte !== 0x7f) return;
      this.#synced = true;
      this.#say(...(this.#options.zeroFirst ? [0, ACK] : [ACK]));
      return;
    }
    this.#in.push(byte);
    this.#step ??= () => this.#command();
    while (this.#in.length > 0 && (this.#step ?? (() => this.#command()))()) {
      // as long as there is enough for another step
    }
  }

  /** Takes `count` bytes for `next`, once they are there */
  #want(count: number, next: (bytes: number[]) => void): void {
    this.#step = () => {
      if (this.#in.length < count) return false;
      this.#step = undefined;
      next(this.#in.splice(0, count));
      return true;
    };
  }

  #command(): boolean {
    if (this.#in.length < 2) return false;
    const [code = 0, complement = 0] = this.#in.splice(0, 2);
    this.#step = undefined;
    const { nacks = 1, without = [], pid = 0x414, extended = false } = this.#options;
    const erase = extended ? 0x44 : 0x43;
    const list = [0x00, 0x01, 0x02, 0x11, 0x21, 0x31, erase, 0x63, 0x73, 0x82, 0x92].filter(
      (known) => !without.includes(known),
    );
    if ((code ^ complement) !== 0xff || !list.includes(code)) {
      this.#say(NACK);
      return true;
    }
    this.commands.push(code);
    this.#code = code;
    if (this.#odd('command')) return true;
    if (this.#readProtected && code > 0x02 && code !== 0x92) {
      this.#say(...new Array<number>(nacks).fill(NACK));
      return true;
    }
    if (code === 0x00) this.#say(ACK, list.length, 0x22, ...list, ACK);
    else if (code === 0x01) this.#say(ACK, 0x22, 0, 0, ACK);
    else if (code === 0x02) this.#say(ACK, 1, pid >> 8, pid & 0xff, ACK);
    else if (code === 0x11) this.#read();
    else if (code === 0x31) this.#write();
    else if (code === 0x21) this.#go();
    else if (code === erase) this.#erase();
    else if (code === 0x63) this.#protect();
    else this.#change(code);
    return true;
  }

  #address(next: (address: number) => void): void {
    this.#say(ACK);
    this.#want(5, (bytes) => {
      const [a = 0, b = 0, c = 0, d = 0] = bytes;
      const address = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
      const good = bytes.reduce((sum, byte) => sum ^ byte, 0) === 0;
      if (good && this.#odd('address', address)) return;
      this.#say(good ? ACK : NACK);
      if (good) next(address);
    });
  }

  #read(): void {
    this.#address((address) => {
      this.#want(2, ([count = 0, complement = 0]) => {
        if ((count ^ complement) !== 0xff) this.#say(NACK);
        else if (this.#odd('length', address)) return;
        else {
          this.#say(ACK);
          this.#say(...this.#memory(address, count + 1));
        }
      });
    });
  }

  #memory(address: number, count: number): Uint8Array {
    if (address >= FLASH && address < FLASH + this.flash.length) {
      return this.flash.slice(address - FLASH, address - FLASH + count);
    }
    if (address >= RAM) return this.#ram.slice(address - RAM, address - RAM + count);
    if (address === 0x1fff_f7e0) {
      const kb = this.#options.sizeRegister ?? this.flash.length / 1024;
      return Uint8Array.of(kb & 0xff, kb >> 8, 0xff, 0xff).slice(0, count);
    }
    if (address === OPTIONS) return this.options.slice(0, count);
    return new Uint8Array(count);
  }

  #write(): void {
    this.#address((address) => {
      this.#want(1, ([count = 0]) => {
        this.#want(count + 2, (bytes) => {
          const good = bytes.reduce((sum, byte) => sum ^ byte, count) === 0;
          if (good && this.#odd('data', address)) return;
          // What is not blank is skipped, as the flash controller does.
          bytes.slice(0, -1).forEach((byte, i) => {
            const at = address - FLASH + i;
            if (this.#options.worn?.(address + i)) return;
            if (good && this.flash[at] === 0xff) this.flash[at] = byte;
          });
          if (good && address >= RAM) this.#ram.set(bytes.slice(0, -1), address - RAM);
          this.#say(good ? ACK : NACK);
          if (!good || address !== OPTIONS) return;
          this.options.set(bytes.slice(0, -1));
          this.#synced = false; // it resets itself
        });
      });
    });
  }

  #go(): void {
    this.#address(() => {
      if (this.#options.returns) this.#synced = false;
      else this.#listening = false;
      this.#echo ||= this.#options.echo === 'after-go';
    });
  }

  get protectedSectors(): number[] {
    return Array.from({ length: 32 }, (_, sector) => sector).filter(
      (sector) => (((this.options[8 + 2 * (sector >> 3)] ?? 0xff) >> (sector & 7)) & 1) === 0,
    );
  }

  set protectedSectors(sectors: readonly number[]) {
    for (let byte = 0; byte < 4; byte++) {
      const wrp = sectors
        .filter((n) => n >> 3 === byte)
        .reduce((value, n) => value & ~(1 << (n & 7)), 0xff);
      this.options.set(pair(wrp), 8 + 2 * byte);
    }
  }

  /** Write Unprotect, Readout Protect, Readout Unprotect */
  #change(code: number): void {
    this.#say(ACK);
    if (this.#odd('done')) return;
    if (code === 0x73) this.protectedSectors = [];
    else this.#readProtected = code === 0x82;
    if (code === 0x92) this.flash.fill(0xff);
    this.#say(ACK);
    this.#synced = false; // it resets itself
  }

  #protect(): void {
    this.#say(ACK);
    this.#want(1, ([count = 0]) => {
      this.#want(count + 2, (bytes) => {
        if (bytes.reduce((sum, byte) => sum ^ byte, count) !== 0) {
          this.#say(NACK);
          return;
        }
        if (this.#odd('sectors')) return;
        this.protectedSectors = bytes.slice(0, -1);
        this.#say(ACK);
        this.#synced = false; // it resets itself
      });
    });
  }

  #erase(): void {
    const size = this.#options.extended ? 2 : 1;
    const number = (bytes: readonly number[]): number =>
      bytes.reduce((n, byte) => n * 256 + byte, 0);
    this.#say(ACK);
    this.#want(size, (count) => {
      const all = number(count) === 256 ** size - 1;
      this.#want(all ? 1 : (number(count) + 1) * size + 1, (rest) => {
        const sum = [...count, ...rest].reduce((x, byte) => x ^ byte, 0);
        // Of Erase's FFh the second byte is the complement, not the sum.
        const good = sum === (all && size === 1 ? 0xff : 0);
        if (good && this.#odd(all ? 'all' : 'pages')) return;
        if (good && all) this.flash.fill(0xff);
        for (let at = 0; good && !all && at < rest.length - 1; at += size) {
          const page = number(rest.slice(at, at + size));
          this.pagesErased.push(page);
          this.flash.fill(0xff, page * 2048, (page + 1) * 2048);
        }
        this.#say(good ? ACK : NACK);
      });
    });
  }
}

/** An option byte and its complement */
function pair(value: number): [number, number] {
  return [value, ~value & 0xff];
}
