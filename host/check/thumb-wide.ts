// 32-bit Thumb instructions, first half-word in the upper half (ARMv7-M Architecture Reference Manual, A5.3).
import type { Instruction, Thumb } from './thumb-cpu.js';
import { both, signed, type Value } from './thumb-value.js';

const PC = 15;

/** Register fields, by their lowest bit: first operand, loaded or stored register, result, second operand */
const n = (op: number): number => (op >>> 16) & 15;
const t = (op: number): number => (op >>> 12) & 15;
const d = (op: number): number => (op >>> 8) & 15;
const m = (op: number): number => op & 15;
const bit = (op: number, i: number): number => (op >>> i) & 1;
const plus = (value: Value, more: Value): Value => both(value, more, (a, b) => a + b);

/** The first row that fits is the instruction; what is not here changes no register. */
export const WIDE: readonly Instruction[] = [
  [0xfa00_8000, 0xf000_0000, (cpu, op) => operate(cpu, op, expand(op))],
  [0xfbf0_8000, 0xf200_0000, (cpu, op) => cpu.set(d(op), plus(baseOf(cpu, op), imm12(op)))],
  [0xfbf0_8000, 0xf2a0_0000, (cpu, op) => cpu.set(d(op), plus(baseOf(cpu, op), -imm12(op)))],
  // MOVW, MOVT
  [0xfbf0_8000, 0xf240_0000, (cpu, op) => cpu.set(d(op), imm16(op))],
  [0xfbf0_8000, 0xf2c0_0000, moveTop],
  // Saturations and bit fields
  [0xfa00_8000, 0xf200_0000, (cpu, op) => cpu.set(d(op), undefined)],
  // BL; B; MRS; MSR, hints and barriers; conditional B
  [0xf800_d000, 0xf000_d000, (cpu) => cpu.call()],
  [0xf800_d000, 0xf000_9000, jump],
  [0xffe0_d000, 0xf3e0_8000, (cpu, op) => cpu.set(d(op), undefined)],
  [0xfb80_d000, 0xf380_8000, () => {}],
  [0xf800_d000, 0xf000_8000, branch],
  // TBB, TBH: a jump by a table
  [0xfff0_ffe0, 0xe8d0_f000, (cpu) => cpu.jump(undefined)],
  [0xfe40_0000, 0xe800_0000, multiple],
  [0xfe40_0000, 0xe840_0000, double],
  [0xfe00_0000, 0xea00_0000, (cpu, op) => operate(cpu, op, shiftedRegister(cpu, op))],
  // Moves from the floating-point unit
  [0xff10_0010, 0xee10_0010, (cpu, op) => cpu.set(t(op), undefined)],
  [0xfff0_0000, 0xec50_0000, (cpu, op) => cpu.forget((1 << t(op)) | (1 << n(op)))],
  [0xfe20_0000, 0xec20_0000, (cpu, op) => cpu.set(n(op), undefined)],
  [0xff7f_0000, 0xf85f_0000, (cpu, op) => cpu.loadLiteral(t(op), literal(cpu, op))],
  [0xff70_0000, 0xf850_0000, (cpu, op) => access(cpu, op, (at) => cpu.load(t(op), at))],
  [0xff70_0000, 0xf840_0000, (cpu, op) => access(cpu, op, (at) => cpu.store(t(op), at))],
  // Loads and stores of less than a word
  [0xfe10_0000, 0xf810_0000, (cpu, op) => access(cpu, op, () => cpu.set(t(op), undefined))],
  [0xfe10_0000, 0xf800_0000, (cpu, op) => access(cpu, op, () => {})],
  // Shifts by a register, extensions; multiplications; long ones
  [0xff00_0000, 0xfa00_0000, (cpu, op) => cpu.set(d(op), undefined)],
  [0xff80_0000, 0xfb00_0000, (cpu, op) => cpu.set(d(op), undefined)],
  [0xff80_0000, 0xfb80_0000, (cpu, op) => cpu.forget((1 << d(op)) | (1 << t(op)))],
];

function imm12(op: number): number {
  return (bit(op, 26) << 11) | ((op >>> 4) & 0x700) | (op & 0xff);
}

function imm16(op: number): number {
  return (n(op) << 12) | imm12(op);
}

/** A5.3.2, ThumbExpandImm */
function expand(op: number): number {
  const imm8 = op & 0xff;
  const code = imm12(op) >> 8;
  if (code < 4) {
    const both = imm8 | (imm8 << 16);
    return [imm8, both, both << 8, both | (both << 8)][code] ?? 0;
  }
  const rotation = imm12(op) >> 7;
  const value = 0x80 | imm8;
  return (value >>> rotation) | (value << (32 - rotation));
}

