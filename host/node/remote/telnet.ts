// Telnet (RFC 854, 855) as bytes: commands among data, and data that looks like a command. Pure.
import { concat } from '../../base/bytes.js';

export const IAC = 0xff;
export const SE = 0xf0;
export const SB = 0xfa;
export const WILL = 0xfb;
export const WONT = 0xfc;
export const DO = 0xfd;
export const DONT = 0xfe;

/** A longer subnegotiation is none of RFC 2217, and discarded [bytes]. */
const MOST_SUB = 512;

export type TelnetPart =
  | { readonly kind: 'data'; readonly bytes: Uint8Array }
  /** WILL, WONT, DO or DONT, and the option it is about */
  | { readonly kind: 'option'; readonly verb: number; readonly option: number }
  /** From the option on */
  | { readonly kind: 'sub'; readonly bytes: Uint8Array };

/** Bytes as data: each IAC among them twice. */
export function escaped(bytes: Uint8Array): Uint8Array {
  if (!bytes.includes(IAC)) return bytes;
  const out: number[] = [];
  for (const byte of bytes) {
    out.push(byte);
    if (byte === IAC) out.push(IAC);
  }
  return Uint8Array.from(out);
}

export function optionBytes(verb: number, option: number): Uint8Array {
  return Uint8Array.of(IAC, verb, option);
}

/** @param bytes from the option on */
export function subBytes(bytes: Uint8Array): Uint8Array {
  return concat([Uint8Array.of(IAC, SB), escaped(bytes), Uint8Array.of(IAC, SE)]);
}

/** What arrives, in any chunking, in its parts. */
export class TelnetDecoder {
  #state: 'data' | 'iac' | 'option' | 'sub' | 'sub-iac' = 'data';
  #verb = 0;
  readonly #sub = new Uint8Array(MOST_SUB);
  /** Of the whole of it; more than MOST_SUB are not kept [bytes] */
  #subLength = 0;
  #data: number[] = [];

  push(bytes: Uint8Array): TelnetPart[] {
    const parts: TelnetPart[] = [];
    for (const byte of bytes) this.#take(byte, parts);
    this.#flush(parts);
    return parts;
  }

  #take(byte: number, parts: TelnetPart[]): void {
    switch (this.#state) {
      case 'data':
        if (byte === IAC) this.#state = 'iac';
        else this.#data.push(byte);
        break;
      case 'iac':
        this.#command(byte);
        break;
      case 'option':
        this.#flush(parts);
        parts.push({ kind: 'option', verb: this.#verb, option: byte });
        this.#state = 'data';
        break;
      case 'sub':
        if (byte === IAC) this.#state = 'sub-iac';
        else this.#sub[this.#subLength++] = byte;
        break;
      case 'sub-iac':
        if (byte === IAC) {
          this.#sub[this.#subLength++] = byte;
          this.#state = 'sub';
          break;
        }
        // Anything but SE is a mistake of the server; what it had begun is over all the same.
        this.#flush(parts);
        if (byte === SE && this.#subLength <= MOST_SUB) {
          parts.push({ kind: 'sub', bytes: this.#sub.slice(0, this.#subLength) });
        }
        this.#state = 'data';
        break;
    }
  }

  #command(byte: number): void {
    this.#state = 'data';
    if (byte === IAC) this.#data.push(byte);
    else if (byte === SB) {
      this.#subLength = 0;
      this.#state = 'sub';
    } else if (byte >= WILL) {
      this.#verb = byte;
      this.#state = 'option';
    }
    // The others, as NOP, have nothing behind them, and mean nothing here.
  }

  #flush(parts: TelnetPart[]): void {
    if (this.#data.length === 0) return;
    parts.push({ kind: 'data', bytes: Uint8Array.from(this.#data) });
    this.#data = [];
  }
}
