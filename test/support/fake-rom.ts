// A ROM bootloader in TypeScript, on a line that loses and damages bytes: for what the virtual board's line never does.
import type { Clock } from '../../host/clock.js';
import type { IapError } from '../../host/errors.js';
import type { ControlLines, Transport } from '../../host/transport/transport.js';

const ACK = 0x79;
const NACK = 0x1f;
const FLASH = 0x0800_0000;

export interface FakeRomOptions {
  readonly pid?: number;
  /** 64 if missing */
  readonly flashKb?: number;
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
  /** Baud, 115200 if missing; the line itself takes no time */
  readonly rate?: number;
  /** It listens only after a reset by these lines with BOOT0 high: RTS and DTR as the pins are */
  readonly needsReset?: (pins: {
    readonly dtr: boolean;
    readonly rts: boolean;
  }) => 'reset' | 'boot0' | 'run';
}

export class FakeRom implements Transport {
  readonly rate: number;
  readonly flash: Uint8Array;
  readonly commands: number[] = [];
  readonly pagesErased: number[] = [];
  readonly protectedSectors = new Set<number>();
  /** What the host wrote in one call, by calls */
  readonly writes: Uint8Array[] = [];
  readonly #clock: Clock;
  readonly #options: FakeRomOptions;
  readonly #pins = { dtr: true, rts: true };
  #listening: boolean;
  #synced: boolean;
  #in: number[] = [];
  #onBytes: (bytes: Uint8Array) => void = () => {};
  #step: (() => boolean) | undefined;

  constructor(clock: Clock, options: FakeRomOptions = {}) {
    this.#clock = clock;
    this.#options = options;
    this.rate = options.rate ?? 115_200;
    this.flash = new Uint8Array((options.flashKb ?? 64) * 1024).fill(0xff);
    this.#synced = options.synced ?? false;
    this.#listening = options.needsReset === undefined;
  }

  write(bytes: Uint8Array): Promise<void> {
    this.writes.push(bytes);
    const { toRom = (byte: number) => byte } = this.#options;
    for (const sent of bytes) {
      const byte = toRom(sent);
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
    if (dtr !== undefined) this.#pins.dtr = !dtr;
    if (rts !== undefined) this.#pins.rts = !rts;
    const state = this.#options.needsReset?.(this.#pins);
    if (state === 'reset') this.#listening = this.#synced = false;
    if (state === 'boot0' && !this.#listening) this.#listening = true;
    return Promise.resolve();
  }

  #say(...bytes: number[]): void {
    const { toHost = (byte: number) => byte, latencyMs = 1 } = this.#options;
    const heard = bytes.map(toHost).filter((byte) => byte !== undefined);
    if (heard.length > 0) {
      this.#clock.after(latencyMs, () => this.#onBytes(Uint8Array.from(heard)));
    }
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
    const { readProtected = false, nacks = 1, without = [], pid = 0x414 } = this.#options;
    const list = [0x00, 0x01, 0x02, 0x11, 0x21, 0x31, 0x43, 0x63, 0x73, 0x82, 0x92].filter(
      (known) => !without.includes(known),
    );
    if ((code ^ complement) !== 0xff || !list.includes(code)) {
      this.#say(NACK);
      return true;
    }
    this.commands.push(code);
    if (readProtected && code > 0x02 && code !== 0x92) {
      this.#say(...new Array<number>(nacks).fill(NACK));
      return true;
    }
    if (code === 0x00) this.#say(ACK, list.length, 0x22, ...list, ACK);
    else if (code === 0x01) this.#say(ACK, 0x22, 0, 0, ACK);
    else if (code === 0x02) this.#say(ACK, 1, pid >> 8, pid & 0xff, ACK);
    else if (code === 0x11) this.#read();
    else if (code === 0x31) this.#write();
    else if (code === 0x43) this.#erase();
    else if (code === 0x63) this.#protect();
    else this.#say(ACK);
    return true;
  }

  #address(next: (address: number) => void): void {
    this.#say(ACK);
    this.#want(5, (bytes) => {
      const [a = 0, b = 0, c = 0, d = 0] = bytes;
      const good = bytes.reduce((sum, byte) => sum ^ byte, 0) === 0;
      this.#say(good ? ACK : NACK);
      if (good) next(((a << 24) | (b << 16) | (c << 8) | d) >>> 0);
    });
  }

  #read(): void {
    this.#address((address) => {
      this.#want(2, ([count = 0, complement = 0]) => {
        if ((count ^ complement) !== 0xff) this.#say(NACK);
        else this.#say(ACK, ...this.#memory(address, count + 1));
      });
    });
  }

  #memory(address: number, count: number): Uint8Array {
    if (address >= FLASH && address < FLASH + this.flash.length) {
      return this.flash.slice(address - FLASH, address - FLASH + count);
    }
    if (address === 0x1fff_f7e0) {
      const kb = this.flash.length / 1024;
      return Uint8Array.of(kb & 0xff, kb >> 8, 0xff, 0xff).slice(0, count);
    }
    if (address === 0x1fff_f800) {
      const sectors = [...this.protectedSectors];
      const wrp = (byte: number): number =>
        sectors.filter((n) => n >> 3 === byte).reduce((value, n) => value & ~(1 << (n & 7)), 0xff);
      const values = [0xa5, 0xff, 0xff, 0xff, ...[0, 1, 2, 3].map(wrp)];
      return Uint8Array.from(values.flatMap((v) => [v, ~v & 0xff]));
    }
    return new Uint8Array(count);
  }

  #write(): void {
    this.#address((address) => {
      this.#want(1, ([count = 0]) => {
        this.#want(count + 2, (bytes) => {
          const good = bytes.reduce((sum, byte) => sum ^ byte, count) === 0;
          // What is not blank is skipped, as the flash controller does.
          bytes.slice(0, -1).forEach((byte, i) => {
            const at = address - FLASH + i;
            if (good && this.flash[at] === 0xff) this.flash[at] = byte;
          });
          this.#say(good ? ACK : NACK);
        });
      });
    });
  }

  #protect(): void {
    this.#say(ACK);
    this.#want(1, ([count = 0]) => {
      this.#want(count + 2, (bytes) => {
        this.protectedSectors.clear();
        for (const sector of bytes.slice(0, -1)) this.protectedSectors.add(sector);
        this.#say(ACK);
        this.#synced = false; // it resets itself
      });
    });
  }

  #erase(): void {
    this.#say(ACK);
    this.#want(1, ([count = 0]) => {
      this.#want(count === 0xff ? 1 : count + 2, (bytes) => {
        const good = bytes.reduce((sum, byte) => sum ^ byte, count) === (count === 0xff ? 0xff : 0);
        if (good && count === 0xff) this.flash.fill(0xff);
        else if (good) {
          for (const page of bytes.slice(0, -1)) {
            this.pagesErased.push(page);
            this.flash.fill(0xff, page * 2048, (page + 1) * 2048);
          }
        }
        this.#say(good ? ACK : NACK);
      });
    });
  }
}
