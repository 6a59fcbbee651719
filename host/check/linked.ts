// Where an image is linked, told from its bytes: at the right base the addresses it holds are those of functions and texts, at any
// other they point into the middle of something, or out of the image. The file name, and the base a file claims, play no part.
import { FLASH_BASE } from '../image/areas.js';
import { wordAt } from '../image/vector-table.js';
import { FUNCTION, flashAddresses, landmarks, TEXT } from './landmarks.js';

/** How well an image fits a base */
export interface Candidate {
  readonly base: number;
  /** Addresses at which a function or a text begins, if it is linked here */
  readonly begins: number;
  /** Addresses outside of the image, if it is linked here */
  readonly outside: number;
  /** Code sets VTOR to it */
  readonly vtor: boolean;
}

export interface Linked {
  /** Here: nothing speaks for another base. Open: the evidence does not decide. */
  readonly verdict: 'here' | 'elsewhere' | 'open';
  /** Addresses that were judged */
  readonly addresses: number;
  readonly here: Candidate;
  /** Of all others the one that fits best */
  readonly other?: Candidate;
  /** Elsewhere, and no third base fits nearly as well */
  readonly certain: boolean;
}

export interface Constants {
  /** Values that code makes without a literal */
  readonly made: readonly number[];
  /** Values that code stores to VTOR */
  readonly vtor: readonly (number | undefined)[];
}

/** The flash of the largest part that has a bootloader of this kind */
const REACH = 0x10_0000;
/** A table of vectors begins at a multiple of this at least (ARMv7-M B3.2.5); applications begin with a page, which is larger. */
const STEP = 0x100;
/** Initial stack pointer and reset vector [bytes] */
const VECTORS = 8;
const SYSTEM_VECTORS = 16;
/** So many addresses decide as well as all. */
const ENOUGH = 1000;
/** By chance one in so many half-words looks like the beginning of a function. */
const CHANCE = 0.09;
/** What a store to VTOR counts, in addresses: SystemInit often has it wrong. */
const VTOR_WORTH = 2;

/** @param appBase where it has to be linked; its reset vector must be in the image, if it is */
export function whereLinked(bytes: Uint8Array, appBase: number, constants: Constants): Linked {
  const judge = new Judge(bytes, constants);
  const here = judge.place(appBase);
  const bases = judge.bases().filter((base) => base !== appBase);
  const others = bases
    .map((base) => judge.place(base))
    .filter((place) => isMoreThanChance(place, here, bases.length))
    .sort((a, b) => score(b) - score(a));
  const [other, third] = others;
  const addresses = judge.addresses.length;
  if (!other) return { verdict: 'here', addresses, here, certain: false };
  const ahead = score(here) - score(other);
  // A few of thousand may be data that looks like addresses.
  const noise = addresses / 50;
  const verdict = ahead > noise ? 'here' : ahead < -2 - noise ? 'elsewhere' : 'open';
  const certain = !third || score(other) - score(third) >= 2 + addresses / 20;
  return { verdict, addresses, here, other, certain: certain && verdict === 'elsewhere' };
}

interface Fit extends Candidate {
  /** Addresses in the image that may be those of functions */
  readonly odd: number;
  /** Vectors of the system, different ones, at which a function begins */
  readonly handlers: number;
}

/**
 * Of many bases one fits a few addresses by chance. The start of flash is one, and the usual mistake.
 * @param bases how many were tried
 */
function isMoreThanChance(
  { base, begins, odd, vtor, handlers }: Fit,
  here: Fit,
  bases: number,
): boolean {
  if (base === FLASH_BASE && handlers >= here.handlers && handlers + (vtor ? 1 : 0) > 1)
    return true;
  const mean = CHANCE * odd;
  const most = mean + 3 * Math.sqrt(mean) + Math.log10(bases) / 4 + 1;
  return begins + (vtor ? VTOR_WORTH : 0) > most;
}

function score({ begins, outside, vtor }: Candidate): number {
  return begins - outside + (vtor ? VTOR_WORTH : 0);
}

class Judge {
  readonly addresses: readonly number[];
  readonly #handlers: readonly number[];
  readonly #bytes: Uint8Array;
  readonly #marks: Uint8Array;
  readonly #vtor: ReadonlySet<number | undefined>;

  constructor(bytes: Uint8Array, { made, vtor }: Constants) {
    const all = flashAddresses(bytes, made, { from: FLASH_BASE, to: FLASH_BASE + REACH });
    const each = Math.max(1, all.size / ENOUGH);
    const list = [...all];
    this.addresses = Array.from(
      { length: Math.min(all.size, ENOUGH) },
      (_, i) => list[Math.floor(i * each)] ?? 0,
    );
    this.#handlers = systemVectors(bytes).filter((value) => value % 2 === 1);
    this.#bytes = bytes;
    this.#marks = landmarks(bytes);
    this.#vtor = new Set(vtor);
  }

  /** Where the reset vector is in the image */
  bases(): number[] {
    const bases: number[] = [];
    const reset = wordAt(this.#bytes, 4) - 1;
    if (reset >= FLASH_BASE + REACH) return bases;
    const lowest = Math.max(FLASH_BASE, Math.ceil((reset - this.#bytes.length) / STEP) * STEP);
    for (let base = lowest; base + VECTORS <= reset; base += STEP) bases.push(base);
    return bases;
  }

  place(base: number): Fit {
    let [begins, inside, odd] = [0, 0, 0];
    for (const address of this.addresses) {
      const at = address - base;
      if (at < 0 || at >= this.#bytes.length) continue;
      inside++;
      odd += at % 2;
      if (this.#beginsAt(at)) begins++;
    }
    const outside = this.addresses.length - inside;
    const handlers = this.#handlers.filter((address) => this.#beginsAt(address - base)).length;
    return { base, begins, outside, odd, handlers, vtor: this.#vtor.has(base) };
  }

  /** Bit 0 of an address is that of Thumb, or part of the address of a text. */
  #beginsAt(at: number): boolean {
    const text = ((this.#marks[at] ?? 0) & TEXT) !== 0;
    return text || (at % 2 === 1 && ((this.#marks[at - 1] ?? 0) & FUNCTION) !== 0);
  }
}

function systemVectors(bytes: Uint8Array): number[] {
  return [...new Set(Array.from({ length: SYSTEM_VECTORS }, (_, i) => wordAt(bytes, 4 * i)))].slice(
    1,
  );
}