type Join = (a: number, b: number) => number;
/** By the four bits that say which (A5.3.1, A5.3.11) */
const OPERATIONS: ReadonlyMap<number, Join> = new Map<number, Join>([
  [0, (a, b) => a & b],
  [1, (a, b) => a & ~b],
  [2, (a, b) => a | b],
  [3, (a, b) => a | ~b],
  [4, (a, b) => a ^ b],
  [8, (a, b) => a + b],
  [13, (a, b) => a - b],
  [14, (a, b) => b - a],
]);

/** TST, TEQ, CMN and CMP have the PC for their result. */
function operate(cpu: Thumb, op: number, operand: Value): void {
  const kind = (op >>> 21) & 15;
  // ORR and ORN without a first operand are MOV and MVN.
  const moves = n(op) === PC && (kind === 2 || kind === 3);
  const join = OPERATIONS.get(kind);
  cpu.set(d(op), join && both(moves ? 0 : cpu.get(n(op)), operand, join));
}

/** A register, shifted only by LSL or not at all; others are rare where constants are made. */
function shiftedRegister(cpu: Thumb, op: number): Value {
  const count = ((op >>> 10) & 0x1c) | ((op >>> 6) & 3);
  return (op & 0x30) === 0 ? both(cpu.get(m(op)), count, (a, by) => a << by) : undefined;
}

function baseOf(cpu: Thumb, op: number): Value {
  return n(op) === PC ? cpu.pc : cpu.get(n(op));
}

function moveTop(cpu: Thumb, op: number): void {
  const value = both(cpu.get(d(op)), imm16(op), (low, high) => (low & 0xffff) | (high << 16));
  cpu.made(value);
  cpu.set(d(op), value);
}

function jump(cpu: Thumb, op: number): void {
  const s = bit(op, 26);
  const [i1, i2] = [bit(op, 13) ^ s ^ 1, bit(op, 11) ^ s ^ 1];
  const distance = (s << 23) | (i1 << 22) | (i2 << 21) | (((op >>> 16) & 0x3ff) << 11);
  cpu.jump(cpu.at + 4 + 2 * signed(distance | (op & 0x7ff), 24));
}

function branch(cpu: Thumb, op: number): void {
  const high = (bit(op, 26) << 19) | (bit(op, 11) << 18) | (bit(op, 13) << 17);
  const distance = high | (((op >>> 16) & 0x3f) << 11) | (op & 0x7ff);
  cpu.branch(cpu.at + 4 + 2 * signed(distance, 20));
}

/** LDM, STM */
function multiple(cpu: Thumb, op: number): void {
  const loads = bit(op, 20) === 1;
  if (loads) cpu.forget(op & 0x7fff);
  if (bit(op, 21) === 1) cpu.set(n(op), undefined);
  if (loads && bit(op, 15) === 1) cpu.jump(undefined);
}

/** LDRD and STRD; with neither P nor W the exclusive ones, of which stores give a result */
function double(cpu: Thumb, op: number): void {
  const [p, w] = [bit(op, 24), bit(op, 21)];
  if (bit(op, 20) === 1 || (p | w) === 0) {
    cpu.forget((1 << t(op)) | (1 << d(op)) | ((p | w) === 0 ? 1 << m(op) : 0));
  } else {
    const offset = upOrDown(op, 23, 4 * (op & 0xff));
    const address = plus(cpu.get(n(op)), p === 1 ? offset : 0);
    cpu.store(t(op), address);
    cpu.store(d(op), plus(address, 4));
  }
  if (w === 1) cpu.set(n(op), undefined);
}

/** @param i the bit that says whether an offset is added */
function upOrDown(op: number, i: number, offset: number): number {
  return bit(op, i) === 1 ? offset : -offset;
}

function literal(cpu: Thumb, op: number): number {
  return cpu.pc + upOrDown(op, 23, op & 0xfff);
}

/** A load or store of one register (A5.3.7 to A5.3.10): finds the address, does it, writes the base back. */
function access(cpu: Thumb, op: number, run: (address: Value) => void): void {
  const base = baseOf(cpu, op);
  if (bit(op, 23) === 1) {
    run(plus(base, op & 0xfff));
    return;
  }
  if (bit(op, 11) === 0) {
    const index = both(cpu.get(m(op)), (op >>> 4) & 3, (value, by) => value << by);
    run(plus(base, index));
    return;
  }
  const offset = upOrDown(op, 9, op & 0xff);
  run(plus(base, bit(op, 10) === 1 ? offset : 0));
  if (bit(op, 8) === 1) cpu.set(n(op), plus(base, offset));
}
