// A processor that runs Thumb code as far as constants in its registers go.
import { wordAt } from '../image/vector-table.js';
import type { Value } from './thumb-value.js';

/** A word stored at an address that is a constant */
export interface Store {
  /** Of the instruction */
  readonly at: number;
  readonly address: number;
  readonly value: Value;
}

/** Told of what the code does; not in the order of time */
export interface Watch {
  readonly store?: (store: Store) => void;
  /** A value loaded from a literal */
  readonly literal?: (value: number) => void;
  /** A value made of two halves, by MOVW and MOVT */
  readonly made?: (value: number) => void;
}

export interface Code {
  /** Address of the first byte */
  readonly base: number;
  readonly bytes: Uint8Array;
}

/** Bits that tell an instruction, their values, and what it does */
export type Instruction = readonly [number, number, (cpu: Thumb, op: number) => void];

const PC = 15;
/** A jump within one function [bytes]; without a bound, bytes that are no code would make this remember too much. */
const FARTHEST = 4096;
/** Code has loaded a word from here, so that it is none. */
const LITERAL = 1;
/** A jump forward comes here. */
const TARGET = 2;
/** R0 to R3, R12, LR */
const CALLER_SAVED = 0x500f;

/** R0 to PC, none of them a constant */
const allUnknown = (): Value[] => new Array<Value>(PC + 1).fill(undefined);

export class Thumb {
  readonly #code: Code;
  readonly #watch: Watch;
  /** Registers at the target of jumps that went forward */
  readonly #arriving = new Map<number, Value[]>();
  /** Of each byte: LITERAL, TARGET or 0; most addresses are asked for nothing else */
  readonly #marks: Uint8Array;
  #registers: Value[] = allUnknown();
  /** After a jump that is always taken, until something arrives */
  #dead = false;
  /** Instructions left of an if-then block */
  #conditional = 0;
  at = 0;

  constructor(code: Code, watch: Watch) {
    this.#code = code;
    this.#watch = watch;
    this.#marks = new Uint8Array(code.bytes.length);
  }

  /** Of each byte; one that is 0 is nothing to arrive at. */
  get marks(): Uint8Array {
    return this.#marks;
  }

  /** At an address that has a mark; false if code has loaded a word from there, so that it holds none. */
  arrive(): boolean {
    if (this.#marks[this.at - this.#code.base] === LITERAL) return false;
    this.#join();
    return true;
  }

  get inBlock(): boolean {
    return this.#conditional > 0;
  }

  /** @param rows instructions that it may be */
  step(rows: readonly Instruction[], op: number): void {
    const { inBlock } = this;
    // By index: this runs some hundred thousand times before an update begins.
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] as Instruction;
      if ((op & row[0]) >>> 0 !== row[1]) continue;
      row[2](this, op);
      break;
    }
    if (inBlock) this.#conditional--;
  }

  /** What jumps to here have brought */
  #join(): void {
    const arriving = this.#arriving.get(this.at) ?? [];
    this.#arriving.delete(this.at);
    arriving.forEach((value, i) => {
      const here = this.#registers[i];
      if (value === undefined) return;
      if (here !== undefined && here !== value) this.#registers[i] = undefined;
      // What lies between the jump and here may be data, or the start of another function.
      else if (this.#dead) this.#registers[i] = value;
    });
    this.#dead = false;
  }

  get(register: number): Value {
    return this.#registers[register];
  }

  set(register: number, value: Value): void {
    if (register === PC) return;
    const before = this.#registers[register];
    const after = value === undefined ? undefined : value >>> 0;
    // In an if-then block it may be either.
    const either = this.inBlock && before !== undefined && before !== after;
    this.#registers[register] = either ? undefined : after;
  }

  /** @param list a bit for each register */
  forget(list: number): void {
    for (let i = 0; i < PC; i++) if ((list & (1 << i)) !== 0) this.set(i, undefined);
  }

  /** @param mask of an IT instruction; 0 is another hint */
  ifThen(mask: number): void {
    if (mask !== 0) this.#conditional = 4 - Math.log2(mask & -mask);
  }

  /** As instructions see it: aligned, two instructions ahead */
  get pc(): number {
    return ((this.at + 4) & ~3) >>> 0;
  }

  loadLiteral(register: number, address: number): void {
    this.#marks[address - this.#code.base] = LITERAL;
    const value = this.#word(address);
    if (value !== undefined) this.#watch.literal?.(value);
    this.load(register, address);
  }

  /** Flash does not change: what the image has there is what is loaded. */
  load(register: number, address: Value): void {
    if (register === PC) this.jump(undefined);
    else this.set(register, this.#word(address));
  }

  /** None where it is not known */
  #word(address = Number.NaN): Value {
    const offset = address - this.#code.base;
    const inside = offset >= 0 && offset + 4 <= this.#code.bytes.length && offset % 4 === 0;
    return inside ? wordAt(this.#code.bytes, offset) : undefined;
  }

  store(register: number, address: Value): void {
    if (address === undefined) return;
    this.#watch.store?.({ at: this.at, address: address >>> 0, value: this.get(register) });
  }

  made(value: Value): void {
    if (value !== undefined) this.#watch.made?.(value >>> 0);
  }

  /** A conditional jump: the code behind it may run as well. */
  branch(target: number): void {
    const offset = target - this.#code.base;
    if (target <= this.at || target > this.at + FARTHEST || this.#marks[offset] === LITERAL) return;
    this.#marks[offset] = TARGET;
    const before = this.#arriving.get(target);
    const now = this.#registers;
    if (before) {
      before.forEach((value, i) => {
        if (value !== now[i]) before[i] = undefined;
      });
    } else {
      this.#arriving.set(target, now.slice());
    }
  }

  /** @param target undefined if it is not a constant, as in a return */
  jump(target: number | undefined): void {
    if (target !== undefined) this.branch(target);
    if (this.inBlock) return;
    this.#registers.fill(undefined);
    this.#dead = true;
  }

  /** What the callee may change (AAPCS § 6.1.1) */
  call(): void {
    this.forget(CALLER_SAVED);
  }
}
